// Package admit decides whether an artifact may run in an environment. The answer is a function of what was verified
// about the artifact (signed statements and who signed them, the commit it was built from, what the gate said about that
// commit, what is known to be vulnerable in it) and of the rules on main: spec.admission of adamant.yaml and the Rego
// package adamant.admission.
//
// It promises to fail closed: what is missing, unreadable, stale or not understood is a refusal with a stable reason code
// and the next step, never a pass. It never runs the artifact, never believes what a statement says about its own signer,
// and never reaches the network.
package admit

import (
	"context"
	"encoding/json"
	"time"
)

// A Request asks about one artifact.
type Request struct {
	Digest      string   `json:"digest"`              // sha256:HEX of the artifact
	Environment string   `json:"environment"`         // where it is to run, such as prod
	Component   string   `json:"component,omitempty"` // what it is believed to be; empty: what its provenance says
	Bundles     [][]byte `json:"bundles,omitempty"`   // Sigstore bundles that come with it, besides those that are stored
}

// A Reason is one clause that was not met, or that is worth knowing.
type Reason struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	Next    string `json:"next,omitempty"` // what to do about it
}

// A Decision is the answer to a Request.
type Decision struct {
	Allowed     bool            `json:"allowed"`
	Digest      string          `json:"digest"`
	Environment string          `json:"environment"`
	Component   string          `json:"component,omitempty"`
	Commit      string          `json:"commit,omitempty"`  // the commit that it was built from
	Builder     string          `json:"builder,omitempty"` // the identity that signed the provenance
	BuildLevel  int             `json:"buildLevel"`        // SLSA Build level, no higher than that builder may claim
	SourceLevel int             `json:"sourceLevel"`       // SLSA Source level of the commit
	Reasons     []Reason        `json:"reasons"`           // why not; empty when allowed
	Warnings    []Reason        `json:"warnings"`          // what the environment lets pass
	Policy      string          `json:"policy"`            // digest of the rules that were asked
	Trust       string          `json:"trust"`             // digest of the trusted root and the roles
	Until       time.Time       `json:"until,omitzero"`    // when evidence goes stale; zero: never by itself
	VSA         json.RawMessage `json:"vsa,omitempty"`     // verification summary as an in-toto statement, not signed
}

// A Statement is a verified in-toto statement: its signature, certificate, timestamp and log entry have been checked.
type Statement struct {
	Identity string // who signed, of the certificate
	Issuer   string
	Time     time.Time // when, by the timestamp
	Digest   string    // sha256:HEX of the bundle
	Payload  []byte    // the in-toto statement
}

// A Verifier checks bundles. An error says why a bundle proves nothing; one that has a method Code() string keeps that code.
type Verifier interface {
	Verify(ctx context.Context, bundle []byte, subject Subject) (Statement, error)
}

// A Subject is what a statement is about: an algorithm of in-toto (sha256, gitCommit) and a digest in hex.
type Subject struct{ Algorithm, Hex string }

// Evidence holds what has been attested.
type Evidence interface {
	// Version changes whenever the bundles of subject do. It is cheap.
	Version(ctx context.Context, subject Subject) (string, error)
	// Bundles are those of subject, in the order in which they were stored.
	Bundles(ctx context.Context, subject Subject) ([][]byte, error)
}

// History knows main.
type History interface {
	// Landed says whether commit is on main's first-parent line, at or after genesis.
	Landed(ctx context.Context, commit string) (bool, error)
}
