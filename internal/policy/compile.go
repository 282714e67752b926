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

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

// DefaultDeadline bounds one evaluation when Options do not.
const DefaultDeadline = 10 * time.Second

// ErrNoRules is wrapped when there is nothing to evaluate: no rule is never a pass.
var ErrNoRules = errors.New("no rule to evaluate")

// Engine holds compiled modules. It is safe for concurrent use.
type Engine struct {
	compiler *ast.Compiler
	entries  []*entry // sorted by id, path, line
	names    names
	settings manifest.PolicySettings
	deadline time.Duration
	query    rego.PreparedEvalQuery // of every entry that is not switched off
	active   []*entry               // in the query's order
	units    []unit                 // foreign policies
}

// Compile makes an engine of the built-in constitution and the modules. The error is a manifest.Diagnostics with
// path:line:column of everything that is wrong with them, or wraps ErrNoRules.
func Compile(ctx context.Context, modules []facts.Module, opt Options) (*Engine, error) {
	e, _, err := compileFor(ctx, nil, modules, opt)
	return e, err
}

// compileFor leaves out the built-in modules that cannot report about documents of the given kinds.
func compileFor(ctx context.Context, kinds []string, modules []facts.Module, opt Options) (*Engine, []*indexed, error) {
	parsed, skipped, err := load(kinds, modules, opt)
	if err != nil {
		return nil, nil, err
	}
	entries, diags := findEntries(parsed)
	if diags = append(diags, checkNegations(parsed)...); len(diags) > 0 {
		return nil, nil, joined(diags)
	}
	compiler, diags := compile(parsed, entries)
	if len(diags) > 0 {
		return nil, nil, joined(diags)
	}
	e := &Engine{compiler: compiler, names: shareNames(compiler), entries: entries, settings: opt.Settings, deadline: opt.Deadline}
	if e.deadline <= 0 {
		e.deadline = DefaultDeadline
	}
	for _, entry := range entries {
		entry.Mode = opt.Settings.Mode(entry.ID)
		if entry.Mode != manifest.RuleOff {
			e.active = append(e.active, entry)
		}
	}
	if e.units, err = compileForms(ctx, modules, opt); err != nil {
		return nil, nil, err
	}
	if err := checkAsides(ctx, modules); err != nil {
		return nil, nil, err
	}
	if len(e.active)+switchedOn(e.units)+switchedOnOf(skipped, opt.Settings) == 0 {
		return nil, nil, fmt.Errorf("compiling the constitution: %w", ErrNoRules)
	}
	e.query, err = e.prepare(ctx, e.active)
	return e, skipped, err
}

// load parses the given modules and those of the built-in ones that these kinds want.
func load(kinds []string, modules []facts.Module, opt Options) ([]*module, []*indexed, error) {
	own, diags := parseModules(modules, false)
	shipped := builtins(opt.NoBase)
	if opt.NoBase && len(own) == 0 {
		shipped = nil // nobody looks at the libraries
	}
	if opt.NoBase && kinds == nil {
		kinds = []string{} // of the libraries, those that are used
	}
	chosen, skipped := choose(shipped, kinds, own)
	base, more := parseModules(chosen, true)
	if diags = append(diags, more...); len(diags) > 0 {
		return nil, nil, joined(diags)
	}
	all := append(base, own...)
	return all, skipped, joined(append(checkPaths(own), checkPackages(all, skipped)...))
}

// checkPaths refuses two modules under one path: one would replace the other.
func checkPaths(modules []*module) []manifest.Diagnostic {
	seen := map[string]bool{}
	var diags []manifest.Diagnostic
	for _, m := range modules {
		if seen[m.Path] || strings.HasPrefix(m.Path, builtinPath) {
			diags = append(diags, manifest.Diagnostic{Path: m.Path, Message: "two policies have this path"})
		}
		seen[m.Path] = true
	}
	return diags
}

