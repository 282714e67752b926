package mergequeue

import "slices"

// settle brings the queue to rest: void runs go, failures are judged, what may land lands, free slots are used.
func (q *Queue) settle() {
	for q.dropVoid() || q.convict() {
	}
	q.forget()
	q.emitLand()
	q.start()
}

// emitLand asks for the next landing, if there is none under way.
func (q *Queue) emitLand() {
	if q.landing != nil || q.paused {
		return
	}
	freeze, frozen := q.opt.Calendar.Frozen(q.now)
	for _, r := range q.runs {
		if !r.passed() || !q.ready(r) || !q.mayLand(r, frozen) {
			continue
		}
		q.landing = r
		land := Land{Run: r.id, Main: q.main, Changes: ids(r.batch), Audit: r.audit}
		if frozen && land.Audit != "" {
			land.Audit += "; lands in freeze window " + freeze.Name
		}
		for _, it := range r.batch {
			if it.fails > 0 || r.state == Flaky {
				land.Flaky = append(land.Flaky, it.ID)
			}
		}
		q.do(land)
		return
	}
}

// mayLand says whether freeze windows and the exclusive lanes let a run land.
func (q *Queue) mayLand(r *run, frozen bool) bool {
	if frozen && r.lane() != Hotfix {
		return false
	}
	if ex := q.exclusive(); ex != nil {
		return r == ex.run
	}
	return true
}

func (q *Queue) land(e Landed) {
	r := q.landing
	if r == nil || r.id != e.Run {
		return
	}
	q.landing = nil
	q.runs = slices.DeleteFunc(q.runs, func(other *run) bool { return other == r })
	for _, it := range r.batch {
		delete(q.live, it.ID)
		q.landed[it.ID] = true
		q.move(e.Main, landing{id: it.ID, affected: it.Affected})
	}
}

// move notes that main has another commit.
func (q *Queue) move(main string, l landing) {
	if !q.opt.Lanes {
		l.affected = Affected{}
	}
	q.count++
	l.n = q.count
	q.main = main
	q.history = append(q.history, l)
	for _, it := range q.waiting {
		if it.fails == 0 && meet(it.Affected, l.affected) {
			it.moved++ // it was written on another main: more of a risk than one that was not
		}
	}
	if q.opt.Setback > 0 {
		q.sort()
	}
}

func (q *Queue) refuse(e Refused) {
	r := q.landing
	if r == nil || r.id != e.Run {
		return
	}
	q.landing = nil
	i := slices.IndexFunc(r.batch, func(it *item) bool { return it.ID == e.Change })
	if i < 0 {
		q.noResult(r, e.Note)
		return
	}
	q.eject(r.batch[i], CodeRefused, e.Note, r.id)
	q.dissolve(r, "")
}

// forget drops the landings that nothing is compared with any more.
func (q *Queue) forget() {
	oldest := q.count
	for _, r := range slices.Concat(q.runs, q.failed) {
		oldest = min(oldest, r.base)
	}
	q.history = slices.DeleteFunc(q.history, func(l landing) bool { return l.n <= oldest })
}
