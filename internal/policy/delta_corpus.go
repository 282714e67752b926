package policy

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy/patience"
)

// maxExamples bounds the inputs taken from tests.
const maxExamples = 5000

// example is an input that a test gives to rules.
type example struct {
	value ast.Value
	test  string // where it was first seen
}

// tests runs base's tests under base's and merged's rules and merged's own, and returns the inputs they use.
func (c *comparison) tests(ctx context.Context) ([]example, error) {
	watch := &watcher{seen: map[*ast.Term]bool{}}
	before, err := trial(ctx, c.base.Modules, c.base.Tests, watch)
	if err != nil {
		return nil, fmt.Errorf("base's tests: %w", err)
	}
	crossed, err := trial(ctx, c.merged.Modules, c.base.Tests, nil)
	if err != nil {
		return nil, fmt.Errorf("base's tests under the edited rules: %w", err)
	}
	own, err := trial(ctx, c.merged.Modules, c.merged.Tests, watch)
	if err != nil {
		return nil, fmt.Errorf("the edited tests: %w", err)
	}
	for name, t := range before {
		if t.State != TestPassed {
			continue
		}
		if now := crossed[name]; now.State != TestPassed {
			c.because("test %s (%s:%d) of base fails under the edited rules", name, t.Path, t.Line)
		}
		if now, there := own[name]; !there || now.State == TestSkipped {
			c.because("test %s (%s:%d) is gone or skipped", name, t.Path, t.Line)
		}
	}
	for name, t := range own {
		if t.State == TestFailed {
			c.because("test %s (%s:%d) fails", name, t.Path, t.Line)
		}
	}
	if watch.over {
		c.because("the tests use more than %d inputs, so not all of them were tried", maxExamples)
	}
	return watch.examples, nil
}

// trial runs tests with rules and returns what came of each, by name.
func trial(ctx context.Context, rules, tests []facts.Module, watch *watcher) (map[string]TestResult, error) {
	out := map[string]TestResult{}
	tests = slices.DeleteFunc(slices.Clone(tests), isAsideModule) // any edit of such rules counts as weakening them
	if !slices.ContainsFunc(tests, func(m facts.Module) bool { return !Foreign(m) }) {
		return out, nil
	}
	trees, err := testTrees(slices.Concat(slices.DeleteFunc(slices.Clone(rules), func(m facts.Module) bool { return !native(m) }), tests))
	if err != nil {
		return nil, err
	}
	runner := newRunner(trees, TestOptions{Parallel: 1})
	if watch != nil {
		runner = runner.SetCoverageQueryTracer(watch).SetCoverageRuns(nil)
	}
	report := &TestReport{}
	if err := report.run(ctx, runner, (*TestReport).add); err != nil {
		return nil, err
	}
	for _, t := range report.Results {
		name := t.Package + "." + t.Name
		if known, twice := out[name]; !twice || known.State == TestPassed {
			out[name] = t
		}
	}
	return out, nil
}

// watcher collects the inputs of an evaluation. It is for one evaluation at a time.
type watcher struct {
	seen     map[*ast.Term]bool
	examples []example
	test     string
	over     bool
}

func (w *watcher) Enabled() bool               { return true }
func (w *watcher) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

func (w *watcher) TraceEvent(e topdown.Event) {
	if r, ok := e.Node.(*ast.Rule); ok && e.Op == topdown.EnterOp && strings.HasPrefix(string(r.Head.Name), "test_") {
		w.test = fmt.Sprintf("%s (%s:%d)", r.Head.Name, r.Loc().File, r.Loc().Row)
	}
	input := e.Input()
	if input == nil || w.seen[input] {
		return
	}
	w.seen[input] = true
	for _, known := range w.examples {
		if known.value.Compare(input.Value) == 0 {
			return
		}
	}
	if w.over = w.over || len(w.examples) == maxExamples; !w.over {
		w.examples = append(w.examples, example{input.Value, w.test})
	}
}

// examples compares what both constitutions' own rules say about the inputs of tests.
func (c *comparison) examples(ctx context.Context, list []example) error {
	before, err := c.before.ownRules(ctx)
	if err != nil || before == nil {
		return err
	}
	now, err := c.now.ownRules(ctx)
	if err != nil {
		return err
	}
	for _, x := range list {
		was, err := before.say(ctx, x.value)
		if err != nil {
			return err
		}
		is, err := now.say(ctx, x.value)
		if err != nil {
			return err
		}
		c.contrast(was, is, "on the input of "+x.test)
	}
	return nil
}

