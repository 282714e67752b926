//go:build interop

package gatekeeper_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy"
	"github.com/adamant-os/adamant/internal/policy/gatekeeper"
)

// gator is the real thing. Building it takes minutes, so it is used where it is installed; make test-interop says when it is not.
func gator(t *testing.T) string {
	t.Helper()
	path := os.Getenv("GATOR")
	if path == "" {
		path, _ = exec.LookPath("gator")
	}
	if path == "" {
		t.Skip("LEFT OUT: gator is not installed; go install github.com/open-policy-agent/gatekeeper/v3/cmd/gator@v3.23.1, or set GATOR")
	}
	return path
}

// verify runs gator's suites below a folder. Templates with two engines are run as Rego, which is all that adamant evaluates.
func verify(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), gator(t), "verify", "--enable-k8s-native-validation=false", "./...")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		text := string(out)
		t.Fatalf("gator does not agree: %v\n%s", err, text[:min(len(text), 6000)])
	}
}

func TestGatorAgreesOnTestdata(t *testing.T) {
	t.Parallel()
	verify(t, "testdata")
}

// TestGatorAgreesOnExport runs the suites of every exported rule.
func TestGatorAgreesOnExport(t *testing.T) {
	t.Parallel()
	out, err := policy.ExportGatekeeper(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, r := range out.Rules {
		for name, text := range r.Files {
			put(t, filepath.Join(dir, r.Folder, name), text)
		}
	}
	verify(t, dir)
	t.Logf("gator passes the suites of %d exported rules; %d are not exported", len(out.Rules), len(out.Skipped))
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// differential writes suites whose expectations are adamant's own answers: gator must have the same.
type differential struct {
	t        *testing.T
	dir      string
	template string
	suite    strings.Builder
	count    int
	random   *rand.Rand
	library  *gatekeeper.Library
}

func newDifferential(t *testing.T, rego string) *differential {
	t.Helper()
	gator(t)
	d := &differential{t: t, dir: t.TempDir(), template: template(rego), random: rand.New(rand.NewPCG(20261123, 1))}
	put(t, filepath.Join(d.dir, "template.yaml"), d.template)
	d.suite.WriteString("kind: Suite\napiVersion: test.gatekeeper.sh/v1alpha1\nmetadata: {name: d}\ntests:\n")
	return d
}

// write puts a value into a file of its own and returns the name.
func (d *differential) write(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		d.t.Fatal(err)
	}
	d.count++
	name := fmt.Sprintf("f%d.yaml", d.count)
	put(d.t, filepath.Join(d.dir, name), string(text)+"\n")
	return name
}

func (d *differential) constraint(spec any) (name string, err error) {
	value := map[string]any{"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "K8sTest", "metadata": map[string]any{"name": "c"}, "spec": spec}
	name = d.write(value)
	text, err := json.Marshal(value)
	if err != nil {
		d.t.Fatal(err)
	}
	d.library, err = load(facts.Module{Path: "template.yaml", Text: d.template}, facts.Module{Path: name, Text: string(text)})
	return name, err
}

// oracle runs one case with adamant.
func (d *differential) oracle(constraint, object string, inventory []string) []string {
	files := tree{"template.yaml": d.template}
	for _, name := range append([]string{constraint, object}, inventory...) {
		data, err := os.ReadFile(filepath.Join(d.dir, name))
		if err != nil {
			d.t.Fatal(err)
		}
		files[name] = string(data)
	}
	files["suite.yaml"] = fmt.Sprintf("kind: Suite\napiVersion: test.gatekeeper.sh/v1alpha1\ntests:\n- name: a\n  template: template.yaml\n  constraint: %s\n  cases:\n  - {name: b, object: %s, inventory: [%s], assertions: [{violations: 99}]}\n",
		constraint, object, strings.Join(inventory, ", "))
	reason := files.run(d.t).Results[0].Reason
	found := regexp.MustCompile(`^want 99 violations, got \d+ of: (\[.*\])$`).FindStringSubmatch(reason)
	if found == nil {
		d.t.Fatalf("adamant has no answer: %s", reason)
	}
	var out []string
	for _, quoted := range regexp.MustCompile(`"(?:[^"\\]|\\.)*"`).FindAllString(found[1], -1) {
		var text string
		if err := json.Unmarshal([]byte(quoted), &text); err != nil {
			d.t.Fatalf("%s: %v", quoted, err)
		}
		out = append(out, text)
	}
	return out
}

func (d *differential) pick(values ...any) any { return values[d.random.IntN(len(values))] }

func (d *differential) object() map[string]any {
	metadata := map[string]any{}
	set := func(name string, values ...any) {
		if v := d.pick(append(values, nil)...); v != nil {
			metadata[name] = v
		}
	}
	set("name", "web", "web-1", "db-1", "shop", "bank", "kube-system")
	set("namespace", "shop", "bank", "kube-system")
	set("generateName", "web-", "db-")
	set("labels", map[string]any{"app": "web"}, map[string]any{"app": "db", "tier": "front"}, map[string]any{}, map[string]any{"app": "web", "team": "a"})
	kind := d.pick("Pod", "Service", "Namespace", "Deployment", "ClusterRole")
	version := map[any]string{"Deployment": "apps/v1", "ClusterRole": "rbac.authorization.k8s.io/v1"}[kind]
	if version == "" {
		version = "v1"
	}
	if (kind == "Namespace" || kind == "ClusterRole") && d.random.IntN(3) > 0 {
		delete(metadata, "namespace")
	}
	return map[string]any{"apiVersion": version, "kind": kind, "metadata": metadata}
}

func (d *differential) selector() any {
	out := map[string]any{}
	if d.random.IntN(2) == 0 {
		out["matchLabels"] = d.pick(map[string]any{"app": "web"}, map[string]any{"team": "a"}, map[string]any{})
	}
	if d.random.IntN(2) == 0 {
		out["matchExpressions"] = []any{d.pick(
			map[string]any{"key": "app", "operator": "In", "values": []any{"web", "x"}},
			map[string]any{"key": "app", "operator": "NotIn", "values": []any{"web"}},
			map[string]any{"key": "tier", "operator": "Exists"}, map[string]any{"key": "team", "operator": "DoesNotExist"})}
	}
	return out
}

func (d *differential) match() map[string]any {
	out := map[string]any{}
	set := func(name string, one int, value func() any) {
		if d.random.IntN(one) == 0 {
			out[name] = value()
		}
	}
	globs := func() any {
		return []any{d.pick("shop", "sh*", "*op", "*an*", "*", "kube-*"), d.pick("bank", "none")}
	}
	set("kinds", 3, func() any {
		return []any{map[string]any{"apiGroups": d.pick([]any{""}, []any{"*"}, []any{"apps", ""}, []any{}), "kinds": d.pick([]any{"Pod"}, []any{"*"}, []any{"Deployment", "Namespace"}, []any{})}}
	})
	set("namespaces", 4, globs)
	set("excludedNamespaces", 4, globs)
	set("scope", 4, func() any { return d.pick("Cluster", "Namespaced", "*", "cluster") })
	set("labelSelector", 4, d.selector)
	set("namespaceSelector", 4, d.selector)
	set("name", 4, func() any { return d.pick("web", "web-*", "*-1", "*b*", "*", "") })
	set("source", 6, func() any { return d.pick("All", "Original", "Generated") })
	return out
}

func TestGatorAgreesOnMatch(t *testing.T) {
	t.Parallel()
	d := newDifferential(t, `violation[{"msg": "hit"}] { true }`)
	hits, cases := 0, 0
	for i := range 80 {
		constraint, err := d.constraint(map[string]any{"match": d.match()})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&d.suite, "- name: t%d\n  template: template.yaml\n  constraint: %s\n  cases:\n", i, constraint)
		for j := range 15 {
			object, inventory := d.write(d.object()), []string{}
			for _, name := range []string{"shop", "bank"} {
				if d.random.IntN(3) > 0 {
					inventory = append(inventory, d.write(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{
						"name": name, "labels": d.pick(map[string]any{"app": "web"}, map[string]any{"team": "a", "tier": "x"}, map[string]any{})}}))
				}
			}
			n := len(d.oracle(constraint, object, inventory))
			hits, cases = hits+n, cases+1
			fmt.Fprintf(&d.suite, "  - {name: c%d, object: %s, inventory: [%s], assertions: [{violations: %d}]}\n", j, object, strings.Join(inventory, ", "), n)
		}
	}
	put(t, filepath.Join(d.dir, "suite.yaml"), d.suite.String())
	verify(t, d.dir)
	t.Logf("gator agrees on %d constraints and %d objects, %d of them matched", 80, cases, hits)
	if hits < cases/10 || hits > cases*9/10 {
		t.Errorf("%d of %d matched: the generator is one-sided", hits, cases)
	}
}

