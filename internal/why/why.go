// Package why reconstructs how something came to be: what was asked for, what an agent saw, thought and did, what the gate and the
// reviewers said, who approved, and when it landed. It joins the ledger with the operations of changes and tasks.
//
// It promises to read only what a kernel or a clone that was synchronised holds, without a network; to name the record that each
// statement stands on; and to say what is missing instead of leaving it out. It never guesses a reason: where nobody recorded one,
// there is none.
package why

import (
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/thought"
)

// Version is the apiVersion of an account.
const Version = "adamant.dev/why/v1"

// Account is all that is known of how something came to be.
type Account struct {
	APIVersion string   `json:"apiVersion"`
	Asked      string   `json:"asked"` // what was asked about
	Line       *Line    `json:"line,omitempty"`
	Commit     *Commit  `json:"commit,omitempty"`
	Change     *Change  `json:"change,omitempty"`
	Intent     *Intent  `json:"intent,omitempty"`
	Made       Made     `json:"made"`
	Verdict    *Verdict `json:"verdict,omitempty"`
	Reviews    []Review `json:"reviews"`
	Approvals  []Nod    `json:"approvals"`
	Landing    *Landing `json:"landing,omitempty"`
	Missing    []string `json:"missing"` // what no record answers
}

// Line is a line of a file, and the commit that wrote it.
type Line struct {
	Path string `json:"path"`
	Line int    `json:"line"`
	Text string `json:"text"`
	Was  string `json:"was,omitempty"` // path in that commit, when it is another
}

// Commit is what a commit says of itself: claims, but for its name.
type Commit struct {
	OID     git.OID   `json:"oid"`
	Author  string    `json:"author"`
	Time    time.Time `json:"time"`
	Subject string    `json:"subject"`
	Body    string    `json:"body,omitempty"`
}

// Change is the change that holds it.
type Change struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Status   string    `json:"status"`
	By       string    `json:"by"` // role:name
	Agent    string    `json:"agent,omitempty"`
	Target   string    `json:"target"`
	PatchSet int       `json:"patchSet"`
	Head     git.OID   `json:"head"`
	Opened   time.Time `json:"opened"`
	Reverts  string    `json:"reverts,omitempty"`
	Undone   []string  `json:"undone,omitempty"` // changes that took it back, or would
}

// Intent is what somebody wanted.
type Intent struct {
	Task    string    `json:"task"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Title   string    `json:"title"`
	Text    string    `json:"text,omitempty"`
	Feature string    `json:"feature,omitempty"`
	Source  string    `json:"source,omitempty"`
	Grants  []string  `json:"grants,omitempty"`
	Status  string    `json:"status"`

	// Where no change holds anything of the task:
	Why  string   `json:"why,omitempty"`  // what it waits for, or why it stopped
	Left []string `json:"left,omitempty"` // changes that a retry left behind
}

// Made is who made it and how.
type Made struct {
	Human     bool            `json:"human"`            // nobody says that an agent did
	Before    bool            `json:"before,omitempty"` // it is older than the kernel
	Attempts  []Attempt       `json:"attempts"`
	Reasoning facts.Reasoning `json:"reasoning"` // as the gate counts it
	Spent     task.Spent      `json:"spent"`     // on the task, by the gateway's count
}

// Attempt is one run of an agent, with the actions that are on record.
type Attempt struct {
	ID       string        `json:"id"`
	N        int           `json:"n"`
	Role     string        `json:"role"`
	Agent    string        `json:"agent"`
	At       time.Time     `json:"at"`
	Finish   string        `json:"finish,omitempty"` // "" = under way
	Why      string        `json:"why,omitempty"`
	Head     git.OID       `json:"head,omitempty"`
	In       bool          `json:"in"` // the change has its work
	Spent    task.Spent    `json:"spent"`
	Models   []task.Model  `json:"models,omitempty"`
	Returned *task.Sent    `json:"returned,omitempty"` // why its result came back, where that is still known
	Actions  []Action      `json:"actions"`
	Review   *task.Review  `json:"review,omitempty"`
	Distance string        `json:"independent,omitempty"` // of a reviewer: family, model, temperature
	Took     time.Duration `json:"tookNanoseconds,omitempty"`
}

// Action is an entry of the ledger and where it stands.
type Action struct {
	thought.Entry
	Writer string `json:"writer"` // of the ledger
	Number uint64 `json:"number"` // of the line there
	Here   bool   `json:"here"`   // it names the file that was asked about
}

// Verdict is what the gate said last.
type Verdict struct {
	Digest   string        `json:"digest"`
	Decision string        `json:"decision"`
	Level    risk.Level    `json:"level"`
	Score    int           `json:"score"`
	Base     git.OID       `json:"base"`
	At       time.Time     `json:"at"`
	Floor    []risk.Reason `json:"floor"`
	Gates    []gate.Gate   `json:"gates"`
	Findings []Finding     `json:"findings"` // new ones
	Holds    []gate.Reason `json:"holds"`
	Refused  []string      `json:"refused,omitempty"` // earlier patch sets: why each was
	Unread   bool          `json:"unread,omitempty"`  // the document is not here; what stands above is the operation's
}

// Finding is a finding of the verdict, shortened.
type Finding struct {
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Path     string `json:"path,omitempty"`
	Line     int    `json:"line,omitempty"`
	Message  string `json:"message"`
	Waiver   string `json:"waiver,omitempty"`
}

// Review is what a reviewer said of the patch set that counts.
type Review struct {
	By      string    `json:"by"`
	At      time.Time `json:"at"`
	Outcome string    `json:"outcome"`
	Message string    `json:"message,omitempty"`
}

// Nod is an approval.
type Nod struct {
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Method string    `json:"method"`
	MFA    bool      `json:"mfa"`
	Reason string    `json:"reason,omitempty"`
	Head   git.OID   `json:"head"`
	Voided bool      `json:"voided"` // a later patch set took it away
}

// Landing is how it came to the target branch.
type Landing struct {
	change.Landed
	At      time.Time `json:"at"`
	Records []string  `json:"records,omitempty"` // lines of the ledger: writer:number kind
}
