package gate

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Standing is what may change after an assessment without judging the change again.
type Standing struct {
	Change    string     // canonical id of the change; empty outside a kernel
	Approvals []Approval // verified ones; whether they count is decided here
	SoakStart *time.Time // when the change was first allowed but for the soak; nil = this is the first time
	Now       time.Time
}

// Decide turns an assessment into a verdict. Deny wins over hold, hold over allow; a change is allowed only when nothing
// stands in its way.
func Decide(a *Assessment, s Standing) *Verdict {
	v := &Verdict{APIVersion: VerdictVersion, Change: s.Change, Now: s.Now.UTC().Truncate(time.Second), SoakStart: s.SoakStart, Assessment: a, Merge: a.Merge}
	v.Approvals = weigh(a, s, v.Now)
	v.Reasons = reasons(v)
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
	return v
}

// VerdictDigest names a verdict: the sha256 of its canonical JSON. Decide gives it again from the same assessment and standing.
func VerdictDigest(v *Verdict) (string, error) {
	data, err := manifest.CanonicalJSON(v)
	if err != nil {
		return "", fmt.Errorf("encoding the verdict: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
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

func reasons(v *Verdict) []Reason {
	a, out := v.Assessment, []Reason{}
	if a.MergedTree == "" {
		out = append(out, Reason{Code: "conflict", Effect: Deny, Subject: "merge", Message: "the branch conflicts with " + a.Target, Next: "git merge " + a.Target})
	}
	for _, f := range a.Findings {
		if Blocks(f) {
			out = append(out, Reason{Code: "finding", Effect: Deny, Subject: f.Rule, Message: f.Message, Path: f.Path, Line: f.Line, Next: f.Fix})
		}
	}
	for _, h := range a.Holds {
		if h.Effect == Deny || !cleared(h, v.Approvals) {
			out = append(out, h)
		}
	}
	for _, g := range a.Gates {
		if r, ok := gateReason(g, v); ok {
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
func gateReason(g Gate, v *Verdict) (Reason, bool) {
	r := Reason{Code: "gate-" + g.State, Effect: Hold, Subject: g.Name, Message: g.Reason}
	switch g.State {
	case Passed, NotApplicable, Accepted:
		return r, false
	case Waiting:
		r.Code = "approval"
		r.Next = approvalNext(g.Name, v.Change)
		if why := lapsed(v.Approvals); why != "" {
			r.Message = join(r.Message, why)
		}
		return r, !answered(g.Name, v.Approvals)
	case Failed:
		r.Effect = Deny
		r.Next = "mend it and push again"
	case Pending:
		r.Next = "adamant check --run all"
	case Unavailable:
		if acceptedAbsence(g.Name, v.Approvals) {
			return r, false
		}
		r.Next = unavailableNext(g, v.Change)
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

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}

func unavailableNext(g Gate, change string) string {
	accept := "accept its absence: spec.accept in .adamant/adamant.yaml"
	if change != "" {
		accept = "accept its absence: adamant accept-unavailable " + shortChange(change) + " " + g.Name + " --reason TEXT"
	}
	if len(g.Checks) > 0 {
		return "install what " + strings.Join(g.Checks, ", ") + " needs, or " + accept
	}
	return "declare one, or " + accept
}

// approvalNext is the command by which the operator answers a waiting gate. Approvals are given in a kernel: elsewhere the
// change has to be there first.
func approvalNext(gate, change string) string {
	verb := "adamant approve "
	if gate == gateMFA || gate == gateBreakGlass {
		verb = "adamant break-glass "
	}
	if change == "" {
		return "read the change, push it to the kernel, then " + verb + "CHANGE"
	}
	return verb + shortChange(change)
}

// shortChange is as much of a change's id as people are shown.
func shortChange(id string) string { return id[:min(len(id), 16)] }
