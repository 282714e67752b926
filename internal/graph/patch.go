package graph

import (
	"slices"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// patch replaces files of a graph: own says which of its nodes are files that keep what they need, fresh has all edges of the
// others. What nobody needs any more is gone. The result is the graph that all edges together would give.
func patch(old *Graph, own []bool, fresh *Graph) *Graph {
	if old.Len() == 0 {
		return fresh
	}
	live := slices.Clone(own)
	for i := range old.edges {
		if e := &old.edges[i]; own[old.owner(e)] {
			live[e.From], live[e.To] = true, true
		}
	}
	g := &Graph{nodes: make([]Node, 0, old.Len()+fresh.Len()), edges: make([]Edge, 0, len(old.edges)+len(fresh.edges))}
	placeOld, placeFresh := g.joinNodes(old, fresh, own, live)
	g.joinEdges(old, fresh, own, placeOld, placeFresh)
	g.link()
	return g
}

// owner is the file an edge comes from: that of a package's member is the member.
func (g *Graph) owner(e *Edge) ID {
	if g.nodes[e.From].Kind == File {
		return e.From
	}
	return e.To
}

// joinNodes merges two sorted lists of nodes, and says where each went.
func (g *Graph) joinNodes(old, fresh *Graph, own, live []bool) (placeOld, placeFresh []ID) {
	placeOld, placeFresh = make([]ID, old.Len()), make([]ID, fresh.Len())
	for i, j := 0, 0; i < old.Len() || j < fresh.Len(); {
		order := -1
		switch {
		case i == old.Len():
			order = 1
		case !live[i]:
			i++
			continue
		case j < fresh.Len():
			order = compareNodes(&old.nodes[i], &fresh.nodes[j])
		}
		id := ID(len(g.nodes))
		if order < 0 || order == 0 && own[i] {
			g.nodes = append(g.nodes, old.nodes[i])
		} else {
			g.nodes = append(g.nodes, fresh.nodes[j])
		}
		if order <= 0 {
			placeOld[i] = id
			i++
		}
		if order >= 0 {
			placeFresh[j] = id
			j++
		}
	}
	return placeOld, placeFresh
}

// joinEdges merges the old edges whose files stay with the fresh ones. Places keep the order of nodes, so both are sorted.
func (g *Graph) joinEdges(old, fresh *Graph, own []bool, placeOld, placeFresh []ID) {
	rest := make([]Edge, len(fresh.edges))
	for i, e := range fresh.edges {
		e.From, e.To = placeFresh[e.From], placeFresh[e.To]
		rest[i] = e
	}
	for i := range old.edges {
		e := &old.edges[i]
		if !own[old.owner(e)] {
			continue
		}
		g.edges = append(g.edges, *e)
		e = &g.edges[len(g.edges)-1]
		e.From, e.To = placeOld[e.From], placeOld[e.To]
		for len(rest) > 0 && rest[0].From <= e.From && compareEdges(rest[0], *e) < 0 {
			last := *e
			*e, rest = rest[0], rest[1:]
			g.edges = append(g.edges, last)
			e = &g.edges[len(g.edges)-1]
		}
	}
	g.edges = append(g.edges, rest...)
}

// spoken gives each package the language of its files.
func (g *Graph) spoken() {
	for id := range g.nodes {
		if g.nodes[id].Kind == Package {
			g.nodes[id].Language = ""
		}
	}
	for i := range g.edges {
		e := &g.edges[i]
		if to := &g.nodes[e.To]; e.Kind == imports.SamePackage && to.Kind == Package && to.Language == "" {
			to.Language = g.nodes[e.From].Language
		}
	}
}
