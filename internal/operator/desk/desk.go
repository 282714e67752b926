// Package desk is where the operator and the daemon meet: the requests and answers of the operator's part of the HTTP API,
// and a client of it over the daemon's unix socket.
//
// It promises that what is signed travels as the very bytes that were signed. It never decides anything, and never believes
// that a connection is the operator: the socket lets its owner read, comment and reject, and only a proof approves.
package desk

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
)

// The paths of the API. {id} is a change's id, of 8 hex digits or more.
const (
	PathInbox     = "/v1/inbox"                  // GET: Inbox
	PathSeen      = "/v1/inbox/{id}/seen"        // POST Seen: Answer; {id} is Item.ID
	PathChange    = "/v1/changes/{id}"           // GET: Change
	PathApprovals = "/v1/changes/{id}/approvals" // POST Proof: Answer
	PathAccept    = "/v1/changes/{id}/accept"    // POST Proof: Answer
	PathReject    = "/v1/changes/{id}/reject"    // POST Rejection: Answer
	PathComments  = "/v1/changes/{id}/comments"  // POST Remark: Answer
	PathOperators = "/v1/operators"              // GET: Operators; POST Enrolment: Enrolled
)

// Desk is what the operator does about changes.
type Desk interface {
	Inbox(ctx context.Context) (Inbox, error)
	Change(ctx context.Context, id string) (Change, error)
	Approve(ctx context.Context, id string, proof Proof) (Answer, error)
	Accept(ctx context.Context, id string, proof Proof) (Answer, error)
	Reject(ctx context.Context, id string, r Rejection) (Answer, error)
	Comment(ctx context.Context, id string, r Remark) (Answer, error)
}

// Registry is what the operator does about keys.
type Registry interface {
	Operators(ctx context.Context) (Operators, error)
	Enrol(ctx context.Context, e Enrolment) (Enrolled, error)
}

// Inbox is what needs the operator.
type Inbox struct {
	Items []Item `json:"items"` // riskiest first, then oldest (Sort)
}

// Item is one thing that needs the operator.
type Item struct {
	ID     string    `json:"id,omitempty"` // of what is about no change
	Change string    `json:"change"`       // id; empty when it is about no change
	Title  string    `json:"title"`
	Level  string    `json:"level" enum:"trivial,low,medium,high,critical"`
	Status string    `json:"status"`
	Since  time.Time `json:"since"` // when it began to wait
	Agent  string    `json:"agent,omitempty"`
	What   string    `json:"what"` // one line each
	Why    string    `json:"why"`
	Next   string    `json:"next"` // a command
}

// Change is one change as the operator sees it.
type Change struct {
	ID       string          `json:"id"`
	Title    string          `json:"title"`
	Status   string          `json:"status"`
	Author   string          `json:"author"`
	Agent    string          `json:"agent,omitempty"`
	Task     string          `json:"task,omitempty"`
	PatchSet int             `json:"patchSet"` // number of the newest one
	Verdict  json.RawMessage `json:"verdict,omitempty"`
	Comments []Remark        `json:"comments,omitempty"`
	Page     string          `json:"page,omitempty"` // address of the page that approves it, when the daemon serves pages
}

// Judged is the change's verdict. It is an error when the change was not judged yet.
func (c Change) Judged() (*gate.Verdict, error) {
	if len(c.Verdict) == 0 {
		return nil, fmt.Errorf("change %.16s has not been judged yet; it is %s", c.ID, c.Status)
	}
	v := &gate.Verdict{}
	if err := json.Unmarshal(c.Verdict, v); err != nil {
		return nil, fmt.Errorf("reading the verdict of change %.16s: %w", c.ID, err)
	}
	if v.Assessment == nil {
		return nil, fmt.Errorf("reading the verdict of change %.16s: it has no assessment", c.ID)
	}
	return v, nil
}

// Proof is a statement, or an order about keys, and what proves that the operator consents to it.
type Proof struct {
	Statement string          `json:"statement"` // canonical JSON, the bytes that were signed
	Method    string          `json:"method" enum:"ssh,sk-ssh,webauthn,totp,owner,recovery"`
	Key       string          `json:"key,omitempty"`       // id of the credential
	Signature string          `json:"signature,omitempty"` // ssh, sk-ssh: armored SSHSIG
	Assertion json.RawMessage `json:"assertion,omitempty"` // webauthn: the credential as the browser gives it
	Code      string          `json:"code,omitempty"`      // totp, recovery
}

// Answer says what a request led to.
type Answer struct {
	Change   string `json:"change"`
	Status   string `json:"status"`
	Decision string `json:"decision,omitempty"` // of the gate, now
	Message  string `json:"message"`            // one line
}

// Rejection closes a change.
type Rejection struct {
	Reason string `json:"reason" minLength:"1" maxLength:"4096"`
}

// Seen says that the operator knows.
type Seen struct {
	Reason string `json:"reason,omitempty" maxLength:"4096"`
}

// Remark is a comment on a change.
type Remark struct {
	By   string    `json:"by,omitempty"` // set by the daemon
	At   time.Time `json:"at,omitzero"`  // set by the daemon
	Text string    `json:"text" minLength:"1" maxLength:"65536"`
	Path string    `json:"path,omitempty"`
	Line int       `json:"line,omitempty"`
}

// Operators are the people with authority, and their keys.
type Operators struct {
	Keys  []Key `json:"keys"`
	Codes int   `json:"codes"` // unused recovery codes
}

// Key is one credential.
type Key struct {
	ID       string     `json:"id"`
	Operator string     `json:"operator"`
	Label    string     `json:"label,omitempty"`
	Method   string     `json:"method"`
	Name     string     `json:"name"`             // how other tools call it: an SSH fingerprint
	Public   string     `json:"public,omitempty"` // ssh: a line for authorized_keys
	Verifies bool       `json:"verifies"`         // it verifies its user
	Since    time.Time  `json:"since"`
	Revoked  *time.Time `json:"revoked,omitempty"`
	Why      string     `json:"why,omitempty"` // it was revoked
}

// Enrolment is an order about keys: Proof.Statement holds it (operator.Order).
type Enrolment struct {
	Proof  Proof  `json:"proof"`            // who allows it
	New    Proof  `json:"new,omitzero"`     // that whoever asks holds the new key; its Statement stays empty
	Secret string `json:"secret,omitempty"` // totp: the shared secret, base32
}

// Enrolled says what became of an order.
type Enrolled struct {
	Key     *Key     `json:"key,omitempty"`
	Codes   []string `json:"codes,omitempty"` // recovery codes: shown this once
	URL     string   `json:"url,omitempty"`   // page that ends the enrolment of a browser's key
	Message string   `json:"message"`
}
