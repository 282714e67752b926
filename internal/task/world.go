package task

import (
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
)

// World is everything outside of a task that its next step depends on. Whoever runs Step fills it afresh each time; nothing in
// it is remembered. A field left empty means that nothing of the kind is known, and never lets more through.
type World struct {
	Now   time.Time
	Epoch uint64  // of the lease that this process holds
	Main  git.OID // tip of the branch that the task's change lands on

	Running []string    // attempts under way in this process, by ID
	Outcome *Outcome    // of an attempt of this task that came in
	Change  *ChangeView // the task's change; nil = it cannot be read
	Turn    Turn        // what Plan says about the attempt that the task wants (Wanted)
	Agents  []Agent     // who works here
	Cone    []string    // folders to check out; none = all
	Told    []string    // causes that the operator was notified of
	Rules   Rules
}

// ChangeView is a task's change as it is now.
type ChangeView struct {
	State    change.State
	Wait     change.Wait // of change.Step
	Why      string
	Findings []Finding // what the gate holds against the current patch set, when it refused it
	Conflict bool      // it does not merge with the branch it is for
}

// Turn says whether an attempt may start now, and if not, why.
type Turn struct {
	OK  bool
	Why string
}

// Agent is somebody who works here, as main says.
type Agent struct {
	Name        string
	Role        string
	Families    []string // of its models, the first being the default's
	Models      int      // how many it has
	Concurrency int      // attempts at a time; 0 = no limit of its own
	Paths       []string // that it may write; none = no limit of its own
}

// Rules are the numbers of the life of a task.
type Rules struct {
	Attempts    int           // results sent back that suspend a task; 0 = 3
	Failures    int           // failures in a row that do; 0 = 3
	Losses      int           // losses in a row that do; 0 = 5
	Reviews     int           // reviews of one patch set that do not count; 0 = 2
	Again       time.Duration // pause after a failure, doubled each time up to an hour; 0 = 1 minute
	Independent string        // the least distance of a reviewer's model from the coder's: family, model, temperature; "" = temperature
}

const longestPause = time.Hour

func (r Rules) withDefaults() Rules {
	if r.Attempts == 0 {
		r.Attempts = 3
	}
	if r.Failures == 0 {
		r.Failures = 3
	}
	if r.Losses == 0 {
		r.Losses = 5
	}
	if r.Reviews == 0 {
		r.Reviews = 2
	}
	if r.Again == 0 {
		r.Again = time.Minute
	}
	if r.Independent == "" {
		r.Independent = ByTemperature
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

// Wait names what a task waits for.
type Wait string

// What a task can wait for.
const (
	WaitTurn    Wait = "turn"    // Plan
	WaitAgent   Wait = "agent"   // the attempt under way
	WaitChange  Wait = "change"  // its change: see State.For
	WaitClock   Wait = "clock"   // Next.Wake
	WaitResume  Wait = "resume"  // the operator
	WaitNothing Wait = "nothing" // the task is closed
)

// EffectKind names an effect.
type EffectKind string

// The effects that Step asks for.
const (
	DoStart   EffectKind = "start"   // start Attempt; seen in World.Running, answered in World.Outcome
	DoStop    EffectKind = "stop"    // end the attempt called ID; seen there too
	DoPropose EffectKind = "propose" // make Head a change or its next patch set, and record propose
	DoReview  EffectKind = "review"  // put Review, by Agent, to the change
	DoAbandon EffectKind = "abandon" // give the change up; seen in World.Change
	DoNotify  EffectKind = "notify"  // tell the operator about Cause; seen in World.Told
)

// Effect is something outside the task that has to happen.
type Effect struct {
	Kind    EffectKind
	Attempt *Attempt  // start
	ID      string    // stop
	Record  *Record   // propose: the attempt that made it
	Review  *Reviewed // review
	Change  string    // abandon
	Cause   string    // notify
	Why     string
}

// Reviewed is a review on its way to a change.
type Reviewed struct {
	Review
	Agent string
	Head  git.OID
}
