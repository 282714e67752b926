package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/change/index"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/mergequeue"
	"github.com/adamant-os/adamant/internal/queue"
	"github.com/adamant-os/adamant/internal/risk"
)

// merger drives the scheduler of the merge queue: it turns what happens into its events, and its actions into jobs, places
// and wake-ups. Its state is rebuilt from the changes at each start.
type merger struct {
	d *Daemon

	mu      sync.Mutex
	queue   *mergequeue.Queue
	in      map[string]bool   // changes in the queue
	ejected map[string]string // why the queue gave a change up, until it has left
	runs    map[mergequeue.RunID]mergequeue.Start
	unsent  map[mergequeue.RunID]bool // of runs: the job queue did not take them
	tried   time.Time                 // when they were last offered
	landing *mergequeue.Land
	staged  *staged // the batch that lands, composed on main; nil for a change by itself
	proved  map[mergequeue.RunID]provedRun
	wake    time.Time
}

// openQueue rebuilds the merge queue from the changes that are in it, and has every change looked at.
func (d *Daemon) openQueue(ctx context.Context) error {
	main, err := d.kernel.Ref(ctx, kernel.RefMain)
	if err != nil {
		return err
	}
	opt := d.settings.Load().options(d.kernel.Epoch())
	m := &merger{d: d, in: map[string]bool{}, ejected: map[string]string{}, runs: map[mergequeue.RunID]mergequeue.Start{}, proved: map[mergequeue.RunID]provedRun{}, unsent: map[mergequeue.RunID]bool{}}
	d.merge = m
	changes, err := d.states(ctx, index.Query{})
	if err != nil {
		return err
	}
	if err := d.tellLost(ctx, changes); err != nil {
		return err
	}
	var queued []mergequeue.Change
	inQueue, runs := map[string]bool{}, d.settings.Load().rules.WithDefaults().Runs
	for _, c := range changes {
		if c.State.Status.InQueue() {
			if c, err = d.changes.Load(ctx, c.ID); err != nil {
				return err
			}
			inQueue[c.ID] = true
			if d.suspects.ends(c) < runs { // else its own next step is to be suspended
				queued = append(queued, d.queueEntry(ctx, c))
				m.in[c.ID] = true
			}
		}
		if isOpen(c) || c.State.Origin.Reverts != "" {
			d.loop.wake(c.ID)
		}
	}
	d.forgetClosed(changes)
	d.suspects.keep(inQueue)
	m.mu.Lock()
	defer m.mu.Unlock()
	var actions []mergequeue.Action
	m.queue, actions = mergequeue.Rebuild(opt, string(main), d.now(), d.paused.on(), queued)
	return m.carryOut(ctx, actions)
}

// queueEntry is what the scheduler needs to know about a change.
func (d *Daemon) queueEntry(ctx context.Context, c change.Change) mergequeue.Change {
	e := mergequeue.Change{ID: c.ID, Eligible: d.now()}
	if q := c.State.Queue; q != nil {
		e.Eligible = q.At
		switch {
		case q.Lane == change.LaneHotfix:
			e.Lane, e.Reason = mergequeue.Hotfix, "opened as a hotfix by "+c.State.By
		case q.Exclusive:
			e.Lane = mergequeue.Critical
		}
	}
	if n := d.suspects.ends(c); n > 0 && e.Lane == mergequeue.Normal { // by itself, so that no other is under suspicion for it
		e.Lane, e.Reason = mergequeue.Critical, fmt.Sprintf("the daemon ended %d times while it was judged", n)
	}
	a, err := d.changes.Assessment(ctx, c)
	if err != nil { // unknown meets everything: slower, never wrong
		d.log.Warn("a queued change without an assessment", "change", c.ID, "error", err)
		return e
	}
	e.Risk, e.Alone = a.Score, true
	paths, err := d.worlds.changed(ctx, d.kernel.Repo(), git.OID(a.Base), git.OID(a.Head))
	if err != nil {
		d.log.Warn("what a queued change touches", "change", c.ID, "error", err)
		return e
	}
	e.Alone = d.alone(ctx, a, paths)
	if a.Level < risk.High && !governs(paths) {
		e.Affected = d.affected(ctx, a, paths)
	}
	return e
}

