package policy

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/adamant-os/adamant/internal/facts"
)

// TestResult is the outcome of one test rule.
type TestResult struct {
	Package  string        `json:"package"`
	Name     string        `json:"name"`
	Path     string        `json:"path"`
	Line     int           `json:"line"`
	State    string        `json:"state"`            // passed, failed, skipped
	Reason   string        `json:"reason,omitempty"` // of a failure: the error, or the expression that was not true
	Duration time.Duration `json:"durationNs"`
}

// The states of a test.
const (
	TestPassed  = "passed"
	TestFailed  = "failed"
	TestSkipped = "skipped"
)

// TestReport is the outcome of all tests. Lists are sorted.
type TestReport struct {
	Results   []TestResult   `json:"results"`
	Passed    int            `json:"passed"`
	Failed    int            `json:"failed"`
	Skipped   int            `json:"skipped"`
	Coverage  int            `json:"coverage"` // of the lines of the tested modules, in milli-percent; -1 when not measured
	Files     []FileCoverage `json:"files,omitempty"`
	Uncovered []Place        `json:"uncovered,omitempty"`
}

// FileCoverage counts the lines of one module that can be evaluated, and those that tests reached.
type FileCoverage struct {
	Path    string `json:"path"`
	Lines   int    `json:"lines"`
	Covered int    `json:"covered"`
}

// Place is a run of lines of a module.
type Place struct {
	Path string `json:"path"`
	From int    `json:"from"` // 1-based
	To   int    `json:"to"`   // included
}

// TestOptions bound a test run.
type TestOptions struct {
	Timeout  time.Duration // of one test; 0 = 5 s
	Parallel int           // tests at a time; 0 = one a processor
	Coverage bool          // measure which lines of policies for adamant the tests reach
	All      bool          // of policies for other tools too
	// Secret looks for credentials in a text and describes the first, for tests that call squealer.scan_string; nil finds none.
	Secret func(text string) (description string, found bool)

	brief bool // leave failures unexplained
}

// TestSet is modules that are compiled and tested together.
type TestSet struct {
	Modules []facts.Module
	// Data reads the data files. It is called only when a module written for another tool looks at data that no module defines.
	// nil: there are none.
	Data func() ([]DataFile, error)
	// Open reads a file for tests that call parse_config_file. nil: no file can be read.
	Open func(path string) ([]byte, error)
}

// Test runs the test rules (test_...) of modules. adamant's own run in the sandbox that judges changes; the built-in libraries
// are there. Those written for other tools run in the same sandbox without adamant's schema, each in the version of Rego it
// is written in. A broken module is a manifest.Diagnostics.
func Test(ctx context.Context, modules []facts.Module, opt TestOptions) (*TestReport, error) {
	return TestSets(ctx, []TestSet{{Modules: modules}}, opt)
}

// TestSets runs the tests of each set on its own, several at a time, and unites the reports.
func TestSets(ctx context.Context, sets []TestSet, opt TestOptions) (*TestReport, error) {
	reports := make([]*TestReport, len(sets))
	opt.Parallel = cmp.Or(opt.Parallel, runtime.GOMAXPROCS(0))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(opt.Parallel)
	if len(sets) > 1 {
		opt.Parallel = 1
	}
	for i := range sets {
		group.Go(func() (err error) {
			reports[i], err = testSet(ctx, sets[i], opt)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return unitedReport(reports), nil
}

// testSet tests what is written for adamant, and then what is written for other tools.
func testSet(ctx context.Context, set TestSet, opt TestOptions) (*TestReport, error) {
	var reports []*TestReport
	for _, part := range testParts(set) {
		if len(part.modules) == 0 {
			continue
		}
		r, err := part.test(ctx, opt)
		if err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return unitedReport(reports), nil
}

func testParts(set TestSet) []testPart {
	var own, foreign []facts.Module
	var out []testPart
	for _, a := range asides() {
		out = append(out, testPart{modules: slices.DeleteFunc(slices.Clone(set.Modules), func(m facts.Module) bool { return !a.declares(m) }), aside: &a})
	}
	for _, m := range set.Modules {
		switch {
		case isEmptyModule(m.Text), isAsideModule(m):
		case Foreign(m) && !strings.Contains(m.Text, "data.adamant."):
			foreign = append(foreign, m)
		default:
			own = append(own, m)
		}
	}
	return append(out, testPart{modules: own}, testPart{modules: foreign, foreign: true, set: set})
}

func unitedReport(reports []*TestReport) *TestReport {
	out := &TestReport{Results: []TestResult{}, Coverage: -1}
	for _, r := range reports {
		out.Results = append(out.Results, r.Results...)
		out.Passed, out.Failed, out.Skipped = out.Passed+r.Passed, out.Failed+r.Failed, out.Skipped+r.Skipped
		out.Files, out.Uncovered = append(out.Files, r.Files...), append(out.Uncovered, r.Uncovered...)
	}
	out.sort()
	out.sum()
	return out
}

func (r *TestReport) sort() {
	slices.SortFunc(r.Results, func(a, b TestResult) int {
		return cmp.Or(cmp.Compare(a.Package, b.Package), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(r.Files, func(a, b FileCoverage) int { return cmp.Compare(a.Path, b.Path) })
	slices.SortFunc(r.Uncovered, func(a, b Place) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.From, b.From)) })
}

// sum computes the coverage of all files.
func (r *TestReport) sum() {
	covered, all := 0, 0
	for _, f := range r.Files {
		covered, all = covered+f.Covered, all+f.Lines
	}
	if all > 0 {
		r.Coverage = covered * 100_000 / all
	}
}
