package change

import (
	"fmt"
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/risk"
)

// Rule 11: a reviewer reads each patch set once, where one has to.
func (st *step) review() (Next, bool) {
	if st.s.Status.InQueue() {
		return Next{}, false
	}
	if by := st.changesWanted(); by != "" {
		return st.unlessMoved(Next{Wait: WaitPatchSet, Why: by + " asks for changes", Wake: st.lapse()})
	}
	if !st.w.Review || len(st.s.Reviews) > 0 || len(st.s.Approvals) > 0 {
		return Next{}, false
	}
	read := Effect{Kind: DoReview, Job: Job{Head: st.s.Head()}, Why: "a reviewer has to read it"}
	if st.s.ReviewAsked == nil {
		return st.record(read.Why, ReviewAsked{Head: st.s.Head()}, read)
	}
	until := st.s.ReviewAsked.Add(st.w.Rules.ReviewWait)
	if !st.w.Now.Before(until) || st.s.Status == NeedsOperator {
		return Next{}, false // rule 12 asks the operator
	}
	next := Next{Wait: WaitReviewer, Wake: until, Why: "a reviewer reads it"}
	if !st.w.Reviewing {
		next.Do = []Effect{read}
	}
	return next, true
}

// changesWanted names a reviewer whose last word is that changes are needed, unless the operator said otherwise later.
func (st *step) changesWanted() string {
	last := map[string]string{}
	order := []string{}
	for _, r := range st.s.Reviews {
		if Role(r.By) == RoleOperator && r.Outcome == ReviewOK {
			clear(last)
			order = nil
			continue
		}
		if r.Outcome != ReviewComments {
			last[r.By] = r.Outcome
			order = append(order, r.By)
		}
	}
	for _, by := range order {
		if last[by] == ReviewChanges {
			return by
		}
	}
	return ""
}

// unread says that a reviewer had to read the change and did not answer in time.
func (st *step) unread() bool {
	return st.w.Review && len(st.s.Reviews) == 0 && len(st.s.Approvals) == 0
}

// Rule 12: the operator decides what nobody else may, and is asked once for each cause.
func (st *step) operator() (Next, bool) {
	if st.s.Status.InQueue() {
		return Next{}, false
	}
	subjects, reasons := st.questions()
	if len(subjects) == 0 {
		return Next{}, false
	}
	id := cause(st.s.Head(), subjects)
	tell := st.tell(id, reasons[0])
	if st.s.Status != NeedsOperator || st.s.Asking() != id {
		return st.record("the operator is asked: "+reasons[0], Asked{Head: st.s.Head(), Cause: id, Reasons: reasons}, tell...)
	}
	return st.unlessMoved(Next{Wait: WaitOperator, Wake: st.lapse(), Why: "waits for the operator: " + reasons[0], Do: tell})
}

// questions are what only the operator can answer: subjects to compare, reasons to read.
func (st *step) questions() (subjects, reasons []string) {
	for _, r := range st.verdict().Reasons {
		if r.Effect == gate.Hold && r.Code != soakCode {
			subjects = append(subjects, r.Code+" "+r.Subject+" "+r.Path)
			reasons = append(reasons, describe(r))
		}
	}
	if st.unread() {
		subjects = append(subjects, "review")
		reasons = append(reasons, "review: no reviewer answered in "+st.w.Rules.ReviewWait.String())
	}
	if len(subjects) == 0 {
		return nil, nil
	}
	slices.Sort(subjects)
	asked := fmt.Sprintf("%s, after %d approvals", st.s.Assessment.Level, len(st.s.Approvals)) // one that did not help is a new question
	return append(slices.Compact(subjects), asked), reasons[:min(len(reasons), 100)]
}

const soakCode = "soak" // of a gate.Reason

// unlessMoved waits, or uses the time to judge the change on a branch that has moved under it.
func (st *step) unlessMoved(waiting Next) (Next, bool) {
	why := clipLine(st.w.Moved)
	if why == "" && st.s.Assessment.Level == risk.Critical {
		why = "a critical change is approved on one exact base"
	}
	if why == "" || st.s.Assessment.Base == st.w.Main.OID {
		return waiting, true
	}
	if due := st.due(); st.w.Now.Before(due) {
		if waiting.Wake.IsZero() || due.Before(waiting.Wake) {
			waiting.Wake = due
		}
		return waiting, true
	}
	next, _ := st.judge(st.s.Origin.Target+" moved: "+why, st.w.Main.OID)
	next.Do = append(next.Do, waiting.Do...)
	return next, true
}

// due is when a patch set is judged again because main moved: the longer it waits the more seldom, so that a change that
// waits for weeks beside a busy branch does not fill the repository with judgements.
func (st *step) due() time.Time {
	run := st.s.Run
	if run == nil || st.w.Now.Before(run.At) {
		return time.Time{}
	}
	part := time.Duration(16)
	if st.s.Assessment.Level == risk.Critical { // who approves it has to see a fresh one
		part = 144
	}
	age := run.At.Sub(st.s.PatchSets[len(st.s.PatchSets)-1].At)
	return run.At.Add(max(st.w.Rules.Settle, age/part))
}

// Rule 13: the soak starts when nothing else stands in the way, and goes on after an interruption.
func (st *step) soak() (Next, bool) {
	v := st.verdict()
	if st.s.Status.InQueue() || v.Decision != gate.Hold { // rule 12 answered every other hold
		return Next{}, false
	}
	since := st.w.Now
	if start := st.soakStart(st.w.Assessment); start != nil {
		since = *start
		if st.s.Status == Soaking {
			return st.unlessMoved(Next{Wait: WaitClock, Wake: *v.NotBefore, Why: first(v)})
		}
	}
	return st.record(first(v), SoakStarted{Head: st.s.Head(), Since: since, Scope: gate.ScopeOf(st.w.Assessment)})
}
