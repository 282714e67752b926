package graph

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// small builds a graph of files 0..n-1 from pairs.
func small(n int, pairs [][2]int) *Graph {
	var b Builder
	for i := range n {
		b.Node(Node{Name: fmt.Sprintf("%03d", i)})
	}
	for i, p := range pairs {
		b.Edge(Edge{From: ID(p[0]), To: ID(p[1]), Line: int32(i + 1)})
	}
	return b.Graph()
}

func drawGraph(t *rapid.T) (*Graph, [][2]int) {
	n := rapid.IntRange(1, 12).Draw(t, "nodes")
	node := rapid.IntRange(0, n-1)
	pairs := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) [2]int { return [2]int{node.Draw(t, "from"), node.Draw(t, "to")} }), 0, 30).Draw(t, "edges")
	return small(n, pairs), pairs
}

// distances by Floyd and Warshall; from a node to itself it is the shortest cycle.
func distances(n int, pairs [][2]int) [][]int {
	const far = 1 << 20
	d := make([][]int, n)
	for i := range d {
		d[i] = slices.Repeat([]int{far}, n)
	}
	for _, p := range pairs {
		d[p[0]][p[1]] = 1
	}
	for k := range n {
		for i := range n {
			for j := range n {
				d[i][j] = min(d[i][j], d[i][k]+d[k][j])
			}
		}
	}
	return d
}

func TestComponentsPathAndDependents(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g, pairs := drawGraph(t)
		d := distances(g.Len(), pairs)
		of, sizes := g.Components(nil)
		total := int32(0)
		for _, s := range sizes {
			total += s
		}
		if int(total) != g.Len() {
			t.Fatalf("components hold %d nodes of %d", total, g.Len())
		}
		for _, e := range g.Edges() {
			if of[e.From] < of[e.To] {
				t.Fatalf("edge %v leads to a higher component", e)
			}
		}
		for i := range g.Len() {
			reached := map[ID]int32{}
			for _, r := range g.Dependents([]ID{ID(i)}, nil) {
				reached[r.ID] = r.Depth
			}
			for j := range g.Len() {
				path := g.Path(ID(i), ID(j), nil)
				if known := d[i][j] < 1<<20; known && len(path) != d[i][j] || !known && path != nil {
					t.Fatalf("path %d to %d has %d edges, want %d", i, j, len(path), d[i][j])
				}
				checkPath(t, path, ID(i), ID(j))
				together := i == j || d[i][j] < 1<<20 && d[j][i] < 1<<20
				if together != (of[i] == of[j]) {
					t.Fatalf("%d and %d on a cycle: %v, components say %v", i, j, together, of[i] == of[j])
				}
				if depth, ok := reached[ID(j)]; i != j && (ok != (d[j][i] < 1<<20) || ok && int(depth) != d[j][i]) {
					t.Fatalf("%d needs %d at depth %d (%v), want %d", j, i, depth, ok, d[j][i])
				}
			}
		}
	})
}

func checkPath(t *rapid.T, path []Edge, from, to ID) {
	at := from
	for _, e := range path {
		if e.From != at {
			t.Fatalf("path %v is broken", path)
		}
		at = e.To
	}
	if len(path) > 0 && at != to {
		t.Fatalf("path %v does not end at %d", path, to)
	}
}

// TestOrderOfBuildingDoesNotMatter: equal nodes and edges give equal graphs.
func TestOrderOfBuildingDoesNotMatter(t *testing.T) {
	t.Parallel()
	var a, b Builder
	x, y := a.Node(Node{Name: "x"}), a.Node(Node{Kind: External, Name: "npm:y"})
	a.Edge(Edge{From: x, To: y, Line: 2})
	a.Edge(Edge{From: x, To: y, Line: 1})
	y, x = b.Node(Node{Kind: External, Name: "npm:y"}), b.Node(Node{Name: "x"})
	b.Edge(Edge{From: x, To: y, Line: 1})
	one, two := a.Graph(), b.Graph()
	if !slices.Equal(one.Edges(), two.Edges()) || !slices.Equal(one.nodes, two.nodes) {
		t.Errorf("%v and %v differ", one, two)
	}
	if id, ok := one.Find(External, "npm:y"); !ok || one.Node(id).Name != "npm:y" || len(one.Edges()) != 1 {
		t.Errorf("found %d %v, edges %v", id, ok, one.Edges())
	}
}

// large is a graph of layers with a million edges.
func large(nodes, edges int) *Graph {
	var b Builder
	for i := range nodes {
		b.Node(Node{Name: fmt.Sprintf("%07d", i)})
	}
	state := uint64(1)
	for range edges {
		state = state*6364136223846793005 + 1442695040888963407
		from := int(state>>33) % nodes
		state = state*6364136223846793005 + 1442695040888963407
		b.Edge(Edge{From: ID(from), To: ID(int(state>>33) % nodes)})
	}
	return b.Graph()
}

func BenchmarkAffected(b *testing.B) {
	g := large(100_000, 1_000_000)
	b.Run("dependents", func(b *testing.B) {
		for b.Loop() {
			g.Dependents([]ID{7}, nil)
		}
	})
	b.Run("components", func(b *testing.B) {
		for b.Loop() {
			g.Components(nil)
		}
	})
}

// TestDeepChain: a hundred thousand files in a row overflow no stack.
func TestDeepChain(t *testing.T) {
	t.Parallel()
	const n = 100_000
	pairs := make([][2]int, n)
	for i := range pairs {
		pairs[i] = [2]int{i, (i + 1) % n}
	}
	var b Builder
	for i := range n {
		b.Node(Node{Name: fmt.Sprintf("%07d", i)})
	}
	for _, p := range pairs {
		b.Edge(Edge{From: ID(p[0]), To: ID(p[1])})
	}
	g := b.Graph()
	if _, sizes := g.Components(nil); len(sizes) != 1 {
		t.Errorf("%d components, want one", len(sizes))
	}
	if path := g.Path(0, 0, nil); len(path) != n {
		t.Errorf("the cycle has %d edges, want %d", len(path), n)
	}
}
