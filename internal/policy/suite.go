package policy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
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
	Results   []TestResult `json:"results"`
	Passed    int          `json:"passed"`
	Failed    int          `json:"failed"`
	Skipped   int          `json:"skipped"`
	Coverage  int          `json:"coverage"` // of the lines of the tested modules, in milli-percent; -1 when not measured
	Uncovered []Place      `json:"uncovered,omitempty"`
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
	Coverage bool          // measure which lines the tests reach

	brief bool // leave failures unexplained
}

// Test runs the test rules (test_...) of modules in the sandbox that judges changes; the built-in libraries are there. A
// broken module is a manifest.Diagnostics.
func Test(ctx context.Context, modules []facts.Module, opt TestOptions) (*TestReport, error) {
	trees, err := testTrees(modules)
	if err != nil {
		return nil, err
	}
	coverage := cover.New()
	run := newRunner(trees, opt)
	if opt.Coverage {
		run = run.SetCoverageQueryTracer(coverage).SetCoverageRuns(nil)
	}
	report := &TestReport{Results: []TestResult{}, Coverage: -1}
	if err := report.run(ctx, run, (*TestReport).add); err != nil {
		return nil, err
	}
	report.sort()
	if opt.Coverage {
		report.cover(coverage.Report(trees), modules)
	}
	if report.Failed > 0 && !opt.brief {
		return report, report.explainFailures(ctx, trees, opt)
	}
	return report, nil
}

func newRunner(trees map[string]*ast.Module, opt TestOptions) *tester.Runner {
	return tester.NewRunner().SetCompiler(newCompiler()).SetModules(trees).RaiseBuiltinErrors(true).
		SetParallel(cmp.Or(opt.Parallel, runtime.GOMAXPROCS(0))).SetTimeout(cmp.Or(opt.Timeout, 5*time.Second)).
		CapturePrintOutput(false).AddCustomBuiltins(testBuiltins(functions()))
}

func (r *TestReport) run(ctx context.Context, runner *tester.Runner, take func(*TestReport, *tester.Result)) error {
	results, err := runner.RunTests(ctx, nil)
	if err != nil {
		var errs ast.Errors
		if errors.As(err, &errs) {
			return joined(diagnose("", errs))
		}
		return fmt.Errorf("running policy tests: %w", err)
	}
	for result := range results {
		take(r, result)
	}
	return context.Cause(ctx)
}

// explainFailures runs the tests that failed once more, watching, to name the line that was not true.
func (r *TestReport) explainFailures(ctx context.Context, trees map[string]*ast.Module, opt TestOptions) error {
	var names []string
	for _, t := range r.Results {
		if t.State == TestFailed {
			names = append(names, regexp.QuoteMeta("data."+t.Package+"."+t.Name))
		}
	}
	runner := newRunner(trees, opt).EnableTracing(true).Filter("^(" + strings.Join(names, "|") + ")$")
	return r.run(ctx, runner, func(r *TestReport, t *tester.Result) {
		for i := range r.Results {
			known := &r.Results[i]
			if line := lastFailure(t.Trace); known.Name == t.Name && "data."+known.Package == t.Package && t.Error == nil && line != "" {
				known.Reason = line
			}
		}
	})
}

// lastFailure is the furthest expression of a test that was not true.
func lastFailure(trace []*topdown.Event) string {
	var last *ast.Expr
	for _, event := range trace {
		expr, ok := event.Node.(*ast.Expr)
		if event.Op != topdown.FailOp || !ok || expr.Location == nil || !IsTest(expr.Location.File) {
			continue
		}
		if last == nil || expr.Location.Row >= last.Location.Row {
			last = expr
		}
	}
	if last == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d: not true: %s", last.Location.File, last.Location.Row, oneLine(string(last.Location.Text)))
}

// testTrees parses modules, tests and libraries.
func testTrees(modules []facts.Module) (map[string]*ast.Module, error) {
	trees := map[string]*ast.Module{}
	var diags []manifest.Diagnostic
	for _, m := range append(slices.Clone(modules), builtins(true)...) {
		if trees[m.Path] != nil || isEmptyModule(m.Text) || Foreign(m) {
			continue
		}
		tree, err := ast.ParseModuleWithOpts(m.Path, m.Text, parserOptions())
		if err != nil {
			diags = append(diags, diagnose(m.Path, err)...)
			continue
		}
		trees[m.Path] = tree
	}
	return trees, joined(diags)
}

func (r *TestReport) add(t *tester.Result) {
	out := TestResult{Package: strings.TrimPrefix(t.Package, "data."), Name: t.Name, State: TestPassed, Duration: t.Duration}
	if t.Location != nil {
		out.Path, out.Line = t.Location.File, t.Location.Row
	}
	switch {
	case t.Skip:
		out.State = TestSkipped
		r.Skipped++
	case t.Pass():
		r.Passed++
	default:
		out.State, out.Reason = TestFailed, failure(t)
		r.Failed++
	}
	r.Results = append(r.Results, out)
}

func failure(t *tester.Result) string {
	if t.Error != nil {
		return oneLine(t.Error.Error())
	}
	return "the test is not true"
}

func (r *TestReport) sort() {
	slices.SortFunc(r.Results, func(a, b TestResult) int {
		return cmp.Or(cmp.Compare(a.Package, b.Package), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Name, b.Name))
	})
}

// cover counts the lines that tests reached, of the modules that were given and are no tests.
func (r *TestReport) cover(report cover.Report, modules []facts.Module) {
	covered, all := 0, 0
	for _, m := range modules {
		path, f := m.Path, report.Files[m.Path]
		if f == nil || IsTest(path) {
			continue
		}
		covered, all = covered+f.CoveredLines, all+f.CoveredLines+f.NotCoveredLines
		for _, gap := range f.NotCovered {
			r.Uncovered = append(r.Uncovered, Place{Path: path, From: gap.Start.Row, To: gap.End.Row})
		}
	}
	if all > 0 {
		r.Coverage = covered * 100_000 / all
	}
	slices.SortFunc(r.Uncovered, func(a, b Place) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.From, b.From)) })
}
