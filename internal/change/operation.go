package change

import (
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/risk"
)

// Kind names what an operation does. The names are part of the format.
type Kind string

// The kinds of operations (docs/lifecycle.md says who may make them and what they lead to).
const (
	KindOpen         Kind = "open"
	KindPatchSet     Kind = "patch-set"
	KindCheck        Kind = "check"
	KindCheckFailed  Kind = "check-failed"
	KindAssess       Kind = "assess"
	KindAskReview    Kind = "ask-review"
	KindReview       Kind = "review"
	KindComment      Kind = "comment"
	KindAsk          Kind = "ask"
	KindApprove      Kind = "approve"
	KindReject       Kind = "reject"
	KindAccept       Kind = "accept-unavailable"
	KindSoakStart    Kind = "soak-start"
	KindEnqueue      Kind = "enqueue"
	KindDequeue      Kind = "dequeue"
	KindMerge        Kind = "merge"
	KindLand         Kind = "land"
	KindRelease      Kind = "release"
	KindRevertOpened Kind = "revert-opened"
	KindRevert       Kind = "reverted"
	KindAbandon      Kind = "abandon"
	KindSuspend      Kind = "suspend"
	KindResume       Kind = "resume"
)

// Operation is one thing that somebody did to a change.
type Operation struct {
	Time  time.Time // UTC, whole seconds; for people and for waits, never for order
	Actor string    // role:name, such as operator:ada or kernel:gate
	Body  Body
}

// Body is what an operation says; its type is its kind.
type Body interface {
	Kind() Kind
	check() error
}

// The roles that an actor's name begins with.
const (
	RoleOperator = "operator" // the human in charge
	RolePerson   = "person"   // another human who pushes through the door
	RoleAgent    = "agent"    // writes code
	RoleReviewer = "reviewer" // reads code; asks for changes
	RoleKernel   = "kernel"   // a part of the daemon
)

// Role is the part of an actor's name before the colon.
func Role(actor string) string {
	role, _, _ := strings.Cut(actor, ":")
	return role
}

// May says whether an actor of that role may make operations of that kind. What is not listed is not allowed.
func May(role string, kind Kind) bool {
	switch kind {
	case KindOpen, KindPatchSet:
		return role == RoleOperator || role == RolePerson || role == RoleAgent || role == RoleKernel
	case KindComment:
		return role == RoleOperator || role == RolePerson || role == RoleAgent || role == RoleReviewer || role == RoleKernel
	case KindReview:
		return role == RoleOperator || role == RoleReviewer
	case KindApprove, KindAccept, KindResume:
		return role == RoleOperator
	case KindReject:
		return role == RoleOperator
	case KindAbandon:
		return role == RoleOperator || role == RolePerson || role == RoleAgent || role == RoleKernel
	case KindSuspend, KindDequeue:
		return role == RoleOperator || role == RoleKernel
	case KindCheck, KindCheckFailed, KindAssess, KindAskReview, KindAsk, KindSoakStart, KindEnqueue, KindMerge, KindLand,
		KindRelease, KindRevertOpened, KindRevert:
		return role == RoleKernel
	}
	return false
}

// Opening is the first operation: it makes the change and its first patch set.
type Opening struct {
	Target   string  `json:"target"` // branch it wants to land on, such as main
	Head     git.OID `json:"head"`
	Title    string  `json:"title,omitempty"`
	Author   string  `json:"author,omitempty"` // who wrote it, when that is not who pushed it
	Agent    string  `json:"agent,omitempty"`
	Task     string  `json:"task,omitempty"`
	Role     string  `json:"role,omitempty"` // the agent's role
	Model    string  `json:"model,omitempty"`
	Feature  string  `json:"feature,omitempty"`
	Topic    string  `json:"topic,omitempty"`
	Alias    string  `json:"alias,omitempty"`    // Change-Id trailer of its commits
	Reverts  string  `json:"reverts,omitempty"`  // id of the change that it takes back
	Imported string  `json:"imported,omitempty"` // branch it was imported from
	Hotfix   bool    `json:"hotfix,omitempty"`   // first in the queue, waits for no freeze window; of operators and the kernel only
	Push     string  `json:"push,omitempty"`     // makes two openings of one head two changes
}

