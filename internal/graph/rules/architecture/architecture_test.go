package architecture

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/graph/rules"
	"github.com/adamant-os/adamant/internal/manifest"
)

// where is a tree in which components are folders below src and tests have _test in their name.
func where() Tree {
	return Tree{
		Component: func(p string) string {
			if part := strings.Split(p, "/"); len(part) > 2 && part[0] == "src" {
				return "component:default/" + part[1]
			}
			return ""
		},
		Test:    func(p string) bool { return strings.Contains(p, "_test") },
		Package: func(n *graph.Node) string { return path.Dir(n.Name) },
	}
}

func sketch(text string) *graph.Graph {
	var b graph.Builder
	node := func(name string) graph.ID {
		return b.Node(graph.Node{Name: name, Test: strings.Contains(name, "_test")})
	}
	for i, line := range strings.Split(text, ";") {
		from, to, edge := strings.Cut(strings.TrimSpace(line), " -> ")
		id := node(from)
		if edge {
			b.Edge(graph.Edge{From: id, To: node(to), Line: int32(i + 1)})
		}
	}
	return b.Graph()
}

const head = `apiVersion: adamant.dev/v1
kind: Architecture
metadata: {name: shop}
spec:
  layers:
    - {name: top, paths: [src/top/**]}
    - {name: middle, paths: [src/middle/**]}
    - {name: bottom, components: [component:default/bottom]}
    - {name: loose, paths: [src/loose/**], open: true}
  rules:
`

func load(text string) (*Rules, error) {
	r, problems := Load(func(p string) ([]byte, error) {
		if p == File {
			return []byte(text), nil
		}
		return nil, nil
	}, where())
	return r, manifest.Join(problems)
}

func rule(fields string) string { return head + "    - {name: r, " + fields + "}\n" }

func verdict(t *testing.T, r *Rules, g *graph.Graph) string {
	t.Helper()
	j, err := r.Judge(t.Context(), Side{Graph: g, Tree: where()}, false)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, v := range j.Violations {
		out = append(out, fmt.Sprintf("%s>%s@%s:%d", v.From, v.To, path.Base(v.File), v.Line))
	}
	return strings.Join(out, " ")
}

// TestRules has a case for each type of rule.
func TestRules(t *testing.T) {
	t.Parallel()
	const up, down = "src/bottom/x/a -> src/top/x/b", "src/top/x/b -> src/bottom/x/a"
	for _, c := range []struct{ name, rule, graph, want string }{
		{"layers", `type: layers, layers: [top, middle, bottom], test: {fail: ["` + up + `"], pass: ["` + down + `"]}`,
			up + ";" + down + ";src/middle/x -> src/middle/y", "src/bottom/x/a>src/top/x/b@a:1"},
		{"closed layers", `type: layers, closed: true, layers: [top, middle, bottom], test: {fail: ["` + down + `"], pass: ["src/top/b -> src/middle/a"]}`,
			down, "src/top/x/b>src/bottom/x/a@b:1"},
		{"open layer", `type: layers, closed: true, layers: [top, loose, bottom], test: {fail: ["` + up + `"], pass: ["` + down + `"]}`, down, ""},
		{"onion", `type: onion, layers: [bottom, middle, top], test: {fail: ["` + up + `"], pass: ["` + down + `"]}`, up + ";" + down, "src/bottom/x/a>src/top/x/b@a:1"},
		{"independence", `type: independence, layers: [top, middle], test: {fail: ["src/top/a -> src/middle/b"], pass: ["` + down + `"]}`,
			"src/middle/b -> src/top/a;" + down, "src/middle/b>src/top/a@b:1"},
		{"protected", `type: protected, to: {layers: [bottom]}, from: {layers: [middle]}, test: {fail: ["` + down + `"], pass: ["src/middle/a -> src/bottom/x/a", "src/bottom/x/a -> src/bottom/x/b"]}`,
			down + ";src/middle/a -> src/bottom/x/a", "src/top/x/b>src/bottom/x/a@b:1"},
		{"forbidden", `type: forbidden, from: {paths: [src/top/**], except: [src/top/ok/**]}, to: {components: ["component:default/bottom"]}, test: {fail: ["` + down + `"], pass: ["src/top/ok/a -> src/bottom/x/a"]}`,
			down + ";src/top/ok/a -> src/bottom/x/a", "src/top/x/b>src/bottom/x/a@b:1"},
		{"required", `type: required, from: {layers: [top]}, to: {paths: [src/base.ts]}, test: {fail: [src/top/a], pass: ["src/top/a -> src/base.ts"]}`,
			"src/top/a -> src/base.ts;src/top/b -> src/top/a", "src/top/b>src/top/b@b:0"},
		{"acyclic files", `type: acyclic, test: {fail: ["a -> b; b -> a"], pass: ["a -> b"]}`, up + ";" + down, "src/bottom/x/a>src/bottom/x/a@a:0"},
		{"acyclic packages", `type: acyclic, level: packages, test: {fail: ["a/1 -> b/1; b/2 -> a/1"], pass: ["a/1 -> a/2; a/2 -> a/1"]}`,
			"p/1 -> q/1;q/2 -> p/2", "p>p@1:1"},
		{"acyclic components", `type: acyclic, level: components, test: {fail: ["` + up + `;` + down + `"], pass: ["` + up + `"]}`,
			"src/top/x/1 -> src/bottom/x/1;src/bottom/x/2 -> src/top/x/2", "component:default/bottom>component:default/bottom@2:2"},
		{"orphan", `type: orphan, test: {fail: [a], pass: ["a -> b"]}`, "a -> b;src/x/c", "src/x/c>src/x/c@c:0"},
		{"fan-in", `type: fan-in, max: 1, from: {paths: [src/**]}, test: {fail: ["a -> src/b"], pass: ["src/b -> a"]}`, "a -> src/b;c -> src/b", "src/b>src/b@b:0"},
		{"fan-out", `type: fan-out, max: 1, tests: ignore, test: {fail: ["a -> b"], pass: ["a_test -> b"]}`, "a -> b;a -> c;d_test -> a;d_test -> b", "a>a@a:0"},
		{"stability", `type: stability, test: {fail: ["a -> b; b -> c; b -> d; e -> a"], pass: ["a -> b"]}`, "a -> b;b -> c;b -> d;e -> a", "a>b@a:1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, err := load(rule(c.rule))
			if err != nil {
				t.Fatal(err)
			}
			if have := verdict(t, r, sketch(c.graph)); have != c.want {
				t.Errorf("have %q\nwant %q", have, c.want)
			}
		})
	}
}

func TestSelfTestsAreRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ rule, want string }{
		{`type: acyclic`, "needs test"},
		{`type: acyclic, test: {fail: ["a -> b"], pass: [a]}`, `lets "a -> b" pass`},
		{`type: acyclic, test: {fail: ["a -> b; b -> a"], pass: ["a -> b; b -> a"]}`, "refuses"},
		{`type: forbidden, from: {paths: [srx/**]}, to: {layers: [top]}, test: {fail: ["src/a -> src/top/b"], pass: [a]}`, ".adamant/architecture.yaml:11:"},
		{`type: orphan, test: {fail: ["-> b"], pass: [a]}`, "is no edge"},
		{`type: layers, layers: [top, botom], test: {fail: [a], pass: [a]}`, `there is no layer "botom"`},
		{`type: layers, layers: [top], test: {fail: [a], pass: [a]}`, "two or more"},
		{`type: fan-in, test: {fail: [a], pass: [a]}`, "needs max"},
		{`type: protected, test: {fail: [a], pass: [a]}`, "what is protected"},
		{`type: forbidden, test: {fail: [a], pass: [a]}`, "needs from"},
		{`type: sideways, test: {fail: [a], pass: [a]}`, "sideways"},
		{`type: acyclic, tset: {}`, "tset"},
		{`type: orphan, test: {fail: [a], pass: []}`, "pass"},
	} {
		if _, err := load(rule(c.rule)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.rule, err)
		}
	}
}

func TestRulesThatMatchNothing(t *testing.T) {
	t.Parallel()
	r, err := load(rule(`type: layers, layers: [top, bottom], test: {fail: ["src/bottom/x/a -> src/top/b"], pass: [a]}`))
	if err != nil {
		t.Fatal(err)
	}
	j, err := r.Judge(t.Context(), Side{Graph: sketch("src/top/a -> src/top/b")}, false)
	if err != nil || len(j.Problems) != 1 || !strings.Contains(j.Problems[0].Message, "layer bottom matches nothing") {
		t.Errorf("%+v, %v", j, err)
	}
}

