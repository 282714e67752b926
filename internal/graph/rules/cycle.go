package rules

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/graph"
)

// ways finds shortest ways without clearing its arrays in between, so that a thousand cycles cost a thousand small searches.
type ways struct {
	by    []*graph.Edge // the edge a node was reached by
	stamp []int32
	round int32
	queue []graph.ID
	looks int // at edges, of all searches
}

const (
	maxShown = 20_000_000  // looks at edges, of all searches in one graph, for ways that only explain: a second
	maxAsked = 500_000_000 // for ways that a rule asks about: half a minute
	maxWay   = 1000        // modules of a way that is written down
)

// errLooks says that a way was not looked for to its end.
var errLooks = errors.New("there are too many ways around to look for each")

// shortest is a shortest way from one module to another along edges that keep allows, nil when there is none. The error is
// keep's, or errLooks when all searches together took more than limit looks at edges.
func (w *world) shortest(from, to graph.ID, limit int, keep func(*graph.Edge) (bool, error)) ([]graph.Edge, error) {
	if w.ways == nil {
		w.ways = &ways{by: make([]*graph.Edge, w.Len()), stamp: make([]int32, w.Len())}
	}
	s := w.ways
	s.round++
	s.queue = append(s.queue[:0], from)
	s.stamp[from] = s.round
	for at := 0; at < len(s.queue); at++ {
		out := w.Out(s.queue[at])
		if s.looks += len(out); s.looks > limit {
			return nil, errLooks
		}
		for i := range out {
			e := &out[i]
			if s.stamp[e.To] == s.round {
				continue
			}
			if ok, err := keep(e); err != nil || !ok {
				if err != nil {
					return nil, err
				}
				continue
			}
			s.stamp[e.To], s.by[e.To] = s.round, e
			if e.To == to {
				return s.trace(from, to), nil
			}
			s.queue = append(s.queue, e.To)
		}
	}
	return nil, nil
}

func (s *ways) trace(from, to graph.ID) []graph.Edge {
	var way []graph.Edge
	for at := to; at != from; {
		e := s.by[at]
		way = append(way, *e)
		at = e.From
	}
	slices.Reverse(way)
	return way
}

// around finds the cycle through an edge that a target asks for. viaOnly holds when there is a cycle of nothing but such
// members; via is asked of the shortest cycle. Where no cycle is asked about, one that takes too long to find is not shown.
func (w *world) around(t *Target, e *graph.Edge, groups []string) (bool, []string, error) {
	if !w.cyclic(e) {
		return false, nil, nil
	}
	inside := func(x *graph.Edge) (bool, error) { return w.comp[x.To] == w.comp[e.From], nil }
	if t.ViaOnly != nil {
		all := inside
		inside = func(x *graph.Edge) (bool, error) {
			if ok, _ := all(x); !ok {
				return false, nil
			}
			return w.passes(t.ViaOnly, x, groups)
		}
		if ok, err := inside(e); err != nil || !ok {
			return false, nil, err
		}
	}
	asked, limit := t.Via != nil || t.ViaOnly != nil, maxShown
	if asked {
		limit = maxAsked
	}
	back, err := w.shortest(e.To, e.From, limit, inside)
	if errors.Is(err, errLooks) && !asked {
		return true, nil, nil
	}
	if err != nil || back == nil {
		return false, nil, err
	}
	cycle := append([]graph.Edge{*e}, back...)
	if t.Via != nil {
		if ok, err := w.some(t.Via, cycle, groups); err != nil || !ok {
			return false, nil, err
		}
	}
	if len(cycle) > maxWay {
		return true, nil, nil
	}
	return true, w.names(cycle), nil
}

func (w *world) some(v *Via, cycle []graph.Edge, groups []string) (bool, error) {
	for i := range cycle {
		if ok, err := w.passes(v, &cycle[i], groups); err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}

// passes says whether a member of a cycle, the module an edge leads to, is one of v's.
func (w *world) passes(v *Via, e *graph.Edge, groups []string) (bool, error) {
	if v.Types != 0 && e.Types&v.Types == 0 || e.Types&v.TypesNot != 0 {
		return false, nil
	}
	_, ok, err := v.match(w.Node(e.To).Name, groups)
	return ok, err
}

// names lists the modules of a way, both ends included.
func (w *world) names(way []graph.Edge) []string {
	if len(way) == 0 {
		return nil
	}
	out := []string{w.Node(way[0].From).Name}
	for i := range way {
		out = append(out, w.Node(way[i].To).Name)
	}
	return out
}

// acyclic reports each strongly connected component of the modules a rule selects once, by its first member.
func (j *judging) acyclic(w *world, r *Rule) error {
	in, err := j.selected(w, r.Module)
	if err != nil {
		return err
	}
	keep := func(e *graph.Edge) bool { return in[e.From] && in[e.To] }
	comp, sizes := w.Components(keep)
	done := make([]bool, len(sizes))
	for id := range graph.ID(w.Len()) {
		c := comp[id]
		if sizes[c] < 2 || done[c] {
			continue
		}
		done[c] = true
		way := w.names(w.smallest(id, comp, keep))
		j.alone(w, r, id, KindTangle, withComment(fmt.Sprintf("%d modules need each other; the shortest way around from here: %s",
			sizes[c], strings.Join(way, " -> ")), r))
		v := &j.report.Violations[len(j.report.Violations)-1]
		v.Path, v.Members = way, w.members(comp, c)
	}
	return nil
}

// members lists the modules of a component, sorted.
func (w *world) members(comp []int32, c int32) []string {
	var out []string
	for id := range comp {
		if comp[id] == c {
			out = append(out, w.Node(graph.ID(id)).Name)
		}
	}
	slices.Sort(out)
	return out
}

// smallest is a shortest cycle through a node.
func (w *world) smallest(id graph.ID, comp []int32, keep graph.Keep) []graph.Edge {
	return w.Path(id, id, func(e *graph.Edge) bool { return keep(e) && comp[e.To] == comp[id] })
}

// selected says of each module whether a Where takes it.
func (j *judging) selected(w *world, where Where) ([]bool, error) {
	in := make([]bool, w.Len())
	for id := range in {
		_, ok, err := where.match(w.Node(graph.ID(id)).Name, nil)
		if err != nil {
			return nil, err
		}
		in[id] = ok
	}
	return in, nil
}
