// Package graph is the dependency graph of one tree over all its languages: files, packages outside the tree and the edges
// between them, in compressed sparse rows so that a hundred thousand nodes fit in a few megabytes. A Graph never changes
// once it is built, and equal trees give equal graphs. The package never runs git, a process or a build: it sees the files of
// a Tree and nothing else, and a file it cannot read is a problem beside the graph, never an abort.
package graph

import (
	"cmp"
	"slices"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// NodeKind tells files from what is outside the tree.
type NodeKind uint8

// The kinds of nodes.
const (
	File       NodeKind = iota // a file of the tree
	Package                    // what a language imports as one: a folder of Go files, "go:internal/graph"
	External                   // a package outside the tree, "npm:react"
	Unresolved                 // a specifier that leads nowhere
)

// Node is one end of edges. Name is unique within its kind.
type Node struct {
	Kind     NodeKind
	Name     string // path, external package or specifier
	Language string // of files
	Test     bool   // the file is a test
	Open     bool   // it computes imports when it runs: what it needs is known in part
}

// ID is a node's place in a Graph. It means nothing in another graph.
type ID int32

// Edge is one dependency: From needs To.
type Edge struct {
	From, To  ID
	Types     imports.Types
	Specifier string // as written
	Line      int32  // 1-based, in From
	Kind      imports.Kind
}

// Graph holds nodes and edges. Nodes are sorted by kind and name; the edges of each node by target, kind and line.
type Graph struct {
	nodes []Node
	edges []Edge  // sorted by From
	out   []int32 // edges[out[i]:out[i+1]] leave node i
	in    []int32 // into[in[i]:in[i+1]] are the edges that reach node i
	into  []int32 // indices of edges, by To and then From
}

type key struct {
	kind NodeKind
	name string
}

// Builder collects nodes and edges in any order. The zero value is ready.
type Builder struct {
	nodes []Node
	edges []Edge
	index map[key]ID
}

// Node adds a node, or finds the one that is there: the first that was added stands.
func (b *Builder) Node(n Node) ID {
	k := key{n.Kind, n.Name}
	if id, ok := b.index[k]; ok {
		return id
	}
	if b.index == nil {
		b.index = map[key]ID{}
	}
	id := ID(len(b.nodes))
	b.nodes, b.index[k] = append(b.nodes, n), id
	return id
}

// Edge adds an edge between nodes of this builder.
func (b *Builder) Edge(e Edge) { b.edges = append(b.edges, e) }

// Graph sorts what was collected. Edges that are equal but for their line are one: the first line stands.
func (b *Builder) Graph() *Graph {
	order := make([]ID, len(b.nodes))
	for i := range order {
		order[i] = ID(i)
	}
	slices.SortFunc(order, func(x, y ID) int { return compareNodes(&b.nodes[x], &b.nodes[y]) })
	g := &Graph{nodes: make([]Node, len(order))}
	place := make([]ID, len(order))
	for to, from := range order {
		g.nodes[to], place[from] = b.nodes[from], ID(to)
	}
	g.edges = make([]Edge, len(b.edges))
	for i, e := range b.edges {
		e.From, e.To = place[e.From], place[e.To]
		g.edges[i] = e
	}
	slices.SortFunc(g.edges, compareEdges)
	g.edges = slices.CompactFunc(g.edges, sameEdge)
	g.link()
	return g
}

func compareNodes(a, b *Node) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
}

func compareEdges(a, b Edge) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Types, b.Types),
		cmp.Compare(a.Specifier, b.Specifier), cmp.Compare(a.Line, b.Line))
}

func sameEdge(a, b Edge) bool {
	a.Line = b.Line
	return a == b
}

// link fills the rows: counts, then running sums, then places.
func (g *Graph) link() {
	g.out, g.in = make([]int32, len(g.nodes)+1), make([]int32, len(g.nodes)+1)
	for i := range g.edges {
		g.out[g.edges[i].From+1]++
		g.in[g.edges[i].To+1]++
	}
	for i := range g.nodes {
		g.out[i+1] += g.out[i]
		g.in[i+1] += g.in[i]
	}
	g.into = make([]int32, len(g.edges))
	next := slices.Clone(g.in)
	for i := range g.edges {
		to := g.edges[i].To
		g.into[next[to]] = int32(i)
		next[to]++
	}
}

// Len is the number of nodes; IDs run from 0 to Len()-1.
func (g *Graph) Len() int { return len(g.nodes) }

// Edges lists every edge, sorted by From, To, Kind. The caller must not change it.
func (g *Graph) Edges() []Edge { return g.edges }

// Node describes a node. The caller must not change it.
func (g *Graph) Node(id ID) *Node { return &g.nodes[id] }

// Find is the node of a kind and name, false when there is none.
func (g *Graph) Find(kind NodeKind, name string) (ID, bool) {
	i, ok := slices.BinarySearchFunc(g.nodes, Node{Kind: kind, Name: name}, func(a, b Node) int { return compareNodes(&a, &b) })
	return ID(i), ok
}

// Out lists the edges that leave a node. The caller must not change them.
func (g *Graph) Out(id ID) []Edge { return g.edges[g.out[id]:g.out[id+1]] }

// In calls yield with each edge that reaches a node, in order of From, until it returns false.
func (g *Graph) In(id ID) func(yield func(*Edge) bool) {
	return func(yield func(*Edge) bool) {
		for _, i := range g.into[g.in[id]:g.in[id+1]] {
			if !yield(&g.edges[i]) {
				return
			}
		}
	}
}
