package gatekeeper

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy/patience"
)

// The states of a case.
const (
	Passed  = "passed"
	Failed  = "failed"
	Skipped = "skipped"
)

// RunOptions bound a run of suites.
type RunOptions struct {
	Sandbox  Sandbox
	Now      time.Time     // what templates see as the time
	Deadline time.Duration // of one case; 0 = 5 s
	Parallel int           // suites at a time; 0 = one a processor
}

// CaseResult is the outcome of one case, or of a test that has none: one whose constraint must be invalid, or that could not
// be set up.
type CaseResult struct {
	Suite    string        `json:"suite"`
	Test     string        `json:"test"`
	Case     string        `json:"case,omitempty"`
	Line     int           `json:"line"`
	State    string        `json:"state"` // passed, failed, skipped
	Reason   string        `json:"reason,omitempty"`
	Duration time.Duration `json:"durationNs"`
}

// Report is the outcome of suites, in their order.
type Report struct {
	Suites  int          `json:"suites"`
	Tests   int          `json:"tests"`
	Passed  int          `json:"passed"`
	Failed  int          `json:"failed"`
	Skipped int          `json:"skipped"`
	Results []CaseResult `json:"results"`
}

// Run runs suites; what they name is read relative to their paths. Every test that cannot run has failed. The error is the
// context's.
func Run(ctx context.Context, suites []*Suite, read ReadFile, opt RunOptions) (*Report, error) {
	run := &runner{files: newFiles(read), opt: opt}
	run.opt.Deadline = cmp.Or(opt.Deadline, 5*time.Second)
	results := make([][]CaseResult, len(suites))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(cmp.Or(opt.Parallel, runtime.GOMAXPROCS(0)))
	for i, s := range suites {
		group.Go(func() error {
			results[i] = run.suite(gctx, s)
			return context.Cause(gctx)
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("running suites: %w", err)
	}
	return summary(suites, slices.Concat(results...)), nil
}

func summary(suites []*Suite, results []CaseResult) *Report {
	report := &Report{Suites: len(suites), Results: results}
	for _, s := range suites {
		report.Tests += len(s.tests)
	}
	for _, r := range results {
		switch r.State {
		case Passed:
			report.Passed++
		case Failed:
			report.Failed++
		default:
			report.Skipped++
		}
	}
	return report
}

type runner struct {
	files *files
	opt   RunOptions
}

// watch times one case and makes its result.
func (run *runner) watch(s *Suite, t *suiteTest, name string, line int, do func() error) CaseResult {
	start := time.Now()
	r := CaseResult{Suite: s.Path, Test: t.name, Case: name, Line: line, State: Passed}
	if err := do(); err != nil {
		r.State, r.Reason = Failed, err.Error()
	}
	r.Duration = time.Since(start)
	return r
}

func (run *runner) suite(ctx context.Context, s *Suite) []CaseResult {
	var out []CaseResult
	for _, t := range s.tests {
		switch {
		case s.Skip || t.skip:
			out = append(out, CaseResult{Suite: s.Path, Test: t.name, Line: t.line, State: Skipped})
		case t.invalid:
			out = append(out, run.watch(s, t, "", t.line, func() error { return run.mustBeInvalid(s, t) }))
		default:
			out = append(out, run.cases(ctx, s, t)...)
		}
	}
	return out
}

// mustBeInvalid runs a test that wants its constraint refused by the schema of its template.
func (run *runner) mustBeInvalid(s *Suite, t *suiteTest) error {
	_, err := run.setUp(s, t)
	var refused *schemaError
	switch {
	case errors.As(err, &refused):
		return nil
	case err != nil:
		return err
	}
	return errors.New("the constraint is valid; the test wants it to be invalid")
}

// setting is what the cases of a test share.
type setting struct {
	library    *Library
	expansions []*expansion
	folder     string
}

func (run *runner) setUp(s *Suite, t *suiteTest) (*setting, error) {
	folder := path.Dir(s.Path)
	template, err := run.files.template(path.Join(folder, t.template), run.opt.Sandbox)
	if err != nil {
		return nil, err
	}
	if err := template.usable(); err != nil {
		return nil, err
	}
	constraint, err := run.files.constraint(path.Join(folder, t.constraint), template)
	if err != nil {
		return nil, err
	}
	set := &setting{folder: folder, library: &Library{templates: map[string]*Template{template.Kind: template}, constraints: []*Constraint{constraint}}}
	if t.expansion != "" {
		set.expansions, err = run.files.expansions(path.Join(folder, t.expansion))
	}
	return set, err
}

func (run *runner) cases(ctx context.Context, s *Suite, t *suiteTest) []CaseResult {
	set, err := run.setUp(s, t)
	if err == nil && len(t.cases) == 0 {
		err = errors.New("the test has no case")
	}
	if err != nil {
		return []CaseResult{run.watch(s, t, "", t.line, func() error { return err })}
	}
	var out []CaseResult
	for _, c := range t.cases {
		if c.skip {
			out = append(out, CaseResult{Suite: s.Path, Test: t.name, Case: c.name, Line: c.line, State: Skipped})
			continue
		}
		out = append(out, run.watch(s, t, c.name, c.line, func() error { return run.runCase(ctx, set, c) }))
	}
	return out
}

func (run *runner) runCase(ctx context.Context, set *setting, c *suiteCase) error {
	if c.object == "" || len(c.assertions) == 0 {
		return errors.New("a case needs an object and at least one assertion")
	}
	messages, err := run.messages(ctx, set, c)
	if err != nil {
		return err
	}
	for _, a := range c.assertions {
		if err := a.check(messages); err != nil {
			return err
		}
	}
	return nil
}

// messages judges the object of a case, and what it makes.
func (run *runner) messages(ctx context.Context, set *setting, c *suiteCase) ([]string, error) {
	objects, err := run.files.objects(path.Join(set.folder, c.object))
	if err != nil {
		return nil, err
	}
	if len(objects) != 1 {
		return nil, fmt.Errorf("%s holds %d objects; a case has one", path.Join(set.folder, c.object), len(objects))
	}
	judge, err := run.judge(set, c)
	if err != nil {
		return nil, err
	}
	first, err := reviewOf(objects[0])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path.Join(set.folder, c.object), err)
	}
	products, err := expand(set.expansions, objects[0], 0)
	if err != nil {
		return nil, err
	}
	ctx, cancel := patience.With(ctx, run.opt.Deadline, fmt.Errorf("the case was not done within %s", run.opt.Deadline))
	defer cancel()
	messages, err := ask(ctx, judge, first, "")
	for _, p := range products {
		if err != nil {
			break
		}
		var more []string
		more, err = ask(ctx, judge, objectReview(p.object, sourceGenerated), fmt.Sprintf("[Implied by %s] ", p.by.name))
		messages = append(messages, more...)
	}
	return messages, err
}