// governs says that a change to one of these paths may change how others are judged.
func governs(paths []string) bool {
	return slices.ContainsFunc(paths, func(p string) bool {
		return strings.HasPrefix(p, ".adamant/") || strings.HasPrefix(p, "policy/") || path.Base(p) == "catalog-info.yaml" || path.Base(p) == ".gitattributes"
	})
}

// arrive puts a change into the queue.
func (m *merger) arrive(ctx context.Context, c change.Change) {
	entry := m.d.queueEntry(ctx, c)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.in[c.ID] = true
	m.apply(ctx, mergequeue.Arrived{Change: entry})
}

// leave takes a change out of the queue.
func (m *merger) leave(ctx context.Context, id, why string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.in, id)
	delete(m.ejected, id)
	if l := m.landing; l != nil && slices.Contains(l.Changes, id) {
		m.landing, m.staged = nil, nil
		m.apply(ctx, mergequeue.Refused{Run: l.Run, Change: id, Note: why})
		return
	}
	m.apply(ctx, mergequeue.Cancelled{Change: id})
}

// tell passes one event on.
func (m *merger) tell(ctx context.Context, e mergequeue.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.apply(ctx, e)
}

// apply is called with the lock held.
func (m *merger) apply(ctx context.Context, e mergequeue.Event) {
	err := m.carryOut(ctx, m.queue.Apply(m.d.now(), e))
	m.d.trouble("merge queue", err)
}

func (m *merger) carryOut(ctx context.Context, actions []mergequeue.Action) error {
	for _, action := range actions {
		switch a := action.(type) {
		case mergequeue.Start:
			m.runs[a.Run] = a
			if err := m.start(ctx, a); err != nil { // the next actions are had all the same
				m.unsent[a.Run], m.tried = true, m.d.now()
				m.d.trouble("job queue", err)
			}
		case mergequeue.Cancel:
			m.drop(a.Run)
		case mergequeue.Land:
			m.landing = &a
			if err := m.stage(ctx, a); err != nil { // it is proven again, which tries this again
				m.landing = nil
				m.apply(ctx, mergequeue.Refused{Run: a.Run, Note: err.Error()})
				continue
			}
			m.d.loop.wake(a.Changes...)
		case mergequeue.Eject:
			m.ejected[a.Change] = a.Why
			m.d.loop.wake(a.Change)
		case mergequeue.Wake:
			m.wake = a.At
		}
	}
	m.d.hub.publish(Event{Kind: "queue", Message: fmt.Sprintf("%d in the queue, %d runs", len(m.in), len(m.runs))})
	return nil
}

// start hands a run to the workers.
func (m *merger) start(ctx context.Context, s mergequeue.Start) error {
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = m.d.jobs.Submit(ctx, queue.Job{Kind: jobProve, Key: string(s.Run), State: s.Base, Step: "prove", Attempt: 1, Body: body})
	return err
}

// place is where the queue has a change.
func (m *merger) place(ctx context.Context, id string) change.Place {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := change.Place{In: m.in[id], Ejected: m.ejected[id]}
	if l := m.landing; l != nil && slices.Contains(l.Changes, id) {
		main := git.OID(l.Main)
		base := main
		if one := m.staged.of(id); one != nil {
			base = one.base
		} else if len(l.Changes) > 1 {
			return p // it is composed now
		}
		governance, err := m.d.worlds.governanceAt(ctx, m.d.kernel.Repo(), base)
		if err != nil {
			m.d.log.Warn("the governance of the commit to land on", "error", err)
			return p
		}
		p.Base, p.Root, p.Ready = change.Tip{OID: base, Governance: governance}, main, true
	}
	return p
}

