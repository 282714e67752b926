package task

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
)

// Actor is the name under which Step's operations are made.
const Actor = roleKernel + ":task"

// Step says what to do next with a task. It is a pure function and reads everything anew (law 7): called again with the same state
// and world it says the same, and after a crash it says what it would have said without one.
//
// The rules are those of docs/tasks.md, in that order; the first that applies decides.
func Step(s State, w World) Next {
	w.Rules = w.Rules.withDefaults()
	w.Now = w.Now.UTC().Truncate(time.Second)
	st := &step{s: &s, w: &w}
	for _, rule := range []func() (Next, bool){
		st.answered, st.lost, st.landed, st.closed, st.suspended, st.givenUp, st.underWay, st.stuck, st.propose, st.speak, st.sentBack, st.read,
		st.start, st.follow,
	} {
		if next, ok := rule(); ok {
			return next
		}
	}
	return Next{Wait: WaitResume, Why: "no rule applies: this is a defect of adamant"} // not reached; fails closed
}

// Wanted is the role of the attempt that a task would start now if it were its turn, "" for none.
func Wanted(s State, c *ChangeView) string {
	st := &step{s: &s, w: &World{Change: c}}
	switch {
	case s.Open() != nil:
		return ""
	case s.Status == Queued:
		return RoleCoder
	case st.awaitsReviewer():
		return RoleReviewer
	}
	return ""
}

// step is one evaluation.
type step struct {
	s *State
	w *World
}

// record makes an operation of now, with effects that follow it.
func (st *step) record(why string, body Body, do ...Effect) (Next, bool) {
	return Next{Operation: &Operation{Time: st.w.Now, Actor: Actor, Body: body}, Do: do, Why: clipLine(why)}, true
}

func wait(on Wait, why string, do ...Effect) (Next, bool) {
	return Next{Wait: on, Why: clipLine(why), Do: do}, true
}

// Rule 1: the outcome of the open attempt is recorded, any other is dropped.
func (st *step) answered() (Next, bool) {
	o, open := st.w.Outcome, st.s.Open()
	if o == nil || open == nil || o.Attempt != AttemptID(st.s.ID, open.N) || open.Epoch != st.w.Epoch {
		return Next{}, false
	}
	end := Ended{N: open.N, Finish: o.Finish, Why: cut(o.Why, maxText), Rule: clipLine(o.Rule), Spent: o.Spent, Models: o.Models}
	if open.Role == RoleReviewer {
		end.Review, end.Independent = o.Review, Independence(coderModels(*st.s, open.Head), o.Models)
	} else {
		end.Head = o.Head
	}
	return st.record(fmt.Sprintf("attempt %d: %s", open.N, told(end)), end)
}

// told is an end in a line.
func told(e Ended) string {
	text := e.Finish
	if e.Rule != "" {
		text += " by " + e.Rule
	}
	if e.Why != "" {
		text += ": " + e.Why
	}
	return text
}

// coderModels are the models that made a commit, or, when somebody else did, all that ever coded for this task.
func coderModels(s State, head git.OID) []Model {
	var all []Model
	for _, r := range s.Attempts {
		if r.Role != RoleCoder || r.Ended == nil {
			continue
		}
		if r.Ended.Head == head {
			return r.Ended.Models
		}
		all = append(all, r.Ended.Models...)
	}
	return all
}

// Rule 2: an attempt of another epoch is dead, whatever it thinks.
func (st *step) lost() (Next, bool) {
	open := st.s.Open()
	if open == nil || open.Epoch == st.w.Epoch {
		return Next{}, false
	}
	why := fmt.Sprintf("the daemon of epoch %d ended while it ran", open.Epoch)
	return st.record(fmt.Sprintf("attempt %d is lost: %s", open.N, why), Ended{N: open.N, Finish: FinishLost, Why: why})
}

// Rule 3: the work is on main, whatever else goes on.
func (st *step) landed() (Next, bool) {
	c := st.w.Change
	if c == nil || st.s.Status == Done || c.State.ID != st.s.Change || c.State.Landing == nil {
		return Next{}, false
	}
	return st.record("its change landed as "+c.State.Landing.Commit.Short(), Landed{Change: st.s.Change, Commit: c.State.Landing.Commit}, st.end("its change landed")...)
}

