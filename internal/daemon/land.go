package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/change/index"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/mergequeue"
)

// land puts a change on main: its landing commit, its operation and main move in one landing of the kernel.
func (d *Daemon) land(ctx context.Context, c change.Change, e change.Effect) (bool, error) {
	run, ok := d.merge.turn(c.ID)
	if !ok {
		return false, nil // the queue changed its mind meanwhile
	}
	if batch := d.merge.batch(run); batch != nil {
		return d.landBatch(ctx, run, batch)
	}
	a, err := d.changes.Assessment(ctx, c)
	if err != nil {
		return false, err
	}
	if a.Digest != e.Assessment || git.OID(a.Base) != e.Job.Base || git.OID(a.Head) != e.Job.Head {
		return false, fmt.Errorf("landing change %s: the assessment is not the one that allows it", c.ID)
	}
	commit, err := d.compose(ctx, c, a, e.Job.Base)
	if err != nil {
		d.merge.refuse(ctx, run, c.ID, err.Error())
		return true, nil
	}
	decision, allowed, err := d.decided(c, a, commit)
	if err != nil || !allowed {
		return err == nil, err // its next step says why
	}
	op := change.Operation{Time: d.now().UTC(), Actor: change.Actor, Body: change.Landed{Head: e.Job.Head, Commit: commit, Base: e.Job.Base, Assessment: a.Digest}}
	after, updates, err := d.changes.Prepare(ctx, c, []change.Operation{op}, nil)
	if err != nil {
		return false, err
	}
	main := git.RefUpdate{Name: kernel.RefMain, Old: e.Job.Base, New: commit}
	if moved, err := d.moveMain(ctx, run, kernel.Landing{Changes: []string{c.ID}, Updates: updates, Main: main,
		Decisions: []kernel.Decision{decision}}); err != nil || !moved {
		return err == nil, err
	}
	d.hub.publish(Event{Kind: "main", Change: c.ID, Message: fmt.Sprintf("main is %s: %s", commit.Short(), c.State.Origin.Title)})
	return true, d.landed(ctx, run, commit, arrival{after, op, commit, "landed as " + commit.Short()})
}

// moveMain asks the kernel for a landing. It is false when a reference had moved: then nothing landed and the scheduler knows.
func (d *Daemon) moveMain(ctx context.Context, run mergequeue.RunID, l kernel.Landing) (bool, error) {
	err := d.noteFlaky(ctx, l.Changes) // before: nobody waits for what is done after a landing
	if err != nil {
		return false, err
	}
	err = d.kernel.Land(ctx, l)
	if moved := (*git.RefMovedError)(nil); errors.As(err, &moved) {
		if moved.Name == kernel.RefMain {
			d.movedByHand(ctx)
		}
		d.merge.refuse(ctx, run, "", moved.Error())
		return false, nil
	}
	err = d.happened(ctx, l.Main.New, err)
	return err == nil, err
}

// arrival is a change that is on main, and the operation that says so.
type arrival struct {
	change change.Change
	op     change.Operation
	commit git.OID
	why    string
}

// landed tells whoever needs to know that changes are on main.
func (d *Daemon) landed(ctx context.Context, run mergequeue.RunID, main git.OID, landings ...arrival) error {
	ids := make([]string, len(landings))
	for i, l := range landings {
		ids[i] = l.change.ID
	}
	d.merge.landed(ctx, run, main, ids...)
	d.hints.moves.Store(true)
	d.mainMoved()
	var err error
	for _, l := range landings {
		err = errors.Join(err, d.announce(ctx, l.change, l.op, l.why), d.afterLanding(ctx, l.change, l.commit))
	}
	return err
}

// turn is the run that lands a change now.
func (m *merger) turn(id string) (mergequeue.RunID, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.landing == nil || !slices.Contains(m.landing.Changes, id) {
		return "", false
	}
	return m.landing.Run, true
}

// refuse tells the scheduler that a landing came to nothing; id names whose fault it is, empty = nobody's.
func (m *merger) refuse(ctx context.Context, run mergequeue.RunID, id, note string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.landing == nil || m.landing.Run != run {
		return
	}
	m.landing, m.staged = nil, nil
	m.apply(ctx, mergequeue.Refused{Run: run, Change: id, Note: note})
}

// landed tells the scheduler that changes are on main.
func (m *merger) landed(ctx context.Context, run mergequeue.RunID, main git.OID, ids ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, id := range ids {
		delete(m.in, id)
	}
	m.landing, m.staged = nil, nil
	delete(m.proved, run)
	m.apply(ctx, mergequeue.Landed{Run: run, Main: string(main)})
}

// afterLanding closes what a revert reverts.
func (d *Daemon) afterLanding(ctx context.Context, c change.Change, commit git.OID) error {
	if c.State.Origin.Reverts == "" {
		return nil
	}
	if taken, err := d.changes.Load(ctx, c.State.Origin.Reverts); err != nil || taken.State.Status == change.Reverted {
		return err
	}
	op := change.Operation{Time: d.now().UTC(), Actor: change.Actor, Body: change.TakenBack{Change: c.ID, Commit: commit}}
	back, err := d.changes.Add(ctx, c.State.Origin.Reverts, []change.Operation{op})
	if err != nil {
		return err
	}
	return d.announce(ctx, back, op, "taken back by "+c.ID[:16])
}

// wakeAll has every open change sifted.
func (d *Daemon) wakeAll(ctx context.Context) {
	before := d.remembered()
	changes, err := d.states(ctx, index.Query{Statuses: live[:]})
	if ctx.Err() != nil {
		return
	}
	d.trouble("listing changes", err)
	if err == nil {
		d.forgetClosed(gone(before, changes))
	}
	d.sift.put(slices.DeleteFunc(changes, func(c change.Change) bool { return !isOpen(c) })...)
}

// movedByHand looks at a main that is not where the last landing left it, records it, and goes on from there.
func (d *Daemon) movedByHand(ctx context.Context) {
	recovery, err := d.kernel.Recover(ctx)
	d.trouble("main", err)
	if err != nil || recovery.Moved == nil {
		return
	}
	m := recovery.Moved
	d.log.Warn("main was moved by hand", "from", m.From, "to", m.To)
	d.hub.publish(Event{Kind: "main", Message: fmt.Sprintf("main was moved by hand from %s to %s", m.From.Short(), m.To.Short())})
	d.merge.tell(ctx, mergequeue.Moved{Main: string(m.To)})
	d.wakeAll(ctx)
	d.mainMoved()
}
