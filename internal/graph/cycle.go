package graph

import "slices"

// Keep selects edges; nil keeps all.
type Keep func(*Edge) bool

// Components returns for every node the number of its strongly connected component, and the size of each component. Two
// nodes are on a common cycle exactly when their numbers are equal. Tarjan's algorithm (SIAM J. Comput. 1(2), 1972) without
// recursion: depth is bounded by memory, not by the stack. Components are numbered in reverse topological order: an edge
// never leads to a higher number.
func (g *Graph) Components(keep Keep) (of []int32, sizes []int32) {
	t := tarjan{g: g, keep: keep, of: make([]int32, g.Len()), low: make([]int32, g.Len()), next: make([]int32, g.Len())}
	for i := range t.of {
		t.of[i] = -1
	}
	for i := range t.of {
		if t.low[i] == 0 {
			t.visit(ID(i))
		}
	}
	return t.of, t.sizes
}

type tarjan struct {
	g     *Graph
	keep  Keep
	of    []int32 // component, -1 while unknown
	low   []int32 // 0 = not seen, else 1 + the earliest node on the stack that was reached
	next  []int32 // edge to look at next
	seen  int32
	path  []ID // from the root of this visit to the node at hand
	stack []ID // nodes without a component yet
	first []int32
	sizes []int32
}

func (t *tarjan) enter(id ID) {
	t.seen++
	t.low[id] = t.seen
	t.next[id] = t.g.out[id]
	t.path, t.first, t.stack = append(t.path, id), append(t.first, t.seen), append(t.stack, id)
}

func (t *tarjan) visit(root ID) {
	t.enter(root)
	for len(t.path) > 0 {
		id := t.path[len(t.path)-1]
		if child, ok := t.child(id); ok {
			t.enter(child)
			continue
		}
		t.leave(id)
	}
}

// child advances to the next target that was not seen yet; what was seen and has no component lowers id.
func (t *tarjan) child(id ID) (ID, bool) {
	for t.next[id] < t.g.out[id+1] {
		e := &t.g.edges[t.next[id]]
		t.next[id]++
		if t.keep != nil && !t.keep(e) {
			continue
		}
		switch {
		case t.low[e.To] == 0:
			return e.To, true
		case t.of[e.To] < 0:
			t.low[id] = min(t.low[id], t.low[e.To])
		}
	}
	return 0, false
}

func (t *tarjan) leave(id ID) {
	own := t.first[len(t.first)-1]
	t.path, t.first = t.path[:len(t.path)-1], t.first[:len(t.first)-1]
	if len(t.path) > 0 {
		parent := t.path[len(t.path)-1]
		t.low[parent] = min(t.low[parent], t.low[id])
	}
	if t.low[id] != own {
		return
	}
	size := int32(0)
	for {
		member := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		t.of[member] = int32(len(t.sizes))
		size++
		if member == id {
			break
		}
	}
	t.sizes = append(t.sizes, size)
}

// Path is a shortest path of edges from one node to another, nil when there is none. Among equally short ones it takes the
// first in the order of nodes. The path from a node to itself is a cycle: it has at least one edge.
func (g *Graph) Path(from, to ID, keep Keep) []Edge {
	via := make([]int32, g.Len()) // 1 + the edge a node was reached by
	queue := []ID{from}
	for len(queue) > 0 {
		id := queue[0]
		queue = queue[1:]
		for i := g.out[id]; i < g.out[id+1]; i++ {
			e := &g.edges[i]
			if via[e.To] != 0 || e.To == from && to != from || keep != nil && !keep(e) {
				continue
			}
			via[e.To] = i + 1
			if e.To == to {
				return g.trace(via, from, to)
			}
			queue = append(queue, e.To)
		}
	}
	return nil
}

func (g *Graph) trace(via []int32, from, to ID) []Edge {
	var path []Edge
	for at := to; ; {
		e := g.edges[via[at]-1]
		path = append(path, e)
		if at = e.From; at == from {
			slices.Reverse(path)
			return path
		}
	}
}

// Reach is how a node is affected: its depth, and the edge that leads from it to the node before it.
type Reach struct {
	ID    ID
	Depth int32
	Via   *Edge // nil for the nodes it started from
}

// Dependents lists everything that needs one of the nodes, directly or not, nearest first and in the order of nodes within a
// depth; the start comes with depth 0. Each has a shortest way back to the start: follow Via.To.
func (g *Graph) Dependents(start []ID, keep Keep) []Reach {
	seen := make([]bool, g.Len())
	var out []Reach
	for _, id := range slices.Compact(slices.Sorted(slices.Values(start))) {
		seen[id] = true
		out = append(out, Reach{ID: id})
	}
	for level := 0; level < len(out); {
		end := len(out)
		for ; level < end; level++ {
			at := out[level]
			for e := range g.In(at.ID) {
				if seen[e.From] || keep != nil && !keep(e) {
					continue
				}
				seen[e.From] = true
				out = append(out, Reach{ID: e.From, Depth: at.Depth + 1, Via: e})
			}
		}
		slices.SortFunc(out[end:], func(a, b Reach) int { return int(a.ID) - int(b.ID) })
	}
	return out
}