// NewPatchSet replaces what the change proposes. Approvals, soak and assessment of the last one are void.
type NewPatchSet struct {
	Head git.OID `json:"head"`
	Note string  `json:"note,omitempty"`
}

// CheckStart says, before the job starts, that the gate judges Head on Base.
type CheckStart struct {
	Head    git.OID `json:"head"`
	Base    git.OID `json:"base"`
	Attempt int     `json:"attempt"` // 1 for the first run of this head on this base
	Why     string  `json:"why"`
}

// CheckError says that a run ended without an assessment. It is never a verdict.
type CheckError struct {
	Head    git.OID `json:"head"`
	Base    git.OID `json:"base"`
	Attempt int     `json:"attempt"`
	Error   string  `json:"error"`
}

// Assessed is the part of an assessment that later steps compare; the whole one is attached, named by Digest.
type Assessed struct {
	Head          git.OID       `json:"head"`
	Base          git.OID       `json:"base"`
	Attempt       int           `json:"attempt"` // of the run it answers
	Digest        string        `json:"digest"`  // of the assessment
	Blob          string        `json:"blob"`    // sha256 of the attached canonical JSON
	Decision      string        `json:"decision"`
	Level         risk.Level    `json:"level"`
	MergedTree    git.OID       `json:"mergedTree"`
	EffectiveDiff string        `json:"effectiveDiff"`
	Governance    string        `json:"governance"`
	Gates         []GateState   `json:"gates"`
	Merge         gate.Merge    `json:"merge"`
	Size          gate.Diffstat `json:"size"`
	ValidUntil    *time.Time    `json:"validUntil,omitempty"`
	Ahead         bool          `json:"ahead,omitempty"` // the run looked ahead
}

// GateState is a gate's name and state.
type GateState struct {
	Name  string `json:"name"`
	State string `json:"state"`
}

// ReviewAsked says that a reviewer was asked to read Head.
type ReviewAsked struct {
	Head git.OID `json:"head"`
}

// The outcomes of a review.
const (
	ReviewOK       = "ok"
	ReviewChanges  = "request-changes"
	ReviewComments = "comments"
)

// Reviewed is a reviewer's word about one patch set. It may ask for changes; it never approves.
type Reviewed struct {
	Head     git.OID   `json:"head"`
	Outcome  string    `json:"outcome"` // ok, request-changes, comments
	Message  string    `json:"message,omitempty"`
	Comments []Comment `json:"comments,omitempty"`
}

// Comment is a remark, on a line where it has one.
type Comment struct {
	Head git.OID `json:"head,omitempty"`
	Path string  `json:"path,omitempty"`
	Line int     `json:"line,omitempty"` // 1-based
	Text string  `json:"text"`
}

// Asked says that the operator was asked, and for what. There is one for each cause.
type Asked struct {
	Head    git.OID  `json:"head"`
	Cause   string   `json:"cause"` // digest of head and subjects
	Reasons []string `json:"reasons"`
}

// Approved carries a verified approval into the gate. Package operator verifies; package gate says how long it holds.
type Approved struct {
	Head     git.OID       `json:"head"`
	Approval gate.Approval `json:"approval"`
}

// Refused is the operator's no to one patch set.
type Refused struct {
	Head   git.OID `json:"head"`
	Reason string  `json:"reason"`
}

// Accepted is an Approved by which the operator lands a patch set although nothing could answer for a gate.
type Accepted Approved

// SoakStarted starts the wait, with what it was started for: it holds until level, gates or findings grow. A wait that was interrupted
// goes on from Since.
type SoakStarted struct {
	Head  git.OID    `json:"head"`
	Since time.Time  `json:"since"`
	Scope gate.Scope `json:"scope"`
}

