package rules

import (
	"cmp"
	"slices"

	"github.com/adamant-os/adamant/internal/graph"
)

// Tangle is a set of modules that all need each other: a strongly connected component with more than one member.
type Tangle struct {
	Members  []string `json:"members"`
	Shortest []string `json:"shortest"` // a shortest cycle in it, its first module at both ends
	Edges    int      `json:"edges"`    // between its members
}

// Growth is a tangle of head that base had not, or not as large.
type Growth struct {
	Tangle
	Before  int      `json:"before"` // members of the largest tangle of base in it; 0 when it was made
	Closing []Closer `json:"closing"`
	Cut     *Closer  `json:"cut,omitempty"` // the closing edge that costs least to take out
}

// Closer is a new edge on a cycle.
type Closer struct {
	From   string   `json:"from"`
	To     string   `json:"to"`
	Line   int      `json:"line,omitempty"`
	Weight int      `json:"weight"` // how many imports it is written as; those of types alone count half, so it is doubled
	Cycle  []string `json:"cycle"`  // the shortest one through it; none when it is longer than a thousand modules
}

// length is how many modules its cycle has, or more than any when that is not known.
func (c *Closer) length() int {
	if len(c.Cycle) == 0 {
		return maxWay + 2
	}
	return len(c.Cycle)
}

// Tangles lists the tangles of a graph, largest first.
func Tangles(g *graph.Graph) ([]Tangle, error) {
	w, err := newWorld(g, Filter{}, Options{})
	if err != nil {
		return nil, err
	}
	w.components()
	var out []Tangle
	for c, members := range w.tangled() {
		out = append(out, w.tangle(int32(c), members))
	}
	slices.SortFunc(out, func(a, b Tangle) int {
		return cmp.Or(len(b.Members)-len(a.Members), cmp.Compare(a.Members[0], b.Members[0]))
	})
	return out, nil
}

// tangled lists the members of each component with more than one.
func (w *world) tangled() map[int32][]graph.ID {
	out := map[int32][]graph.ID{}
	for id := range graph.ID(w.Len()) {
		if c := w.comp[id]; w.sizes[c] > 1 {
			out[c] = append(out[c], id)
		}
	}
	return out
}

// maxStarts bounds how many members the shortest cycle of a tangle is looked for from.
const maxStarts = 64

func (w *world) tangle(c int32, members []graph.ID) Tangle {
	t := Tangle{}
	keep := func(e *graph.Edge) bool { return w.comp[e.To] == c }
	for i, id := range members {
		t.Members = append(t.Members, w.Node(id).Name)
		for _, e := range w.Out(id) {
			if w.comp[e.To] == c {
				t.Edges++
			}
		}
		if i < maxStarts && len(t.Shortest) != 3 { // nothing is shorter than there and back
			if way := w.names(w.Path(id, id, keep)); t.Shortest == nil || len(way) < len(t.Shortest) {
				t.Shortest = way
			}
		}
	}
	slices.Sort(t.Members)
	return t
}

// Grown lists the tangles that head made or let grow, with the new edges that did it. renames maps paths of base to paths of
// head. Edges that were there before are never blamed.
func Grown(base, head *graph.Graph, renames map[string]string) ([]Growth, error) {
	old, err := newWorld(base, Filter{}, Options{})
	if err != nil {
		return nil, err
	}
	w, err := newWorld(head, Filter{}, Options{})
	if err != nil {
		return nil, err
	}
	old.components()
	w.components()
	c := comparison{old: old, head: w, at: map[string]graph.ID{}}
	for id := range graph.ID(old.Len()) {
		c.at[rename(old.Node(id).Name, renames)] = id
	}
	var out []Growth
	for comp, members := range w.tangled() {
		if g, grew := c.growth(comp, members); grew {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b Growth) int { return cmp.Compare(a.Members[0], b.Members[0]) })
	return out, nil
}

type comparison struct {
	old, head *world
	at        map[string]graph.ID // nodes of base by their name at head
}

// growth compares one tangle of head with base.
func (c *comparison) growth(comp int32, members []graph.ID) (Growth, bool) {
	before := map[int32]int{}
	for _, id := range members {
		if was, ok := c.at[c.head.Node(id).Name]; ok {
			before[c.old.comp[was]]++
		}
	}
	g := Growth{}
	for was, n := range before {
		if n == len(members) {
			return g, false // all of them were tangled already
		}
		if c.old.sizes[was] > 1 {
			g.Before = max(g.Before, n)
		}
	}
	g.Tangle, g.Closing = c.head.tangle(comp, members), c.closing(comp, members)
	if len(g.Closing) > 0 {
		cut := slices.MinFunc(g.Closing, func(a, b Closer) int {
			return cmp.Or(a.Weight-b.Weight, a.length()-b.length(), cmp.Compare(a.From+"\x00"+a.To, b.From+"\x00"+b.To))
		})
		g.Cut = &cut
	}
	return g, true
}

// closing lists the new edges inside a tangle whose ends did not need each other at base.
func (c *comparison) closing(comp int32, members []graph.ID) []Closer {
	var out []Closer
	keep := func(e *graph.Edge) (bool, error) { return c.head.comp[e.To] == comp, nil }
	for _, id := range members {
		last := graph.ID(-1)
		for _, e := range c.head.Out(id) {
			if c.head.comp[e.To] != comp || e.To == last || !c.fresh(&e) {
				continue
			}
			last = e.To
			closer := Closer{From: c.head.Node(id).Name, To: c.head.Node(e.To).Name, Line: int(e.Line), Weight: c.head.weight(id, e.To)}
			if back, err := c.head.shortest(e.To, id, maxShown, keep); err == nil && len(back) < maxWay {
				closer.Cycle = c.head.names(append([]graph.Edge{e}, back...))
			}
			out = append(out, closer)
		}
	}
	return out
}

// fresh says that an edge is not at base, nor were its ends tangled there.
func (c *comparison) fresh(e *graph.Edge) bool {
	from, ok := c.at[c.head.Node(e.From).Name]
	to, there := c.at[c.head.Node(e.To).Name]
	if !ok || !there {
		return true
	}
	if c.old.comp[from] == c.old.comp[to] {
		return false
	}
	return !slices.ContainsFunc(c.old.Out(from), func(o graph.Edge) bool { return o.To == to })
}

func (w *world) weight(from, to graph.ID) int {
	n := 0
	for _, e := range w.Out(from) {
		switch {
		case e.To != to:
		case e.Kind.TypeLevel():
			n++
		default:
			n += 2
		}
	}
	return n
}

// Why is a shortest way by which one module needs another, as names, and the edges along it; nil when there is none.
func Why(g *graph.Graph, from, to string) []graph.Edge {
	a, ok := g.Find(graph.File, from)
	b, there := g.Find(graph.File, to)
	if !ok || !there {
		return nil
	}
	return g.Path(a, b, nil)
}
