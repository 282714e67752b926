package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/change/index"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/mergequeue"
)

// This file keeps what the daemon remembers and waits for within bounds.

const patience = 2 * time.Hour // for one run of the gate; each check has a limit of its own

var errPatience = errors.New("the run took too long")

// limit is the context of one run of the gate: a run that hangs must not keep its worker for ever.
func (d *Daemon) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, cmp.Or(d.config.Patience, patience), errPatience)
}

// lateness says that a run was ended for its length, where that is why it failed.
func lateness(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errPatience) {
		return fmt.Errorf("the gate gave no answer in time and was ended: %w", err)
	}
	return err
}

// remember notes that the operator was told of a cause. The caller holds the lock, or is alone.
func (d *Daemon) remember(id, cause string) {
	if d.told[cause] {
		return
	}
	d.told[cause] = true
	if id != "" {
		d.toldOf[id] = append(d.toldOf[id], cause)
	}
}

// forgetClosed drops what is remembered of changes that are closed.
func (d *Daemon) forgetClosed(changes []change.Change) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range changes {
		if isOpen(c) {
			continue
		}
		for _, cause := range d.toldOf[c.ID] {
			delete(d.told, cause)
		}
		delete(d.toldOf, c.ID)
		delete(d.judging, c.ID)
		delete(d.problems, "change "+c.ID)
	}
}

// noteBroken lists the changes that cannot be read as trouble, and takes back those that can be read again.
func (d *Daemon) noteBroken(broken []*change.BrokenError) {
	now := map[string]bool{}
	for _, b := range broken {
		now[b.Ref] = true
		d.trouble(b.Ref, b)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for ref := range d.broken {
		if !now[ref] {
			delete(d.problems, ref)
		}
	}
	d.broken = now
}

// happened says whether a landing that gave an error is on main all the same: what was left to do then, such as bringing
// main.git up, the next landing or start does.
func (d *Daemon) happened(ctx context.Context, commit git.OID, err error) error {
	if err == nil {
		d.trouble("landing", nil)
		return nil
	}
	main, readErr := d.kernel.Ref(ctx, kernel.RefMain)
	if readErr != nil || main != commit {
		return errors.Join(err, readErr)
	}
	d.trouble("landing", err)
	return nil
}

// drop forgets a run; the lock is held.
func (m *merger) drop(run mergequeue.RunID) {
	delete(m.runs, run)
	delete(m.unsent, run)
}

// resend offers runs again that the job queue did not take; the lock is held.
func (m *merger) resend(ctx context.Context) {
	now := m.d.now()
	if len(m.unsent) == 0 || !now.Before(m.tried) && now.Sub(m.tried) < retryPause {
		return
	}
	m.tried = now
	for run := range m.unsent {
		if err := m.start(ctx, m.runs[run]); err != nil {
			m.d.trouble("job queue", err)
			return
		}
		delete(m.unsent, run)
	}
	m.d.trouble("job queue", nil)
}

// mendJobs looks whether the job queue answers, and starts it again when it does not. What was under way is submitted
// again: its jobs were only hints.
func (d *Daemon) mendJobs(ctx context.Context) {
	_, err := d.jobs.Waiting(ctx)
	if ctx.Err() != nil {
		return
	}
	if err == nil {
		err = d.sendAgain(ctx, false)
	}
	if err == nil && d.merge.stuck() { // a stream that met a full disk tells about itself and takes nothing any more
		err = errors.New("it does not take runs of the merge queue")
	}
	if err == nil || ctx.Err() != nil {
		return
	}
	d.log.Warn("the job queue does not answer and is started again", "error", err)
	if err := d.jobs.Reopen(ctx); err != nil {
		d.trouble("job queue", err)
		return
	}
	d.trouble("job queue", nil)
	d.merge.unsendAll()
	if err := d.sendAgain(ctx, true); err != nil {
		d.trouble("job queue", err)
	}
}

// hints are what watch looks after within a second or ten.
type hints struct {
	moves  atomic.Bool     // main moved, and the changes outside the queue were not looked at since
	resend map[string]bool // changes whose run the job queue did not take
}

// unsent notes that the job queue did not take the run of a change.
func (d *Daemon) unsent(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.hints.resend == nil {
		d.hints.resend = map[string]bool{}
	}
	d.hints.resend[id] = true
}

// sent notes whether the job queue took the run of a change.
func (d *Daemon) sent(id string, err error) {
	if err != nil {
		d.trouble("job queue", err)
		d.unsent(id)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if delete(d.hints.resend, id); len(d.hints.resend) == 0 {
		delete(d.problems, "job queue")
	}
}

// sendAgain submits what the job queue did not take or, after it was started again, all runs under way.
func (d *Daemon) sendAgain(ctx context.Context, all bool) error {
	d.mu.Lock()
	jobs := map[string]change.Job{}
	for id, job := range d.judging {
		if all || d.hints.resend[id] {
			jobs[id] = job
		}
	}
	d.mu.Unlock()
	for id := range jobs {
		d.unsent(id)
	}
	for id, job := range jobs {
		c, err := d.changes.Load(ctx, id)
		if err != nil { // the change is in trouble itself
			continue
		}
		if _, err := d.submitJudge(ctx, c, job); err != nil {
			return err
		}
		if err := d.refusedJob(id); err != nil {
			return err
		}
	}
	return nil
}

// refusedJob says that the job queue did not take the run of a change.
func (d *Daemon) refusedJob(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.hints.resend[id] {
		return errors.New(cmp.Or(d.problems["job queue"], "it does not take jobs"))
	}
	return nil
}

// stuck says that runs of the merge queue were not taken when they were offered last.
func (m *merger) stuck() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.unsent) > 0
}

// wakeOutside has the changes outside the merge queue sifted after main moved. Those in it are woken when it is their turn.
func (d *Daemon) wakeOutside(ctx context.Context) {
	changes, err := d.states(ctx, index.Query{Statuses: live[:]})
	if ctx.Err() != nil {
		return
	}
	d.trouble("listing changes", err)
	d.forgetClosed(changes)
	d.sift.put(slices.DeleteFunc(changes, func(c change.Change) bool { return !isOpen(c) || c.State.Status.InQueue() })...)
}

// unsendAll has every run offered again.
func (m *merger) unsendAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for run := range m.runs {
		m.unsent[run] = true
	}
	m.tried = time.Time{}
}
