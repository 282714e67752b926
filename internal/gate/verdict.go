package gate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/finding"
)

// Standing is what may change after an assessment without judging the change again.
type Standing struct {
	Approvals []Approval
	SoakStart *time.Time // when the change was first allowed but for the soak; nil = this is the first time
	Now       time.Time
}

// Decide turns an assessment into a verdict. Deny wins over hold, hold over allow; a change is allowed only when nothing
// stands in its way.
func Decide(a *Assessment, s Standing) *Verdict {
	v := &Verdict{APIVersion: VerdictVersion, Now: s.Now.UTC().Truncate(time.Second), SoakStart: s.SoakStart, Approvals: valid(a, s.Approvals), Assessment: a, Merge: a.Merge}
	v.Reasons = reasons(a, v.Approvals)
	if a.Merge.Mode == ModeSoak && len(v.Reasons) == 0 {
		soak(v, a)
	}
	slices.SortStableFunc(v.Reasons, func(x, y Reason) int { return cmp.Compare(x.Effect, y.Effect) }) // "deny" < "hold"
	v.Decision = Allow
	if len(v.Reasons) > 0 {
		v.Decision = v.Reasons[0].Effect
	}
	switch {
	case v.Decision == Deny:
		v.Merge = Merge{Mode: ModeNone}
	case v.Decision == Allow && v.NotBefore == nil:
		v.NotBefore = &v.Now
	}
	if v.Approvals == nil {
		v.Approvals = []Approval{}
	}
	return v
}

// soak starts or continues the wait of a change that nothing else holds back.
func soak(v *Verdict, a *Assessment) {
	start := v.Now
	if v.SoakStart != nil {
		start = *v.SoakStart
	}
	v.SoakStart = &start
	end := start.Add(time.Duration(a.Merge.SoakSeconds) * time.Second)
	v.NotBefore = &end
	if v.Now.Before(end) {
		v.Reasons = append(v.Reasons, Reason{Code: "soak", Effect: Hold, Subject: a.Level.String(),
			Message: "lands after its soak, at " + end.Format(time.RFC3339), Next: "adamant check --soak-start " + start.Format(time.RFC3339)})
	}
}

// valid keeps the approvals that were given to exactly this assessment.
func valid(a *Assessment, approvals []Approval) []Approval {
	return slices.DeleteFunc(slices.Clone(approvals), func(p Approval) bool { return p.Assessment != a.Digest })
}

func reasons(a *Assessment, approvals []Approval) []Reason {
	out := []Reason{}
	if a.MergedTree == "" {
		out = append(out, Reason{Code: "conflict", Effect: Deny, Subject: "merge", Message: "the branch conflicts with " + a.Target, Next: "git merge " + a.Target})
	}
	for _, f := range a.Findings {
		if Blocks(f) {
			out = append(out, Reason{Code: "finding", Effect: Deny, Subject: f.Rule, Message: f.Message, Path: f.Path, Line: f.Line, Next: f.Fix})
		}
	}
	out = append(out, a.Holds...)
	for _, g := range a.Gates {
		if r, ok := gateReason(g, approvals); ok {
			out = append(out, r)
		}
	}
	return out
}

// Blocks says whether a finding refuses the change: a new error that no waiver covers. A finding without a state was never
// compared with base, so it counts as new. What a comment in the source suppresses does not block: the comment itself is
// counted. A suppression that only the report claims changes nothing.
func Blocks(f finding.Finding) bool {
	return f.Severity == finding.Error && f.Waiver == "" && f.Suppress != "inSource" && f.State != finding.Unchanged && f.State != finding.Absent
}

// gateReason says what a gate's state means for the decision. States that are not known to be good hold or deny.
func gateReason(g Gate, approvals []Approval) (Reason, bool) {
	r := Reason{Code: "gate-" + g.State, Effect: Hold, Subject: g.Name, Message: g.Reason}
	switch g.State {
	case Passed, NotApplicable, Accepted:
		return r, false
	case Waiting:
		r.Code = "approval"
		r.Next = approvalNext(g.Name)
		return r, !approved(g.Name, approvals)
	case Failed:
		r.Effect = Deny
		r.Next = "mend it and push again"
	case Pending:
		r.Next = "adamant check --run all"
	case Unavailable:
		r.Next = unavailableNext(g)
	case Errored: // a network that was down is not the change's fault, and not a pass either
		r.Next = "run it again; an error is never a pass"
	default:
		r.Code, r.Effect = "gate-error", Deny
	}
	if r.Message == "" {
		r.Message = fmt.Sprintf("%s is %s", g.Name, g.State)
	}
	return r, true
}

func approved(gate string, approvals []Approval) bool {
	return slices.ContainsFunc(approvals, func(p Approval) bool { return gate == gateApproval || p.MFA })
}

func unavailableNext(g Gate) string {
	const accept = "accept its absence: spec.accept in .adamant/adamant.yaml"
	if len(g.Checks) > 0 {
		return "install what " + strings.Join(g.Checks, ", ") + " needs, or " + accept
	}
	return "declare one, or " + accept
}

// approvalNext says what the operator does. There is no command to approve with yet (docs/design.md, section 13).
func approvalNext(gate string) string {
	if gate == gateApproval || gate == gateMFA || gate == gateBreakGlass {
		return "read the change; approvals are not built yet, so landing it is your own merge"
	}
	return "read what it says, then decide"
}
