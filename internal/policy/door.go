package policy

import (
	"context"
	_ "embed" // of the door's default policy
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/adamant-os/adamant/internal/facts"
)

//go:embed door/door.rego
var doorRules string

//go:embed door/input.json
var doorSchema []byte

const (
	doorPackage = "adamant.door"
	doorPath    = "adamant:door/door.rego" // no file of a repository has such a path
)

// DoorInput is the JSON Schema of what the door's policy sees: door-input/v1.
func DoorInput() []byte { return doorSchema }

// forDoor says that a package is about who may push and read what. The constitution has no part in it.
func forDoor(pkg string) bool { return pkg == doorPackage || strings.HasPrefix(pkg, doorPackage+".") }

// isDoorModule says that a module or test is about the door, also when it cannot be parsed.
func isDoorModule(m facts.Module) bool {
	for line := range strings.SplitSeq(m.Text, "\n") {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "package "); ok {
			return forDoor(strings.TrimSuffix(strings.TrimSpace(name), "_test"))
		}
	}
	return false
}

// Door answers who may push and read what: package adamant.door, the rules that ship with adamant and those of the
// repository, judged in the sandbox of the constitution. It is safe for concurrent use.
type Door struct {
	query    rego.PreparedEvalQuery
	deadline time.Duration
}

// CompileDoor compiles the modules of package adamant.door among modules, and the libraries beside them. The error is a
// manifest.Diagnostics with path:line:column of everything that is wrong.
func CompileDoor(ctx context.Context, modules []facts.Module, deadline time.Duration) (*Door, error) {
	trees, err := doorTrees(modules, false)
	if err != nil {
		return nil, err
	}
	c := doorCompiler()
	if c.Compile(trees); c.Failed() {
		return nil, joined(diagnose("", c.Errors))
	}
	query := ast.NewBody(ast.Equality.Expr(ast.VarTerm(resultVar), ast.NewTerm(ast.MustParseRef("data."+doorPackage+".decision"))))
	options := append(implementations(functions()), rego.Compiler(c), rego.ParsedQuery(query), rego.StrictBuiltinErrors(true),
		rego.EnablePrintStatements(false))
	prepared, err := rego.New(options...).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("preparing the door's policy: %w", err)
	}
	return &Door{query: prepared, deadline: deadline}, nil
}

// doorTrees parses what belongs to the door, tests included when asked, and the door's own rules.
func doorTrees(modules []facts.Module, tests bool) (map[string]*ast.Module, error) {
	trees := map[string]*ast.Module{}
	for _, m := range append([]facts.Module{{Path: doorPath, Text: doorRules}}, modules...) {
		if isEmptyModule(m.Text) || IsTest(m.Path) && !tests || Foreign(m) {
			continue
		}
		tree, err := ast.ParseModuleWithOpts(m.Path, m.Text, parserOptions())
		if err != nil && isDoorModule(m) {
			return nil, joined(diagnose(m.Path, err))
		}
		if err == nil && wantedByDoor(strings.TrimPrefix(tree.Package.Path.String(), "data.")) {
			trees[m.Path] = tree
		}
	}
	return trees, nil
}

func wantedByDoor(pkg string) bool {
	return forDoor(strings.TrimSuffix(pkg, "_test")) || isLibrary(pkg)
}

var doorSchemas = sync.OnceValue(func() *ast.SchemaSet {
	var schema any
	if err := json.Unmarshal(doorSchema, &schema); err != nil {
		panic(fmt.Sprintf("policy: the embedded schema of the door: %v", err)) // the binary is broken
	}
	set := ast.NewSchemaSet()
	set.Put(ast.SchemaRootRef, schema)
	return set
})

func doorCompiler() *ast.Compiler {
	return ast.NewCompiler().WithCapabilities(capabilities()).WithSchemas(doorSchemas()).WithStrict(true).
		WithUseTypeCheckAnnotations(false).WithEnablePrintStatements(false)
}

// checkDoor refuses a repository whose rules for the door do not compile: once they are on main the door lets nobody in.
func checkDoor(ctx context.Context, modules []facts.Module) error {
	ours := func(m facts.Module) bool { return !IsTest(m.Path) && !Foreign(m) && isDoorModule(m) }
	if !slices.ContainsFunc(modules, ours) {
		return nil
	}
	_, err := CompileDoor(ctx, modules, DefaultDeadline)
	return err
}

// Decide answers for an input (door-input/v1, as Go values of JSON) at the instant now, as Go values of JSON. Any error means
// that nothing was decided.
func (d *Door) Decide(ctx context.Context, input map[string]any, now time.Time) (any, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.deadline, &TimeoutError{d.deadline})
	defer cancel()
	rs, err := d.query.Eval(ctx, rego.EvalInput(input), rego.EvalTime(now.UTC()))
	switch {
	case context.Cause(ctx) != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, evalError(err)
	case len(rs) != 1:
		return nil, errNoDoor
	}
	answer, ok := rs[0].Bindings[resultVar]
	if !ok {
		return nil, errNoDoor
	}
	return answer, nil
}

var errNoDoor = errors.New("the door's policy gave no decision")
