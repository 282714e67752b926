package change

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
)

// Actor is the name under which Step's operations are made.
const Actor = RoleKernel + ":change"

// Step says what to do next with a change. It is a pure function and reads everything anew (law 7): called again with the
// same state and world it says the same, and after a crash it says what it would have said without one.
//
// The rules are those of docs/lifecycle.md, in that order; the first that applies decides.
func Step(s State, w World) Next {
	w.Rules = w.Rules.WithDefaults()
	w.Now = w.Now.UTC().Truncate(time.Second)
	st := &step{s: &s, w: &w}
	for _, rule := range []func() (Next, bool){
		st.closed, st.landedByHand, st.suspended, st.leftovers, st.answered, st.exhausted, st.ejected, st.unfit, st.unjudged, st.refused,
		st.review, st.operator, st.soak, st.enqueue, st.prove, st.land,
	} {
		if next, ok := rule(); ok {
			return next
		}
	}
	return Next{Wait: WaitOperator, Why: "no rule applies: this is a defect of adamant"} // not reached; fails closed
}

// step is one evaluation. The verdict is made when it is first asked for.
type step struct {
	s       *State
	w       *World
	decided *gate.Verdict
}

// record makes an operation of now, with effects that follow it.
func (st *step) record(why string, body Body, do ...Effect) (Next, bool) {
	return Next{Operation: &Operation{Time: st.w.Now, Actor: Actor, Body: body}, Do: do, Why: why}, true
}

func wait(on Wait, why string, do ...Effect) (Next, bool) {
	return Next{Wait: on, Why: why, Do: do}, true
}

// Rule 1: a closed change wants nothing but to be out of the queue.
func (st *step) closed() (Next, bool) {
	if !st.s.Status.Closed() && st.s.Status != "" {
		return Next{}, false
	}
	return wait(WaitNothing, "the change is "+string(cmp.Or(st.s.Status, "not open")), st.outOfQueue()...)
}

// Rule 2: somebody moved the branch without the gate.
func (st *step) landedByHand() (Next, bool) {
	if !st.w.OnMain || checkOID("main", st.w.Main.OID) != nil {
		return Next{}, false
	}
	return st.record("its commit is on "+st.s.Origin.Target+" already",
		Landed{Head: st.s.Head(), Commit: st.s.Head(), Base: st.w.Main.OID, ByHand: true}, st.outOfQueue()...)
}

// Rule 3: only the operator ends a suspension.
func (st *step) suspended() (Next, bool) {
	if st.s.Status != Suspended {
		return Next{}, false
	}
	cause := cause(st.s.Head(), []string{"suspended", st.s.Stop.At.Format(time.RFC3339)})
	return wait(WaitResume, "suspended: "+st.s.Stop.Reason, append(st.outOfQueue(), st.tell(cause, "suspended: "+st.s.Stop.Reason)...)...)
}

// Rule 4: what is not to land is not in the queue.
func (st *step) leftovers() (Next, bool) {
	if st.s.Status.InQueue() || !st.w.Queue.In {
		return Next{}, false
	}
	return wait(WaitQueue, "it leaves the queue", st.outOfQueue()...)
}

func (st *step) outOfQueue() []Effect {
	if !st.w.Queue.In {
		return nil
	}
	return []Effect{{Kind: DoDequeue, Why: "the change is " + string(st.s.Status)}}
}

// tell asks for a notification that has not been delivered yet.
func (st *step) tell(cause, why string) []Effect {
	if slices.Contains(st.w.Told, cause) {
		return nil
	}
	return []Effect{{Kind: DoNotify, Cause: cause, Why: why}}
}

// Rule 5: an answer to the run that is open is recorded, any other is dropped.
func (st *step) answered() (Next, bool) {
	r := st.w.Result
	if r == nil || !st.s.Run.asks(r.Head, r.Base, r.Attempt) || r.Head != st.s.Head() {
		return Next{}, false
	}
	a := r.Assessment
	switch {
	case r.Error != "":
		return st.record("the gate could not judge it", CheckError{Head: r.Head, Base: r.Base, Attempt: r.Attempt, Error: clip(r.Error)})
	case a == nil:
		return st.record("the gate could not judge it", CheckError{Head: r.Head, Base: r.Base, Attempt: r.Attempt, Error: "the run ended without an assessment"})
	case git.OID(a.Head) != r.Head || git.OID(a.Base) != r.Base:
		return st.record("the gate judged something else", CheckError{Head: r.Head, Base: r.Base, Attempt: r.Attempt,
			Error: fmt.Sprintf("the assessment is of %.12s on %.12s", a.Head, a.Base)})
	}
	body := summary(a, r)
	body.Ahead = st.s.Run.Ahead
	body.Decision = st.decide(a).Decision
	return st.record("the gate says "+body.Decision, body)
}

// Rule 6: a change that fails again and again costs nobody's time any more.
func (st *step) exhausted() (Next, bool) {
	if n := st.s.Attempts(); n >= st.w.Rules.Attempts {
		return st.record("too many failed runs", Stopped{Reason: fmt.Sprintf("%d failed gate runs, the last: %s", n, st.s.Failures[n-1].Why)})
	}
	if n := st.w.Ends; st.s.Status.InQueue() && n >= st.w.Rules.Runs {
		return st.record("it may be what ends the daemon", Stopped{Reason: fmt.Sprintf(
			"the daemon ended %d times in a row while the merge queue judged it: it may be the cause, see the daemon's log", n)})
	}
	run := st.s.Run
	if run == nil || run.Attempt < st.w.Rules.Runs || st.underWay() || run.Done && run.Error == "" {
		return Next{}, false
	}
	return st.record("the gate never answers", Stopped{Reason: clip(fmt.Sprintf("%d runs of the gate gave no assessment: %s", run.Attempt,
		cmp.Or(run.Error, "they did not end")))})
}

