// Package verify is the verification side of internal/trust: given a trusted_root.json, it says of a Sigstore bundle (v0.1 to v0.3, our
// own or anybody's) who signed what and when. docs/verify.md describes it, docs/formats/reasons.md lists the codes of its refusals.
//
// It promises that what it accepts was signed by a key whose certificate the trusted root's authority issued and its certificate
// transparency log has seen, at a time that a timestamp authority of the root (or the signed promise of a Rekor v1 log) vouches for and
// at which every certificate and authority was valid, and that it is in a log of the root: an accepted bundle is one that sigstore-go
// accepts, which tests hold against it. The X.509 path is crypto/x509's, SCTs are certificate-transparency-go's, timestamps are
// timestamp-authority's.
//
// It never touches the network, the disk or a clock, never signs, and never decides what an identity may do: a Result names the
// signer, its caller judges it.
package verify

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sync"
	"time"
)

// Options of a Verifier. The zero value accepts certificates only.
type Options struct {
	// Key is a public key (PEM, PKIX) that signs without a certificate. With it only bundles of that key are accepted, and what the
	// trusted root says of logs still holds.
	Key []byte
}

// Artifact is what a bundle must be about: exactly one of its fields is set, or none where the statement of an attestation is taken as it is.
type Artifact struct {
	Reader io.Reader // read to its end and hashed
	Digest Digest
}

// Digest is one of in-toto: an algorithm (sha256, sha512, gitCommit, gitTree ...) and lower-case hexadecimal.
type Digest struct {
	Algorithm string `json:"algorithm"`
	Value     string `json:"value"`
}

// Expect is what the signer must be. An empty field expects nothing; the caller of an empty Expect must judge Result.Identity itself.
type Expect struct {
	Identity string // the certificate's name, exactly
	Pattern  string // a regular expression (RE2) that the whole name matches
	Issuer   string // the certificate's issuer extension, exactly
	Type     string // the predicate type of the statement, exactly
}

// Result is what a bundle proves.
type Result struct {
	Identity      string          `json:"identity,omitempty"` // empty: signed by Options.Key
	Issuer        string          `json:"issuer,omitempty"`
	Time          time.Time       `json:"time,omitzero"`       // the earliest that was vouched for; zero: none was, by Options.Key alone
	Statement     json.RawMessage `json:"statement,omitempty"` // the payload of an in-toto attestation
	PredicateType string          `json:"predicateType,omitempty"`
	Digest        Digest          `json:"digest,omitzero"` // of the artifact that matched
	LogIndex      int64           `json:"logIndex"`
	LogOrigin     string          `json:"logOrigin,omitempty"`
	Leaf          [32]byte        `json:"-"` // RFC 6962 hash of the log's leaf
	Certificate   [32]byte        `json:"-"` // SHA-256 of the certificate
}

// Verifier checks bundles against one trusted root. It remembers which certificates hold, so that the next bundle of the same signing
// session costs less. It is safe for concurrent use.
type Verifier struct {
	trusted trusted
	key     crypto.PublicKey // Options.Key

	mu           sync.Mutex
	certificates map[[sha256.Size]byte]*certificate // verified; never changed once here
	stampers     map[stamperKey]window              // whose certificates were verified, and from when to when that holds
}

// What to do next.
const (
	nextRoot = "check that the trusted root is the one of who signed; adamant trust export writes this repository's"
	nextSign = "ask for a whole bundle, or sign again"
)

// New reads a trusted_root.json. Its error is a *Refusal.
func New(trustedRoot []byte, o Options) (*Verifier, error) {
	t, err := parseRoot(trustedRoot)
	if err != nil {
		return nil, refuse(RootUnknown, "the trusted root cannot be read", "adamant trust export writes this repository's", err)
	}
	v := &Verifier{trusted: t, certificates: map[[sha256.Size]byte]*certificate{}, stampers: map[stamperKey]window{}}
	if o.Key != nil {
		if v.key, err = parseKey(o.Key); err != nil {
			return nil, refuse(SigKey, "the public key cannot be read", "openssl pkey -pubin -in FILE -text shows what it is", err)
		}
	}
	return v, nil
}

// Bundle checks one bundle. Its error is a *Refusal where the bundle is at fault, else that of reading the artifact, of expect or of ctx.
func (v *Verifier) Bundle(ctx context.Context, bundle []byte, a Artifact, expect Expect) (Result, error) {
	if a.Reader != nil && a.Digest != (Digest{}) {
		return Result{}, errArtifact
	}
	c, err := open(bundle)
	if err != nil {
		return Result{}, refuse(BundleMalformed, "it is no Sigstore bundle that can be read", nextSign, err)
	}
	signer, err := v.signer(c)
	if err != nil {
		return Result{}, err
	}
	r := Result{Identity: signer.name, Issuer: signer.issuer, Certificate: signer.sum}
	if err := r.content(ctx, c, a, signer.PublicKey); err != nil {
		return Result{}, err
	}
	if err := v.standing(&r, c, signer); err != nil {
		return Result{}, err
	}
	if err := expect.check(r); err != nil {
		return Result{}, err
	}
	return r, nil
}