// clock passes time on when the scheduler asked for it.
func (m *merger) clock(ctx context.Context) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.wake.IsZero() && !m.d.now().Before(m.wake) {
		m.wake = time.Time{}
		m.apply(ctx, mergequeue.Clock{})
	}
	m.resend(ctx)
}

// doProve is a worker's part of a run of the queue: compose what would be on main and judge the last change there. Its
// results stay in the cache of checks, so that the judgement that counts, on the commit that the change lands on, runs
// nothing twice.
func (d *Daemon) doProve(ctx context.Context, job queue.Job) error {
	var s mergequeue.Start
	if err := json.Unmarshal(job.Body, &s); err != nil {
		return fmt.Errorf("reading the run: %w", err)
	}
	if job.Step == stepLand {
		return d.doStage(ctx, s)
	}
	if !d.merge.wanted(s.Run) {
		return nil
	}
	limited, cancel := d.limit(ctx)
	defer cancel()
	var f found
	err := d.watched(limited, slices.Concat(s.Chain, s.Batch), func() (err error) {
		f, err = d.prove(limited, s)
		return err
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	err = lateness(limited, err)
	if err != nil {
		f = found{outcome: mergequeue.Aborted, note: err.Error()}
		d.log.Warn("a run of the merge queue found nothing out", "run", s.Run, "error", err)
	}
	d.merge.finished(ctx, s, f)
	return nil
}

func (m *merger) wanted(run mergequeue.RunID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.runs[run]
	return ok
}

func (m *merger) finished(ctx context.Context, s mergequeue.Start, f found) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(s.Run)
	m.keep(s.Run, s, f)
	m.apply(ctx, mergequeue.Finished{Run: s.Run, Outcome: f.outcome, Note: f.note})
}

// prove judges the batch of a run behind its chain.
func (d *Daemon) prove(ctx context.Context, s mergequeue.Start) (found, error) {
	if len(s.Batch) > 1 {
		return d.proveBatch(ctx, s, nil)
	}
	tip := git.OID(s.Base)
	if len(s.Chain) > 0 {
		chain, err := d.loadAll(ctx, s.Chain)
		if err != nil {
			return found{}, err
		}
		before, err := d.composeAll(ctx, tip, chain, asked{run: []string{}})
		if f, ok := refusedIn(err, s); ok {
			return f, nil
		}
		if err != nil {
			return found{}, err
		}
		tip = before.Tip()
	}
	c, err := d.changes.Load(ctx, s.Batch[0])
	if err != nil {
		return found{}, err
	}
	a, err := d.proof(ctx, c, tip, s.Rerun)
	if err != nil {
		return found{}, err
	}
	outcome, note := judgeOutcome(a)
	return found{outcome: outcome, note: note}, nil
}

// proof is the assessment of a change on a commit: the one it has, when it is of that commit. What failed once is run again in
// earnest: no known result answers.
func (d *Daemon) proof(ctx context.Context, c change.Change, base git.OID, again bool) (*gate.Assessment, error) {
	if a := d.known(ctx, c, base); a != nil && !again {
		return a, nil
	}
	outcome, err := d.judged(ctx, c, base, asked{fresh: again})
	if err != nil {
		return nil, err
	}
	return outcome.Verdict.Assessment, nil
}

// judgeOutcome says what an assessment means for a run. Approvals, soak and holds are not the queue's business: Step asks the gate again
// before anything lands.
func judgeOutcome(a *gate.Assessment) (mergequeue.Outcome, string) {
	v := gate.Decide(a, gate.Standing{Now: time.Unix(0, 0)})
	for _, r := range v.Reasons {
		if r.Effect == gate.Deny {
			return mergequeue.Failed, r.Subject + ": " + r.Message
		}
	}
	for _, g := range a.Gates {
		if g.State == gate.Errored || g.State == gate.Pending {
			return mergequeue.Aborted, g.Name + ": " + g.Reason
		}
	}
	return mergequeue.Passed, ""
}
