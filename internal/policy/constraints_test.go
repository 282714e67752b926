package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

// clusterTemplate is a template of kind K8sTest whose Rego begins in line 9.
func clusterTemplate(rego string) facts.Module {
	return facts.Module{Path: "policy/t.yaml", Text: `apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: k8stest, annotations: {metadata.gatekeeper.sh/title: Owners, description: Who owns it.}}
spec:
  crd: {spec: {names: {kind: K8sTest}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package k8stest
      ` + rego + "\n"}
}

func clusterConstraint(name, spec string) facts.Module {
	return facts.Module{Path: "policy/" + name + ".yaml", Text: "# why\napiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sTest\nmetadata: {name: " + name + "}\nspec: " + spec + "\n"}
}

const ownerRego = `violation[{"msg": "nobody owns it"}] { not input.review.object.metadata.labels.owner }`

func clusterEngine(t *testing.T, settings manifest.PolicySettings, files ...facts.Module) *Engine {
	t.Helper()
	e, err := Compile(t.Context(), nil, Options{NoBase: true, Constraints: files, Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

const twoPods = "apiVersion: v1\nkind: Pod\nmetadata:\n  labels: {owner: me}\n  name: good\n---\napiVersion: v1\nkind: Pod\nmetadata:\n  labels: {}\n  name: bad\n"

func TestConstraints(t *testing.T) {
	t.Parallel()
	rules := func(id, mode string) manifest.PolicySettings {
		return manifest.PolicySettings{Rules: map[string]string{id: mode}}
	}
	for name, tt := range map[string]struct {
		rego, spec string
		settings   manifest.PolicySettings
		files      []string
		want       []string
	}{
		"denies":   {ownerRego, "{}", manifest.PolicySettings{}, []string{"k.yaml", twoPods}, []string{"k.yaml:11 deny nobody owns it [gatekeeper/c] new"}},
		"warns":    {ownerRego, "{enforcementAction: warn}", manifest.PolicySettings{}, []string{"k.yaml", twoPods}, []string{"k.yaml:11 warn nobody owns it [gatekeeper/c] new"}},
		"dry run":  {ownerRego, "{enforcementAction: dryrun}", manifest.PolicySettings{}, []string{"k.yaml", twoPods}, []string{"k.yaml:11 warn nobody owns it [gatekeeper/c] new"}},
		"switched": {ownerRego, "{}", rules("gatekeeper/*", "warn"), []string{"k.yaml", twoPods}, []string{"k.yaml:11 warn nobody owns it [gatekeeper/c] new"}},
		"no match": {ownerRego, "{match: {kinds: [{kinds: [Job]}]}}", manifest.PolicySettings{}, []string{"k.yaml", twoPods}, nil},
		"a list": {ownerRego, "{}", manifest.PolicySettings{}, []string{"l.yaml", "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: p}\n"},
			[]string{"l.yaml:6 deny nobody owns it [gatekeeper/c] new"}},
		"no name": {ownerRego, "{}", manifest.PolicySettings{}, []string{"k.yaml", "kind: Pod\napiVersion: v1\n"}, []string{"k.yaml:1 deny nobody owns it [gatekeeper/c] new"}},
		"an apiVersion nobody can read": {ownerRego, "{}", manifest.PolicySettings{}, []string{"k.yaml", "kind: Pod\napiVersion: a/b/c\n"},
			[]string{"k.yaml:1 deny nobody owns it [gatekeeper/c] new"}},
		"files for tools": {ownerRego, "{}", manifest.PolicySettings{}, []string{"kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
			"s.yaml", "apiVersion: test.gatekeeper.sh/v1alpha1\nkind: Suite\n", "x.yaml", "a: b\n"}, nil},
		"scoped to other places": {ownerRego, "{enforcementAction: scoped, scopedEnforcementActions: [{action: deny, enforcementPoints: [{name: audit.gatekeeper.sh}]}]}",
			rules("x", "warn"), []string{"k.yaml", twoPods}, nil},
		"scoped to other places, switched on": {ownerRego, "{enforcementAction: scoped, scopedEnforcementActions: [{action: deny, enforcementPoints: [{name: audit.gatekeeper.sh}]}]}",
			rules("gatekeeper/c", "deny"), []string{"k.yaml", twoPods}, []string{"k.yaml:11 deny nobody owns it [gatekeeper/c] new"}},
		"inventory": {`violation[{"msg": "twice"}] { o := data.inventory.namespace.shop.v1.Pod[n]; n != input.review.name; o.spec.host == input.review.object.spec.host }`, "{}",
			manifest.PolicySettings{}, []string{"a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: shop}\nspec: {host: x}\n",
				"b.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: shop}\nspec: {host: x}\n"},
			[]string{"a.yaml:3 deny twice [gatekeeper/c] new", "b.yaml:3 deny twice [gatekeeper/c] new"}},
		"a namespace in the change": {ownerRego, "{match: {kinds: [{kinds: [Pod]}], namespaceSelector: {matchLabels: {env: prod}}}}", manifest.PolicySettings{},
			[]string{"n.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n", "p.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\n"}, nil},
		"a namespace elsewhere": {ownerRego, "{match: {kinds: [{kinds: [Pod]}], namespaceSelector: {matchLabels: {env: prod}}}}", manifest.PolicySettings{},
			[]string{"p.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\n"}, []string{"p.yaml:3 deny nobody owns it [gatekeeper/c] new"}},
		"the namespace itself": {`violation[{"msg": "prod"}] { input.review.namespaceObject.metadata.labels.env == "prod" }`, "{match: {kinds: [{kinds: [Pod]}]}}", manifest.PolicySettings{},
			[]string{"n.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {env: prod}}\n", "p.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\n"},
			[]string{"p.yaml:3 deny prod [gatekeeper/c] new"}},
		"a builtin's error is no violation, as in Gatekeeper": {`violation[{"msg": "m"}] { to_number("x") }`, "{}", manifest.PolicySettings{}, []string{"k.yaml", twoPods}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := clusterEngine(t, tt.settings, clusterTemplate(tt.rego), clusterConstraint("c", tt.spec), clusterConstraint("never", "{match: {name: nobody}}"))
			r, err := e.Eval(t.Context(), &facts.Input{Documents: documentsOf(tt.files...)}, time.Unix(0, 0))
			if err != nil {
				t.Fatal(err)
			}
			if got := said(r); !slices.Equal(got, tt.want) {
				t.Errorf("got %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestConstraintsAreRules(t *testing.T) {
	t.Parallel()
	e := clusterEngine(t, manifest.PolicySettings{Rules: map[string]string{"gatekeeper/b": "ratchet"}}, clusterTemplate(ownerRego),
		clusterConstraint("b", "{}"), clusterConstraint("a", "{enforcementAction: dryrun}"))
	want := []Rule{
		{ID: "gatekeeper/a", Kind: Warn, Severity: "note", Title: "Owners", Description: "Who owns it.", Path: "policy/a.yaml", Line: 2},
		{ID: "gatekeeper/b", Kind: Deny, Severity: "error", Title: "Owners", Description: "Who owns it.", Path: "policy/b.yaml", Line: 2, Mode: "ratchet"},
	}
	if got := e.Rules(); !slices.Equal(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// What base's objects broke already is unchanged: also after a move, and although the file got another violation before it.
func TestConstraintsCompareWithBase(t *testing.T) {
	t.Parallel()
	e := clusterEngine(t, manifest.PolicySettings{}, clusterTemplate(ownerRego), clusterConstraint("c", "{}"))
	in := &facts.Input{
		Documents: documentsOf("new.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: other}\n---\n"+twoPods),
		Before:    documentsOf("old.yaml", twoPods),
		Files:     []facts.File{{Path: "new.yaml", OldPath: "old.yaml", Status: "renamed"}},
	}
	r, err := e.Eval(t.Context(), in, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"new.yaml:3 deny nobody owns it [gatekeeper/c] new", "new.yaml:15 deny nobody owns it [gatekeeper/c] unchanged"}
	if got := said(r); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

// A document says the same after it has been through JSON.
func TestConstraintsReplay(t *testing.T) {
	t.Parallel()
	e := clusterEngine(t, manifest.PolicySettings{}, clusterConstraint("c", "{}"),
		clusterTemplate(`violation[{"msg": json.marshal({"r": input.review, "i": data.inventory})}] { true }`))
	in := &facts.Input{Documents: documentsOf("k.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, n: 1.0}\n---\n"+
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nspec: {i: 5, f: 1.50, e: 1e3, big: 12345678901234567890, n: null}\n")}
	first, err := e.Eval(t.Context(), in, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var again facts.Input
	if err := dec.Decode(&again); err != nil {
		t.Fatal(err)
	}
	for i := range again.Documents {
		again.Documents[i].Lines = in.Documents[i].Lines
	}
	second, err := e.Eval(t.Context(), &again, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := said(second), said(first); len(want) != 2 || !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestConstraintsThatCannotJudge(t *testing.T) {
	t.Parallel()
	cel := facts.Module{Path: "policy/t.yaml", Text: strings.Replace(clusterTemplate(ownerRego).Text, "    rego: |\n",
		"    code: [{engine: K8sNativeValidation, source: {}}]\n    other: |\n", 1)}
	for name, tt := range map[string]struct {
		template facts.Module
		off      bool
		want     string
	}{
		"broken Rego": {clusterTemplate("violation[x {"), false, "policy/t.yaml:10:19: unexpected"},
		"network":     {clusterTemplate(`violation[{"msg": "m"}] { http.send({}).body }`), false, "policy/t.yaml:10:33: undefined function http.send"},
		"CEL":         {cel, false, "policy/c.yaml:2: template K8sTest is not supported: its code is for the engine K8sNativeValidation; adamant evaluates Rego only; to do without it, switch gatekeeper/c off"},
		"CEL, off":    {cel, true, ""},
	} {
		settings := manifest.PolicySettings{}
		if tt.off {
			settings.Rules = map[string]string{"gatekeeper/c": "off"}
		}
		e, err := Compile(t.Context(), nil, Options{Constraints: []facts.Module{tt.template, clusterConstraint("c", "{}")}, Settings: settings})
		var diags manifest.Diagnostics
		switch {
		case tt.want != "" && (!errors.As(err, &diags) || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case tt.want == "":
			if _, err := e.Eval(t.Context(), &facts.Input{Documents: documentsOf("k.yaml", twoPods)}, time.Unix(0, 0)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestConstraintsThatFail(t *testing.T) {
	t.Parallel()
	run := func(rego string, deadline time.Duration) error {
		e := clusterEngine(t, manifest.PolicySettings{}, clusterTemplate(rego), clusterConstraint("c", "{}"))
		e.deadline = deadline
		r, err := e.Eval(t.Context(), &facts.Input{Documents: documentsOf("k.yaml", twoPods)}, time.Unix(0, 0))
		if r != nil {
			t.Errorf("%s: a result beside an error", rego)
		}
		return err
	}
	var failed *EvalError
	err := run(`f(x) = 1 { true } f(x) = 2 { true } violation[{"msg": "m"}] { f(1) }`, time.Minute)
	if !errors.As(err, &failed) || failed.Path != "policy/t.yaml" || failed.Line != 10 || !strings.Contains(failed.Message, "constraint c on document 0 of k.yaml") {
		t.Errorf("got %v", err)
	}
	if err = run(`violation["m"] { true }`, time.Minute); !errors.As(err, &failed) {
		t.Errorf("got %v", err)
	}
	var slow *TimeoutError
	err = run(`violation[{"msg": "m"}] { count([x | numbers.range(1, 100000)[_]; numbers.range(1, 100000)[_]; x := 1]) < 0 }`, 200*time.Millisecond)
	if !errors.As(err, &slow) {
		t.Errorf("got %v", err)
	}
}

// Objects tell fingerprints apart, places do not.
func TestConstraintFingerprints(t *testing.T) {
	t.Parallel()
	e := clusterEngine(t, manifest.PolicySettings{}, clusterTemplate(ownerRego), clusterConstraint("c", "{}"))
	prints := func(path, text string) []string {
		r, err := e.Eval(t.Context(), &facts.Input{Documents: documentsOf(path, text)}, time.Unix(0, 0))
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, v := range r.Violations {
			out = append(out, v.Fingerprint)
			if v.State != finding.New || v.Tool != Tool {
				t.Errorf("got %+v", v)
			}
		}
		return out
	}
	bad := func(name string) string { return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + "}\n" }
	one, moved, two := prints("a.yaml", bad("x")), prints("b.yaml", "# c\n"+bad("x")), prints("a.yaml", bad("x")+"---\n"+bad("y"))
	if !slices.Equal(one, moved) || len(two) != 2 || two[0] != one[0] || two[1] == one[0] {
		t.Errorf("got %v, %v, %v", one, moved, two)
	}
}

// Templates see the objects of unchanged files, as they see them at base: what was there twice already is unchanged.
func TestConstraintsLookAround(t *testing.T) {
	t.Parallel()
	e := clusterEngine(t, manifest.PolicySettings{}, clusterConstraint("c", "{match: {namespaceSelector: {matchLabels: {env: prod}}}}"),
		clusterTemplate(`violation[{"msg": sprintf("host of %v", [n])}] { o := data.inventory.namespace.shop.v1.Pod[n]; n != input.review.name; o.spec.host == input.review.object.spec.host }`))
	pod := func(name, host string) string {
		return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + ", namespace: shop}\nspec: {host: " + host + "}\n"
	}
	in := &facts.Input{
		Documents: documentsOf("a.yaml", pod("a", "x"), "b.yaml", pod("b", "y")),
		Before:    documentsOf("a.yaml", pod("a", "x"), "b.yaml", pod("b", "z")),
		Around:    documentsOf("c.yaml", pod("c", "x")+"---\n"+pod("d", "y"), "n.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {env: prod}}\n"),
		Files:     []facts.File{{Path: "a.yaml"}, {Path: "b.yaml"}},
	}
	r, err := e.Eval(t.Context(), in, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a.yaml:3 deny host of c [gatekeeper/c] unchanged", "b.yaml:3 deny host of d [gatekeeper/c] new"}
	if got := said(r); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	in.Around[2].Value = map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": "shop"}}
	if r, err = e.Eval(t.Context(), in, time.Unix(0, 0)); err != nil || len(r.Violations) != 0 {
		t.Errorf("got %q, %v; the namespace is not selected", said(r), err)
	}
}
