// Package gatekeeper reads the policies of OPA Gatekeeper (ConstraintTemplates, Constraints and gator's suites) and judges
// Kubernetes objects by them. It promises the answers of Gatekeeper v3 for templates in Rego, in the sandbox of the caller: no
// network, no clock but the one it is given, no chance. What it cannot evaluate (CEL, external data) it names; it never passes
// it over. It reads no file but through the ReadFile of a suite run.
package gatekeeper

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

// The API groups of what is read.
const (
	groupTemplate   = "templates.gatekeeper.sh"
	groupConstraint = "constraints.gatekeeper.sh"
	groupSuite      = "test.gatekeeper.sh"
	groupExpansion  = "expansion.gatekeeper.sh"
)

// Sandbox is what templates may do.
type Sandbox struct {
	Capabilities *ast.Capabilities       // built-in functions that may be called
	Explain      func(*ast.Error) string // an OPA error in words
}

// Library is a set of templates and the constraints that use them. It is safe for concurrent use.
type Library struct {
	templates   map[string]*Template // by kind
	broken      map[string]bool      // kinds whose templates cannot be used
	constraints []*Constraint        // sorted by kind and name
}

// Load compiles the templates of the files and reads their constraints; documents of any other kind are left alone. The error
// is a manifest.Diagnostics with path:line:column of everything that is wrong.
func Load(files []facts.Module, sandbox Sandbox) (*Library, error) {
	l := &Library{templates: map[string]*Template{}, broken: map[string]bool{}}
	var problems []manifest.Diagnostic
	var constraints []*view
	for _, file := range files {
		for _, doc := range manifest.ParseYAML(file.Path, []byte(file.Text)) {
			if doc.Err != nil {
				problems = append(problems, *doc.Err)
				continue
			}
			switch v := newView(doc); groupOf(doc.Value) {
			case groupTemplate:
				problems = append(problems, l.addTemplate(v, file.Text, sandbox)...)
			case groupConstraint:
				constraints = append(constraints, v)
			}
		}
	}
	for _, v := range constraints {
		problems = append(problems, l.addConstraint(v)...)
	}
	slices.SortFunc(l.constraints, func(a, b *Constraint) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Name, b.Name))
	})
	return l, manifest.Join(problems)
}

// Constraints lists the constraints, sorted by kind and name.
func (l *Library) Constraints() []*Constraint { return slices.Clone(l.constraints) }

func (l *Library) addTemplate(v *view, text string, sandbox Sandbox) []manifest.Diagnostic {
	t := readTemplate(v, text, sandbox)
	if len(*v.problems) > 0 {
		l.broken[t.Kind] = true
		return *v.problems
	}
	if other := l.templates[t.Kind]; other != nil {
		return []manifest.Diagnostic{v.doc.Diagnose("/metadata/name", fmt.Sprintf(
			"a second template of kind %s; the first is %s:%d", t.Kind, other.Path, other.Line))}
	}
	l.templates[t.Kind] = t
	return nil
}

func (l *Library) addConstraint(v *view) []manifest.Diagnostic {
	kind := v.field("kind").text()
	t := l.templates[kind]
	if t == nil && l.broken[kind] {
		return nil // the template's problems say enough
	}
	if t == nil {
		return []manifest.Diagnostic{v.doc.Diagnose("/kind", fmt.Sprintf("no ConstraintTemplate defines the kind %s", kind))}
	}
	c, problems := t.newConstraint(v)
	if len(problems) > 0 {
		return problems
	}
	for _, other := range l.constraints {
		if other.Kind == c.Kind && other.Name == c.Name {
			return []manifest.Diagnostic{v.doc.Diagnose("/metadata/name", fmt.Sprintf(
				"a second %s named %s; the first is %s:%d", c.Kind, c.Name, other.Path, other.Line))}
		}
	}
	l.constraints = append(l.constraints, c)
	return nil
}