func (run *runner) judge(set *setting, c *suiteCase) (*Judge, error) {
	inv := NewInventory()
	for _, name := range c.inventory {
		objects, err := run.files.objects(path.Join(set.folder, name))
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			if err := inv.Add(map[string]any(o), nil); err != nil {
				return nil, fmt.Errorf("%s: %w", path.Join(set.folder, name), err)
			}
		}
	}
	return set.library.NewJudge(inv, run.opt.Now)
}

// ask lists the messages of a review. As in Gatekeeper, a template that fails is a violation with OPA's message; one that
// reports what is no record is an error.
func ask(ctx context.Context, judge *Judge, r *Review, prefix string) ([]string, error) {
	list, err := judge.Review(ctx, r, func(c *Constraint) bool { return c.Action != "" })
	var failed *EvalError
	if errors.As(err, &failed) && failed.Code != codeRecord {
		return []string{prefix + failed.Message}, nil
	}
	var out []string
	for _, v := range list {
		out = append(out, prefix+v.Message)
	}
	return out, err
}

// single gives the only document of a file that must hold just one.
func single(path string, docs []*manifest.YAMLDocument) (*view, error) {
	if len(docs) == 0 {
		return nil, fmt.Errorf("%s is empty", path)
	}
	if docs[0].Err != nil {
		return nil, manifest.Join([]manifest.Diagnostic{*docs[0].Err})
	}
	return newView(docs[0]), nil
}
