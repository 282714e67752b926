package change

import (
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/risk"
)

// Rule 14: a change that nothing holds goes into the queue. Pause and freeze windows do not keep it out: they hold landing.
func (st *step) enqueue() (Next, bool) {
	if st.s.Status.InQueue() {
		if st.w.Queue.In {
			return Next{}, false
		}
		return wait(WaitQueue, "it goes back into the queue", Effect{Kind: DoEnqueue}) // which is rebuilt from git
	}
	lane := LaneNormal
	if st.s.Origin.Hotfix {
		lane = LaneHotfix
	}
	body := Enqueued{Head: st.s.Head(), Lane: lane, Exclusive: st.s.Assessment.Level == risk.Critical}
	return st.record("nothing stands in its way", body, Effect{Kind: DoEnqueue})
}

// Rule 15: the queue names the commit to land on; the gate judges the change there.
func (st *step) prove() (Next, bool) {
	at, a := st.w.Queue.Base, st.s.Assessment
	switch {
	case checkOID("base", at.OID) != nil:
		return wait(WaitQueue, "it waits for its turn")
	case a.Base != at.OID:
		return st.judge("it is proved where it lands", at.OID)
	case at.Governance == "":
		return wait(WaitQueue, "the governance of the commit to land on is not known")
	case a.Governance != at.Governance:
		return st.judge("policy or configuration changed", at.OID)
	case st.verdict().Decision == gate.Deny:
		return wait(WaitQueue, "it fails behind others: the queue finds out which is to blame")
	case st.verdict().Decision == gate.Hold:
		return st.judge(first(st.verdict()), at.OID)
	}
	return Next{}, false
}

// Rule 16: it lands, on the commit and under the governance that it was proved with, unless landing is held.
func (st *step) land() (Next, bool) {
	switch {
	case !st.w.Queue.Ready:
		return wait(WaitQueue, "it waits for what is before it")
	case st.w.Main.OID == "" || st.w.Queue.Root != st.w.Main.OID:
		return wait(WaitQueue, "what it was proved on is not what "+st.s.Origin.Target+" is")
	case st.w.Paused != "":
		return wait(WaitUnpaused, "landing is paused: "+clipLine(st.w.Paused))
	case st.verdict().Decision != gate.Allow:
		return wait(WaitQueue, first(st.verdict()))
	}
	if w := st.frozen(); w != nil && !st.s.Origin.Hotfix {
		return Next{Wait: WaitClock, Wake: w.Until, Why: "nothing lands until " + w.Until.UTC().Format(time.RFC3339) + ": " + clipLine(w.Why)}, true
	}
	return wait(WaitLanding, "it lands", Effect{Kind: DoLand, Job: Job{Head: st.s.Head(), Base: st.w.Queue.Base.OID},
		Assessment: st.s.Assessment.Digest, Why: "an allowing verdict for this head on this base"})
}

// frozen is the freeze window that now lies in and that ends last.
func (st *step) frozen() *Window {
	var last *Window
	for i, w := range st.w.Freeze {
		if !st.w.Now.Before(w.From) && st.w.Now.Before(w.Until) && (last == nil || w.Until.After(last.Until)) {
			last = &st.w.Freeze[i]
		}
	}
	return last
}