// end stops the open attempt, where it runs.
func (st *step) end(why string) []Effect {
	open := st.s.Open()
	if open == nil || !st.runs(open) {
		return nil
	}
	return []Effect{{Kind: DoStop, ID: AttemptID(st.s.ID, open.N), Why: why}}
}

func (st *step) runs(r *Record) bool { return slices.Contains(st.w.Running, AttemptID(st.s.ID, r.N)) }

// Rule 4: a closed task leaves nothing running and no change open.
func (st *step) closed() (Next, bool) {
	if !st.s.Status.Closed() && st.s.Status != "" {
		return Next{}, false
	}
	do := st.end("the task is " + string(st.s.Status))
	if st.s.Status == Cancelled && st.w.Change != nil && !st.w.Change.State.Status.Closed() && st.s.Change != "" {
		do = append(do, Effect{Kind: DoAbandon, Change: st.s.Change, Why: "its task was cancelled"})
	}
	return wait(st.settled(WaitNothing), "the task is "+string(cmp.Or(st.s.Status, "not open")), do...)
}

// settled is what a task that goes no further waits for: an attempt that has been told to end comes first. One that does not
// run has ended with the process that it was to run in, or never began; it is recorded in the next epoch.
func (st *step) settled(otherwise Wait) Wait {
	if open := st.s.Open(); open != nil && st.runs(open) {
		return WaitAgent
	}
	return otherwise
}

// Rule 5: only the operator ends a suspension.
func (st *step) suspended() (Next, bool) {
	if st.s.Status != Suspended {
		return Next{}, false
	}
	why := "suspended: " + st.s.Stop.Reason
	do := st.end(why)
	cause := "task " + st.s.ID + " suspended " + st.s.Stop.At.UTC().Format(time.RFC3339)
	if !st.s.Stop.Told && roleOf(st.s.Stop.By) != roleOperator && !slices.Contains(st.w.Told, cause) {
		do = append(do, Effect{Kind: DoNotify, Cause: cause, Why: clipLine(why)})
	}
	return wait(st.settled(WaitResume), why, do...)
}

// Rule 6: a change that was given up takes the task with it.
func (st *step) givenUp() (Next, bool) {
	c := st.w.Change
	if st.s.Change == "" || c == nil || c.State.Status != change.Abandoned {
		return Next{}, false
	}
	why := "its change was abandoned"
	if c.State.Stop != nil && c.State.Stop.Reason != "" {
		why += ": " + c.State.Stop.Reason
	}
	return st.record(why, Failure{Reason: cut(why, maxText)}, st.end(why)...)
}

// Rule 7: an attempt that is recorded is started until it runs.
func (st *step) underWay() (Next, bool) {
	open := st.s.Open()
	if open == nil {
		return Next{}, false
	}
	why := open.Agent + " works on it"
	if open.Role == RoleReviewer {
		why = open.Agent + " reads it"
		if c := st.w.Change; c != nil && c.State.Head() != open.Head && st.runs(open) {
			return wait(WaitAgent, "what it reads was replaced", st.end("there is a new patch set")...)
		}
	}
	if st.runs(open) {
		return wait(WaitAgent, why)
	}
	return wait(WaitAgent, why, Effect{Kind: DoStart, Attempt: st.attempt(open.Started), Why: why})
}

// attempt is what whoever carries it out has to know: a function of the state before it.
func (st *step) attempt(r Started) *Attempt {
	o := st.s.Origin
	a := &Attempt{ID: AttemptID(st.s.ID, r.N), Task: st.s.ID, N: r.N, Role: r.Role, Agent: r.Agent, Title: o.Title, Main: r.Main, Base: r.Base, Head: r.Head,
		Change: st.s.Change, Feature: o.Feature, Cone: st.w.Cone, Grants: o.Grants, Avoid: r.Avoid, Swap: r.Swap, Epoch: r.Epoch}
	a.Prompt = Prompt(*st.s, r)
	return a
}

