package daemon

import (
	"context"
	"slices"
	"sync"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
)

// sift looks at many changes as the index has them, and wakes those with something to do. Most of them wait for somebody, whatever main
// does: looking at each one in git would keep the reconciler from those that land. It takes no step itself.
type sift struct {
	mu   sync.Mutex
	todo map[string]change.Change
	kick chan struct{}
}

func newSift() *sift { return &sift{todo: map[string]change.Change{}, kick: make(chan struct{}, 1)} }

// put has changes looked at soon.
func (s *sift) put(changes ...change.Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range changes {
		s.todo[c.ID] = c
	}
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// take gives the changes to look at, each once, the longest open first.
func (s *sift) take() []change.Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []change.Change
	for _, c := range s.todo {
		out = append(out, c)
	}
	clear(s.todo)
	slices.SortFunc(out, func(a, b change.Change) int { return a.State.OpenedAt.Compare(b.State.OpenedAt) })
	return out
}

// siftAll sifts until ctx ends.
func (d *Daemon) siftAll(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-d.sift.kick:
		}
		d.siftOnce(ctx)
	}
}

func (d *Daemon) siftOnce(ctx context.Context) {
	tips := d.tips(ctx)
	for _, c := range d.sift.take() {
		if ctx.Err() != nil {
			return
		}
		main, err := tips(c.State.Origin.Target)
		var w change.World
		if err == nil {
			w, err = d.worldOn(ctx, c, main, d.opinion)
		}
		if err != nil || d.unsettled(c) {
			d.loop.wake(c.ID) // the reconciler says what is wrong
			continue
		}
		next := change.Step(d.counted(c.State), w)
		if next.Operation != nil || len(next.Do) > 0 {
			d.loop.wake(c.ID)
		} else if !next.Wake.IsZero() {
			d.loop.wakeAt(c.ID, next.Wake)
		}
	}
}

// unsettled says that the reconciler has more to do for a change than its next step: an approval to take over, what follows a landing, or a
// trouble to try again.
func (d *Daemon) unsettled(c change.Change) bool {
	d.mu.Lock()
	trouble := d.problems["change "+c.ID] != ""
	d.mu.Unlock()
	return trouble || c.State.Landing != nil || slices.ContainsFunc(d.who.Approvals(c.ID), func(a gate.Approval) bool { return !taken(c.State, a) })
}

// taken says that a change has an approval already, or that it is of another patch set.
func taken(s change.State, a gate.Approval) bool {
	return a.Statement.Scope.Head != string(s.Head()) || slices.ContainsFunc(s.Approvals, func(has gate.Approval) bool { return has.Statement.Nonce == a.Statement.Nonce })
}
