package rules

import (
	"strings"

	"github.com/adamant-os/adamant/internal/graph"
)

// reaches reports what must not be reached and is, way by way, or what must be reached and is not.
func (j *judging) reaches(w *world, r *Rule) error {
	starts, err := w.starts(r)
	if err != nil {
		return err
	}
	for _, s := range starts {
		if *r.To.Reachable {
			err = j.reached(w, r, s)
		} else {
			err = j.unreached(w, r, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// start is the modules whose from captured the same groups.
type start struct {
	groups []string
	ids    []graph.ID
}

// starts lists the modules a rule starts from, together where its to cannot tell them apart.
func (w *world) starts(r *Rule) ([]start, error) {
	at := map[string]int{}
	var out []start
	for id := range graph.ID(w.Len()) {
		groups, ok, err := r.From.match(w.Node(id).Name, nil)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		key := ""
		if r.To.grouped() {
			key = strings.Join(groups, "\x00")
		}
		i, known := at[key]
		if !known {
			i = len(out)
			at[key], out = i, append(out, start{groups: groups})
		}
		out[i].ids = append(out[i].ids, id)
	}
	if len(out) == 0 && !*r.To.Reachable {
		out = []start{{}} // nothing is reached from nowhere
	}
	return out, nil
}

// reached reports each pair of a start and a module it reaches.
func (j *judging) reached(w *world, r *Rule, s start) error {
	to := newMemo(w, r.To.Where)
	for _, from := range s.ids {
		if j.ctx.Err() != nil {
			return j.ctx.Err()
		}
		by := make(map[graph.ID]graph.Edge)
		queue := []graph.ID{from}
		for at := 0; at < len(queue); at++ {
			for _, e := range w.Out(queue[at]) {
				if _, seen := by[e.To]; seen || e.To == from {
					continue
				}
				by[e.To] = e
				queue = append(queue, e.To)
				ok, err := to.match(e.To, s.groups)
				if err != nil {
					return err
				}
				if ok {
					j.reachable(w, r, from, e.To, by)
				}
			}
		}
	}
	return nil
}

func (j *judging) reachable(w *world, r *Rule, from, to graph.ID, by map[graph.ID]graph.Edge) {
	var way []graph.Edge
	for at := to; at != from; at = by[at].From {
		way = append([]graph.Edge{by[at]}, way...)
	}
	e := graph.Edge{From: from, To: to, Line: way[0].Line}
	j.add(w, r, &e, KindReachability, "", w.names(way))
}

// unreached reports the modules that no other start reaches. Each module keeps two of the starts that reach it: that is enough
// to know whether one of them is another than itself.
func (j *judging) unreached(w *world, r *Rule, s start) error {
	to := newMemo(w, r.To.Where)
	by := w.spread(s.ids)
	for id := range graph.ID(w.Len()) {
		if by[id][0] > 0 && by[id][0] != int32(id)+1 || by[id][1] > 0 {
			continue
		}
		ok, err := to.match(id, s.groups)
		if err != nil {
			return err
		}
		if ok {
			j.alone(w, r, id, KindModule, withComment(w.Node(id).Name+" is not reached from where it must be", r))
		}
	}
	return nil
}

// spread tells each module up to two starts (plus one) that reach it; a start reaches itself.
func (w *world) spread(ids []graph.ID) [][2]int32 {
	by := make([][2]int32, w.Len())
	type visit struct {
		id   graph.ID
		from int32
	}
	var queue []visit
	tell := func(id graph.ID, from int32) {
		b := &by[id]
		switch {
		case b[0] == from || b[1] == from || b[1] != 0:
			return
		case b[0] == 0:
			b[0] = from
		default:
			b[1] = from
		}
		queue = append(queue, visit{id, from})
	}
	for _, id := range ids {
		tell(id, int32(id)+1)
	}
	for at := 0; at < len(queue); at++ {
		for _, e := range w.Out(queue[at].id) {
			tell(e.To, queue[at].from)
		}
	}
	return by
}
