package mergequeue

import (
	"cmp"
	"slices"
	"time"
)

// start uses the free slots.
func (q *Queue) start() {
	if q.paused {
		return
	}
	freeze, frozen := q.opt.Calendar.Frozen(q.now)
	if frozen && len(q.live) > 0 {
		q.do(Wake{At: freeze.Until})
	}
	switch ex := q.exclusive(); {
	case ex != nil && (!frozen || ex.Lane == Hotfix):
		q.startExclusive(ex, freeze, frozen)
	case ex == nil && !frozen:
		q.wake = time.Time{}
		q.startNormal()
		if !q.wake.IsZero() {
			q.do(Wake{At: q.wake})
		}
	}
}

// exclusive is the change that has the queue to itself, if there is one: the one under way, else the first.
func (q *Queue) exclusive() *item {
	for _, r := range q.runs {
		if r.lane() != Normal {
			return r.batch[0]
		}
	}
	if len(q.waiting) > 0 && q.waiting[0].Lane != Normal {
		return q.waiting[0]
	}
	return nil
}

func (q *Queue) startExclusive(ex *item, freeze Freeze, frozen bool) {
	if ex.run != nil || q.landing != nil {
		return
	}
	if q.free() == 0 {
		last := len(q.runs) - 1
		for !q.runs[last].running() {
			last--
		}
		q.dissolve(q.runs[last], "its slot is needed for "+ex.ID)
	}
	audit := string(ex.Lane) + " lane: nothing else starts or lands meanwhile"
	if ex.Reason != "" {
		audit += "; " + ex.Reason
	}
	if frozen {
		audit += "; started in freeze window " + freeze.Name
	}
	q.launch([]*item{ex}, nil, audit)
}

// free is how many runs may be started.
func (q *Queue) free() int {
	free := q.opt.Slots
	for _, r := range q.runs {
		if r.running() {
			free--
		}
	}
	return free
}

// startNormal goes through those that wait, in order: first for what can be checked on main as it is, then, with slots to
// spare, for what has to be built on others.
func (q *Queue) startNormal() {
	for _, depth := range []int{1, q.depth} {
		q.startUpTo(depth)
	}
}

// startUpTo starts what is built on less than depth others. Nobody is overtaken by a change that it meets.
func (q *Queue) startUpTo(depth int) {
	free := q.free()
	var skipped footprint // of those that stay where they are
	for i := 0; i < len(q.waiting) && free > 0 && !skipped.all; {
		it := q.waiting[i]
		if it.fails > 0 && q.undecided(it) {
			i++
			continue
		}
		if !skipped.meets(it.Affected) {
			batch := q.batchFrom(i, skipped)
			chain := q.chainFor(batch)
			if len(chain) < depth && !q.hold(batch, free) && (free > q.opt.Reserve || len(chain) == 0 && !batch[0].doubt) {
				q.launch(batch, chain, "") // takes it from the list, at i
				free--
				continue
			}
		}
		skipped.add(it.Affected)
		i++
	}
}

// undecided says that a run under way may settle a remembered failure that a suspect is part of, so that its re-run may be
// spared.
func (q *Queue) undecided(it *item) bool {
	for _, r := range q.failed {
		if r.has(it.ID) && slices.ContainsFunc(r.batch, func(other *item) bool { return other != it && q.live[other.ID] == other && other.run != nil }) {
			return true
		}
	}
	return false
}

// hold says that a small batch should wait for company: the fewer slots are free, the more a run has to find out.
func (q *Queue) hold(batch []*item, free int) bool {
	until := batch[0].Eligible.Add(q.opt.Hold)
	want := 1 + (q.opt.Batch-1)*(q.opt.Slots-free)/q.opt.Slots
	if batch[0].group > 0 || batch[0].Alone || len(batch) >= want || !q.now.Before(until) {
		return false
	}
	if q.wake.IsZero() || until.Before(q.wake) {
		q.wake = until
	}
	return true
}

// batchFrom gathers what is checked together with the change at i: the others of its group, else the next ones of its
// lane. Nobody overtakes a change that it meets.
func (q *Queue) batchFrom(i int, skipped footprint) []*item {
	first := q.waiting[i]
	if first.group > 0 {
		return slices.DeleteFunc(slices.Clone(q.waiting[i:]), func(it *item) bool { return it.group != first.group })
	}
	batch := []*item{first}
	if first.Alone {
		return batch
	}
	foot, over := footprintOf(first), skipped.clone()
	for _, it := range q.waiting[i+1:] {
		if len(batch) >= q.opt.Batch || over.all {
			break
		}
		if it.group > 0 || it.Alone || over.meets(it.Affected) || !foot.meets(it.Affected) {
			over.add(it.Affected)
			continue
		}
		batch = append(batch, it)
		foot.add(it.Affected)
	}
	return batch
}

// chainFor is what a batch is checked on top of, besides main: the changes under way that it meets, directly or through
// others, and that will probably land.
func (q *Queue) chainFor(batch []*item) []*item {
	left := q.leftOut(batch)
	foot := footprintOf(batch...)
	in := map[*item]bool{}
	for grown := true; grown; {
		grown = false
		for _, r := range q.runs {
			for _, it := range r.batch {
				if !in[it] && !left[it] && foot.meets(it.Affected) {
					in[it], grown = true, true
					foot.add(it.Affected)
				}
			}
		}
	}
	return q.ordered(in)
}

// ordered lists changes under way, each after those that it is checked on top of.
func (q *Queue) ordered(in map[*item]bool) []*item {
	var chain []*item
	for _, r := range q.runs {
		for it := range r.all {
			if in[it] && it.run != nil && (it.run == r || in[r.batch[0]] || slices.ContainsFunc(r.batch, func(b *item) bool { return in[b] })) {
				chain = append(chain, it)
				delete(in, it)
			}
		}
	}
	return chain
}

// leftOut are the changes under way that nothing is built upon now: those that probably fail, those of the same failed
// batch, and what is itself built on one of these or on the batch.
func (q *Queue) leftOut(batch []*item) map[*item]bool {
	left := map[*item]bool{}
	for _, it := range batch {
		left[it] = true
	}
	for grown := true; grown; {
		grown = false
		for _, r := range q.runs {
			on := slices.ContainsFunc(r.chain, func(it *item) bool { return left[it] || it.run == nil && q.live[it.ID] == it })
			for _, it := range r.batch {
				if !left[it] && (on || it.doubt || r.state == Failed || it.parent > 0 && it.parent == batch[0].parent) {
					left[it], grown = true, true
				}
			}
		}
	}
	return left
}

// launch starts a run.
func (q *Queue) launch(batch, chain []*item, audit string) {
	batch = slices.Clone(batch)
	slices.SortStableFunc(batch, func(a, b *item) int { return cmp.Compare(a.weight(), b.weight()) })
	r := &run{id: q.newRunID(), base: q.count, chain: chain, batch: batch, foot: footprintOf(slices.Concat(chain, batch)...), audit: audit}
	q.waiting = slices.DeleteFunc(q.waiting, func(it *item) bool { return slices.Contains(batch, it) })
	for _, it := range batch {
		it.run = r
	}
	q.runs = append(q.runs, r)
	q.do(Start{Run: r.id, Base: q.main, Chain: ids(chain), Batch: ids(batch), Rerun: len(batch) == 1 && batch[0].fails > 0, Audit: audit})
}
