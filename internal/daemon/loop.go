package daemon

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// loop decides which change is looked at next. A change is in it once, however often it is woken, and is looked at by one
// goroutine at a time: woken meanwhile, it is looked at again.
type loop struct {
	now func() time.Time

	mu    sync.Mutex
	due   schedule
	index map[string]*entry
	busy  map[string]bool // looked at now; true: again afterwards
	kick  chan struct{}

	waiters map[string][]chan struct{} // for a look that has not begun
	serving map[string][]chan struct{} // for the one under way
}

// entry is a change and when it is to be looked at.
type entry struct {
	id string
	at time.Time
	n  int // position in the schedule
}

func newLoop(now func() time.Time) *loop {
	return &loop{now: now, index: map[string]*entry{}, busy: map[string]bool{}, kick: make(chan struct{}, 1),
		waiters: map[string][]chan struct{}{}, serving: map[string][]chan struct{}{}}
}

// wake has a change looked at as soon as possible.
func (l *loop) wake(ids ...string) {
	for _, id := range ids {
		l.wakeAt(id, l.now())
	}
}

// wakeAt has a change looked at at an instant, or before.
func (l *loop) wakeAt(id string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, running := l.busy[id]; running && !at.After(l.now()) {
		l.busy[id] = true
		return
	}
	l.put(id, at)
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

func (l *loop) put(id string, at time.Time) {
	e := l.index[id]
	switch {
	case e == nil:
		e = &entry{id: id, at: at}
		l.index[id] = e
		heap.Push(&l.due, e)
	case at.Before(e.at):
		e.at = at
		heap.Fix(&l.due, e.n)
	}
}

// take gives the next change that is due, and otherwise how long to wait.
func (l *loop) take() (id string, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.due) == 0 {
		return "", time.Hour
	}
	if wait = l.due[0].at.Sub(l.now()); wait > 0 {
		return "", wait
	}
	e := heap.Pop(&l.due).(*entry)
	delete(l.index, e.id)
	l.busy[e.id] = false
	l.serving[e.id] = l.waiters[e.id]
	delete(l.waiters, e.id)
	return e.id, 0
}

// done ends a look, and puts back what was woken meanwhile.
func (l *loop) done(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	again := l.busy[id]
	delete(l.busy, id)
	for _, w := range l.serving[id] {
		close(w)
	}
	delete(l.serving, id)
	if again {
		l.put(id, l.now())
	}
}

// run calls look for each change that is due, until ctx ends.
func (l *loop) run(ctx context.Context, look func(ctx context.Context, id string)) error {
	for {
		id, wait := l.take()
		if id != "" {
			look(ctx, id)
			l.done(id)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-l.kick:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// schedule is a heap of entries by time.
type schedule []*entry

func (s schedule) Len() int           { return len(s) }
func (s schedule) Less(i, j int) bool { return s[i].at.Before(s[j].at) }
func (s schedule) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].n, s[j].n = i, j
}
func (s *schedule) Push(x any) {
	e := x.(*entry)
	e.n = len(*s)
	*s = append(*s, e)
}
func (s *schedule) Pop() any {
	last := (*s)[len(*s)-1]
	*s = (*s)[:len(*s)-1]
	return last
}

// wakeAndWait has a change looked at, and closes the channel when a look that began after this call is over.
func (l *loop) wakeAndWait(id string) <-chan struct{} {
	done := make(chan struct{})
	l.mu.Lock()
	l.waiters[id] = append(l.waiters[id], done)
	l.mu.Unlock()
	l.wake(id)
	return done
}