// TestGatorAgreesOnReviews compares all that templates see of a request.
func TestGatorAgreesOnReviews(t *testing.T) {
	t.Parallel()
	d := newDifferential(t, `violation[{"msg": msg}] { msg := json.marshal(input) }`)
	constraint, err := d.constraint(map[string]any{"parameters": map[string]any{"labels": []any{"a"}}})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&d.suite, "- name: t\n  template: template.yaml\n  constraint: %s\n  cases:\n", constraint)
	pod := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "p", "namespace": "shop"}, "spec": map[string]any{"n": 5, "f": 1.5, "e": 1e3, "b": true, "z": nil, "s": "é<"}}
	old := map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "old"}}
	objects := []any{pod, old}
	for range 10 {
		objects = append(objects, d.object())
	}
	kind := map[string]any{"group": "", "version": "v1", "kind": "Pod"}
	for _, request := range []map[string]any{
		{"object": pod},
		{"object": pod, "operation": "CREATE", "kind": kind, "name": "p", "namespace": "shop", "uid": "1", "dryRun": true},
		{"object": pod, "oldObject": old, "operation": "UPDATE", "userInfo": map[string]any{"username": "u", "groups": []any{"g"}, "extra": map[string]any{"k": []any{"v"}}}},
		{"oldObject": old, "operation": "DELETE", "options": map[string]any{"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1"}},
		{"object": pod, "requestKind": kind, "subResource": "scale", "resource": map[string]any{"group": "", "version": "v1", "resource": "pods"}, "requestSubResource": "scale"},
	} {
		objects = append(objects, map[string]any{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})
	}
	for i, value := range objects {
		object := d.write(value)
		said := d.oracle(constraint, object, nil)
		if len(said) != 1 {
			t.Fatalf("got %q", said)
		}
		message, err := json.Marshal("^" + regexp.QuoteMeta(said[0]) + "$")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&d.suite, "  - {name: c%d, object: %s, assertions: [{violations: 1, message: %s}]}\n", i, object, message)
	}
	put(t, filepath.Join(d.dir, "suite.yaml"), d.suite.String())
	verify(t, d.dir)
	t.Logf("gator shows templates the same for %d objects and requests", len(objects))
}

