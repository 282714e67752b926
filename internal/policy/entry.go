package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/manifest"
)

// Require is the entry point that demands a gate.
const Require = "require"

// entry is one rule that reports to the gate.
type entry struct {
	Rule
	module *module
	rule   *ast.Rule // as parsed, renamed to alias
	alias  string
}

// Rule describes one rule of the constitution.
type Rule struct {
	ID          string `json:"id"`
	Kind        string `json:"kind"` // deny, hold, warn, require
	Title       string `json:"title,omitempty"`
	Description string `json:"description,omitempty"`
	Severity    string `json:"severity"` // error, warning, note
	Fix         string `json:"fix,omitempty"`
	Failing     string `json:"failing,omitempty"` // an example the rule reports
	Passing     string `json:"passing,omitempty"` // the same, mended
	Mode        string `json:"mode,omitempty"`    // what adamant.yaml switches it to: off, warn, deny, ratchet
	Builtin     bool   `json:"builtin"`           // ships with adamant
	Path        string `json:"path"`
	Line        int    `json:"line"`
}

func entryPoints() []string { return []string{Deny, Hold, Warn, Require} }

func ownsNative(pkg string) bool {
	return strings.HasPrefix(pkg, "adamant.rules.") || strings.HasPrefix(pkg, "adamant.base.")
}

// nativeEntries finds deny, hold, warn and require. A module without any is an error: a misspelt name would pass in silence.
func nativeEntries(m *module) ([]*entry, []manifest.Diagnostic) {
	var out []*entry
	var diags []manifest.Diagnostic
	for _, r := range m.tree.Rules {
		name := r.Head.Ref()[0].Value.String()
		switch {
		case slices.Contains(entryPoints(), name):
			if problem := notPartialSet(r, name); problem != "" {
				diags = append(diags, at(r.Loc(), problem))
				continue
			}
			e, diag := newEntry(m, r, name)
			diags = append(diags, diag...)
			out = append(out, e)
		case r.Head.RuleKind() == ast.MultiValue && nearest(name) != "":
			diags = append(diags, at(r.Loc(), fmt.Sprintf("rule %s is never evaluated; did you mean %s?", name, nearest(name))))
		}
	}
	if len(out) == 0 && len(diags) == 0 {
		diags = append(diags, at(m.tree.Package.Loc(), fmt.Sprintf(
			"package %s has no rule deny, hold, warn or require, so it would never report anything; helpers belong in package adamant.lib.NAME",
			m.pkg())))
	}
	return out, diags
}

// notPartialSet says why a rule of an entry point's name cannot report.
func notPartialSet(r *ast.Rule, name string) string {
	head := r.Head
	if head.RuleKind() == ast.MultiValue && len(head.Ref()) == 1 && len(head.Args) == 0 && !r.Default {
		return ""
	}
	return fmt.Sprintf("%s must be a set of records; write: %s contains {\"message\": ...} if { ... }", name, name)
}

// nearest is the entry point a name is a slip of the pen for.
func nearest(name string) string {
	for _, entry := range entryPoints() {
		limit := 1
		if len(entry) > 4 {
			limit = 2
		}
		if levenshtein.ComputeDistance(name, entry) <= limit || name == entry+"s" || strings.HasPrefix(name, entry+"_") {
			return entry
		}
	}
	if name == "violation" || name == "denies" {
		return Deny
	}
	return ""
}

func newEntry(m *module, r *ast.Rule, kind string) (*entry, []manifest.Diagnostic) {
	e := &entry{module: m, rule: r, Rule: Rule{ID: defaultID(m.pkg()), Kind: kind, Severity: severityOf(kind),
		Builtin: m.builtin, Path: m.Path, Line: r.Loc().Row}}
	a := annotation(m.tree, r)
	if a == nil {
		return e, nil
	}
	e.Title, e.Description = a.Title, oneLine(a.Description)
	var diags []manifest.Diagnostic
	for key, target := range map[string]*string{"id": &e.ID, "severity": &e.Severity, "fix": &e.Fix, "failing": &e.Failing, "passing": &e.Passing} {
		value, ok := a.Custom[key]
		if !ok {
			continue
		}
		text, ok := value.(string)
		if !ok || text == "" {
			diags = append(diags, at(a.Loc(), fmt.Sprintf("custom.%s of the METADATA must be a text", key)))
			continue
		}
		*target = strings.TrimSpace(text)
	}
	if !slices.Contains([]string{"error", "warning", "note"}, e.Severity) {
		diags = append(diags, at(a.Loc(), fmt.Sprintf("custom.severity %q of the METADATA is not one of error, warning, note", e.Severity)))
	}
	return e, diags
}

// defaultID names the rules of a package that have no custom.id: adamant.rules.team.limits is team/limits.
func defaultID(pkg string) string {
	pkg = strings.TrimPrefix(strings.TrimPrefix(pkg, "adamant."), "rules.")
	return strings.ReplaceAll(pkg, ".", "/")
}

func severityOf(kind string) string {
	if kind == Deny {
		return "error"
	}
	return "warning"
}

// annotation is the METADATA of a rule: its own, else that of the document its definitions make up.
func annotation(tree *ast.Module, r *ast.Rule) *ast.Annotations {
	var document *ast.Annotations
	for _, a := range r.Annotations {
		if a.Scope == "rule" {
			return a
		}
	}
	for _, other := range tree.Rules {
		for _, a := range other.Annotations {
			if a.Scope == "document" && other.Head.Ref().Equal(r.Head.Ref()) {
				document = a
			}
		}
	}
	return document
}

// alias gives every entry point a name of its own, so that one query evaluates them all and each record is known by its
// rule. When policies themselves look at entry points (keep), the rule stays under its old name too.
func aliasEntries(entries []*entry, keep bool) {
	for i, e := range entries {
		e.alias = fmt.Sprintf("adamant__%d", i)
		if keep {
			original := e.rule.Copy()
			original.Module = e.module.tree
			e.module.tree.Rules = append(e.module.tree.Rules, original)
		}
		e.rule.Annotations = nil
		e.rule.Head.SetRef(ast.Ref{ast.NewTerm(ast.Var(e.alias)).SetLocation(e.rule.Head.Location)})
		e.rule.Head.Name = ast.Var(e.alias)
	}
}

// mentionsEntries says that some policy looks at deny, hold, warn or require, by name or by a reference that may be one.
func mentionsEntries(modules []*module) bool {
	found := false
	for _, m := range modules {
		for _, r := range m.tree.Rules {
			heads := map[*ast.Term]bool{r.Head.Ref()[0]: true}
			ast.WalkTerms(r, func(t *ast.Term) bool {
				found = found || !heads[t] && mentions(t)
				return found
			})
		}
		for _, i := range m.tree.Imports {
			found = found || !isLibraryImport(i.Path)
		}
	}
	return found
}

func isLibraryImport(path *ast.Term) bool {
	text := path.Value.String()
	return !strings.HasPrefix(text, "data") || strings.HasPrefix(text, "data.adamant.lib.")
}

func mentions(t *ast.Term) bool {
	switch v := t.Value.(type) {
	case ast.Var:
		return slices.Contains(entryPoints(), string(v))
	case ast.Ref:
		if !v.HasPrefix(ast.Ref{ast.DefaultRootDocument}) {
			return false
		}
		for _, part := range v[1:] {
			text, ok := part.Value.(ast.String)
			if !ok || slices.Contains(entryPoints(), string(text)) {
				return true
			}
		}
		return len(v) < 4 // data.adamant.rules as a whole
	}
	return false
}