func TestBoundaries(t *testing.T) {
	t.Parallel()
	base := sketch("src/a/x/1 -> src/b/x/1; src/c/x/1")
	after := sketch("src/a/x/2 -> src/b/x/1; src/c/x/1 -> src/a/x/2; src/new/x/1 -> src/a/x/2; src/b/x/1_test -> src/c/x/1; src/a/x/3 -> src/b/x/1_test; src/c/x/1_test -> src/a/x/2")
	spec := &manifest.ArchitectureSpec{HubFanIn: 2, Boundaries: map[string]string{"new-hub": "deny"}}
	var have []string
	for _, v := range Boundaries(base, after, where(), spec, map[string]string{"src/a/x/1": "src/a/x/2"}) {
		have = append(have, fmt.Sprintf("%s %s %s>%s", v.Rule[len("architecture/"):], v.Severity, v.From, v.To))
	}
	want := []string{
		"new-coupling warning component:default/c>component:default/a",
		"new-hub error src/a/x/2>src/a/x/2",
		"test-imports warning src/a/x/3>src/b/x/1_test",
		"test-imports warning src/b/x/1_test>src/c/x/1",
	}
	if strings.Join(have, "\n") != strings.Join(want, "\n") {
		t.Errorf("have\n%s\nwant\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
	off := &manifest.ArchitectureSpec{Boundaries: map[string]string{"new-hub": "off", "new-coupling": "off", "test-imports": "off"}}
	if have := Boundaries(base, after, where(), off, nil); have != nil {
		t.Errorf("they are off: %v", have)
	}
}

func entity(name, spec string) string {
	return "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: " + name + ", annotations: {adamant.dev/paths: src/" + name +
		"/**}}\nspec: {type: service, lifecycle: production, owner: operator" + spec + "}\n---\n"
}

func TestDeclared(t *testing.T) {
	t.Parallel()
	c, _ := catalog.Load([]catalog.SourceFile{{Path: "catalog-info.yaml", Data: []byte(
		entity("a", ", dependsOn: [component:b, component:c]") + entity("b", ", consumesApis: [rates]") + entity("c", ", providesApis: [rates]") + entity("d", ""))}})
	g := sketch("src/a/x -> src/b/x; src/b/x -> src/c/x; src/c/x -> src/d/x; src/d/x_test -> src/a/x")
	var have []string
	for _, v := range Declared(g, c, finding.Warning) {
		have = append(have, fmt.Sprintf("%s %s>%s %s:%d", v.Rule[len("architecture/"):], v.From, v.To, v.File, v.Line))
	}
	want := "dead-declaration component:default/a>component:default/c catalog-info.yaml:1\n" +
		"undeclared-dependency component:default/c>component:default/d src/c/x:3"
	if strings.Join(have, "\n") != want {
		t.Errorf("have\n%s\nwant\n%s", strings.Join(have, "\n"), want)
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	r, err := load(rule(`type: layers, layers: [top, middle], reason: law, test: {fail: ["src/middle/a -> src/top/b"], pass: [a]}`))
	if err != nil {
		t.Fatal(err)
	}
	base := Side{Graph: sketch("src/middle/old -> src/top/b; src/middle/gone -> src/top/b"), Tree: where()}
	head := Side{Graph: sketch("src/top/b; src/middle/new -> src/top/b; src/middle/fresh -> src/top/b"), Tree: where()}
	fs, err := Findings(t.Context(), r, base, head, map[string]string{"src/middle/old": "src/middle/new"}, true)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, f := range fs {
		have = append(have, fmt.Sprintf("%s %s %s:%d", f.State, f.Rule, f.Path, f.Line))
	}
	want := "new architecture/r src/middle/fresh:3\nabsent architecture/r src/middle/gone:2\nunchanged architecture/r src/middle/new:2"
	if strings.Join(have, "\n") != want {
		t.Errorf("have\n%s", strings.Join(have, "\n"))
	}
	if len(fs[0].Fingerprint) != 32 || !strings.Contains(fs[0].Message, "(law)") {
		t.Errorf("%+v", fs[0])
	}
}

func TestRuleThatCannotBeEvaluatedIsAFinding(t *testing.T) {
	t.Parallel()
	r, problems := Load(func(p string) ([]byte, error) {
		if p == ".dependency-cruiser.json" {
			return []byte(`{"forbidden": [{"name": "slow", "severity": "info", "from": {"path": "^(?=a)(a+)+$"}, "to": {}}]}`), nil
		}
		return nil, nil
	}, where())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	side := Side{Graph: sketch(strings.Repeat("a", 40) + "! -> b"), Tree: where()}
	fs, err := Findings(t.Context(), r, side, side, nil, false)
	if err != nil || len(fs) != 1 || fs[0].Rule != RuleError || fs[0].Severity != finding.Error {
		t.Errorf("%+v, %v", fs, err)
	}
}

func TestLoadFailsClosed(t *testing.T) {
	t.Parallel()
	_, problems := Load(func(string) ([]byte, error) { return nil, errors.New("no light") }, where())
	if len(problems) == 0 {
		t.Error("unreadable rules are no rules")
	}
	r, problems := Load(func(string) ([]byte, error) { return nil, nil }, where())
	if len(problems) != 0 || len(r.Files) != 0 || rulesIn(r) != 0 {
		t.Errorf("%+v %v", r, problems)
	}
}

func rulesIn(r *Rules) (n int) {
	for _, s := range r.Sets {
		n += len(s.Forbidden)
	}
	return n
}

var _ rules.Pattern = (*files)(nil)