// Rule 8: a task that does not get anywhere costs nothing more, and the operator is told.
func (st *step) stuck() (Next, bool) {
	s, rules := st.s, st.w.Rules
	if c := st.w.Change; c != nil && s.Change != "" && c.State.Status == change.Suspended {
		return st.suspend("change", "its change was suspended: "+c.State.Stop.Reason, true)
	}
	if r := s.last(RoleCoder); r != nil && r == st.newest() {
		switch {
		case r.Ended.Finish == FinishEscalated:
			return st.suspend(RuleAsked, r.Agent+" asks: "+r.Ended.Why, false)
		case r.Ended.Finish == FinishStopped && !st.maySwap(r):
			return st.suspend(cmp.Or(r.Ended.Rule, "stopped"), fmt.Sprintf("attempt %d was stopped by %s: %s", r.N, cmp.Or(r.Ended.Rule, "the breaker"), r.Ended.Why), false)
		}
	}
	switch {
	case s.Losses >= rules.Losses:
		return st.suspend("losses", fmt.Sprintf("%d attempts in a row were lost with the daemon that ran them", s.Losses), false)
	case s.Failures >= rules.Failures:
		return st.suspend("failures", fmt.Sprintf("%d attempts in a row could not be run, the last: %s", s.Failures, st.newest().Ended.Why), false)
	case s.Returns >= rules.Attempts && s.Return != nil && s.Status == Queued:
		return st.suspend("attempts", fmt.Sprintf("%d results were sent back, the last %s", s.Returns, s.Return.From()), false)
	case st.awaitsReviewer() && st.unheard() >= rules.Reviews:
		return st.suspend("review", fmt.Sprintf("%d reviews do not count, the last: %s", st.unheard(), st.discount(s.last(RoleReviewer))), false)
	}
	return Next{}, false
}

func (st *step) suspend(rule, why string, told bool) (Next, bool) {
	return st.record(why, Stopped{Reason: cut(why, 4<<10), Rule: clipLine(rule), Told: told})
}

// newest is the attempt that ended last since the operator spoke.
func (st *step) newest() *Record {
	if n := len(st.s.Attempts); n > st.s.From && st.s.Attempts[n-1].Ended != nil {
		return &st.s.Attempts[n-1]
	}
	return nil
}

// budgets are the rules that another model would not help against.
const budgetRule = "budget"

// maySwap says that the agent's other model is worth a try.
func (st *step) maySwap(r *Record) bool {
	i := slices.IndexFunc(st.w.Agents, func(a Agent) bool { return a.Name == st.s.Agent })
	return !st.s.Swapped && i >= 0 && st.w.Agents[i].Models > 1 && !strings.HasPrefix(r.Ended.Rule, budgetRule)
}

// unheard counts reviews of the current patch set that do not count.
func (st *step) unheard() int {
	n := 0
	for _, r := range st.s.Attempts[min(st.s.From, len(st.s.Attempts)):] {
		if r.Role == RoleReviewer && r.Ended != nil && st.w.Change != nil && r.Head == st.w.Change.State.Head() && !st.counts(&r) && r.Ended.Finish != FinishLost {
			n++
		}
	}
	return n
}

// counts says that a reviewer's word counts.
func (st *step) counts(r *Record) bool {
	return r.Ended.Finish == FinishDone && r.Ended.Review != nil && independentEnough(r.Ended.Independent, st.w.Rules.Independent)
}

// discount says why a review does not count.
func (st *step) discount(r *Record) string {
	switch {
	case r == nil:
		return "there is none"
	case r.Ended.Finish != FinishDone:
		return told(*r.Ended)
	case r.Ended.Review == nil:
		return "the reviewer said nothing"
	}
	return fmt.Sprintf("it was made by %s, the change by %s", describeModels(r.Ended.Models), describeModels(coderModels(*st.s, r.Head)))
}

// Rule 9: what a coder finished becomes the task's change, or its next patch set.
func (st *step) propose() (Next, bool) {
	if st.s.Status != Gating || !st.s.unproposed() {
		return Next{}, false
	}
	for _, r := range slices.Backward(st.s.Attempts) {
		if r.Role == RoleCoder && r.Ended != nil {
			return wait(WaitChange, "what was made is handed in", Effect{Kind: DoPropose, Record: &r, Why: "attempt " + fmt.Sprint(r.N)})
		}
	}
	return Next{}, false
}

