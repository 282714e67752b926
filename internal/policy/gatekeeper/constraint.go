package gatekeeper

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/adamant-os/adamant/internal/manifest"
)

// The enforcement actions, from strictest to mildest.
const (
	ActionDeny   = "deny"
	ActionWarn   = "warn"
	ActionDryRun = "dryrun"
)

const (
	actionScoped = "scoped"
	// enforcementPoint is where adamant stands in: before the cluster, as gator does.
	enforcementPoint = "gator.gatekeeper.sh"
)

// Constraint is one use of a template: which objects, with which parameters, and what to do about a violation.
type Constraint struct {
	Kind     string
	Name     string
	Action   string // deny, warn, dryrun; empty when its scoped actions leave the checks before the cluster out
	Path     string
	Line     int
	Template *Template

	match      *match
	parameters ast.Value
}

// Usable says why a constraint cannot be evaluated, nil when it can.
func (c *Constraint) Usable() error { return c.Template.usable() }

// schemaError marks problems that gator's suites may expect: a constraint that does not fit its template.
type schemaError struct{ manifest.Diagnostics }

// newConstraint reads a constraint of the template.
func (t *Template) newConstraint(v *view) (*Constraint, []manifest.Diagnostic) {
	if problems := t.checkConstraint(v); len(problems) > 0 {
		return nil, problems
	}
	c := &Constraint{Kind: t.Kind, Name: v.field("metadata", "name").text(), Path: v.doc.Path, Line: v.doc.Line, Template: t,
		Action: readAction(v.field("spec"))}
	c.match = readMatch(v.field("spec", "match"))
	parameters := v.field("spec", "parameters").value
	if parameters == nil && t.parameters != nil {
		parameters = t.parameters.standard
	}
	if parameters = t.parameters.withDefaults(parameters); parameters == nil {
		parameters = map[string]any{}
	}
	var err error
	if c.parameters, err = ast.InterfaceToValue(parameters); err != nil {
		v.field("spec", "parameters").complain("reading the parameters: %v", err)
	}
	return c, *v.problems
}

var dnsName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
})

// checkConstraint applies what the API server checks: name, version and schema.
func (t *Template) checkConstraint(v *view) []manifest.Diagnostic {
	name := v.field("metadata", "name")
	if text := name.text(); !dnsName().MatchString(text) {
		name.complain("metadata.name %q is no name of a Kubernetes object: lower case letters, digits, - and .", text)
	}
	if version := v.field("apiVersion").text(); !slices.Contains([]string{"v1beta1", "v1alpha1"}, version[strings.LastIndex(version, "/")+1:]) {
		v.field("apiVersion").complain("apiVersion %s is not known; constraints are of constraints.gatekeeper.sh/v1beta1", version)
	}
	problems := *v.problems
	for _, f := range t.constraintFaults(v.value) {
		at := view{doc: v.doc, pointer: f.pointer}
		problems = append(problems, v.doc.Diagnose(f.pointer, fmt.Sprintf("%s %s", at.called(), f.message)))
	}
	return problems
}

// constraintFaults are what the schema of the constraint's kind finds wrong.
func (t *Template) constraintFaults(value any) []fault {
	spec := *constraintSchema()
	spec.properties = map[string]*schema{"parameters": t.parameters}
	for name, property := range constraintSchema().properties {
		spec.properties[name] = property
	}
	if t.parameters == nil {
		delete(spec.properties, "parameters")
	}
	root := schema{kind: "object", open: true, properties: map[string]*schema{"spec": &spec}}
	return root.faults(value, "")
}

// constraintSpec is the schema of spec but for the parameters, which each template has its own for.
const constraintSpec = `
type: object
properties:
  enforcementAction: {type: string}
  scopedEnforcementActions:
    type: array
    items:
      type: object
      properties:
        action: {type: string}
        enforcementPoints:
          type: array
          items: {type: object, properties: {name: {type: string}}}
  match:
    type: object
    properties:
      source: {type: string, enum: [All, Generated, Original]}
      scope: {type: string}
      name: &glob {type: string, pattern: '^\*?[-:a-z0-9]*\*?$'}
      namespaces: {type: array, items: *glob}
      excludedNamespaces: {type: array, items: *glob}
      kinds:
        type: array
        items:
          type: object
          properties:
            apiGroups: {type: array, items: {type: string}}
            kinds: {type: array, items: {type: string}}
      namespaceSelector: &selector
        type: object
        properties:
          matchLabels: {type: object, additionalProperties: {type: string}}
          matchExpressions:
            type: array
            items:
              type: object
              required: [key, operator]
              properties:
                key: {type: string}
                operator: {type: string}
                values: {type: array, items: {type: string}}
      labelSelector: *selector
`

var constraintSchema = sync.OnceValue(func() *schema {
	return readSchema(newView(manifest.ParseYAML("", []byte(constraintSpec))[0]), false)
})

// readAction is what to do about a violation before the cluster: the strictest of the actions scoped to that.
func readAction(spec *view) string {
	action := spec.field("enforcementAction")
	switch text := action.text(); text {
	case "":
		return ActionDeny
	case ActionDeny, ActionWarn, ActionDryRun:
		return text
	case actionScoped:
		return readScoped(spec.field("scopedEnforcementActions"))
	default:
		action.complain("enforcementAction %q is not one of deny, warn, dryrun, scoped", text)
		return text
	}
}

func readScoped(list *view) string {
	if !list.exists() {
		list.complain("enforcementAction scoped needs spec.scopedEnforcementActions")
	}
	strictness := []string{"", ActionDryRun, ActionWarn, ActionDeny}
	strictest := 0
	for _, item := range list.items() {
		action := item.field("action").text()
		rank := slices.Index(strictness, action)
		if rank < 1 {
			item.complain("action %q is not one of deny, warn, dryrun", action)
		}
		for _, point := range item.field("enforcementPoints").items() {
			if name := point.field("name").text(); name == "*" || name == enforcementPoint {
				strictest = max(strictest, rank)
			}
		}
	}
	return strictness[strictest]
}
