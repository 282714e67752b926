package mergequeue

import "slices"

const accusations = 2 // so many eject a change: a failure, and its re-run

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
		case !r.split:
			q.halve(rest)
			r.split, changed = true, true
		}
		return false
	})
	return changed
}

// blame counts an accusation: the first one makes the change run again alone, the second one ejects it.
func (q *Queue) blame(it *item, by *run) {
	q.slower()
	for _, sibling := range q.live { // they are less suspect now
		if sibling.parent == it.parent && it.parent > 0 && sibling.fails == 0 {
			sibling.doubt = false
		}
	}
	it.fails++
	it.group, it.parent, it.doubt = q.newGroup(), 0, true
	if it.fails >= accusations {
		why := "its checks failed twice with everything else on main"
		if by.note != "" {
			why += ": " + by.note
		}
		q.eject(it, CodeFailed, why, by.id)
	}
}

// halve makes two groups of a failed batch. They are checked at the same time, each without the other. Risky changes are
// last, so the second half is the one not to build upon.
func (q *Queue) halve(rest []*item) {
	q.slower()
	parent := q.newGroup()
	half := (len(rest) + 1) / 2
	for i, members := range [][]*item{rest[:half], rest[half:]} {
		group := q.newGroup()
		for _, it := range members {
			it.group, it.parent, it.doubt = group, parent, i == 1 || it.fails > 0
		}
	}
}

func (q *Queue) slower() {
	if q.opt.Adaptive {
		q.depth = max(q.depth/2, 1)
	}
}

func (q *Queue) faster() {
	if q.opt.Adaptive {
		q.depth = min(q.depth+1, q.opt.Depth)
	}
}
