package backtest

import (
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/risk"
)

// TestOneCauseForOneFact: a skipped test puts a change at high and is held by a rule; both follow from one fact.
func TestOneCauseForOneFact(t *testing.T) {
	t.Parallel()
	floor := []FloorRow{{Level: risk.High, Rule: "tests/skipped", Path: "a.spec.ts", Message: "a test is skipped: it.skip"}}
	hold := []RefusalRow{{Rule: "tests/skipped", Path: "a.spec.ts", Message: "tests do not run here any more: it.skip"}, {Rule: "tests/skipped", Path: "b.spec.ts"}}
	other := FloorRow{Level: risk.High, Rule: "governance/workflows"}
	got := report([]Row{
		{Commit: "1", Decision: Needed, Level: risk.High, Floor: floor, Holds: hold},
		{Commit: "2", Decision: Needed, Level: risk.Medium, Holds: hold}, // a configuration may have it so
		{Commit: "3", Decision: Needed, Level: risk.High, Floor: append(floor[:1:1], other), Holds: hold},
		{Commit: "4", Decision: Needed, Level: risk.High, Floor: []FloorRow{other}},
	}, &facts.Governance{}, false).Because
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	if c := got[0]; c.Name != "tests/skipped" || c.Kind != "floor" || c.Changes != 3 || c.Held != 3 || c.Alone != 2 {
		t.Errorf("%+v", c)
	}
	if c := got[1]; c.Name != "governance/workflows" || c.Changes != 2 || c.Held != 0 || c.Alone != 1 {
		t.Errorf("%+v", c)
	}
}
