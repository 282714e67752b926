package check

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

// TestGo runs what is detected for a small module, with the real toolchain and no configuration: tests, vet and build of
// a change that alters behaviour and its test together, adds an uncovered function, and a vet error to an old one.
func TestGo(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("LEFT OUT with -short: compiles the standard library")
	}
	base := tree{
		"go.mod": "module example.org/tiny\n\ngo 1.24\n", ".gitignore": "*.out\n",
		"sum/sum.go":      "package sum\n\nfunc Sum(a, b int) int { return a + b }\n\nfunc old() {\n\tx := 1\n\tx = x\n}\n",
		"sum/sum_test.go": "package sum\n\nimport \"testing\"\n\nfunc TestSum(t *testing.T) {\n\tif Sum(1, 2) != 3 {\n\t\tt.Error(\"no\")\n\t}\n}\n",
	}
	merged := maps.Clone(base)
	merged["sum/sum.go"] = "package sum\n\nfunc Sum(a, b int) int { return a + b + 1 }\n\nfunc More() int { return 1 }\n\nfunc old() {\n\tx := 1\n\tx = x\n}\n\nfunc fresh() {\n\ty := 2\n\ty = y\n}\n"
	merged["sum/sum_test.go"] = strings.ReplaceAll(base["sum/sum_test.go"], "!= 3", "!= 4")
	checks, _ := Detect(slices.Collect(maps.Keys(merged)), func(path string) ([]byte, error) { return []byte(merged[path]), nil })
	for i := range checks {
		checks[i].Timeout = "1h" // the standard library is compiled first
	}
	r := newRunner(t)
	r.Getenv = func(string) string { return "" }
	evidence, findings, err := r.Run(t.Context(), checks, Job{
		Merged: withBlobs{merged, base}, Base: base, BaseTests: true,
		Changed: []facts.File{{Path: "sum/sum.go", Class: "source", Lines: []facts.LineRange{{From: 3, To: 3}, {From: 5, To: 5}, {From: 12, To: 15}}}},
		Overlay: []Overlay{restore("sum/sum_test.go", base["sum/sum_test.go"])},
	})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]facts.Evidence{}
	for _, e := range evidence {
		got[e.Check] = e
	}
	wantState(t, got["go-build"], facts.Passed, "")
	wantState(t, got["go-unit"], facts.Passed, "1 test passed")
	wantState(t, got["go-vet"], facts.Failed, "1 finding")
	unit := got["go-unit"]
	if unit.BaseTests == nil || unit.BaseTests.Failed != 1 || rules(findings) != RuleBaseTests {
		t.Errorf("base's tests %+v, findings %s", unit.BaseTests, rules(findings))
	}
	if unit.Coverage == nil || unit.Coverage.Diff != 25_000 || unit.Coverage.DiffLines != 4 {
		t.Errorf("coverage %+v", unit.Coverage)
	}
	var vet []string
	for _, f := range findings {
		if f.Tool == "govet" {
			vet = append(vet, string(f.State))
			if f.Path != "sum/sum.go" || f.Line == 0 {
				t.Errorf("finding %+v", f)
			}
		}
	}
	if !slices.Equal(vet, []string{string(finding.Unchanged), string(finding.New)}) {
		t.Errorf("vet says %q, want the old finding unchanged and the new one new", vet)
	}
}

// TestGoDoesNotCompile: a module that does not compile has failed tests, not broken ones.
func TestGoDoesNotCompile(t *testing.T) {
	t.Parallel()
	files := tree{"go.mod": "module example.org/tiny\n\ngo 1.24\n", "a.go": "package tiny\n\nfunc F() int { return }\n", "a_test.go": "package tiny\n\nfunc TestNothing() {}\n"}
	c := manifest.Check{
		Name: "test", Kind: "unit", Command: []string{"go", "test", "-json", "./..."}, Reports: []manifest.Report{{Format: "gotest", Path: "stdout"}}, Timeout: "1h",
	}
	e, findings := runOne(t, newRunner(t), c, Job{Merged: files})
	if e.State != facts.Failed || len(findings) == 0 {
		t.Errorf("%s (%s) with %+v", e.State, e.Reason, findings)
	}
}
