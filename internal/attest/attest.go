// Package attest makes the statements that the gate signs about what it did, and keeps signed ones in git, where any clone can
// read them. docs/formats/attestations.md is its specification.
//
// It promises that a statement is a pure function of the landing it is about: the same landing gives the same bytes; that it
// claims no more than the landing shows; and that a store only grows: what was put stays, under every subject it is about.
//
// It never signs and never verifies a signature (package trust does both), so nothing that it reads from a bundle is true because
// it was read.
package attest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// StatementType is the _type of an in-toto statement, PayloadType that of its DSSE envelope.
const (
	StatementType = "https://in-toto.io/Statement/v1"
	PayloadType   = "application/vnd.in-toto+json"
)

// The predicate types of the statements that this package makes.
const (
	DecisionType = "https://adamant.dev/gate-decision/v1"
	ApprovalType = "https://adamant.dev/approval/v1"
	SummaryType  = "https://slsa.dev/verification_summary/v1"
)

// Kind names what a stored bundle states, for those who look for it without opening all. It is a word: lower-case letters and
// digits with single dashes between them. The kind is a label that whoever stored the bundle gave it, not a fact.
type Kind string

// The kinds.
const (
	KindDecision   Kind = "gate-decision"
	KindApproval   Kind = "approval"
	KindSource     Kind = "source-vsa"
	KindProvenance Kind = "provenance"
	KindSBOM       Kind = "sbom"
	KindScan       Kind = "vulnerabilities"
	KindVEX        Kind = "vex"
	KindAdmission  Kind = "admission-vsa"
	KindSignature  Kind = "signature" // of a blob, no statement
	KindOther      Kind = "other"
)

// The names of digests in subjects: of files, and of git objects in either of git's formats.
const (
	SHA256    = "sha256"
	GitCommit = "gitCommit"
	GitTree   = "gitTree"
)

// Statement is an in-toto statement, v1.
type Statement struct {
	Type          string          `json:"_type"`
	Subject       []Subject       `json:"subject"`
	PredicateType string          `json:"predicateType"`
	Predicate     json.RawMessage `json:"predicate"`
}

// Subject is what a statement is about.
type Subject struct {
	Name        string            `json:"name,omitempty"`
	URI         string            `json:"uri,omitempty"`
	Digest      map[string]string `json:"digest"`
	Annotations map[string]any    `json:"annotations,omitempty"`
}

// Has says that a subject has a digest of that name: `Has(GitCommit, id)`.
func (s Subject) Has(algorithm, digest string) bool {
	return digest != "" && s.Digest[algorithm] == digest
}

// Digests are all digests of a statement's subjects, sorted: where a Store keeps it.
func (s Statement) Digests() []string {
	var out []string
	for _, subject := range s.Subject {
		for _, digest := range subject.Digest {
			out = append(out, digest)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Text is the statement in canonical JSON: what is signed.
func (s Statement) Text() ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	text, err := manifest.CanonicalDocument(s)
	if err != nil {
		return nil, fmt.Errorf("encoding a statement: %w", err)
	}
	return text, nil
}

const (
	statementLimit = 16 << 20 // bytes
	subjectLimit   = 10_000
)

// ParseStatement reads an in-toto statement. Its predicate is left as it is.
func ParseStatement(text []byte) (Statement, error) {
	var s Statement
	if len(text) > statementLimit {
		return s, fmt.Errorf("reading a statement: %d bytes, over the limit of %d", len(text), statementLimit)
	}
	if err := decode(text, &s, false); err != nil {
		return s, fmt.Errorf("reading a statement: %w", err)
	}
	if err := s.check(); err != nil {
		return s, fmt.Errorf("reading a statement: %w", err)
	}
	return s, nil
}

func (s Statement) check() error {
	switch {
	case s.Type != StatementType:
		return fmt.Errorf("its _type is %q, not %q", s.Type, StatementType)
	case s.PredicateType == "":
		return errors.New("it has no predicateType")
	case len(s.Subject) == 0 || len(s.Subject) > subjectLimit:
		return fmt.Errorf("it has %d subjects, not 1 to %d", len(s.Subject), subjectLimit)
	}
	for i, subject := range s.Subject {
		if len(subject.Digest) == 0 {
			return fmt.Errorf("subject %d has no digest", i)
		}
		for algorithm, digest := range subject.Digest {
			if err := checkDigest(digest); algorithm == "" || err != nil {
				return fmt.Errorf("subject %d: the digest %q is %q, not lower-case hex", i, algorithm, digest)
			}
		}
	}
	return nil
}

// checkDigest refuses what cannot be a place in the store: lower-case hex of 20 to 64 bytes.
func checkDigest(digest string) error {
	raw, err := hex.DecodeString(digest)
	if err != nil || len(raw) < 20 || len(raw) > 64 || strings.ToLower(digest) != digest {
		return fmt.Errorf("%q is no digest: want 40 to 128 lower-case hex digits", digest)
	}
	return nil
}

// Unwrap returns the statement inside a Sigstore bundle with a DSSE envelope. It checks no signature: until package verify has,
// everything in it is what somebody wrote.
func Unwrap(bundle []byte) (Statement, error) {
	var b struct {
		Envelope *struct {
			Payload     string `json:"payload"`
			PayloadType string `json:"payloadType"`
		} `json:"dsseEnvelope"`
	}
	if err := decode(bundle, &b, false); err != nil {
		return Statement{}, fmt.Errorf("reading a bundle: %w", err)
	}
	if b.Envelope == nil {
		return Statement{}, errors.New("reading a bundle: it has no DSSE envelope, so it states nothing")
	}
	if b.Envelope.PayloadType != PayloadType {
		return Statement{}, fmt.Errorf("reading a bundle: its payload is %q, not an in-toto statement", b.Envelope.PayloadType)
	}
	text, err := base64.StdEncoding.DecodeString(b.Envelope.Payload)
	if err != nil {
		return Statement{}, fmt.Errorf("reading a bundle: its payload: %w", err)
	}
	return ParseStatement(text)
}

// decode reads exactly one JSON value; strict refuses fields that v does not have.
func decode(text []byte, v any, strict bool) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the JSON value")
	}
	return nil
}
