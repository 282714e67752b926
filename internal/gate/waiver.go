package gate

import (
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/policy"
	"github.com/adamant-os/adamant/internal/waiver"
)

// UsedWaiver is a waiver without which the change would be refused or held.
type UsedWaiver struct {
	ID            string    `json:"id"`
	Path          string    `json:"path"`
	Rule          string    `json:"rule"`
	Resource      string    `json:"resource"`
	Justification string    `json:"justification"`
	Owner         string    `json:"owner"`
	ApprovedBy    string    `json:"approvedBy"`
	Expires       string    `json:"expires"`  // as written
	Until         time.Time `json:"until"`    // the first instant it does not cover
	Findings      int       `json:"findings"` // of this change that it covers
}

// DaysLeft is how many whole days are left at an instant, 0 on the last one.
func (u UsedWaiver) DaysLeft(now time.Time) int {
	w := waiver.Waiver{Until: &u.Until}
	return w.DaysLeft(now)
}

// Rules lists the rules of the constitution, sorted by id.
func (r *Assessor) Rules() []policy.Rule { return r.engine.Whole().Rules() }

// waived is what is left of a change's findings and holds once base's waivers are applied.
type waived struct {
	findings []finding.Finding
	holds    []Reason
	used     []UsedWaiver
}

// waive applies base's waivers to the findings and to what policy holds the change for. A hold that is waived becomes a
// finding that says so.
func waive(in *facts.Input, found []finding.Finding, ruled *policy.Result) waived {
	n := len(found)
	for _, v := range ruled.Violations {
		if v.Kind == policy.Hold && v.State != finding.Unchanged && v.State != finding.Absent {
			found = append(found, v.Finding)
		}
	}
	waiver.Apply(in.Waivers, found, in.Now)
	out := waived{findings: []finding.Finding{}, holds: []Reason{}}
	counts := map[string]int{}
	for i, f := range found {
		holds := i >= n || holdsByItself(f)
		if holds && f.Waiver == "" {
			out.holds = append(out.holds, Reason{Code: "policy-hold", Effect: Hold, Subject: f.Rule, Message: f.Message, Path: f.Path, Line: f.Line, Next: f.Fix})
		}
		if i < n || f.Waiver != "" {
			out.findings = append(out.findings, f)
		}
		if id := f.Waiver; id != "" {
			f.Waiver = ""
			if holds || Blocks(f) {
				counts[id]++
			}
		}
	}
	finding.Sort(out.findings)
	out.used = usedWaivers(in.Waivers, counts)
	return out
}

// holdsByItself recognises a change that runs fewer tests than base: its own reports cannot show what they no longer hold.
func holdsByItself(f finding.Finding) bool {
	return f.Rule == "evidence/fewer-tests" && f.State != finding.Unchanged
}

// usedWaivers lists the waivers that the change stands on, by id, with how many of its findings each covers.
func usedWaivers(waivers []waiver.Waiver, counts map[string]int) []UsedWaiver {
	out := []UsedWaiver{}
	for _, w := range waivers {
		if n := counts[w.ID]; n > 0 {
			out = append(out, UsedWaiver{ID: w.ID, Path: w.Path, Rule: w.Rule, Resource: w.Resource, Justification: w.Justification,
				Owner: w.Owner, ApprovedBy: w.ApprovedBy, Expires: w.Expires, Until: *w.Until, Findings: n})
		}
	}
	slices.SortFunc(out, func(a, b UsedWaiver) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// waivedThroughout says that a rule has new findings and waivers cover all of them.
func waivedThroughout(rule string, findings []finding.Finding) bool {
	waived := false
	for _, f := range findings {
		if f.Rule != rule || f.State == finding.Unchanged || f.State == finding.Absent {
			continue
		}
		if f.Waiver == "" {
			return false
		}
		waived = true
	}
	return waived
}
