package gate

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/finding"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func assessment(change func(*Assessment)) *Assessment {
	a := &Assessment{APIVersion: AssessmentVersion, Digest: "d", MergedTree: "t", Target: "main", Merge: Merge{Mode: ModeAuto}}
	if change != nil {
		change(a)
	}
	return a
}

func TestDecide(t *testing.T) {
	t.Parallel()
	gate := func(name, state string) func(*Assessment) {
		return func(a *Assessment) { a.Gates = append(a.Gates, Gate{Name: name, State: state}) }
	}
	found := func(f finding.Finding) func(*Assessment) {
		return func(a *Assessment) { a.Findings = append(a.Findings, f) }
	}
	tests := []struct {
		name     string
		change   func(*Assessment)
		standing Standing
		want     string
		mode     string
	}{
		{"nothing in the way", nil, Standing{}, Allow, ModeAuto},
		{"passed gate", gate("unit", Passed), Standing{}, Allow, ModeAuto},
		{"accepted gate", gate("load", Accepted), Standing{}, Allow, ModeAuto},
		{"gate with nothing to validate", gate("snapshot", NotApplicable), Standing{}, Allow, ModeAuto},
		{"pending gate", gate("unit", Pending), Standing{}, Hold, ModeAuto},
		{"unavailable gate", gate("unit", Unavailable), Standing{}, Hold, ModeAuto},
		{"failed gate", gate("unit", Failed), Standing{}, Deny, ModeNone},
		{"gate in error", gate("unit", Errored), Standing{}, Hold, ModeAuto},
		{"gate in a state nobody knows", gate("unit", "splendid"), Standing{}, Deny, ModeNone},
		{"gate without a state", gate("unit", ""), Standing{}, Deny, ModeNone},
		{"conflict", func(a *Assessment) { a.MergedTree = "" }, Standing{}, Deny, ModeNone},
		{"new error", found(finding.Finding{Severity: finding.Error, State: finding.New}), Standing{}, Deny, ModeNone},
		{"error never compared with base", found(finding.Finding{Severity: finding.Error}), Standing{}, Deny, ModeNone},
		{"older error", found(finding.Finding{Severity: finding.Error, State: finding.Unchanged}), Standing{}, Allow, ModeAuto},
		{"new warning", found(finding.Finding{Severity: finding.Warning, State: finding.New}), Standing{}, Allow, ModeAuto},
		{"waived error", found(finding.Finding{Severity: finding.Error, State: finding.New, Waiver: "w"}), Standing{}, Allow, ModeAuto},
		{"error suppressed by a comment", found(finding.Finding{Severity: finding.Error, State: finding.New, Suppress: "inSource"}), Standing{}, Allow, ModeAuto},
		{"error suppressed by the report only", found(finding.Finding{Severity: finding.Error, State: finding.New, Suppress: "external"}), Standing{}, Deny, ModeNone},
		{"approval missing", gate(gateApproval, Waiting), Standing{}, Hold, ModeAuto},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.standing.Now = noon
			v := Decide(assessment(tt.change), tt.standing)
			if v.Decision != tt.want || v.Merge.Mode != tt.mode {
				t.Errorf("got %s by %s, want %s by %s: %+v", v.Decision, v.Merge.Mode, tt.want, tt.mode, v.Reasons)
			}
		})
	}
}

func TestSoak(t *testing.T) {
	t.Parallel()
	a := assessment(func(a *Assessment) { a.Merge = Merge{Mode: ModeSoak, SoakSeconds: 3600} })
	first := Decide(a, Standing{Now: noon})
	if first.Decision != Hold || !first.NotBefore.Equal(noon.Add(time.Hour)) || !first.SoakStart.Equal(noon) {
		t.Fatalf("first allow: %s until %v from %v", first.Decision, first.NotBefore, first.SoakStart)
	}
	if v := Decide(a, Standing{Now: noon.Add(time.Hour - time.Second), SoakStart: first.SoakStart}); v.Decision != Hold {
		t.Errorf("a second before the end: %s", v.Decision)
	}
	if v := Decide(a, Standing{Now: noon.Add(time.Hour), SoakStart: first.SoakStart}); v.Decision != Allow {
		t.Errorf("at the end: %s", v.Decision)
	}
	a.Gates = []Gate{{Name: "unit", State: Pending}}
	if v := Decide(a, Standing{Now: noon}); v.SoakStart != nil {
		t.Error("the soak started while a gate was open")
	}
}

// A change can only get worse when something is added to it.
func TestDecideIsMonotone(t *testing.T) {
	t.Parallel()
	rank := map[string]int{Allow: 0, Hold: 1, Deny: 2}
	states := []string{Passed, Failed, Errored, Pending, Unavailable, NotApplicable, Accepted, Waiting}
	rapid.Check(t, func(t *rapid.T) {
		a := assessment(nil)
		for range rapid.IntRange(0, 4).Draw(t, "gates") {
			a.Gates = append(a.Gates, Gate{Name: rapid.SampledFrom([]string{"unit", gateApproval, gateMFA}).Draw(t, "gate"), State: rapid.SampledFrom(states).Draw(t, "state")})
		}
		before := Decide(a, Standing{Now: noon})
		more := *a
		more.Gates = append(more.Gates[:len(more.Gates):len(more.Gates)], Gate{Name: "x", State: rapid.SampledFrom(states).Draw(t, "added")})
		if after := Decide(&more, Standing{Now: noon}); rank[after.Decision] < rank[before.Decision] {
			t.Fatalf("adding a gate turned %s into %s", before.Decision, after.Decision)
		}
	})
}
