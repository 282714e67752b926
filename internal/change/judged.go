package change

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
)

// summary keeps of an assessment what later steps compare.
func summary(a *gate.Assessment, r *Result) Assessed {
	return Assessed{Head: r.Head, Base: r.Base, Attempt: r.Attempt, Digest: a.Digest, Blob: r.Blob, Level: a.Level, MergedTree: git.OID(a.MergedTree),
		EffectiveDiff: a.EffectiveDiff, Governance: a.Governance, Gates: gateStates(a.Gates), Merge: a.Merge, Size: a.Diffstat,
		ValidUntil: a.ValidUntil}
}

func gateStates(gates []gate.Gate) []GateState {
	out := make([]GateState, len(gates))
	for i, g := range gates {
		out[i] = GateState{Name: g.Name, State: g.State}
	}
	return out
}

// outdated says why the current patch set has to be judged (again), "" when its assessment holds.
func (st *step) outdated() string {
	a := st.s.Assessment
	switch {
	case a == nil:
		return "patch set " + fmt.Sprint(len(st.s.PatchSets)) + " was not judged yet"
	case a.Void != "":
		return "judged again after: " + clipLine(a.Void)
	case st.w.Assessment == nil || st.w.Assessment.Digest != a.Digest:
		return "its assessment cannot be read"
	case a.ValidUntil != nil && !st.w.Now.Before(*a.ValidUntil):
		return "something it stands on lapsed at " + a.ValidUntil.Format(time.RFC3339)
	case a.Ahead && a.Decision == gate.Deny && a.Base != st.w.Main.OID && !st.s.Status.InQueue():
		return "it was refused behind others in the queue"
	case st.s.Status.InQueue() && st.w.Queue.Base.OID == a.Base && st.w.Queue.Base.Governance == a.Governance:
		return "" // proved where it lands
	case a.Base == st.w.Main.OID && a.Governance != st.w.Main.Governance:
		return "policy or configuration changed"
	case a.Base == st.w.Main.OID || st.s.Status.InQueue():
		return ""
	case a.Governance != st.w.Main.Governance:
		return "policy or configuration changed on " + st.s.Origin.Target
	case a.Ahead:
		return "it was judged on a commit that did not land"
	}
	return ""
}

// unfinished says which gate has no answer yet that running it again could give.
func (st *step) unfinished() string {
	if st.s.Run != nil && st.s.Run.Attempt >= st.w.Rules.Runs { // it was tried often enough: the operator decides
		return ""
	}
	for _, r := range st.verdict().Reasons {
		if retried(r) {
			return r.Subject + ": " + clipLine(r.Message)
		}
	}
	return ""
}

func retried(r gate.Reason) bool {
	return r.Code == "gate-"+gate.Errored || r.Code == "gate-"+gate.Pending
}

// verdict decides about the assessment as things stand now. It is called only where outdated says nothing.
func (st *step) verdict() *gate.Verdict {
	if st.decided == nil {
		st.decided = st.decide(st.w.Assessment)
	}
	return st.decided
}

// Verdict decides about an assessment of the current patch set as Step does, at an instant: what a landing is recorded with.
func Verdict(s State, a *gate.Assessment, now time.Time) *gate.Verdict {
	return (&step{s: &s, w: &World{Now: now.UTC().Truncate(time.Second)}}).decide(a)
}

func (st *step) decide(a *gate.Assessment) *gate.Verdict {
	return gate.Decide(a, gate.Standing{Change: st.s.ID, Approvals: st.s.Approvals, SoakStart: st.soakStart(a), Now: st.w.Now})
}

// soakStart is the recorded start where it still counts, nil where the soak has to begin. What main's moves made of the
// effective diff does not count: the change is judged again where it lands.
func (st *step) soakStart(a *gate.Assessment) *time.Time {
	if st.s.Origin.Hotfix { // it waits for nothing but its verdict
		long := st.w.Now.Add(-time.Duration(a.Merge.SoakSeconds) * time.Second)
		return &long
	}
	if st.s.Soak == nil {
		return nil
	}
	scope := st.s.Soak.Scope
	scope.EffectiveDiff = a.EffectiveDiff
	if scope.Covers(a) != "" {
		return nil
	}
	return &st.s.Soak.Since
}

// first is the worst reason of a verdict, for people.
func first(v *gate.Verdict) string {
	if len(v.Reasons) == 0 {
		return v.Decision
	}
	return describe(v.Reasons[0])
}

func describe(r gate.Reason) string {
	text := r.Subject + ": " + r.Message
	if r.Path != "" {
		text = fmt.Sprintf("%s:%d: %s", r.Path, r.Line, text)
	}
	return clipLine(text)
}

// cause names a question to the operator, so that it is asked once.
func cause(head git.OID, subjects []string) string {
	sum := sha256.Sum256([]byte(string(head) + "\n" + strings.Join(subjects, "\n")))
	return hex.EncodeToString(sum[:])[:32]
}

// clip and clipLine cut what others wrote to what an operation may hold.
func clip(text string) string { return cut(text, 4<<10) }

func clipLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, line)
	return cut(clean, 400)
}

func cut(text string, n int) string {
	if len(text) > n {
		text = text[:n] + "..."
	}
	return strings.ToValidUTF8(text, "?")
}
