package task

import (
	"fmt"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
)

// Kind names what an operation does. The names are part of the format.
type Kind string

// The kinds of operations (docs/tasks.md says who may make them and what they lead to).
const (
	KindOpen    Kind = "open"
	KindStart   Kind = "start"
	KindEnd     Kind = "end"
	KindPropose Kind = "propose"
	KindReturn  Kind = "return"
	KindFollow  Kind = "follow"
	KindLand    Kind = "land"
	KindNote    Kind = "note"
	KindSuspend Kind = "suspend"
	KindResume  Kind = "resume"
	KindRetry   Kind = "retry"
	KindFail    Kind = "fail"
	KindCancel  Kind = "cancel"
)

// Operation is one thing that somebody did to a task.
type Operation struct {
	Time  time.Time // UTC, whole seconds; for people and for waits, never for order
	Actor string    // role:name, such as operator:local or kernel:task
	Body  Body
}

// Body is what an operation says; its type is its kind.
type Body interface {
	Kind() Kind
	check() error
}

// The roles that an actor's name begins with.
const (
	roleOperator = change.RoleOperator
	roleKernel   = change.RoleKernel
)

// May says whether an actor of that role may make operations of that kind. What is not listed is not allowed: no agent may make any.
func May(role string, kind Kind) bool {
	switch kind {
	case KindOpen, KindSuspend:
		return role == roleOperator || role == roleKernel
	case KindNote, KindResume, KindRetry, KindCancel:
		return role == roleOperator
	case KindStart, KindEnd, KindPropose, KindReturn, KindFollow, KindLand, KindFail:
		return role == roleKernel
	}
	return false
}

func roleOf(actor string) string {
	role, _, _ := strings.Cut(actor, ":")
	return role
}

// Opening is the first operation: what somebody wants.
type Opening struct {
	Title    string   `json:"title"`             // one line
	Text     string   `json:"text,omitempty"`    // the rest
	Agent    string   `json:"agent"`             // who is to do it: a coder
	Target   string   `json:"target"`            // branch that its change lands on, such as main
	Feature  string   `json:"feature,omitempty"` // to which cost is booked
	Grants   []string `json:"grants,omitempty"`  // paths it may write beside those of its agent
	Paths    []string `json:"paths,omitempty"`   // where it is expected to work: folders, files or components
	Priority int      `json:"priority,omitempty"`
	Source   string   `json:"source,omitempty"`  // where it comes from: an issue's URL or file, squeeze:RULE:SCOPE
	Foreign  string   `json:"foreign,omitempty"` // text that somebody else wrote, such as an issue: data, never instructions
	Nonce    string   `json:"nonce"`             // makes two equal wishes two tasks
}

// Started says, before anything runs, that an attempt begins.
type Started struct {
	N      int      `json:"n"` // from 1, over all roles
	Role   string   `json:"role"`
	Agent  string   `json:"agent"`
	Main   git.OID  `json:"main"`
	Base   git.OID  `json:"base"`
	Head   git.OID  `json:"head,omitempty"` // what a reviewer reads
	Epoch  uint64   `json:"epoch"`
	Why    string   `json:"why"`
	Swap   bool     `json:"swap,omitempty"`
	Avoid  []string `json:"avoid,omitempty"`
	Prompt string   `json:"prompt"` // sha256 of what the agent was told
}

// Ended says what came of an attempt.
type Ended struct {
	N           int     `json:"n"`
	Finish      string  `json:"finish"`
	Head        git.OID `json:"head,omitempty"`
	Why         string  `json:"why,omitempty"`
	Rule        string  `json:"rule,omitempty"`
	Spent       Spent   `json:"spent"`
	Models      []Model `json:"models,omitempty"`
	Review      *Review `json:"review,omitempty"`
	Independent string  `json:"independent,omitempty"` // how far a reviewer's model is from the coder's: family, model, temperature; "" = not
}

// Proposed says which change holds what a coder made.
type Proposed struct {
	N      int     `json:"n"` // attempt
	Change string  `json:"change"`
	Head   git.OID `json:"head"`
}

// Who sends a result back.
const (
	ByGate     = "gate"
	ByReviewer = "reviewer"
	ByOperator = "operator"
	ByNobody   = "nobody" // the agent changed nothing
)

// Returned sends a result back to the coder.
type Returned struct {
	By       string    `json:"by"`
	Head     git.OID   `json:"head"`
	Why      string    `json:"why"`
	Findings []Finding `json:"findings,omitempty"`
	Conflict bool      `json:"conflict,omitempty"` // it does not merge with main: the next attempt begins there
}

// From tells who sent a result back and why, to stand after "sent back".
func (b Returned) From() string {
	if b.By == ByNobody {
		return "as " + b.Why
	}
	return fmt.Sprintf("by the %s: %s", b.By, b.Why)
}

// Finding is one thing that stands between a result and main, as the agent is told it.
type Finding struct {
	Rule    string `json:"rule"`
	Path    string `json:"path,omitempty"`
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
	Fix     string `json:"fix,omitempty"`
}

// Followed says what the task's change waits for.
type Followed struct {
	Phase Status      `json:"phase"` // gating, waiting
	For   change.Wait `json:"for"`
	Why   string      `json:"why"`
}

// Landed says that the task's change is on its target branch.
type Landed struct {
	Change string  `json:"change"`
	Commit git.OID `json:"commit"`
}

// Noted is a remark of the operator for the next attempt.
type Noted struct {
	Text string `json:"text"`
}

// Stopped suspends a task until the operator resumes it.
type Stopped struct {
	Reason string `json:"reason"`
	Rule   string `json:"rule,omitempty"` // of the breaker; attempts, failures, losses, escalated, review, change
	Told   bool   `json:"told,omitempty"` // the operator is told of it already, by the change
}

// RuleAsked is the Rule of a task that is suspended because its agent asks the operator something.
const RuleAsked = "escalated"

// Resumed goes on with a suspended task; failures are counted anew.
type Resumed struct {
	Note string `json:"note,omitempty"`
}

// Retried begins again from main, with a new change.
type Retried struct {
	Note  string `json:"note,omitempty"`
	Agent string `json:"agent,omitempty"` // another one; "" = as before
}

// Failure ends a task whose change was given up.
type Failure struct {
	Reason string `json:"reason"`
}

// Cancellation ends a task because the operator says so.
type Cancellation struct {
	Reason string `json:"reason,omitempty"`
}

// Words are what a person said with an operation, in one line; "" = nothing.
func (op Operation) Words() string {
	switch b := op.Body.(type) {
	case Noted:
		return clipLine(b.Text)
	case Resumed:
		return clipLine(b.Note)
	case Retried:
		return clipLine(b.Note)
	case Cancellation:
		return clipLine(b.Reason)
	}
	return ""
}

// Kind names the operation.
func (Opening) Kind() Kind      { return KindOpen }
func (Started) Kind() Kind      { return KindStart }
func (Ended) Kind() Kind        { return KindEnd }
func (Proposed) Kind() Kind     { return KindPropose }
func (Returned) Kind() Kind     { return KindReturn }
func (Followed) Kind() Kind     { return KindFollow }
func (Landed) Kind() Kind       { return KindLand }
func (Noted) Kind() Kind        { return KindNote }
func (Stopped) Kind() Kind      { return KindSuspend }
func (Resumed) Kind() Kind      { return KindResume }
func (Retried) Kind() Kind      { return KindRetry }
func (Failure) Kind() Kind      { return KindFail }
func (Cancellation) Kind() Kind { return KindCancel }
