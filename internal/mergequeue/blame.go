package mergequeue

import "slices"

const (
	accusations = 2  // so many eject a change: a failure, and its re-run
	suspicion   = 6  // setbacks of a change that probably fails
	setbackMost = 12 // setbacks of any change
)

// convict turns failed runs whose chain has landed into memories, and lets the memories accuse. It says whether anything changed.
func (q *Queue) convict() bool {
	changed := false
	for _, r := range slices.Clone(q.runs) {
		if r.state == Failed && q.ready(r) {
			q.dissolve(r, "")
			q.failed = append(q.failed, r)
			changed = true
		}
	}
	return q.accuse() || changed
}

// accuse goes through the remembered failures. One left: that one did it. More: halve.
func (q *Queue) accuse() bool {
	changed := false
	q.failed = slices.DeleteFunc(q.failed, func(r *run) bool {
		rest, ok := q.rest(r)
		switch {
		case !ok || len(rest) == 0:
			return true
		case len(rest) == 1:
			q.blame(rest[0], r)
			changed = true
			return true
		case len(rest) != r.halved: // the rest on top of what has landed is known to fail
			q.halve(rest)
			r.halved, changed = len(rest), true
		}
		return false
	})
	return changed
}

// testify takes what a run of suspects found out on a main that has moved on since: it lands nothing, and still tells who is
// to blame.
func (q *Queue) testify(r *run) {
	switch {
	case r.state != Failed:
		for _, it := range r.batch {
			if it.fails == 0 {
				it.group, it.parent, it.doubt, it.late = 0, 0, false, 0
			}
		}
		q.sort()
	case len(r.batch) == 1:
		q.blame(r.batch[0], r)
	default:
		q.halve(r.batch)
	}
}

// blame counts an accusation: the first one makes the change run again alone, the second one ejects it.
func (q *Queue) blame(it *item, by *run) {
	q.acquit(it)
	it.fails++
	it.group, it.parent, it.doubt = q.newGroup(), 0, true
	q.suspect(it)
	if it.fails >= accusations {
		why := "its checks failed twice with everything else on main"
		if by.note != "" {
			why += ": " + by.note
		}
		q.eject(it, CodeFailed, why, by.id)
	}
}

// acquit clears the other part of a failed batch once one part has failed by itself: nothing more is known against it.
func (q *Queue) acquit(failed *item) {
	for _, it := range q.live {
		if failed.parent == 0 || it.parent != failed.parent || it.group == failed.group || it.fails > 0 {
			continue
		}
		it.doubt = false
		if it.run == nil {
			it.group, it.parent = 0, 0
			it.late = 0
		}
	}
	q.sort()
}

// suspect puts back what probably fails: what a run would find out is needed less than what others wait for.
func (q *Queue) suspect(it *item) {
	it.late = suspicion * q.opt.Setback
	q.sort()
}

// halve makes two groups of a failed batch. They are checked at the same time, each without the other. Risky changes are
// last, so the second half is the one not to build upon.
func (q *Queue) halve(rest []*item) {
	q.acquit(rest[0])
	parent := q.newGroup()
	middle := cut(rest)
	for i, members := range [][]*item{rest[:middle], rest[middle:]} {
		group := q.newGroup()
		for _, it := range members {
			it.group, it.parent, it.doubt = group, parent, !q.opt.Lanes || i == 1 && len(members) == 1 || it.fails > 0
			if i == 1 {
				q.suspect(it)
			}
		}
	}
}

// weight is how suspect a change is when a batch fails, relative to others. A score twice as high weighs sixteen times as much.
func (it *item) weight() int64 {
	risk := int64(min(max(it.Risk, 0), 1000)) + 50
	return risk * risk * risk * risk
}

// cut is where the second part of a failed batch begins: with the last ones that together are as suspect as all before.
func cut(rest []*item) int {
	var total, tail int64
	for _, it := range rest {
		total += it.weight()
	}
	for i := len(rest) - 1; i > 1; i-- {
		if tail += rest[i].weight(); 2*tail >= total {
			return i
		}
	}
	return 1
}

// adapt learns from a run of changes that nothing is held against yet: shorter chains after a failure.
func (q *Queue) adapt(ok bool) {
	switch {
	case !q.opt.Adaptive:
	case ok:
		q.depth = min(q.depth+1, q.opt.Depth)
	default:
		q.depth = max(q.depth/2, 1)
	}
}
