package mergequeue

import "slices"

// run is one composition under way or, after a failure, remembered.
type run struct {
	id     RunID
	base   int // landings of main when it started
	chain  []*item
	batch  []*item
	foot   footprint // of chain and batch
	state  Outcome   // "" while it is running
	note   string
	audit  string
	halved int // how many were left when a failed run's batch was last halved
}

func (r *run) running() bool { return r.state == "" }
func (r *run) passed() bool  { return r.state == Passed || r.state == Flaky }
func (r *run) lane() Lane    { return r.batch[0].Lane } // batches of other lanes than the normal one have one change

// rest is what of a composition is not on main yet. It is not ok when the run says nothing any more about main with the rest.
func (q *Queue) rest(r *run) (rest []*item, ok bool) {
	landed := map[string]bool{}
	for _, l := range q.history {
		if l.n <= r.base {
			continue
		}
		landed[l.id] = true
		if r.foot.meets(l.affected) && !r.has(l.id) {
			return nil, false
		}
	}
	for it := range r.all {
		switch {
		case !landed[it.ID]:
			rest = append(rest, it)
			if q.live[it.ID] != it {
				return nil, false
			}
		case slices.ContainsFunc(rest, func(earlier *item) bool { return meet(earlier.Affected, it.Affected) }):
			return nil, false // landed without what was under it here
		}
	}
	return rest, true
}

// all yields the composition in order.
func (r *run) all(yield func(*item) bool) {
	for _, it := range r.chain {
		if !yield(it) {
			return
		}
	}
	for _, it := range r.batch {
		if !yield(it) {
			return
		}
	}
}

func (r *run) has(id string) bool {
	for it := range r.all {
		if it.ID == id {
			return true
		}
	}
	return false
}

// ready says that nothing but the batch of a run is left to land, and that the run is still about main as it is.
func (q *Queue) ready(r *run) bool {
	rest, ok := q.rest(r)
	return ok && len(rest) == len(r.batch) && (len(rest) == 0 || rest[0] == r.batch[0])
}

// current says that a run still says something about main.
func (q *Queue) current(r *run) bool {
	_, ok := q.rest(r)
	return ok
}

// void says why a run is of no use any more, "" when it is.
func (q *Queue) void(r *run) string {
	rest, ok := q.rest(r)
	if !ok && q.evidence(r) && r.running() {
		return ""
	}
	if !ok {
		return "main has moved another way"
	}
	for _, it := range rest[:len(rest)-len(r.batch)] {
		if it.fails > 0 {
			return "what it was built on failed"
		}
	}
	return ""
}

// evidence says that a run is about suspects alone: what it finds out counts even when main has moved another way meanwhile.
func (q *Queue) evidence(r *run) bool {
	return len(r.chain) == 0 && r.batch[0].group > 0 && !slices.ContainsFunc(r.batch, func(it *item) bool { return q.live[it.ID] != it })
}

// dropVoid cancels the runs that are of no use, and says whether there were any.
func (q *Queue) dropVoid() bool {
	dropped := false
	for _, r := range slices.Clone(q.runs) {
		if r == q.landing {
			continue // the answer decides
		}
		if why := q.void(r); why != "" {
			q.dissolve(r, why)
			dropped = true
		}
	}
	return dropped
}

// dissolve ends a run and lets its batch wait again.
func (q *Queue) dissolve(r *run, why string) {
	if r.running() && why != "" {
		q.do(Cancel{Run: r.id, Why: why})
	}
	q.runs = slices.DeleteFunc(q.runs, func(other *run) bool { return other == r })
	for _, it := range r.batch {
		if q.live[it.ID] == it && it.run == r {
			q.wait(it)
		}
	}
}

func (q *Queue) finish(e Finished) {
	i := slices.IndexFunc(q.runs, func(r *run) bool { return r.id == e.Run && r.running() })
	if i < 0 {
		return
	}
	r := q.runs[i]
	switch e.Outcome {
	case Passed, Flaky, Failed:
		stale := !q.current(r)
		if !stale && r.batch[0].group == 0 {
			q.adapt(e.Outcome != Failed)
		}
		r.state, r.note = e.Outcome, e.Note
		if stale && q.evidence(r) {
			q.dissolve(r, "")
			q.testify(r)
		}
		for _, it := range r.batch {
			it.aborts = 0
		}
	default:
		r.state = Aborted
		q.noResult(r, e.Note)
	}
}

const (
	abortsAlone = 2 // runs in a row without a result until a change is checked alone
	abortsMost  = 4 // and until it is ejected
)

// noResult ends a run that nothing was found out by. Nobody is accused, but it cannot go on for ever.
func (q *Queue) noResult(r *run, note string) {
	q.dissolve(r, "")
	for _, it := range r.batch {
		if q.live[it.ID] != it {
			continue
		}
		if it.aborts++; it.aborts >= abortsMost {
			q.eject(it, CodeNoResult, "no result in several runs: "+note, r.id)
		} else if it.aborts >= abortsAlone {
			it.group, it.parent = q.newGroup(), 0
		}
	}
}

func (q *Queue) newGroup() int {
	q.splits++
	return q.splits
}

func ids(items []*item) []string {
	out := make([]string, len(items))
	for i, it := range items {
		out[i] = it.ID
	}
	return out
}
