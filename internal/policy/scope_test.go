package policy

import (
	"bytes"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

var update = flag.Bool("update", false, "write base/index.json")

// TestIndex proves every line of the index. A line that is out of date costs time, nothing else.
func TestIndex(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(prove(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile("base/index.json", got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(got, baseIndex) {
		t.Error("base/index.json is out of date, so checks compile more than they need; run: go test ./internal/policy -run TestIndex -update")
	}
}

// prove makes the index.
func prove(t *testing.T) []indexed {
	e, err := Compile(t.Context(), nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	parsed, _ := parseModules(builtins(false), true)
	byPackage := map[string]*module{}
	for _, m := range parsed {
		byPackage[m.pkg()] = m
	}
	var out []indexed
	for _, m := range parsed {
		x := indexed{Path: m.Path, Digest: textDigest(m.Text), Package: m.pkg(), Uses: usedModules(m, byPackage)}
		var entries []*entry
		for _, entry := range e.entries {
			if entry.Path == m.Path {
				entries, x.Rules = append(entries, entry), append(x.Rules, entry.ID)
			}
		}
		if len(entries) > 0 {
			x.Kinds = kindsNeeded(t, e, entries)
		}
		out = append(out, x)
	}
	return out
}

// usedModules are the built-in modules that a module refers to, and those that they do.
func usedModules(m *module, byPackage map[string]*module) []string {
	used := map[string]bool{}
	var visit func(m *module)
	visit = func(m *module) {
		for _, ref := range packagesUsed([]*module{m}) {
			for pkg, other := range byPackage {
				if related(ref, pkg) && !used[other.Path] {
					used[other.Path] = true
					visit(other)
				}
			}
		}
	}
	visit(m)
	delete(used, m.Path)
	return slices.Sorted(maps.Keys(used))
}

// kindsNeeded is a least set of kinds without whose documents none of the rules can report; nil when there is none.
func kindsNeeded(t *testing.T, e *Engine, entries []*entry) []string {
	needed := document.Kinds()
	slices.Sort(needed)
	if !silentWithout(t, e, entries, needed) {
		return nil
	}
	for _, kind := range slices.Clone(needed) {
		fewer := slices.DeleteFunc(slices.Clone(needed), func(k string) bool { return k == kind })
		if silentWithout(t, e, entries, fewer) {
			needed = fewer
		}
	}
	return needed
}

// silentWithout has OPA prove that rules report nothing without documents of some kinds: it evaluates them as far as it can
// with nothing known about the input but that, and nothing must be left that could be true.
func silentWithout(t *testing.T, e *Engine, entries []*entry, kinds []string) bool {
	byKind := map[string]any{}
	for _, kind := range kinds {
		byKind[kind] = []any{}
	}
	unknown := []*ast.Term{}
	for _, name := range slices.Sorted(maps.Keys(inputSchema()["properties"].(map[string]any))) {
		if name != "byKind" {
			unknown = append(unknown, ast.RefTerm(ast.InputRootDocument, ast.StringTerm(name)))
		}
	}
	for _, kind := range document.Kinds() {
		if !slices.Contains(kinds, kind) {
			unknown = append(unknown, ast.RefTerm(ast.InputRootDocument, ast.StringTerm("byKind"), ast.StringTerm(kind)))
		}
	}
	for _, entry := range entries {
		if looksAtInputAsAWhole(e, entry) {
			return false
		}
		body := ast.NewBody(ast.NewExpr(ast.NewTerm(entry.ref().Append(ast.VarTerm("record")))))
		options := append(implementations(functions()), rego.Compiler(e.compiler), rego.ParsedQuery(body), rego.ParsedUnknowns(unknown),
			rego.ParsedInput(ast.MustInterfaceToValue(map[string]any{"byKind": byKind})), rego.StrictBuiltinErrors(true), rego.Time(compareAt()))
		left, err := rego.New(options...).Partial(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", entry.ID, err)
		}
		if len(left.Queries) > 0 {
			return false
		}
	}
	return true
}

// looksAtInputAsAWhole says that a rule, or something it uses, refers to input or input.byKind without saying to what in it:
// partial evaluation would take the known part for all there is.
func looksAtInputAsAWhole(e *Engine, entry *entry) bool {
	whole := false
	seen := map[*ast.Rule]bool{}
	var visit func(r *ast.Rule)
	visit = func(r *ast.Rule) {
		if seen[r] {
			return
		}
		seen[r] = true
		ast.WalkTerms(r, func(term *ast.Term) bool {
			ref, ok := term.Value.(ast.Ref)
			if !ok || !ref.HasPrefix(ast.Ref{ast.InputRootDocument}) {
				return false
			}
			parts := 0
			if path := groundPath(ref); path != "" {
				parts = strings.Count(path, ".") + 1
			}
			whole = whole || parts < 1 || parts < 2 && groundPath(ref) == "byKind"
			return false
		})
		for used := range e.compiler.Graph.Dependencies(r) {
			visit(used.(*ast.Rule))
		}
	}
	for _, r := range e.compiler.GetRulesExact(entry.ref()) {
		visit(r)
	}
	return whole || len(seen) == 0
}

// TestKindsNeeded: the proof holds where a rule needs documents, and is refused where it may report without.
func TestKindsNeeded(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`some doc in input.byKind.kubernetes; doc.value.x`:                               {"kubernetes"},
		`some doc in documents; doc.value.x`:                                             {"compose", "dockerfile"},
		`some doc in input.byKind.kubernetes; some f in input.files; not f.binary`:       {"kubernetes"},
		`doc := input.byKind.kubernetes[0]; not named(doc)`:                              {"kubernetes"},
		`some doc in input.documents; doc.kind == "kubernetes"`:                          nil,
		`count(input.byKind.kubernetes) == 0`:                                            nil,
		`not any_kubernetes`:                                                             nil,
		`every doc in input.byKind.kubernetes { doc.value.x }`:                           nil,
		`some kind; some doc in input.byKind[kind]; doc.value.x`:                         nil,
		`some doc in object.get(input, ["byKind", "kubernetes"], []); doc.value.x`:       nil,
		`some f in input.files; f.class == "source"`:                                     nil,
		`x := [doc | some doc in input.byKind.kubernetes]; count(x) < 2`:                 nil,
		`some doc in array.concat(input.byKind.kubernetes, input.documents); doc.index`:  nil,
		`some doc in array.concat(input.byKind.kubernetes, input.byKind.compose); doc.x`: {"compose", "kubernetes"},
	} {
		body = strings.ReplaceAll(body, "doc.x", "doc.value.x")
		e := mustCompile(t, Options{NoBase: true}, `package adamant.rules.probe
deny contains "x" if { `+body+` }
documents contains doc if some doc in input.byKind.compose
documents contains doc if some doc in input.byKind.dockerfile
any_kubernetes if some doc in input.byKind.kubernetes
named(doc) if doc.value.name`)
		if got := kindsNeeded(t, e, e.entries); !slices.Equal(got, want) {
			t.Errorf("%s: needs %q, want %q", body, got, want)
		}
	}
}

// examples are files that break rules about every kind of document that has some.
func examples() map[string]string {
	return map[string]string{
		"deploy/pod.yaml":          "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  hostNetwork: true\n  containers:\n    - {name: a, image: 'a:latest', securityContext: {privileged: true}}\n",
		"compose.yaml":             "services:\n  a:\n    image: a:latest\n    privileged: true\n",
		"Dockerfile":               "FROM a:latest\nUSER root\nADD https://example.com/a /a\n",
		".github/workflows/ci.yml": "on: pull_request_target\njobs:\n  a:\n    runs-on: x\n    steps:\n      - uses: a/b@main\n      - run: echo ${{ github.event.issue.title }}\n",
		"main.tf":                  "resource \"aws_iam_policy\" \"a\" {\n  policy = jsonencode({Statement = [{Effect = \"Allow\", Action = \"*\", Resource = \"*\"}]})\n}\n",
	}
}

// TestScopedSaysTheSame judges every set of the examples, changed and as they were before, by an engine for their kinds, by one
// for too few kinds and by one for all.
func TestScopedSaysTheSame(t *testing.T) {
	t.Parallel()
	own := rules(`package adamant.rules.own
import data.adamant.lib.image
deny contains {"message": "own", "path": doc.path} if some doc in input.byKind.compose
warn contains {"message": "borrowed", "path": doc.path} if { some doc in input.byKind.kubernetes; image.mutable("a:latest") }`)
	opt := Options{Settings: manifest.PolicySettings{Rules: map[string]string{"kubernetes/host-*": manifest.RuleWarn, "compose/privileged": manifest.RuleOff}}}
	whole := mustCompileAll(t, own, opt)
	files := examples()
	paths := slices.Sorted(maps.Keys(files))
	silent := true
	for set := range 1 << len(paths) {
		in := full()
		in.Documents, in.Before = nil, nil
		for i, path := range paths {
			if set&(1<<i) == 0 {
				continue
			}
			docs := document.Read(path, []byte(files[path]))
			if in.Documents = append(in.Documents, docs...); set%3 == 0 {
				in.Before = append(in.Before, docs...)
			}
		}
		want := mustEval(t, whole, in)
		silent = silent && len(want.Violations) == 0
		tried := [][]string{KindsOf(in)}
		if set%10 == 1 {
			tried = append(tried, []string{"compose"})
		}
		for _, kinds := range tried {
			scoped, err := CompileFor(t.Context(), kinds, own, opt)
			if err != nil {
				t.Fatal(err)
			}
			got, err := scoped.Eval(t.Context(), in, in.Now)
			if err != nil {
				t.Fatal(err)
			}
			if a, b := encode(t, got), encode(t, want); a != b {
				t.Fatalf("documents of %q judged for %q:\n%s\nwant\n%s", KindsOf(in), kinds, a, b)
			}
		}
	}
	if silent {
		t.Error("no example breaks a rule")
	}
}

func mustCompileAll(t *testing.T, own []facts.Module, opt Options) *Engine {
	t.Helper()
	e, err := Compile(t.Context(), own, opt)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func encode(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestScopedLeavesOut what cannot report, keeps what others use, and refuses what Compile refuses.
func TestScopedLeavesOut(t *testing.T) {
	t.Parallel()
	reads := func(scoped *Scoped, module string) bool { return scoped.narrow.Reads(builtinPath + module + ".rego") }
	for name, test := range map[string]struct {
		own     string
		in, out []string
	}{
		"nothing":                {"", []string{"files", "tests", "governance", "secrets"}, []string{"kubernetes", "terraform", "lib_image", "lib_terraform"}},
		"a library":              {"package adamant.rules.a\nimport data.adamant.lib.image\ndeny contains \"x\" if image.mutable(\"x\")", []string{"lib_image"}, []string{"kubernetes", "lib_terraform"}},
		"a rule":                 {"package adamant.rules.a\ndeny contains \"x\" if count(data.adamant.base.compose.deny) > 0", []string{"compose", "lib_image"}, []string{"kubernetes"}},
		"all rules":              {"package adamant.rules.a\ndeny contains \"x\" if { some p; count(data.adamant.base[p].deny) > 0 }", []string{"compose", "kubernetes", "terraform"}, nil},
		"a library of libraries": {"package adamant.lib\nx := 1", []string{"lib_image", "lib_terraform"}, []string{"terraform"}},
	} {
		var own []facts.Module
		if test.own != "" {
			own = rules(test.own)
		}
		scoped, err := CompileFor(t.Context(), []string{}, own, Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, module := range test.in {
			if !reads(scoped, module) {
				t.Errorf("%s: %s is left out", name, module)
			}
		}
		for _, module := range test.out {
			if reads(scoped, module) {
				t.Errorf("%s: %s is compiled", name, module)
			}
		}
		if !scoped.Whole().Reads(builtinPath + "kubernetes.rego") {
			t.Errorf("%s: the whole engine leaves something out", name)
		}
		for _, rule := range []string{"kubernetes/privileged", "tests/deleted"} {
			if got, want := scoped.Version(rule), scoped.Whole().Version(rule); got != want {
				t.Errorf("%s: version %s of %s, want %s", name, got, rule, want)
			}
		}
	}
	for own, want := range map[string]bool{"package adamant.rules.a\ndeny contains \"x\" if true": false, "package adamant.rules.a\nimport data.adamant.lib.image\ndeny contains \"x\" if image.mutable(\"x\")": true} {
		engine, err := Compile(t.Context(), rules(own), Options{NoBase: true})
		if err != nil || engine.Reads(builtinPath+"lib_image.rego") != want || engine.Reads(builtinPath+"lib_terraform.rego") {
			t.Errorf("%s alone: %v; compiles a library that it does not use, or not the one it uses", own, err)
		}
	}
	for _, own := range []string{"package adamant.base.kubernetes\ndeny contains \"x\" if true", "package adamant.lib\nimage := 1", "package adamant.rules.a\ndeny contains data.adamant.lib.none"} {
		_, err := CompileFor(t.Context(), []string{}, rules(own), Options{})
		_, want := Compile(t.Context(), rules(own), Options{})
		if err == nil || want == nil || err.Error() != want.Error() {
			t.Errorf("%s: %v, want %v", own, err, want)
		}
	}
}

// TestIndexIsNotBelieved about other texts than it was made of: a module that changed is compiled with what it now uses, and so
// is one that uses what changed.
func TestIndexIsNotBelieved(t *testing.T) {
	t.Parallel()
	for changed, want := range map[string][]string{
		"compose":        {"compose", "lib_image", "lib_shell"},
		"lib_kubernetes": {"lib_kubernetes", "lib_shell", "kubernetes", "kubernetes_access"},
	} {
		modules := builtins(false)
		i := slices.IndexFunc(modules, func(m facts.Module) bool { return m.Path == builtinPath+changed+".rego" })
		modules[i].Text += "\nother if count(data.adamant.lib.shell) > 0"
		chosen, _ := choose(modules, []string{}, nil)
		for _, name := range want {
			if !slices.ContainsFunc(chosen, func(m facts.Module) bool { return m.Path == builtinPath+name+".rego" }) {
				t.Errorf("%s changed: %s is left out", changed, name)
			}
		}
	}
}