// TestGatorAgreesOnParameters compares which parameters fit a schema, and what defaults make of them.
func TestGatorAgreesOnParameters(t *testing.T) {
	t.Parallel()
	d := newDifferential(t, `violation[{"msg": msg}] { msg := json.marshal(input.parameters) }`)
	d.template = strings.Replace(d.template, "labels: {type: array, items: {type: string}}", `
    labels: {type: array, items: {type: string, minLength: 1}, maxItems: 3}, mode: {type: string, enum: [a, b], default: a},
    count: {type: integer, minimum: 1, maximum: 9}, ratio: {type: number}, on: {type: boolean, default: false},
    port: {x-kubernetes-int-or-string: true}, free: {type: object, x-kubernetes-preserve-unknown-fields: true},
    map: {type: object, additionalProperties: {type: integer}}, name: {type: string, pattern: '^x', nullable: true},
    deep: {type: object, default: {}, required: [], properties: {level: {type: integer, default: 3}}},
    list: {type: array, items: {type: object, required: [key], properties: {key: {type: string}, to: {type: string, default: z}}}}`, 1)
	put(t, filepath.Join(d.dir, "template.yaml"), d.template)
	object := d.write(map[string]any{"apiVersion": "v1", "kind": "Pod", "metadata": map[string]any{"name": "p"}})
	values := []any{"a", "b", "x", "", 1, 5, 10, 1.5, true, false, nil, []any{}, []any{"a", "b"}, []any{"a", ""}, []any{1}, []any{"a", "b", "c", "d"}, map[string]any{}, map[string]any{"k": 1},
		map[string]any{"k": "v"}, map[string]any{"level": 1}, []any{map[string]any{"key": "a"}}, []any{map[string]any{"to": "b"}}, []any{map[string]any{"key": "a", "to": "c"}}}
	valid, invalid := 0, 0
	for i := 0; valid+invalid < 200; i++ {
		parameters := map[string]any{}
		for _, name := range []string{"labels", "mode", "count", "ratio", "on", "port", "free", "map", "name", "deep", "list"} {
			if d.random.IntN(12) == 0 {
				parameters[name] = d.pick(values...)
			}
		}
		constraint, err := d.constraint(map[string]any{"parameters": parameters})
		if err != nil {
			if strings.Contains(err.Error(), "is no field of the schema") {
				continue // gator calls this another error
			}
			invalid++
			fmt.Fprintf(&d.suite, "- {name: t%d, template: template.yaml, constraint: %s, invalid: true}\n", i, constraint)
			continue
		}
		valid++
		said := d.oracle(constraint, object, nil)
		message, err := json.Marshal("^" + regexp.QuoteMeta(said[0]) + "$")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&d.suite, "- {name: t%d, template: template.yaml, constraint: %s, cases: [{name: c, object: %s, assertions: [{violations: 1, message: %s}]}]}\n", i, constraint, object, message)
	}
	put(t, filepath.Join(d.dir, "suite.yaml"), d.suite.String())
	verify(t, d.dir)
	t.Logf("gator agrees on %d valid and %d invalid sets of parameters", valid, invalid)
	if valid < 30 || invalid < 30 {
		t.Errorf("%d valid, %d invalid: the generator is one-sided", valid, invalid)
	}
}

// The suites of testdata must hold a document each, or gator passes nothing in silence.
func TestGatorSuitesAreRead(t *testing.T) {
	t.Parallel()
	for path, text := range testdata(t) {
		if docs := manifest.ParseYAML(path, []byte(text)); len(docs) == 0 || docs[0].Err != nil {
			t.Errorf("%s cannot be read", path)
		}
	}
}
