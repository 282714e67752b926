package policy

import (
	"context"
	"testing"
)

// The base constitution compiles, its tests pass, and they reach every line of it.
func TestBase(t *testing.T) {
	t.Parallel()
	report, err := Test(context.Background(), Builtin(), TestOptions{Coverage: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Results {
		if r.State != TestPassed {
			t.Errorf("%s:%d: %s %s: %s", r.Path, r.Line, r.Name, r.State, r.Reason)
		}
	}
	for _, gap := range report.Uncovered {
		t.Errorf("%s:%d-%d: no test reaches this", gap.Path, gap.From, gap.To)
	}
	if report.Coverage != 100_000 || report.Passed == 0 {
		t.Errorf("%d passed, coverage %d milli-percent", report.Passed, report.Coverage)
	}
	if _, err := Compile(context.Background(), nil, Options{}); err != nil {
		t.Error(err)
	}
}
