package graph

import "github.com/adamant-os/adamant/internal/source/imports"

// Names maps a node to the name it has in a view; "" leaves it out.
type Names func(*Node) string

// View joins nodes: every node is replaced by the name it is given, edges within one name vanish, and equal edges are one, the
// first of them. Edges through packages of a language (Package nodes) lead on to the names of their files, so a view of files
// or components has no packages in it unless they are named.
func (g *Graph) View(kind NodeKind, names Names) *Graph {
	b := Builder{edges: make([]Edge, 0, len(g.edges))}
	of := make([]ID, g.Len())
	for i := range g.nodes {
		of[i] = -1
		if name := names(&g.nodes[i]); name != "" {
			n := g.nodes[i]
			n.Name = name
			if n.Kind == File || n.Kind == Package {
				n.Kind = kind
			}
			of[i] = b.Node(n)
		}
	}
	for i := range g.edges {
		e := g.edges[i]
		from := of[e.From]
		if from < 0 || e.Kind == imports.Member || e.Kind == imports.SamePackage {
			continue
		}
		for _, to := range g.leadsTo(e.To, of) {
			if to != from {
				e.From, e.To = from, to
				b.Edge(e)
			}
		}
	}
	return b.Graph()
}

// leadsTo are the ends of an edge in a view: the target, or the files of a package that has no name in it.
func (g *Graph) leadsTo(to ID, of []ID) []ID {
	if of[to] >= 0 {
		return of[to : to+1]
	}
	if g.nodes[to].Kind != Package {
		return nil
	}
	var out []ID
	for _, e := range g.Out(to) {
		if e.Kind == imports.Member && of[e.To] >= 0 {
			out = append(out, of[e.To])
		}
	}
	return out
}
