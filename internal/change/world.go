package change

import (
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
)

// World is everything outside of a change that its next step depends on. Whoever runs Step fills it afresh each time; nothing
// in it is remembered. A field left empty means that nothing of the kind is known, and never lets more through.
type World struct {
	Now  time.Time
	Main Tip // of the change's target branch

	OnMain     bool             // the current patch set's commit is on the target branch already
	Moved      string           // why the target branch's moves since the assessment matter to this change; "" = they do not
	Judging    *Job             // the gate's run for this change that is under way
	Result     *Result          // an answer of the gate that came in
	Assessment *gate.Assessment // the document that State.Assessment.Digest names
	Review     bool             // a reviewer has to read patch sets of this change
	Reviewing  bool             // a reviewer is at it
	Told       []string         // causes that the operator was notified of
	Queue      Place            // where the merge queue has it
	Ends       int              // how often in a row the process ended while the merge queue had the current patch set judged
	Paused     string           // why nothing lands at the moment; "" = not paused
	Freeze     []Window         // when nothing but hotfixes lands
	Rules      Rules
}

// Tip is a commit to land on, and the digest of the governance that the gate reads there.
type Tip struct {
	OID        git.OID
	Governance string
}

// Job names a run of the gate.
type Job struct {
	Head, Base git.OID
	Attempt    int
}

// Result is how a run of the gate ended: with an assessment, or with an error and no verdict.
type Result struct {
	Job
	Assessment *gate.Assessment
	Blob       string // sha256 of its canonical JSON, which is attached to the operation
	Error      string
}

// Place is where the merge queue has a change.
type Place struct {
	In      bool    // it is in the queue
	Base    Tip     // the commit it is to be proved and landed on; empty = it waits for its turn
	Root    git.OID // the commit of the target branch that Base builds on; Base itself when nothing lands in between
	Ready   bool    // everything before it and its batch is proved: it lands as soon as Step says so
	Ejected string  // why the queue gave it up
}

// Window is a time in which nothing lands: From inclusive, Until exclusive.
type Window struct {
	From, Until time.Time
	Why         string
}

// Rules are the numbers of the life cycle.
type Rules struct {
	Attempts   int           // failed gate runs that suspend a change; 0 = 3
	Runs       int           // runs without an answer, for one head and base, that suspend it; 0 = 5
	Again      time.Duration // pause before the second run of the same head and base, doubled each time up to an hour; 0 = 1 minute
	Settle     time.Duration // least pause between two runs for moves of the target branch; 0 = 10 minutes
	ReviewWait time.Duration // how long a reviewer may take until the operator is asked; 0 = 1 hour
}

const longestPause = time.Hour

// WithDefaults completes them.
func (r Rules) WithDefaults() Rules {
	if r.Attempts == 0 {
		r.Attempts = 3
	}
	if r.Runs == 0 {
		r.Runs = 5
	}
	if r.Again == 0 {
		r.Again = time.Minute
	}
	if r.Settle == 0 {
		r.Settle = 10 * time.Minute
	}
	if r.ReviewWait == 0 {
		r.ReviewWait = time.Hour
	}
	return r
}

// Next is what Step found: an operation to record, effects to have, or something to wait for.
type Next struct {
	Operation *Operation // record it first, by compare-and-swap on the state that Step saw; then have the effects
	Do        []Effect   // idempotent; each is asked for again until the world shows it
	Wait      Wait       // what has to happen before the next step; "" = ask again at once
	Wake      time.Time  // look again then, if nothing happened before; zero = time alone changes nothing
	Why       string     // one line for people
}

// Wait names what a change waits for.
type Wait string

// What a change can wait for.
const (
	WaitGate     Wait = "gate"      // the gate's answer
	WaitPatchSet Wait = "patch-set" // a new patch set
	WaitReviewer Wait = "reviewer"  // a reviewer's word
	WaitOperator Wait = "operator"  // the operator's decision
	WaitResume   Wait = "resume"    // the operator's resume
	WaitClock    Wait = "clock"     // Next.Wake
	WaitQueue    Wait = "queue"     // the merge queue
	WaitLanding  Wait = "landing"   // the landing that was asked for
	WaitUnpaused Wait = "unpause"   // the operator's resume of the queue
	WaitNothing  Wait = "nothing"   // the change is closed
)

// EffectKind names an effect.
type EffectKind string

// The effects that Step asks for.
const (
	DoJudge   EffectKind = "judge"   // run the gate for Job; seen in World.Judging, answered in World.Result
	DoReview  EffectKind = "review"  // have a reviewer read Job.Head; seen in World.Reviewing
	DoNotify  EffectKind = "notify"  // tell the operator about Cause; seen in World.Told
	DoEnqueue EffectKind = "enqueue" // put it into the merge queue; seen in World.Queue.In
	DoDequeue EffectKind = "dequeue" // take it out; seen there too
	DoLand    EffectKind = "land"    // land Job.Head on Job.Base under Assessment; the landing writes the operation land
)

// Effect is something outside the change that has to happen.
type Effect struct {
	Kind       EffectKind
	Job        Job
	Cause      string // for notify
	Assessment string // digest, for land
	Why        string
}