func findEntries(modules []*module) ([]*entry, []manifest.Diagnostic) {
	var entries []*entry
	var diags []manifest.Diagnostic
	for _, m := range modules {
		d := dialectOf(m)
		if d == nil {
			continue
		}
		found, problems := d.entries(m)
		entries, diags = append(entries, found...), append(diags, problems...)
	}
	slices.SortStableFunc(entries, func(a, b *entry) int {
		return strings.Compare(a.ID+"\x00"+a.Path, b.ID+"\x00"+b.Path)
	})
	return entries, diags
}

// compile runs OPA's compiler and our own checks.
func compile(modules []*module, entries []*entry) (*ast.Compiler, []manifest.Diagnostic) {
	aliasEntries(entries, mentionsEntries(modules))
	trees := make(map[string]*ast.Module, len(modules))
	for _, m := range modules {
		trees[m.Path] = m.tree
	}
	c := newCompiler()
	if c.Compile(trees); c.Failed() {
		return nil, underOldNames(diagnose("", c.Errors), entries)
	}
	return c, append(checkReferences(c, modules), checkRecords(c, entries)...)
}

// underOldNames takes the names that entry points were given out of messages.
func underOldNames(diags []manifest.Diagnostic, entries []*entry) []manifest.Diagnostic {
	for i := range diags {
		for n := len(entries) - 1; n >= 0; n-- {
			diags[i].Message = strings.ReplaceAll(diags[i].Message, entries[n].alias, entries[n].Kind)
		}
	}
	return diags
}

// ref is where the entry's records are, under the name it was given.
func (e *entry) ref() ast.Ref {
	return e.module.tree.Package.Path.Append(ast.StringTerm(e.alias))
}

// prepare makes one query that lists the records of every entry.
func (e *Engine) prepare(ctx context.Context, entries []*entry) (rego.PreparedEvalQuery, error) {
	refs := make([]*ast.Term, len(entries))
	for i, entry := range entries {
		refs[i] = ast.NewTerm(entry.ref())
	}
	query := ast.NewBody(ast.Equality.Expr(ast.VarTerm(resultVar), ast.ArrayTerm(refs...)))
	options := append(implementations(functions()), rego.Compiler(e.compiler), rego.ParsedQuery(query), rego.StrictBuiltinErrors(true),
		rego.EnablePrintStatements(false), rego.GenerateJSON(keepTerm))
	prepared, err := rego.New(options...).PrepareForEval(ctx)
	if err != nil {
		return prepared, fmt.Errorf("preparing the constitution: %w", err)
	}
	return prepared, nil
}

const resultVar = "records"

// keepTerm leaves results as OPA's values.
func keepTerm(t *ast.Term, _ *rego.EvalContext) (any, error) { return t, nil }

// joined is the diagnostics as one error, in order of place.
func joined(diags []manifest.Diagnostic) error {
	slices.SortFunc(diags, func(a, b manifest.Diagnostic) int {
		switch {
		case a.Path != b.Path:
			return strings.Compare(a.Path, b.Path)
		case a.Line != b.Line:
			return a.Line - b.Line
		}
		return strings.Compare(a.Message, b.Message)
	})
	return manifest.Join(slices.Compact(diags))
}

// Rules lists the rules of the constitution, sorted by id. Mode says which of them are switched.
func (e *Engine) Rules() []Rule {
	out := make([]Rule, len(e.entries))
	for i, entry := range e.entries {
		out[i] = entry.Rule
	}
	for _, u := range e.units {
		out = append(out, u.rules()...)
	}
	slices.SortStableFunc(out, func(a, b Rule) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Reads says that a module judges changes, or helps one that does.
func (e *Engine) Reads(path string) bool {
	if e.compiler.Modules[path] != nil {
		return true
	}
	for _, u := range e.units {
		if reader, ok := u.(interface{ reads(path string) bool }); ok && reader.reads(path) {
			return true
		}
	}
	return false
}