// signer is the certificate of the bundle, or one that says nothing but Options.Key.
func (v *Verifier) signer(c content) (*certificate, error) {
	switch {
	case c.cert == nil && v.key == nil:
		return nil, refuse(SigKey, "it was signed by a key without a certificate", "name the public key", nil)
	case c.cert != nil && v.key != nil:
		return nil, refuse(SigKey, "it was signed with a certificate, not by the public key", "leave the public key out", nil)
	case c.cert == nil:
		return &certificate{Certificate: &x509.Certificate{PublicKey: v.key}}, nil
	}
	signer, err := v.certificate(c.cert)
	if err != nil {
		return nil, refuse(CertInvalid, "the signer's certificate cannot be read", nextSign, err)
	}
	copied := *signer // what is found about it here stays here until all of it is right
	return &copied, nil
}

// content checks the signature and that what was signed is about the artifact.
func (r *Result) content(ctx context.Context, c content, a Artifact, signer crypto.PublicKey) (err error) {
	if c.message != nil {
		r.Digest, err = blob(ctx, c, a, signer)
		return err
	}
	if err := checkMessage(signer, pae(c.envelope), c.signature); err != nil {
		return refuse(SigInvalid, "the signature is not the signer's over this statement", nextSign, err)
	}
	s, err := parseStatement(c.envelope.GetPayloadType(), c.envelope.GetPayload())
	if err != nil {
		return refuse(StatementType, "it holds no in-toto statement", nextSign, err)
	}
	r.Statement, r.PredicateType = c.envelope.GetPayload(), s.PredicateType
	r.Digest, err = s.subject(ctx, a)
	return err
}

// standing checks that the signer could sign: when, by which authority, in which log.
func (v *Verifier) standing(r *Result, c content, signer *certificate) error {
	if c.cert != nil && signer.path == nil {
		if err := v.issued(signer, []time.Time{signer.NotBefore}); err != nil {
			return err
		}
	}
	entries, err := v.logged(c, signer.PublicKey)
	if err != nil {
		return err
	}
	times, err := v.times(c, entries)
	if err != nil && c.cert != nil {
		return err
	}
	for _, e := range entries {
		if err := e.current(times); err != nil {
			return err
		}
	}
	r.LogIndex, r.LogOrigin, r.Leaf = entries[0].index, entries[0].origin, entries[0].leaf
	if len(times) > 0 {
		r.Time = slices.MinFunc(times, time.Time.Compare).UTC()
	}
	if c.cert == nil {
		return nil
	}
	if err := v.issued(signer, times); err != nil {
		return err
	}
	if err := v.vouched(signer); err != nil {
		return err
	}
	v.remember(signer)
	return nil
}

// times are all that are vouched for: by timestamp authorities and by logs.
func (v *Verifier) times(c content, entries []logged) ([]time.Time, error) {
	times, err := v.stamped(c)
	for _, e := range entries {
		if !e.time.IsZero() {
			times = append(times, e.time)
		}
	}
	if len(times) > 0 {
		return times, nil
	}
	return nil, err
}

// current checks that the key of the entry's log was valid when the log took the entry; a log that does not say when took it when
// it was stamped.
func (e logged) current(times []time.Time) error {
	if !e.time.IsZero() {
		times = []time.Time{e.time}
	}
	for _, t := range times {
		if !e.window.holds(t) {
			return refuse(LogWindow, fmt.Sprintf("the log's key was not valid at %s", t.UTC().Format(time.RFC3339)), nextRoot, nil)
		}
	}
	return nil
}

// check compares the signer with who is expected.
func (e Expect) check(r Result) error {
	if e.Identity != "" && e.Identity != r.Identity {
		return refuse(SigIdentity, fmt.Sprintf("it was signed by %s, not by %s", named(r.Identity), e.Identity), nextSign, nil)
	}
	if e.Pattern != "" {
		pattern, err := regexp.Compile(`\A(?:` + e.Pattern + `)\z`)
		if err != nil {
			return fmt.Errorf("reading the pattern of identities: %w", err)
		}
		if !pattern.MatchString(r.Identity) {
			return refuse(SigIdentity, fmt.Sprintf("it was signed by %s, which %q does not match", named(r.Identity), e.Pattern), nextSign, nil)
		}
	}
	if e.Issuer != "" && e.Issuer != r.Issuer {
		return refuse(SigIssuer, fmt.Sprintf("%s was vouched for by %s, not by %s", named(r.Identity), named(r.Issuer), e.Issuer), nextSign, nil)
	}
	if e.Type != "" && e.Type != r.PredicateType {
		return refuse(StatementType, fmt.Sprintf("it states %s, not %s", named(r.PredicateType), e.Type), nextSign, nil)
	}
	return nil
}

func named(s string) string {
	if s == "" {
		return "nobody named"
	}
	return s
}
