package policy

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy/host"
)

// Modules that were written for another tool are compiled without adamant's schema and without strict mode, each in the
// version of Rego it is written in, with the same built-in functions as adamant's own.

// packageOf reads the package of a module from its text, so that modules need not be parsed to be left alone.
func packageOf(text string) string {
	for line := range strings.SplitSeq(text, "\n") {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "package "); ok {
			name, _, _ = strings.Cut(name, "#")
			return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(name), ";"))
		}
	}
	return ""
}

// foreignTrees are parsed modules by path.
type foreignTrees map[string]*ast.Module

// parseForeign reads a module as Rego v1, and as v0 when it is not valid v1 (or when old is set and it is valid v0).
func parseForeign(m facts.Module, old bool) (*ast.Module, []manifest.Diagnostic) {
	parse := func(v ast.RegoVersion) (*ast.Module, error) {
		return ast.ParseModuleWithOpts(m.Path, m.Text, ast.ParserOptions{RegoVersion: v, ProcessAnnotation: true})
	}
	tree, err := parse(ast.RegoV1)
	if err == nil && !old {
		return tree, nil
	}
	older, olderErr := parse(ast.RegoV0)
	switch {
	case olderErr == nil && older != nil:
		return older, nil
	case err == nil && tree != nil:
		return tree, nil
	case err == nil:
		return nil, []manifest.Diagnostic{{Path: m.Path, Line: 1, Column: 1, Message: "module is empty"}}
	}
	// Every rule of a v0 module is wrong in v1: the version with fewer problems is the one that was meant.
	return nil, slices.MinFunc([][]manifest.Diagnostic{diagnose(m.Path, err), diagnose(m.Path, olderErr)},
		func(a, b []manifest.Diagnostic) int { return cmp.Compare(len(a), len(b)) })
}

// compileForeign compiles modules that parseAll has read; where that fails, once more, read as v0 where they are v0.
func compileForeign(trees foreignTrees, modules []facts.Module, extra ...host.Function) (*ast.Compiler, []manifest.Diagnostic) {
	c := newForeignCompiler(extra...)
	if c.Compile(trees); !c.Failed() {
		return c, nil
	}
	diags := diagnose("", c.Errors)
	older, problems := parseAll(modules, true)
	if len(problems) > 0 {
		return nil, diags
	}
	c = newForeignCompiler(extra...)
	if c.Compile(older); c.Failed() {
		return nil, diags
	}
	return c, nil
}

func parseAll(modules []facts.Module, old bool) (foreignTrees, []manifest.Diagnostic) {
	trees := make(foreignTrees, len(modules))
	var diags []manifest.Diagnostic
	for _, m := range modules {
		tree, problems := parseForeign(m, old)
		diags = append(diags, problems...)
		if tree != nil {
			trees[m.Path] = tree
		}
	}
	return trees, diags
}

func newForeignCompiler(extra ...host.Function) *ast.Compiler {
	able := capabilities()
	able.Builtins = append(able.Builtins, declarations(extra)...)
	return ast.NewCompiler().WithCapabilities(able).WithUseTypeCheckAnnotations(false).WithEnablePrintStatements(false)
}

// uses lists the data that a module looks at: references, and imports, that begin with data.
func uses(tree *ast.Module) []ast.Ref {
	var out []ast.Ref
	take := func(ref ast.Ref) {
		if ref.HasPrefix(ast.Ref{ast.DefaultRootDocument}) {
			out = append(out, ref.ConstantPrefix())
		}
	}
	for _, i := range tree.Imports {
		if ref, ok := i.Path.Value.(ast.Ref); ok {
			take(ref)
		}
	}
	for _, r := range tree.Rules {
		ast.WalkRefs(r, func(ref ast.Ref) bool {
			take(ref)
			return false
		})
	}
	return out
}

// withLibraries adds to modules those of others that they look at, and those that these look at, and parses them all.
func withLibraries(modules, others []facts.Module) ([]facts.Module, foreignTrees, []manifest.Diagnostic) {
	waiting := map[string][]facts.Module{} // by package
	for _, m := range others {
		waiting[packageOf(m.Text)] = append(waiting[packageOf(m.Text)], m)
	}
	for _, m := range modules {
		delete(waiting, packageOf(m.Text))
	}
	out, trees := slices.Clone(modules), foreignTrees{}
	var diags []manifest.Diagnostic
	for i := 0; i < len(out); i++ {
		tree, problems := parseForeign(out[i], false)
		diags = append(diags, problems...)
		if tree == nil {
			continue
		}
		trees[out[i].Path] = tree
		wanted := uses(tree)
		for _, pkg := range slices.Sorted(maps.Keys(waiting)) {
			if slices.ContainsFunc(wanted, func(ref ast.Ref) bool { return leadsInto(ref, pkg) }) {
				out = append(out, waiting[pkg]...)
				delete(waiting, pkg)
			}
		}
	}
	return out, trees, diags
}

// leadsInto says that a reference names something of a package, or a folder of packages that holds it.
func leadsInto(ref ast.Ref, pkg string) bool {
	name := strings.TrimPrefix(ref.String(), "data.")
	return len(ref) > 1 && pkg != "" && (name == pkg || strings.HasPrefix(name, pkg+".") || strings.HasPrefix(name, pkg+"[") ||
		strings.HasPrefix(pkg, name+"."))
}

// checkForeignData refuses data that neither a module nor a data file defines: a rule that looks at it would never report.
func checkForeignData(c *ast.Compiler, data map[string]any) []manifest.Diagnostic {
	var diags []manifest.Diagnostic
	for _, tree := range c.Modules {
		ast.WalkRefs(tree, func(ref ast.Ref) bool {
			if name := missingData(c, data, ref); name != "" {
				diags = append(diags, at(ref[0].Loc(), fmt.Sprintf(
					"%s is defined by no policy and no data file; name its file or folder: spec.policy.conftest.data, or --data of adamant policy eval", name)))
			}
			return false
		})
	}
	return diags
}

func missingData(c *ast.Compiler, data map[string]any, ref ast.Ref) string {
	if !ref.HasPrefix(ast.Ref{ast.DefaultRootDocument}) || len(ref) < 2 || !ref[1].IsGround() {
		return ""
	}
	if key, ok := ref[1].Value.(ast.String); ok {
		if _, there := data[string(key)]; there || key == conftestData {
			return ""
		}
	}
	if missing := undefinedPrefix(c, ref); missing != nil {
		return missing.String()
	}
	return ""
}