// Rule 10: what a reviewer said goes to the change.
func (st *step) speak() (Next, bool) {
	c := st.w.Change
	r := st.s.last(RoleReviewer)
	if st.s.Status == Queued || c == nil || r == nil || r.Head != c.State.Head() || !st.counts(r) || heard(c.State, r) || c.State.Status.Closed() {
		return Next{}, false
	}
	said := *r.Ended.Review
	said.Message = strings.TrimSpace(fmt.Sprintf("%s\n\n(Read by %s; another %s than the coder's %s.)", said.Message, describeModels(r.Ended.Models), r.Ended.Independent,
		describeModels(coderModels(*st.s, r.Head))))
	return wait(WaitChange, r.Agent+" says: "+said.Outcome, Effect{Kind: DoReview, Change: st.s.Change, Review: &Reviewed{Review: said, Agent: r.Agent, Head: r.Head}})
}

// heard says that a change holds a reviewer's word about its current patch set.
func heard(c change.State, r *Record) bool {
	return slices.ContainsFunc(c.Reviews, func(v change.Review) bool {
		return v.By == change.RoleReviewer+":"+r.Agent && v.Head == r.Head
	})
}

// Rule 11: a patch set that nobody takes goes back to the coder.
func (st *step) sentBack() (Next, bool) {
	c := st.w.Change
	if st.s.Status == Queued || st.s.Change == "" || c == nil || c.Wait != change.WaitPatchSet {
		return Next{}, false
	}
	b := Returned{By: ByGate, Head: c.State.Head(), Why: cut(c.Why, maxText), Findings: c.Findings, Conflict: c.Conflict}
	switch wants := wanting(c.State); {
	case c.State.Refusal != nil:
		b.By, b.Why, b.Findings = ByOperator, cut(c.State.Refusal.Reason, maxText), nil
	case wants != nil:
		b.By, b.Why, b.Findings = ByReviewer, cut(wants.Message, maxText), remarks(wants)
	}
	return st.record("sent back "+b.From(), b)
}

// wanting is the review that asks for changes last.
func wanting(c change.State) *change.Review {
	for _, r := range slices.Backward(c.Reviews) {
		switch r.Outcome {
		case change.ReviewChanges:
			return &r
		case change.ReviewOK:
			if roleOf(r.By) == roleOperator {
				return nil
			}
		}
	}
	return nil
}

func remarks(r *change.Review) []Finding {
	var out []Finding
	for _, c := range r.Comments[:min(len(r.Comments), maxFindings)] {
		out = append(out, Finding{Rule: "review", Path: c.Path, Line: c.Line, Message: cut(c.Text, 4<<10)})
	}
	return out
}

// awaitsReviewer says that a reviewer has to read the current patch set and has not.
func (st *step) awaitsReviewer() bool {
	c := st.w.Change
	return (st.s.Status == Gating || st.s.Status == Waiting) && st.s.Change != "" && c != nil && c.Wait == change.WaitReviewer
}

// Rule 12: a reviewer reads each patch set, when it is its turn.
func (st *step) read() (Next, bool) {
	if !st.awaitsReviewer() {
		return Next{}, false
	}
	head := st.w.Change.State.Head()
	avoid := families(coderModels(*st.s, head))
	agent, ok := reviewerFor(st.w.Agents, avoid)
	if !ok {
		return wait(WaitTurn, "no agent of this repository is a reviewer")
	}
	if until := st.pause(); !until.IsZero() {
		return Next{Wait: WaitClock, Wake: until, Why: "it is read again at " + until.Format(time.RFC3339)}, true
	}
	if !st.w.Turn.OK {
		return wait(WaitTurn, cmp.Or(st.w.Turn.Why, "it waits for its turn"))
	}
	return st.begin(Started{Role: RoleReviewer, Agent: agent.Name, Base: st.w.Main, Head: head, Why: "a reviewer has to read it", Avoid: avoid})
}

