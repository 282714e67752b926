package verify

import (
	"bytes"
	"context"
	"crypto"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	common "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
)

// statement is as much of an in-toto statement as is looked at.
type statement struct {
	Type          string `json:"_type"`
	PredicateType string `json:"predicateType"`
	Subject       []struct {
		Digest map[string]string `json:"digest"`
	} `json:"subject"`
}

const maxSubjects = 1024

func parseStatement(kind string, payload []byte) (statement, error) {
	var s statement
	if kind != payloadType {
		return s, fmt.Errorf("the payload is %q, not %q", kind, payloadType)
	}
	if err := json.Unmarshal(payload, &s); err != nil {
		return s, err
	}
	if s.Type != "https://in-toto.io/Statement/v1" && s.Type != "https://in-toto.io/Statement/v0.1" {
		return s, fmt.Errorf("its _type is %q", s.Type)
	}
	if n := len(s.Subject); n == 0 || n > maxSubjects {
		return s, fmt.Errorf("it has %d subjects", n)
	}
	return s, nil
}

// algorithmName is in-toto's name of a digest algorithm, empty for what is not read.
func algorithmName(a common.HashAlgorithm) string {
	switch a {
	case common.HashAlgorithm_SHA2_256:
		return "sha256"
	case common.HashAlgorithm_SHA2_384:
		return "sha384"
	case common.HashAlgorithm_SHA2_512:
		return "sha512"
	}
	return ""
}

func hashNamed(name string) crypto.Hash {
	switch name {
	case "sha256":
		return crypto.SHA256
	case "sha384":
		return crypto.SHA384
	case "sha512":
		return crypto.SHA512
	}
	return 0
}

// digests reads the artifact once.
func digests(ctx context.Context, r io.Reader, algorithms []string) ([]Digest, error) {
	hashes := make(map[string]io.Writer, len(algorithms))
	writers := make([]io.Writer, 0, len(algorithms))
	for _, a := range algorithms {
		h := hashNamed(a).New()
		hashes[a], writers = h, append(writers, h)
	}
	if _, err := io.Copy(io.MultiWriter(writers...), untilDone{ctx, r}); err != nil {
		return nil, fmt.Errorf("reading the artifact: %w", err)
	}
	out := make([]Digest, 0, len(algorithms))
	for i, a := range algorithms {
		out = append(out, Digest{a, hex.EncodeToString(writers[i].(interface{ Sum([]byte) []byte }).Sum(nil))})
	}
	return out, nil
}

// untilDone is a reader that stops with its context.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// blob checks a signature over a digest.
func blob(ctx context.Context, c content, a Artifact, signer crypto.PublicKey) (Digest, error) {
	name := algorithmName(c.message.GetAlgorithm())
	hash := hashNamed(name)
	kind, err := algorithmOf(signer)
	if err != nil || hash == 0 || kind.hash != 0 && hash != kind.hash && hash != crypto.SHA256 || kind.hash == 0 && hash != crypto.SHA512 {
		return Digest{}, refuse(SigInvalid, "the signature's algorithm is not read", nextSign, err)
	}
	got := a.Digest
	if a.Reader != nil {
		all, err := digests(ctx, a.Reader, []string{name})
		if err != nil {
			return Digest{}, err
		}
		got = all[0]
	}
	if got == (Digest{}) {
		return got, refuse(DigestMismatch, "it is the signature of an artifact, and none was given", "name the file", nil)
	}
	if want := (Digest{name, hex.EncodeToString(c.message.GetDigest())}); got != want {
		return got, differ(got, []Digest{want})
	}
	if err := checkDigest(signer, hash, c.message.GetDigest(), c.signature); err != nil {
		return got, refuse(SigInvalid, "the signature is not the signer's over this artifact", nextSign, err)
	}
	return got, nil
}

func differ(got Digest, want []Digest) error {
	return refuse(DigestMismatch, fmt.Sprintf("it is about %s, not about %s", list(want), got), "check that the file is the one that was signed", nil)
}

// subject finds the artifact among the subjects. An empty artifact is any.
func (s statement) subject(ctx context.Context, a Artifact) (Digest, error) {
	wanted := []Digest{a.Digest}
	if a.Reader != nil {
		var err error
		if wanted, err = digests(ctx, a.Reader, s.algorithms()); err != nil {
			return Digest{}, err
		}
	}
	if a.Reader == nil && a.Digest == (Digest{}) {
		return Digest{}, nil
	}
	for _, subject := range s.Subject {
		if d, found := match(subject.Digest, wanted); found {
			return d, nil
		}
	}
	if len(wanted) == 0 {
		return Digest{}, refuse(DigestMismatch, "its subjects have no digest that can be computed from a file", "name the digest", nil)
	}
	return Digest{}, differ(wanted[0], s.digests())
}

// match finds a digest in a subject whose digests of all the algorithms are the right ones.
func match(subject map[string]string, wanted []Digest) (Digest, bool) {
	var found Digest
	for _, d := range wanted {
		value, has := subject[d.Algorithm]
		if has && value != d.Value {
			return Digest{}, false
		}
		if has && found == (Digest{}) {
			found = d
		}
	}
	return found, found != Digest{}
}

func (s statement) algorithms() []string {
	var out []string
	for _, name := range []string{"sha256", "sha384", "sha512"} {
		if slices.ContainsFunc(s.digests(), func(d Digest) bool { return d.Algorithm == name }) {
			out = append(out, name)
		}
	}
	return out
}

// digests are those of all subjects, in order.
func (s statement) digests() []Digest {
	var out []Digest
	for _, subject := range s.Subject {
		names := make([]string, 0, len(subject.Digest))
		for name := range subject.Digest {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			out = append(out, Digest{name, subject.Digest[name]})
		}
	}
	return out
}

// String is algorithm:value.
func (d Digest) String() string { return d.Algorithm + ":" + d.Value }

func list(all []Digest) string {
	var b bytes.Buffer
	for i, d := range all {
		if i == 3 {
			fmt.Fprintf(&b, " and %d more", len(all)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(d.String())
	}
	return b.String()
}

var errArtifact = errors.New("an artifact has a reader or a digest, not both")
