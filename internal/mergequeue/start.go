package mergequeue

import "slices"

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
		q.startNormal()
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

// startNormal goes through those that wait, in order. Nobody is overtaken by a change that it meets.
func (q *Queue) startNormal() {
	free := q.free()
	var skipped footprint // of those that stay where they are
	for i := 0; i < len(q.waiting) && free > 0 && !skipped.all; {
		it := q.waiting[i]
		if !skipped.meets(it.Affected) {
			batch := q.batchFrom(i, free, skipped)
			if chain, depth := q.chainFor(batch); depth < q.depth {
				q.launch(batch, chain, "") // takes it from the list, at i
				free--
				continue
			}
		}
		skipped.add(it.Affected)
		i++
	}
}

// batchFrom gathers what is checked together with the change at i: the others of its group, else the next ones of its lane.
func (q *Queue) batchFrom(i, free int, skipped footprint) []*item {
	first := q.waiting[i]
	if first.group > 0 {
		return slices.DeleteFunc(slices.Clone(q.waiting[i:]), func(it *item) bool { return it.group != first.group })
	}
	size := min(q.opt.Batch, (len(q.waiting)+free-1)/free)
	batch := []*item{first}
	foot, over := footprintOf(first), skipped.clone()
	for _, it := range q.waiting[i+1:] {
		if len(batch) >= size || over.all {
			break
		}
		if it.group > 0 || over.meets(it.Affected) || !foot.meets(it.Affected) {
			over.add(it.Affected)
			continue
		}
		batch = append(batch, it)
		foot.add(it.Affected)
	}
	return batch
}

// chainFor is what a batch is checked on top of, besides main: what is under way, meets it directly or through others, and
// probably lands. depth is the number of runs that is.
func (q *Queue) chainFor(batch []*item) (chain []*item, depth int) {
	left := q.leftOut(batch[0].parent)
	foot := footprintOf(batch...)
	for _, r := range slices.Backward(q.runs) {
		if left[r] || !slices.ContainsFunc(r.batch, func(it *item) bool { return foot.meets(it.Affected) }) {
			continue
		}
		for _, it := range r.batch {
			foot.add(it.Affected)
		}
		chain = append(slices.Clone(r.batch), chain...)
		depth++
	}
	return chain, depth
}

// leftOut are the runs that nothing is built upon now: those that probably fail, the other half of the same failed batch,
// and what is built upon these.
func (q *Queue) leftOut(parent int) map[*run]bool {
	left := map[*run]bool{}
	for _, r := range q.runs {
		sibling := parent > 0 && r.batch[0].parent == parent
		on := slices.ContainsFunc(r.chain, func(it *item) bool { return q.live[it.ID] == it && left[it.run] })
		if sibling || on || r.doubtful() {
			left[r] = true
		}
	}
	return left
}

// launch starts a run.
func (q *Queue) launch(batch, chain []*item, audit string) {
	r := &run{id: q.newRunID(), base: q.count, chain: chain, batch: batch, foot: footprintOf(slices.Concat(chain, batch)...), audit: audit}
	q.waiting = slices.DeleteFunc(q.waiting, func(it *item) bool { return slices.Contains(batch, it) })
	for _, it := range batch {
		it.run = r
	}
	q.runs = append(q.runs, r)
	q.do(Start{Run: r.id, Base: q.main, Chain: ids(chain), Batch: ids(batch), Rerun: len(batch) == 1 && batch[0].fails > 0, Audit: audit})
}
