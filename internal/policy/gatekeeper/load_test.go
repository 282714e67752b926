package gatekeeper_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy"
	"github.com/adamant-os/adamant/internal/policy/gatekeeper"
)

// template is a ConstraintTemplate of kind K8sTest around some Rego v0, which begins in line 11.
func template(rego string) string {
	return `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: k8stest}
spec:
  crd: {spec: {names: {kind: K8sTest}, validation: {openAPIV3Schema: {type: object, properties: {
    labels: {type: array, items: {type: string}}}}}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      rego: |
        package k8stest

` + indent(rego, 8)
}

func indent(text string, n int) string {
	return strings.Repeat(" ", n) + strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", n)) + "\n"
}

const constraint = "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sTest\nmetadata: {name: test}\nspec: {}\n"

func load(files ...facts.Module) (*gatekeeper.Library, error) {
	return gatekeeper.Load(files, policy.Sandbox())
}

func TestLoadMistakes(t *testing.T) {
	t.Parallel()
	const fine = `violation[{"msg": "no"}] { input.review.object }`
	good := facts.Module{Path: "t.yaml", Text: template(fine)}
	for name, c := range map[string]struct {
		text string
		want string // of the error; empty: no error
	}{
		"fine":                       {constraint, ""},
		"another document":           {"apiVersion: v1\nkind: Pod\n", ""},
		"empty":                      {"# templates.gatekeeper.sh\n", ""},
		"broken YAML":                {"apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: [\n", "x.yaml:2"},
		"syntax":                     {retitled("violation[{\"msg\": \"no\"}] {\n  x := \n}"), "x.yaml:14:9: unexpected } token"},
		"http.send":                  {retitled(`violation[{"msg": "no"}] { http.send({}).body }`), "x.yaml:12:36: undefined function http.send: policies must give the same answer on every machine"},
		"external data":              {retitled(`violation[{"msg": "no"}] { external_data({}) }`), "x.yaml:12:36: external_data asks a service"},
		"no violation":               {retitled(`violations[{"msg": "no"}] { true }`), "x.yaml:10:9: the template has no rule violation"},
		"violation no set":           {retitled(`violation = true { true }`), "x.yaml:12:9: violation must be a set"},
		"other data":                 {retitled(`violation[{"msg": "no"}] { data.secrets.a }`), "x.yaml:12:36: data.secrets.a: templates see only data.lib and data.inventory"},
		"data as a whole":            {retitled(`violation[{"msg": "no"}] { data[_] }`), "templates see only data.lib"},
		"other import":               {strings.Replace(retitled(fine), "\n\n        vio", "\n        import data.other\n        vio", 1), "x.yaml:11:9: import data.other"},
		"unsafe":                     {retitled(`violation[{"msg": msg}] { true }`), "var msg is unsafe"},
		"the name":                   {strings.Replace(retitled(fine), "name: k8sother", "name: other", 1), `metadata.name is "other"; it must be the kind K8sOther in lower case`},
		"another target":             {strings.Replace(retitled(fine), "admission.k8s", "audit.k8s", 1), `target "audit.k8s.gatekeeper.sh" is not known`},
		"two targets":                {retitled(fine) + "    - target: admission.k8s.gatekeeper.sh\n", "exactly one target, this has 2"},
		"no Rego":                    {strings.Replace(retitled(fine), "rego: |", "other: |", 1), "x.yaml:8:7: the template has no code"},
		"another kind":               {"apiVersion: templates.gatekeeper.sh/v1\nkind: Template\nmetadata: {name: a}\n", "x.yaml:2:1: kind Template is not read"},
		"a second template":          {template(fine), "x.yaml:3:12: a second template of kind K8sTest; the first is t.yaml:1"},
		"an own function of adamant": {retitled(`violation[{"msg": "no"}] { adamant.match_path("a", "b") }`), "undefined function adamant.match_path"},

		"no template":           {strings.Replace(constraint, "K8sTest", "K8sNothing", 1), "x.yaml:2:1: no ConstraintTemplate defines the kind K8sNothing"},
		"a second constraint":   {constraint + "---\n" + constraint, "x.yaml:8:12: a second K8sTest named test; the first is x.yaml:1"},
		"a bad name":            {strings.Replace(constraint, "name: test", "name: Test", 1), `x.yaml:3:12: metadata.name "Test" is no name`},
		"an unknown field":      {strings.Replace(constraint, "spec: {}", "spec: {mtach: {}}", 1), "x.yaml:4:8: spec.mtach is no field of the schema"},
		"an unknown parameter":  {strings.Replace(constraint, "spec: {}", "spec: {parameters: {lables: []}}", 1), "spec.parameters.lables is no field of the schema"},
		"a wrong parameter":     {strings.Replace(constraint, "spec: {}", "spec: {parameters: {labels: [5]}}", 1), "spec.parameters.labels.0 must be of type string"},
		"an action":             {strings.Replace(constraint, "spec: {}", "spec: {enforcementAction: refuse}", 1), `enforcementAction "refuse" is not one of deny, warn, dryrun, scoped`},
		"scoped without scopes": {strings.Replace(constraint, "spec: {}", "spec: {enforcementAction: scoped}", 1), "needs spec.scopedEnforcementActions"},
		"a glob in the middle":  {strings.Replace(constraint, "spec: {}", "spec: {match: {namespaces: [a*b]}}", 1), "does not match"},
		"a version":             {strings.Replace(constraint, "v1beta1", "v9", 1), "apiVersion constraints.gatekeeper.sh/v9 is not known"},
		"a list for a mapping":  {strings.Replace(constraint, "spec: {}", "spec: []", 1), "spec must be of type object"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(good, facts.Module{Path: "x.yaml", Text: c.text})
			var diags manifest.Diagnostics
			switch {
			case c.want == "" && err != nil:
				t.Errorf("got %v, want no error", err)
			case c.want == "":
			case !errors.As(err, &diags):
				t.Errorf("got %v, want diagnostics", err)
			case !strings.Contains(err.Error(), c.want):
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

// retitled is template of another kind.
func retitled(rego string) string {
	return strings.NewReplacer("k8stest", "k8sother", "K8sTest", "K8sOther").Replace(template(rego))
}

func TestConstraintsAreListed(t *testing.T) {
	t.Parallel()
	scoped := func(actions string) string {
		return strings.Replace(constraint, "spec: {}", "spec: {enforcementAction: scoped, scopedEnforcementActions: ["+actions+"]}", 1)
	}
	for spec, want := range map[string]string{
		constraint: gatekeeper.ActionDeny,
		strings.Replace(constraint, "spec: {}", "spec: {enforcementAction: warn}", 1):                                                gatekeeper.ActionWarn,
		strings.Replace(constraint, "spec: {}", "spec: {enforcementAction: dryrun}", 1):                                              gatekeeper.ActionDryRun,
		strings.Replace(constraint, "spec: {}", "", 1):                                                                               gatekeeper.ActionDeny,
		scoped("{action: deny, enforcementPoints: [{name: validation.gatekeeper.sh}]}"):                                              "",
		scoped("{action: warn, enforcementPoints: [{name: '*'}]}"):                                                                   gatekeeper.ActionWarn,
		scoped("{action: warn, enforcementPoints: [{name: '*'}]}, {action: deny, enforcementPoints: [{name: gator.gatekeeper.sh}]}"): gatekeeper.ActionDeny,
	} {
		l, err := load(facts.Module{Path: "t.yaml", Text: template(`violation[{"msg": "no"}] { true }`)}, facts.Module{Path: "c.yaml", Text: spec})
		if err != nil {
			t.Errorf("%s: %v", spec, err)
			continue
		}
		list := l.Constraints()
		if len(list) != 1 || list[0].Action != want || list[0].Name != "test" || list[0].Path != "c.yaml" || list[0].Line != 1 || list[0].Usable() != nil {
			t.Errorf("%s: got %+v, want action %q", spec, list, want)
		}
	}
}

func TestCELIsNamed(t *testing.T) {
	t.Parallel()
	cel := `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: k8stest}
spec:
  crd: {spec: {names: {kind: K8sTest}}}
  targets:
    - target: admission.k8s.gatekeeper.sh
      code:
        - engine: K8sNativeValidation
          source: {validations: [{expression: "true"}]}
`
	l, err := load(facts.Module{Path: "t.yaml", Text: cel}, facts.Module{Path: "c.yaml", Text: constraint})
	if err != nil {
		t.Fatal(err)
	}
	err = l.Constraints()[0].Usable()
	if err == nil || !strings.Contains(err.Error(), "template K8sTest is not supported: its code is for the engine K8sNativeValidation") {
		t.Errorf("got %v", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(template(`violation[{"msg": "no"}] { input.review.object }`) + "---\n" + constraint)
	f.Add("apiVersion: templates.gatekeeper.sh/v1beta1\nkind: ConstraintTemplate\nspec: {targets: [{code: [{engine: Rego}]}]}")
	f.Add("apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sTest\nspec: {match: {kinds: 5}}")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := load(facts.Module{Path: "f.yaml", Text: text})
		if err != nil {
			var diags manifest.Diagnostics
			if !errors.As(err, &diags) || len(diags) == 0 {
				t.Errorf("got %v, want diagnostics", err)
			}
			return
		}
		for _, c := range l.Constraints() {
			if c.Kind == "" || c.Name == "" || c.Template == nil {
				t.Errorf("a constraint without kind, name or template: %+v", c)
			}
		}
	})
}
