package policy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

// module is one parsed Rego file.
type module struct {
	facts.Module
	tree    *ast.Module
	builtin bool // ships with adamant
}

// dialect is one form of policy files: how its modules are recognised and which of their rules report to the gate. Adding a
// form is one line in dialects.
type dialect struct {
	name    string
	owns    func(pkg string) bool
	entries func(m *module) ([]*entry, []manifest.Diagnostic)
}

func dialects() []dialect {
	return []dialect{{"adamant", ownsNative, nativeEntries}}
}

// IsTest says that a module holds tests: they are run by Test and never judge a change.
func IsTest(path string) bool { return strings.HasSuffix(path, "_test.rego") }

// Foreign says that a module is somebody else's: its package is not ours, not even misspelt. Modules under .adamant/ are never
// foreign.
func Foreign(m facts.Module) bool {
	if strings.HasPrefix(m.Path, ".adamant/") {
		return false
	}
	for line := range strings.SplitSeq(m.Text, "\n") {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "package ")
		if !ok {
			continue
		}
		first, _, _ := strings.Cut(strings.TrimSpace(name), ".")
		return levenshtein.ComputeDistance(first, "adamant") > 2
	}
	return false
}

// parseModules parses what is ours and no test. Every problem of every module is reported.
func parseModules(list []facts.Module, builtin bool) ([]*module, []manifest.Diagnostic) {
	var out []*module
	var diags []manifest.Diagnostic
	for _, m := range list {
		if IsTest(m.Path) || Foreign(m) {
			continue
		}
		tree, err := ast.ParseModuleWithOpts(m.Path, m.Text, parserOptions())
		switch {
		case isEmptyModule(m.Text):
			diags = append(diags, manifest.Diagnostic{Path: m.Path, Line: 1, Column: 1,
				Message: "module is empty; delete the file or write package adamant.rules.NAME"})
		case err != nil:
			diags = append(diags, diagnose(m.Path, err)...)
		case forAside(strings.TrimPrefix(tree.Package.Path.String(), "data.")): // about who may push or what may run, not about changes
		default:
			out = append(out, &module{Module: m, tree: tree, builtin: builtin})
		}
	}
	return out, diags
}

func isEmptyModule(text string) bool {
	for line := range strings.SplitSeq(text, "\n") {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return false
		}
	}
	return true
}

// diagnose gives OPA's errors their place and a hint.
func diagnose(path string, err error) []manifest.Diagnostic {
	var list ast.Errors
	if !errors.As(err, &list) {
		return []manifest.Diagnostic{{Path: path, Message: oneLine(err.Error())}}
	}
	out := make([]manifest.Diagnostic, len(list))
	for i, e := range list {
		out[i] = manifest.Diagnostic{Path: path, Message: explain(e)}
		if e.Location != nil {
			out[i] = at(e.Location, explain(e))
		}
	}
	return out
}

func at(loc *ast.Location, message string) manifest.Diagnostic {
	return manifest.Diagnostic{Path: loc.File, Line: loc.Row, Column: loc.Col, Message: message}
}

// explain is an error's message with what OPA knows beyond it, and what to do about the common ones.
func explain(e *ast.Error) string {
	text := e.Message
	if e.Details != nil {
		for _, line := range e.Details.Lines() {
			line = strings.TrimSpace(line)
			if rest, ok := strings.CutPrefix(line, "want (one of): "); ok {
				text += "; the names there are " + strings.Trim(rest, "[]")
			}
		}
	}
	if name, ok := strings.CutPrefix(e.Message, "undefined function "); ok && removed(name) {
		text += ": policies must give the same answer on every machine, so they cannot reach network, chance, clock or zones"
	}
	return oneLine(text)
}

func removed(name string) bool {
	b, ok := ast.BuiltinMap[name]
	return ok && !isDeterministic(b)
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// pkg is a module's package without "data.".
func (m *module) pkg() string { return strings.TrimPrefix(m.tree.Package.Path.String(), "data.") }

// checkPackages refuses packages nobody reads and user modules that reach into built-in packages.
func checkPackages(modules []*module, skipped []*indexed) []manifest.Diagnostic {
	own := map[string]bool{}
	for _, x := range skipped {
		own[x.Package] = true
	}
	for _, m := range modules {
		own[m.pkg()] = own[m.pkg()] || m.builtin
	}
	var diags []manifest.Diagnostic
	for _, m := range modules {
		switch {
		case m.builtin:
		case own[m.pkg()] || strings.HasPrefix(m.pkg(), "adamant.base"):
			diags = append(diags, at(m.tree.Package.Loc(), fmt.Sprintf(
				"package %s belongs to adamant; use adamant.rules.NAME or adamant.lib.NAME", m.pkg())))
		case dialectOf(m) == nil && !isLibrary(m.pkg()):
			diags = append(diags, at(m.tree.Package.Loc(), fmt.Sprintf(
				"no rule of package %s is ever evaluated; rules stand in packages adamant.rules.NAME, helpers in adamant.lib.NAME", m.pkg())))
		}
	}
	return diags
}

func dialectOf(m *module) *dialect {
	all := dialects()
	for i := range all {
		if all[i].owns(m.pkg()) {
			return &all[i]
		}
	}
	return nil
}

func isLibrary(pkg string) bool {
	return pkg == "adamant.lib" || strings.HasPrefix(pkg, "adamant.lib.")
}
