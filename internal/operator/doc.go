// Package operator holds the authority of the one person who runs the repository: which keys speak for them, and what they
// consented to.
//
// It promises that all of it is a projection of ledger entries (operator.*, approval.given) by one pure function, State.Apply,
// which verifies every signature again; that nothing is taken twice (nonces, codes, time steps); that a key never grants more
// than it has; and that what was verified is written down before it counts. The gate, not this package, says whether an
// approval still counts for a change.
//
// It never decides about a change, never holds a private key, and never takes a connection, a user id or a name for a proof,
// with one exception: the first key of a kernel is enrolled by the owner of its folder.
package operator

import (
	"context"
	"encoding/json"
	"iter"
	"time"
)

// The kinds of ledger entries of this package. Their bodies are in docs/formats/approval.md.
const (
	KindEnrolled = "operator.enrolled"
	KindRevoked  = "operator.revoked"
	KindCodes    = "operator.codes"
	KindBroken   = "operator.break-glass" // main is about to be moved by the operator's order alone
	KindFailed   = "operator.failed"      // a wrong code: what the rate limit counts
	KindApproved = "approval.given"
)

// Entry is one entry of the ledger, as far as this package looks at it.
type Entry struct {
	Kind   string
	Actor  string // the operator's name
	Change string // approvals: the change's id
	Body   json.RawMessage
}

// Log is the ledger.
type Log interface {
	// Append writes an entry. It is durable when Append returns.
	Append(ctx context.Context, e Entry) error
	// Entries are all entries of this package's kinds, in order.
	Entries(ctx context.Context) iter.Seq2[Entry, error]
}

// RefusedError is a no: the request was understood, and its proof does not hold or does not suffice.
type RefusedError struct{ Why string }

func (e *RefusedError) Error() string { return e.Why }

func refused(why string) error { return &RefusedError{Why: why} }

// record is the body of an entry about keys.
type record struct {
	At    time.Time  `json:"at"`
	Order string     `json:"order"` // canonical JSON
	By    evidence   `json:"by"`
	Key   *Key       `json:"key,omitempty"`
	Held  evidence   `json:"held,omitzero"` // that whoever asked holds the new key
	Codes []codeHash `json:"codes,omitempty"`
}

// given is the body of an approval.
type given struct {
	At        time.Time `json:"at"`
	Statement string    `json:"statement"` // canonical JSON
	By        evidence  `json:"by"`
}

// failed is the body of a wrong code.
type failed struct {
	At  time.Time `json:"at"`
	Key string    `json:"key"` // of a totp key, or "recovery"
}

// evidence is what is left of a proof: all that is needed to verify it again, and no secret.
type evidence struct {
	Method    string          `json:"method"`
	Key       string          `json:"key,omitempty"`
	Signature string          `json:"signature,omitempty"`
	Assertion json.RawMessage `json:"assertion,omitempty"`
	Step      int64           `json:"step,omitempty"` // totp: time step of the code, attested by whoever wrote the entry
	Code      int             `json:"code,omitempty"` // recovery: number of the code, likewise
}