// underWay says that the newest run is being carried out.
func (st *step) underWay() bool {
	j, r := st.w.Judging, st.s.Run
	return j != nil && r != nil && !r.Done && *j == Job{Head: r.Head, Base: r.Base, Attempt: r.Attempt}
}

// Rule 7: the queue gave it up.
func (st *step) ejected() (Next, bool) {
	if !st.s.Status.InQueue() || st.w.Queue.Ejected == "" {
		return Next{}, false
	}
	return st.record("the queue gave it up", Dequeued{Head: st.s.Head(), Failed: true, Why: clip(st.w.Queue.Ejected)}, st.outOfQueue()...)
}

// Rule 8: a change in the queue that may not land any more leaves it.
func (st *step) unfit() (Next, bool) {
	if !st.s.Status.InQueue() {
		return Next{}, false
	}
	if why := st.outdated(); why != "" {
		return st.leave(why, false)
	}
	if by := st.changesWanted(); by != "" {
		return st.leave(by+" asks for changes", false)
	}
	v := st.verdict()
	switch {
	case v.Decision == gate.Allow, st.ahead():
		return Next{}, false
	case v.Decision == gate.Deny:
		why := "it does not pass on " + st.s.Origin.Target + ": " + first(v)
		return st.record("it leaves the queue: "+why, Dequeued{Head: st.s.Head(), Failed: true, Refused: true, Why: why}, st.outOfQueue()...)
	case !st.retriable():
		return st.leave(first(v), false)
	case st.s.Run == nil || st.s.Run.Attempt >= st.w.Rules.Runs:
		return st.leave("no answer in the queue: "+first(v), true)
	}
	return Next{}, false
}

func (st *step) leave(why string, failed bool) (Next, bool) {
	return st.record("it leaves the queue: "+why, Dequeued{Head: st.s.Head(), Failed: failed, Why: why}, st.outOfQueue()...)
}

// ahead says that the queue judged the change behind others that have not landed: a refusal may be theirs.
func (st *step) ahead() bool {
	return st.s.Assessment.Ahead && st.s.Assessment.Base != st.w.Main.OID && st.verdict().Decision == gate.Deny
}

// retriable says that nothing but gates without an answer holds the change.
func (st *step) retriable() bool {
	for _, r := range st.verdict().Reasons {
		if !retried(r) {
			return false
		}
	}
	return true
}

// Rule 9: judge what was not judged, or not under what holds now.
func (st *step) unjudged() (Next, bool) {
	if st.s.Status.InQueue() || st.s.Refusal != nil {
		return Next{}, false
	}
	why := st.outdated()
	if why == "" {
		why = st.unfinished()
	}
	if why == "" {
		return Next{}, false
	}
	return st.judge(why, st.w.Main.OID)
}

// judge has the gate judge the current patch set on base, unless that is under way or was tried just now.
func (st *step) judge(why string, base git.OID) (Next, bool) {
	if checkOID("base", base) != nil {
		return wait(WaitGate, "the tip of "+st.s.Origin.Target+" is not known")
	}
	inQueue := st.s.Status.InQueue()
	run := st.s.Run
	if st.underWay() && (run.Base == base || !inQueue) { // a branch that moves faster than the gate judges starves nobody
		return wait(WaitGate, "the gate judges it: "+why)
	}
	attempt := 1
	if run != nil && (run.Base == base || !inQueue && (run.Error != "" || !run.Done)) {
		attempt = run.Attempt + 1
		if until := st.pause(run); !until.IsZero() {
			return Next{Wait: WaitClock, Wake: until, Why: "it is judged again at " + until.Format(time.RFC3339) + ": " + why}, true
		}
	}
	job := Job{Head: st.s.Head(), Base: base, Attempt: attempt}
	effect := Effect{Kind: DoJudge, Job: job, Why: why}
	if inQueue {
		return st.record(why, MergeStarted{Head: job.Head, Base: base, Attempt: attempt, Ahead: base != st.w.Main.OID}, effect)
	}
	return st.record(why, CheckStart{Head: job.Head, Base: base, Attempt: attempt, Why: clipLine(why)}, effect)
}

// pause is until when the same run must not be repeated, zero when it may. A clock that was set back never prolongs it.
func (st *step) pause(run *Run) time.Time {
	if !run.Done || st.w.Now.Before(run.At) { // it was lost, by a crash perhaps: nothing is gained by waiting
		return time.Time{}
	}
	length := longestPause
	if shift := run.Attempt - 1; shift < 16 {
		length = min(st.w.Rules.Again<<shift, longestPause)
	}
	if until := run.At.Add(length); st.w.Now.Before(until) {
		return until
	}
	return time.Time{}
}

// Rule 10: a refused patch set waits for the next one.
func (st *step) refused() (Next, bool) {
	if r := st.s.Refusal; r != nil {
		return wait(WaitPatchSet, "the operator refused it: "+clipLine(r.Reason))
	}
	if v := st.verdict(); v.Decision == gate.Deny && !st.s.Status.InQueue() {
		return st.unlessMoved(Next{Wait: WaitPatchSet, Why: "the gate refused it: " + first(v), Wake: st.lapse()})
	}
	return Next{}, false
}

// lapse is when the assessment has to be made again.
func (st *step) lapse() time.Time {
	if until := st.s.Assessment.ValidUntil; until != nil {
		return *until
	}
	return time.Time{}
}
