package gatekeeper

import (
	"context"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
)

// Template is a compiled ConstraintTemplate: one kind of constraint.
type Template struct {
	Kind        string // of its constraints
	Title       string // annotation metadata.gatekeeper.sh/title
	Description string // annotation description
	Path        string
	Line        int

	unsupported string  // why it cannot be evaluated
	parameters  *schema // nil: constraints take none
	compiler    *ast.Compiler
	origins     map[string]origin // of the modules, by their name for OPA
	inventory   bool              // looks at other objects
	query       rego.PreparedEvalQuery
}

// targetName is Gatekeeper's only target.
const targetName = "admission.k8s.gatekeeper.sh"

// readTemplate reads and compiles one template. What is wrong with it is among the view's problems.
func readTemplate(v *view, text string, sandbox Sandbox) *Template {
	notes := v.field("metadata", "annotations")
	t := &Template{Path: v.doc.Path, Line: v.doc.Line, Kind: v.field("spec", "crd", "spec", "names", "kind").text(),
		Title: notes.field("metadata.gatekeeper.sh/title").text(), Description: oneLine(notes.field("description").text())}
	checkTemplate(v, t.Kind)
	t.readParameters(v)
	targets := v.field("spec", "targets").items()
	if len(targets) != 1 {
		v.field("spec", "targets").complain("a template has exactly one target, this has %d", len(targets))
		return t
	}
	if name := targets[0].field("target").text(); name != targetName {
		targets[0].complain("target %q is not known; Gatekeeper has only %s", name, targetName)
	}
	src := t.readSource(targets[0])
	if src == nil || len(*v.problems) > 0 {
		return t
	}
	t.compile(src, text, v, sandbox)
	return t
}

func checkTemplate(v *view, kind string) {
	if kind := v.field("kind").text(); kind != "ConstraintTemplate" {
		v.field("kind").complain("kind %s is not read; a template is a ConstraintTemplate", kind)
	}
	name := v.field("metadata", "name")
	switch {
	case kind == "":
		v.complain("spec.crd.spec.names.kind is missing: it names the kind of the constraints")
	case !strings.EqualFold(kind, name.text()):
		name.complain("metadata.name is %q; it must be the kind %s in lower case", name.text(), kind)
	}
}

func (t *Template) readParameters(v *view) {
	validation := v.field("spec", "crd", "spec", "validation")
	legacy := validation.field("legacySchema").flag()
	if !validation.field("legacySchema").exists() {
		legacy = !strings.HasSuffix(v.field("apiVersion").text(), "/v1") // what Kubernetes fills in
	}
	switch parameters := validation.field("openAPIV3Schema"); {
	case parameters.exists():
		t.parameters = readSchema(parameters, legacy)
	case legacy:
		t.parameters = &schema{open: true}
	}
}

// source is the Rego of a template, as views of its texts.
type source struct {
	version ast.RegoVersion
	rego    *view
	libs    []*view
}

// readSource finds the Rego of a target; nil when there is none.
func (t *Template) readSource(target *view) *source {
	if r := target.field("rego"); r.exists() {
		return &source{ast.RegoV0, r, target.field("libs").items()}
	}
	var engines []string
	for _, code := range target.field("code").items() {
		engine := code.field("engine").text()
		if engine != "Rego" {
			engines = append(engines, engine)
			continue
		}
		s := code.field("source")
		if !s.field("rego").exists() {
			s.complain("%s has no rego", s.called())
		}
		version := ast.RegoV0
		if s.field("version").text() == "v1" {
			version = ast.RegoV1
		}
		return &source{version, s.field("rego"), s.field("libs").items()}
	}
	if len(engines) == 0 {
		target.complain("the template has no code")
		return nil
	}
	t.unsupported = fmt.Sprintf("its code is for the engine %s; adamant evaluates Rego only", strings.Join(engines, ", "))
	return nil
}

// usable says why a template cannot be evaluated.
func (t *Template) usable() error {
	if t.unsupported == "" {
		return nil
	}
	return fmt.Errorf("template %s is not supported: %s", t.Kind, t.unsupported)
}

// prepare makes the query of a template that looks at no other object.
func (t *Template) prepare(options ...func(*rego.Rego)) (rego.PreparedEvalQuery, error) {
	options = append(options, rego.Compiler(t.compiler), rego.ParsedQuery(entryQuery()), rego.EnablePrintStatements(false),
		rego.GenerateJSON(func(term *ast.Term, _ *rego.EvalContext) (any, error) { return term, nil }))
	return rego.New(options...).PrepareForEval(context.Background())
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
