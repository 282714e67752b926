package policy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/policy/patience"
)

// aside is a package of rules that judge something else than changes. The constitution has no part in it; it is judged in the
// same sandbox, and edits of it count as weakening.
type aside struct {
	pkg    string                  // where the repository's rules stand
	shared map[string]facts.Module // the rules that ship with adamant, by package
	schema []byte                  // JSON Schema of the input
	query  string                  // what is evaluated
}

// asides are all of them.
func asides() []aside { return []aside{doorAside(), admissionAside()} }

// owns says that a package belongs here, tests left out.
func (a aside) owns(pkg string) bool { return pkg == a.pkg || strings.HasPrefix(pkg, a.pkg+".") }

// forAside says that a package is not about changes.
func forAside(pkg string) bool {
	return slices.ContainsFunc(asides(), func(a aside) bool { return a.owns(pkg) })
}

// declares says that a module or test belongs here, also when it cannot be parsed.
func (a aside) declares(m facts.Module) bool {
	for line := range strings.SplitSeq(m.Text, "\n") {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "package "); ok {
			return a.owns(strings.TrimSuffix(strings.TrimSpace(name), "_test"))
		}
	}
	return false
}

func isAsideModule(m facts.Module) bool {
	return slices.ContainsFunc(asides(), func(a aside) bool { return a.declares(m) })
}

// trees parses what belongs here, tests included when asked, the libraries beside it, and the rules that ship with adamant.
func (a aside) trees(modules []facts.Module, tests bool) (map[string]*ast.Module, error) {
	trees := map[string]*ast.Module{}
	for _, m := range a.shared {
		modules = append(slices.Clip(modules), m)
	}
	for _, m := range modules {
		if isEmptyModule(m.Text) || IsTest(m.Path) && !tests || Foreign(m) {
			continue
		}
		tree, err := ast.ParseModuleWithOpts(m.Path, m.Text, parserOptions())
		if err != nil && a.declares(m) {
			return nil, joined(diagnose(m.Path, err))
		}
		if err == nil && a.wants(m, strings.TrimPrefix(tree.Package.Path.String(), "data.")) {
			trees[m.Path] = tree
		}
	}
	return trees, nil
}

func (a aside) wants(m facts.Module, pkg string) bool {
	shipped, ours := a.shared[pkg]
	return a.owns(strings.TrimSuffix(pkg, "_test")) || isLibrary(pkg) || ours && shipped.Path == m.Path
}

func (a aside) compiler() *ast.Compiler {
	var schema any
	if err := json.Unmarshal(a.schema, &schema); err != nil {
		panic(fmt.Sprintf("policy: the embedded schema of %s: %v", a.pkg, err)) // the binary is broken
	}
	set := ast.NewSchemaSet()
	set.Put(ast.SchemaRootRef, schema)
	return ast.NewCompiler().WithCapabilities(capabilities()).WithSchemas(set).WithStrict(true).
		WithUseTypeCheckAnnotations(false).WithEnablePrintStatements(false)
}

// compile makes the query of modules. The error is a manifest.Diagnostics with path:line:column of everything that is wrong.
func (a aside) compile(ctx context.Context, modules []facts.Module, deadline time.Duration) (*decider, error) {
	trees, err := a.trees(modules, false)
	if err != nil {
		return nil, err
	}
	c := a.compiler()
	if c.Compile(trees); c.Failed() {
		return nil, joined(diagnose("", c.Errors))
	}
	query := ast.NewBody(ast.Equality.Expr(ast.VarTerm(resultVar), ast.NewTerm(ast.MustParseRef(a.query))))
	options := append(implementations(functions()), rego.Compiler(c), rego.ParsedQuery(query), rego.StrictBuiltinErrors(true),
		rego.EnablePrintStatements(false))
	prepared, err := rego.New(options...).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("preparing %s: %w", a.pkg, err)
	}
	return &decider{query: prepared, deadline: deadline, pkg: a.pkg}, nil
}

// check refuses a repository whose rules here do not compile: once they are on main nothing is let through.
func (a aside) check(ctx context.Context, modules []facts.Module) error {
	ours := func(m facts.Module) bool { return !IsTest(m.Path) && !Foreign(m) && a.declares(m) }
	if !slices.ContainsFunc(modules, ours) {
		return nil
	}
	_, err := a.compile(ctx, modules, DefaultDeadline)
	return err
}

func checkAsides(ctx context.Context, modules []facts.Module) error {
	for _, a := range asides() {
		if err := a.check(ctx, modules); err != nil {
			return err
		}
	}
	return nil
}

// decider evaluates one compiled query. It is safe for concurrent use.
type decider struct {
	query    rego.PreparedEvalQuery
	deadline time.Duration
	pkg      string
}

var errNoDecision = errors.New("the policy gave no decision")

// decide answers for an input, as Go values of JSON, at the instant now. Any error means that nothing was decided.
func (d *decider) decide(ctx context.Context, input map[string]any, now time.Time) (any, error) {
	ctx, cancel := patience.With(ctx, d.deadline, &TimeoutError{d.deadline})
	defer cancel()
	rs, err := d.query.Eval(ctx, rego.EvalInput(input), rego.EvalTime(now.UTC()))
	switch {
	case context.Cause(ctx) != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, evalError(err)
	case len(rs) != 1:
		return nil, fmt.Errorf("%s: %w", d.pkg, errNoDecision)
	}
	answer, ok := rs[0].Bindings[resultVar]
	if !ok {
		return nil, fmt.Errorf("%s: %w", d.pkg, errNoDecision)
	}
	return answer, nil
}
