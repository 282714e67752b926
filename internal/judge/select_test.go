package judge

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/source"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// world is a small tree: a_test imports a imports b; open_test needs open.js, which computes its imports; c has no test.
func world() *graph.Graph {
	var b graph.Builder
	node := func(p string) graph.ID {
		language := map[string]string{".js": "javascript", ".py": "python", ".go": "go", ".yml": "workflow"}[p[strings.LastIndexByte(p, '.'):]]
		return b.Node(graph.Node{Name: p, Language: language, Test: strings.Contains(p, "test"), Open: p == "open.js"})
	}
	edge := func(from, to string) { b.Edge(graph.Edge{From: node(from), To: node(to)}) }
	edge("a.test.js", "a.js")
	edge("a.js", "b.js")
	edge("open.test.js", "open.js")
	edge("tests/test_py.py", "lib.py")
	edge("tests/helper_test_data.py", "lib.py")
	node("c.js")
	node("tests/fixtures.py")
	node("ci.yml")
	pkg := b.Node(graph.Node{Kind: graph.Package, Name: "go:p"})
	for _, p := range []string{"p/x.go", "p/x_test.go"} {
		b.Edge(graph.Edge{From: node(p), To: pkg, Kind: imports.SamePackage})
	}
	b.Edge(graph.Edge{From: pkg, To: node("p/x.go"), Kind: imports.Member})
	return b.Graph()
}

func changedFile(p, status string) facts.File {
	language, class := source.Classify(p, nil, nil)
	return facts.File{Path: p, Status: status, Language: language, Class: class, Effect: source.EffectCode}
}

func TestSelectTests(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		files []facts.File
		want  string
	}{
		"what needs it, and what may":    {[]facts.File{changedFile("b.js", "modified")}, "a.test.js open.test.js"},
		"a package of Go":                {[]facts.File{changedFile("p/x.go", "modified")}, "open.test.js p/x_test.go"},
		"a test of Go":                   {[]facts.File{changedFile("p/x_test.go", "modified")}, "open.test.js p/x_test.go"},
		"a test":                         {[]facts.File{changedFile("a.test.js", "modified")}, "a.test.js open.test.js"},
		"Python":                         {[]facts.File{changedFile("lib.py", "modified")}, "open.test.js tests/helper_test_data.py tests/test_py.py"},
		"prose":                          {[]facts.File{{Path: "README.md", Status: "modified", Class: source.ClassDoc, Effect: source.EffectDoc}}, ""},
		"a comment":                      {[]facts.File{{Path: "c.js", Status: "modified", Class: source.ClassSource, Effect: source.EffectComment}}, ""},
		"what no test imports":           {[]facts.File{changedFile("c.js", "modified")}, "open.test.js ! c.js is imported by no test: which tests run it is not known"},
		"what tests load without import": {[]facts.File{changedFile("tests/fixtures.py", "modified")}, "open.test.js tests/fixtures.py ! tests/fixtures.py helps tests and may be loaded without an import"},
		"conftest":                       {[]facts.File{changedFile("tests/conftest.py", "modified")}, "open.test.js ! tests/conftest.py decides how tests run or what they run with"},
		"a manifest":                     {[]facts.File{changedFile("package.json", "modified")}, "open.test.js ! package.json decides how tests run or what they run with"},
		"a lock file":                    {[]facts.File{changedFile("go.sum", "modified")}, "open.test.js ! go.sum decides how tests run or what they run with"},
		"data":                           {[]facts.File{changedFile("p/testdata/in.bin", "modified")}, "open.test.js ! p/testdata/in.bin is no code that the graph reads"},
		"a workflow":                     {[]facts.File{changedFile("ci.yml", "modified")}, "open.test.js ! ci.yml is no code that the graph reads"},
		"gone and needed by nothing":     {[]facts.File{changedFile("gone.js", "deleted")}, "open.test.js ! gone.js is no code that the graph reads"},
		"nothing":                        {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := world()
			i := &Impact{Snapshot: &graph.Snapshot{Graph: g}, gone: map[graph.ID]string{}, present: map[string]bool{}}
			var start []graph.ID
			for _, f := range tt.files {
				if id, ok := g.Find(graph.File, f.Path); ok && !harmless(&f) {
					start = append(start, id)
				}
			}
			i.spread(start, nil)
			a := selectTests(i, tt.files, g, func(string) string { return "." })
			var got []string
			for _, test := range a.Tests {
				got = append(got, test.Path)
				if !slices.Contains(test.Why, test.Path) {
					t.Errorf("%s does not say why: %v", test.Path, test.Why)
				}
			}
			for _, u := range a.Unknown {
				got = append(got, fmt.Sprintf("! %s %s", u.Path, u.Why))
			}
			if text := strings.Join(got, " "); text != tt.want {
				t.Errorf("got  %s\nwant %s", text, tt.want)
			}
		})
	}
}

func TestGoModuleOf(t *testing.T) {
	t.Parallel()
	of := goModuleOf([]string{"go.mod", "sub/go.mod", "sub/a/x_test.go"})
	for p, want := range map[string]string{"a/x_test.go": ".", "sub/a/x_test.go": "sub", "sub/x_test.go": "sub", "a.py": ""} {
		if got := of(p); got != want {
			t.Errorf("%s belongs to %q, want %q", p, got, want)
		}
	}
}

func TestReachOf(t *testing.T) {
	t.Parallel()
	g := world()
	r := reachOf(g, []string{"b.js", "p/x.go", "gone.js"}, bareCatalog())
	if r.Direct != 1 || r.Files != 1 || r.Tests != 2 || r.Open != 1 || len(r.Paths) != 1 || r.Paths[0] != (facts.Importers{Path: "b.js", Direct: 1}) {
		t.Errorf("reach: %+v", r)
	}
}

func bareCatalog() *catalog.Catalog {
	none, _ := catalog.Load(nil)
	return none
}
