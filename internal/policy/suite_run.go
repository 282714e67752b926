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
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy/host"
)

// testPart is modules that one compiler compiles.
type testPart struct {
	modules []facts.Module
	foreign bool
	aside   *aside // of a package that judges no changes
	set     TestSet

	trees map[string]*ast.Module
	store storage.Store

	compiler *ast.Compiler
}

// test runs the tests. Modules for other tools that do not compile as they are read are read as the oldest Rego they can be.
func (p testPart) test(ctx context.Context, opt TestOptions) (*TestReport, error) {
	r, err := p.testAs(ctx, opt, false)
	if err != nil && p.foreign && isCompileError(err) {
		if r, older := p.testAs(ctx, opt, true); older == nil {
			return r, nil
		}
	}
	return r, err
}

func isCompileError(err error) bool {
	var diags manifest.Diagnostics
	return errors.As(err, &diags)
}

func (p testPart) testAs(ctx context.Context, opt TestOptions, old bool) (*TestReport, error) {
	var err error
	if p.trees, err = p.parse(old); err != nil {
		return nil, err
	}
	if p.store, err = p.data(); err != nil {
		return nil, err
	}
	coverage, covered := cover.New(), opt.Coverage && (opt.All || !p.foreign)
	run := p.runner(opt)
	if covered {
		run = run.SetCoverageQueryTracer(coverage).SetCoverageRuns(nil)
	}
	report := &TestReport{Results: []TestResult{}, Coverage: -1}
	if err := report.run(ctx, run, (*TestReport).add); err != nil {
		return nil, err
	}
	if covered {
		report.cover(coverage.Report(p.trees), p.modules)
	}
	if report.Failed > 0 && !opt.brief {
		return report, p.explainFailures(ctx, report, opt)
	}
	return report, nil
}

// parse reads the modules; adamant's own find the built-in libraries beside them.
func (p *testPart) parse(old bool) (map[string]*ast.Module, error) {
	if p.foreign {
		trees, diags := parseAll(p.modules, old)
		return trees, joined(diags)
	}
	if p.aside != nil {
		return p.aside.trees(p.modules, true)
	}
	return testTrees(p.modules)
}

// testTrees parses modules that are written for adamant, their tests, and the built-in libraries.
func testTrees(modules []facts.Module) (map[string]*ast.Module, error) {
	trees := map[string]*ast.Module{}
	var diags []manifest.Diagnostic
	for _, m := range append(slices.Clone(modules), builtins(true)...) {
		if trees[m.Path] != nil || isEmptyModule(m.Text) {
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

// data is a store of the data files that modules look at.
func (p *testPart) data() (storage.Store, error) {
	wanted := p.undefined()
	if !p.foreign || p.set.Data == nil || len(wanted) == 0 {
		return nil, nil
	}
	files, err := p.set.Data()
	if err != nil {
		return nil, err
	}
	data, diags := loadData(slices.DeleteFunc(files, func(f DataFile) bool { return len(f.At) > 0 && !wanted[f.At[0]] }))
	if len(diags) > 0 {
		return nil, joined(diags)
	}
	return inmem.NewFromObject(data), nil
}

// undefined names the parts of data that modules look at and no package is below.
func (p *testPart) undefined() map[string]bool {
	packages := map[string]bool{}
	for _, tree := range p.trees {
		packages[string(tree.Package.Path[1].Value.(ast.String))] = true
	}
	out := map[string]bool{}
	for _, tree := range p.trees {
		for _, ref := range uses(tree) {
			if len(ref) < 2 {
				continue
			}
			if name, ok := ref[1].Value.(ast.String); ok && !packages[string(name)] {
				out[string(name)] = true
			}
		}
	}
	return out
}

// runner compiles nothing a second time: a part's next runner tests what the first has compiled.
func (p *testPart) runner(opt TestOptions) *tester.Runner {
	if p.aside != nil {
		return p.reusing(testRunner(p.trees, opt), p.aside.compiler).RaiseBuiltinErrors(true).AddCustomBuiltins(testBuiltins(functions()))
	}
	if !p.foreign {
		return p.reusing(testRunner(p.trees, opt), newCompiler).RaiseBuiltinErrors(true).AddCustomBuiltins(testBuiltins(functions()))
	}
	extra := slices.Concat(conftestFunctions(), host.Corpus(opt.Secret), host.Files(p.set.Open, conftestValue))
	run := p.reusing(testRunner(p.trees, opt), func() *ast.Compiler { return newForeignCompiler(extra...) }).
		AddCustomBuiltins(testBuiltins(slices.Concat(functions(), extra)))
	if p.store != nil {
		run = run.SetStore(p.store)
	}
	return run
}

func (p *testPart) reusing(run *tester.Runner, compiler func() *ast.Compiler) *tester.Runner {
	if p.compiler == nil {
		p.compiler = compiler()
		return run.SetCompiler(p.compiler)
	}
	return run.SetCompiler(p.compiler).SetModules(nil)
}

// newRunner runs tests of what is written for adamant.
func newRunner(trees map[string]*ast.Module, opt TestOptions) *tester.Runner {
	return (&testPart{trees: trees}).runner(opt)
}

func testRunner(trees map[string]*ast.Module, opt TestOptions) *tester.Runner {
	return tester.NewRunner().SetModules(trees).SetParallel(cmp.Or(opt.Parallel, runtime.GOMAXPROCS(0))).
		SetTimeout(cmp.Or(opt.Timeout, 5*time.Second)).CapturePrintOutput(false)
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
func (p *testPart) explainFailures(ctx context.Context, r *TestReport, opt TestOptions) error {
	var names []string
	for _, t := range r.Results {
		if t.State == TestFailed {
			names = append(names, regexp.QuoteMeta("data."+t.Package+"."+t.Name))
		}
	}
	runner := p.runner(opt).EnableTracing(true).Filter("^(" + strings.Join(names, "|") + ")$")
	return r.run(ctx, runner, func(r *TestReport, t *tester.Result) {
		for i := range r.Results {
			known := &r.Results[i]
			if line := lastFailure(t.Trace, known.Path); known.Name == t.Name && "data."+known.Package == t.Package && t.Error == nil && line != "" {
				known.Reason = line
			}
		}
	})
}

// lastFailure is the furthest expression of a test in a file that was not true.
func lastFailure(trace []*topdown.Event, file string) string {
	var last *ast.Expr
	for _, event := range trace {
		expr, ok := event.Node.(*ast.Expr)
		if event.Op != topdown.FailOp || !ok || expr.Location == nil || expr.Location.File != file {
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

// cover counts the lines that tests reached, of the modules that were given and are no tests.
func (r *TestReport) cover(report cover.Report, modules []facts.Module) {
	for _, m := range modules {
		f := report.Files[m.Path]
		if f == nil || IsTest(m.Path) {
			continue
		}
		r.Files = append(r.Files, FileCoverage{Path: m.Path, Lines: f.CoveredLines + f.NotCoveredLines, Covered: f.CoveredLines})
		for _, gap := range f.NotCovered {
			r.Uncovered = append(r.Uncovered, Place{Path: m.Path, From: gap.Start.Row, To: gap.End.Row})
		}
	}
}