// The lanes of the queue.
const (
	LaneNormal = "normal"
	LaneHotfix = "hotfix"
)

// Enqueued hands the change to the merge queue.
type Enqueued struct {
	Head      git.OID `json:"head"`
	Lane      string  `json:"lane"`
	Exclusive bool    `json:"exclusive,omitempty"` // nothing else is proved or landed beside it
}

// Dequeued takes the change out of the queue.
type Dequeued struct {
	Head    git.OID `json:"head"`
	Failed  bool    `json:"failed,omitempty"`  // the queue could not prove it: counts as a failed run, and it is judged again
	Refused bool    `json:"refused,omitempty"` // failed, and it was the target branch itself that it failed on
	Why     string  `json:"why"`
}

// MergeStarted says that the queue proves the change on Base. It is a CheckStart inside the queue.
type MergeStarted struct {
	Head    git.OID `json:"head"`
	Base    git.OID `json:"base"`
	Attempt int     `json:"attempt"`
	Ahead   bool    `json:"ahead,omitempty"` // Base is not the target branch's tip: the queue looks ahead
}

// Landed says that the change is on its target branch; it is written in the transaction that moves the branch.
type Landed struct {
	Head       git.OID `json:"head"`
	Commit     git.OID `json:"commit"` // the landing commit
	Base       git.OID `json:"base"`   // its parent
	Assessment string  `json:"assessment,omitempty"`
	ByHand     bool    `json:"byHand,omitempty"` // somebody moved the branch without the gate
}

// InEnvironment says that the landing commit runs somewhere.
type InEnvironment struct {
	Environment string  `json:"environment"`
	Commit      git.OID `json:"commit"`
}

// RevertOpened names the change that would take this one back.
type RevertOpened struct {
	Change string `json:"change"`
}

// TakenBack says that the change that takes this one back has landed.
type TakenBack struct {
	Change string  `json:"change"`
	Commit git.OID `json:"commit"`
}

// GivenUp ends a change.
type GivenUp struct {
	Reason string `json:"reason,omitempty"`
}

// Stopped suspends a change until the operator resumes it.
type Stopped struct {
	Reason string `json:"reason"`
}

// Continued resumes a suspended change; failed runs are counted anew.
type Continued struct {
	Reason string `json:"reason,omitempty"`
}

// Kind names the operation.
func (Opening) Kind() Kind       { return KindOpen }
func (NewPatchSet) Kind() Kind   { return KindPatchSet }
func (CheckStart) Kind() Kind    { return KindCheck }
func (CheckError) Kind() Kind    { return KindCheckFailed }
func (Assessed) Kind() Kind      { return KindAssess }
func (ReviewAsked) Kind() Kind   { return KindAskReview }
func (Reviewed) Kind() Kind      { return KindReview }
func (Comment) Kind() Kind       { return KindComment }
func (Asked) Kind() Kind         { return KindAsk }
func (Approved) Kind() Kind      { return KindApprove }
func (Refused) Kind() Kind       { return KindReject }
func (Accepted) Kind() Kind      { return KindAccept }
func (SoakStarted) Kind() Kind   { return KindSoakStart }
func (Enqueued) Kind() Kind      { return KindEnqueue }
func (Dequeued) Kind() Kind      { return KindDequeue }
func (MergeStarted) Kind() Kind  { return KindMerge }
func (Landed) Kind() Kind        { return KindLand }
func (InEnvironment) Kind() Kind { return KindRelease }
func (RevertOpened) Kind() Kind  { return KindRevertOpened }
func (TakenBack) Kind() Kind     { return KindRevert }
func (GivenUp) Kind() Kind       { return KindAbandon }
func (Stopped) Kind() Kind       { return KindSuspend }
func (Continued) Kind() Kind     { return KindResume }