// begin records an attempt and starts it.
func (st *step) begin(b Started) (Next, bool) {
	if checkOID("main", st.w.Main) != nil {
		return wait(WaitTurn, "the tip of "+st.s.Origin.Target+" is not known")
	}
	b.N, b.Main, b.Epoch = len(st.s.Attempts)+1, st.w.Main, st.w.Epoch
	sum := sha256.Sum256([]byte(Prompt(*st.s, b)))
	b.Prompt = hex.EncodeToString(sum[:])
	return st.record(b.Agent+": "+b.Why, b, Effect{Kind: DoStart, Attempt: st.attempt(b), Why: b.Why})
}

// pause is until when nothing is tried again after a failure, zero when it may be. A clock that was set back never prolongs it.
func (st *step) pause() time.Time {
	r := st.newest()
	if r == nil || st.s.Failures == 0 || r.Ended.Finish == FinishLost || st.w.Now.Before(*r.Until) {
		return time.Time{}
	}
	length := longestPause
	if shift := st.s.Failures - 1; shift < 16 {
		length = min(st.w.Rules.Again<<shift, longestPause)
	}
	if until := r.Until.Add(length); st.w.Now.Before(until) {
		return until
	}
	return time.Time{}
}

// Rule 13: a queued task starts a coder, when it is its turn.
func (st *step) start() (Next, bool) {
	if st.s.Status != Queued {
		return Next{}, false
	}
	if until := st.pause(); !until.IsZero() {
		return Next{Wait: WaitClock, Wake: until, Why: clipLine(fmt.Sprintf("it is tried again at %s: %s", until.Format(time.RFC3339), st.newest().Ended.Why))}, true
	}
	if !slices.ContainsFunc(st.w.Agents, func(a Agent) bool { return a.Name == st.s.Agent && a.Role == RoleCoder }) {
		return wait(WaitTurn, "no coder of this repository is called "+st.s.Agent+": adamant agent list, or adamant task retry --agent NAME")
	}
	if !st.w.Turn.OK {
		return wait(WaitTurn, cmp.Or(st.w.Turn.Why, "it waits for its turn"))
	}
	swap := false
	if r := st.newest(); r != nil && r.Role == RoleCoder && r.Ended.Finish == FinishStopped {
		swap = st.maySwap(r)
	}
	return st.begin(Started{Role: RoleCoder, Agent: st.s.Agent, Base: st.base(), Why: st.reason(swap), Swap: swap})
}

// base is where the next coder begins: what the change holds, else what the last one left, else main.
func (st *step) base() git.OID {
	r := st.s.Return
	switch {
	case r != nil && r.Conflict:
		return st.w.Main
	case r != nil && r.By != ByNobody && st.s.Work == st.s.Head: // somebody else may have pushed to the change
		return r.Head
	}
	return cmp.Or(st.s.Work, st.w.Main)
}

func (st *step) reason(swap bool) string {
	r := st.newest()
	switch {
	case swap:
		return "again with another model: " + clipLine(r.Ended.Why)
	case r != nil && (r.Ended.Finish == FinishLost || r.Ended.Finish == FinishFailed):
		return "again: " + clipLine(told(*r.Ended))
	case st.s.Return != nil:
		return "sent back " + clipLine(st.s.Return.From())
	case len(st.s.Attempts) > 0:
		return "the operator goes on with it"
	}
	return "the task is new"
}

// Rule 14: show what the change waits for.
func (st *step) follow() (Next, bool) {
	c := st.w.Change
	if c == nil {
		return wait(WaitChange, "its change cannot be read")
	}
	phase := Gating
	switch c.State.Status {
	case change.NeedsOperator, change.Soaking, change.Queued, change.Merging:
		phase = Waiting
	}
	why := cmp.Or(c.Why, "its change is "+string(c.State.Status))
	if st.s.Status != phase || st.s.For != c.Wait && c.Wait != "" {
		return st.record(why, Followed{Phase: phase, For: c.Wait, Why: clipLine(why)})
	}
	return wait(WaitChange, why)
}

// clipLine and cut make one bounded line, and a bounded text, of what others wrote.
func clipLine(text string) string {
	first, _, _ := strings.Cut(text, "\n")
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, first)
	return cut(clean, 400)
}

func cut(text string, n int) string {
	if len(text) > n {
		text = text[:n-3] + "..."
	}
	return strings.ToValidUTF8(text, "?")
}
