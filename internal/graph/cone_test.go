package graph

import (
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports"
)

func TestCone(t *testing.T) {
	t.Parallel()
	// app/main -> lib/a -> lib/deep/b -> base/c; tool/t -> lib/a; Go packages p/q with p/q/x, used by r/y.
	var b Builder
	node := func(p string) ID { return b.Node(Node{Name: p}) }
	edge := func(from, to string) { b.Edge(Edge{From: node(from), To: node(to)}) }
	edge("app/main.ts", "lib/a.ts")
	edge("lib/a.ts", "lib/deep/b.ts")
	edge("lib/deep/b.ts", "base/c.ts")
	edge("tool/t.ts", "lib/a.ts")
	edge("far/z.ts", "app/main.ts")
	pkg := b.Node(Node{Kind: Package, Name: "go:p/q"})
	b.Edge(Edge{From: pkg, To: node("p/q/x.go"), Kind: imports.Member})
	b.Edge(Edge{From: node("p/q/x.go"), To: pkg, Kind: imports.SamePackage})
	b.Edge(Edge{From: node("r/y.go"), To: pkg})
	b.Edge(Edge{From: node("p/q/x.go"), To: node("root.go")})
	b.Edge(Edge{From: node("lib/a.ts"), To: node("declared/d.ts"), Kind: imports.Declared})
	g := b.Graph()
	tree := []string{"README.md", "alone/n.txt", "app/main.ts", "base/c.ts", "declared/d.ts", "docs/x/a.md", "far/z.ts", "lib/a.ts", "lib/deep/b.ts", "lib/other/o.ts", "p/q/x.go", "r/y.go", "root.go", "tool/t.ts"}
	for name, tt := range map[string]struct {
		paths []string
		depth int
		want  string
	}{
		"what it needs":           {[]string{"lib/a.ts"}, 0, "base lib/deep"}, // lib's own files come with lib/deep
		"who needs it":            {[]string{"lib/a.ts"}, 1, "app base lib/deep tool"},
		"everybody":               {[]string{"lib/a.ts"}, -1, "app base far lib/deep tool"},
		"a folder is whole":       {[]string{"lib/"}, 0, "base lib"},
		"a folder in a folder":    {[]string{"lib", "lib/deep"}, 0, "base lib"},
		"a package":               {[]string{"p/q"}, 1, "p/q r"},
		"no code":                 {[]string{"docs/x/a.md", "alone"}, 0, "alone docs/x"},
		"at the root":             {[]string{"root.go", "README.md"}, 0, ""},
		"a leaf":                  {[]string{"base/c.ts"}, 0, "base"},
		"a folder below a needed": {[]string{"lib/deep", "lib/a.ts"}, 0, "base lib/deep"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := strings.Join(g.Cone(tree, tt.paths, tt.depth), " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	if !slices.IsSorted(tree) {
		t.Error("the tree of the test is not sorted")
	}
}
