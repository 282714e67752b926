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
	"encoding/json"
	"io"
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
	Time          time.Time       `json:"time,omitzero"` // the earliest that was vouched for; zero: none was, by Options.Key alone
	PayloadType   string          `json:"payloadType,omitempty"`
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
type Verifier struct{}

// New reads a trusted_root.json. A nil trustedRoot needs Options.Key.
func New(trustedRoot []byte, o Options) (*Verifier, error) {
	return nil, refuse(RootUnknown, "the trusted root", "", nil)
}

// Bundle checks one bundle. Its error is a *Refusal where the bundle is at fault, else that of reading the artifact or of ctx.
func (v *Verifier) Bundle(ctx context.Context, bundle []byte, a Artifact, e Expect) (Result, error) {
	return Result{}, refuse(SigInvalid, "not built yet", "", nil)
}