// jury evaluates the repository's own rules alone.
type jury struct {
	*Engine
	entries []*entry
	query   rego.PreparedEvalQuery
}

func (e *Engine) ownRules(ctx context.Context) (*jury, error) {
	j := &jury{Engine: e}
	for _, entry := range e.active {
		if !entry.Builtin && entry.Kind != Require && native(entry.module.Module) {
			j.entries = append(j.entries, entry)
		}
	}
	if len(j.entries) == 0 {
		return nil, nil
	}
	var err error
	j.query, err = e.prepare(ctx, j.entries)
	return j, err
}

// verdicts count what stops a change, by rule and place.
type verdicts struct {
	failed      string // the error when the rules could not be evaluated
	stops, deny map[string]int
}

// compareAt is the instant at which examples are tried; rules that look at the clock are compared at the same one.
func compareAt() time.Time { return time.Unix(1_800_000_000, 0) }

func (j *jury) say(ctx context.Context, input ast.Value) (verdicts, error) {
	v := verdicts{stops: map[string]int{}, deny: map[string]int{}}
	if j == nil {
		return v, nil
	}
	bounded, cancel := patience.With(ctx, j.deadline, &TimeoutError{j.deadline})
	defer cancel()
	sets, err := j.run(bounded, j.query, input, compareAt())
	if cause := context.Cause(bounded); cause != nil {
		return v, cause
	}
	if err != nil {
		v.failed = oneLine(err.Error())
		return v, nil
	}
	for i, entry := range j.entries {
		set, ok := sets.Elem(i).Value.(ast.Set)
		if !ok {
			v.failed = entry.wrong("is no set").Error()
			return v, nil
		}
		for _, t := range set.Slice() {
			r, err := entry.read(t)
			if err != nil {
				v.failed = err.Error()
				return v, nil
			}
			v.add(switchedKind(entry.Kind, j.settings.Mode(r.rule)), r.rule, r.path)
		}
	}
	return v, nil
}

func switchedKind(kind, mode string) string {
	switch mode {
	case "":
		return kind
	case manifest.RuleDeny, manifest.RuleRatchet:
		return Deny
	}
	return mode
}

func (v *verdicts) add(kind, rule, path string) {
	key := rule
	if path != "" {
		key += " at " + path
	}
	if kind == Deny {
		v.deny[key]++
	}
	if kind == Deny || kind == Hold {
		v.stops[key]++
	}
}

// contrast says what base stops and merged does not.
func (c *comparison) contrast(was, is verdicts, where string) {
	if was.failed != is.failed {
		c.because("the rules fail %s in one constitution alone: %s%s", where, was.failed, is.failed)
		return
	}
	for key, n := range was.stops {
		if is.stops[key] < n {
			c.because("%s %s is stopped %d times instead of %d", where, key, is.stops[key], n)
		}
	}
	for key, n := range was.deny {
		if is.deny[key] < n && is.stops[key] >= was.stops[key] {
			c.because("%s %s is denied %d times instead of %d", where, key, is.deny[key], n)
		}
	}
}

// documents compares what both constitutions say about whole input documents: the change, the tree.
func (c *comparison) documents(ctx context.Context, list []*facts.Input) error {
	for _, in := range list {
		was, err := c.before.stopped(ctx, in)
		if err != nil {
			return err
		}
		is, err := c.now.stopped(ctx, in)
		if err != nil {
			return err
		}
		c.contrast(was, is, "on "+nameOf(in))
	}
	return nil
}

func nameOf(in *facts.Input) string {
	if in.Change.Source == SourceTree {
		return "the whole tree"
	}
	return "this change"
}

// SourceTree is Change.Source of a document that holds a whole tree instead of a change.
const SourceTree = "tree"

func (e *Engine) stopped(ctx context.Context, in *facts.Input) (verdicts, error) {
	v := verdicts{stops: map[string]int{}, deny: map[string]int{}}
	result, err := e.Eval(ctx, in, in.Now)
	var slow *TimeoutError
	switch {
	case context.Cause(ctx) != nil:
		return v, context.Cause(ctx)
	case errors.As(err, &slow):
		return v, err
	case err != nil:
		v.failed = oneLine(err.Error())
		return v, nil
	}
	for i := range result.Violations {
		if f := &result.Violations[i]; f.State != finding.Unchanged && f.State != finding.Absent {
			v.add(f.Kind, f.Rule, f.Path)
		}
	}
	return v, nil
}
