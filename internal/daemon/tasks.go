package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/task"
)

// crew takes tasks one step at a time, as the daemon takes changes: each look reads the state afresh, takes one idempotent step and
// records it by compare-and-swap. What it remembers are answers that are not recorded yet, and what follows from names of
// objects.
type crew struct {
	d     *Daemon
	store *task.Store
	force task.Workforce // nil = nobody works here
	loop  *loop
	cones *cones

	telling sync.RWMutex // shared while an operation is stored and told: see settled

	mu       sync.Mutex
	outcomes map[string]task.Outcome // by task
	broken   map[string]bool         // references of tasks that cannot be read
}

// openCrew opens what tasks need. The workforce comes last: the kernel is held, so nobody else's agents run.
func (d *Daemon) openCrew(ctx context.Context) error {
	d.crew = &crew{d: d, store: task.NewStore(d.kernel.Repo(), d.kernel), loop: newLoop(d.now), cones: newCones(d),
		outcomes: map[string]task.Outcome{}, broken: map[string]bool{}}
	if d.config.Workforce == nil {
		return nil
	}
	force, err := d.config.Workforce(ctx)
	d.trouble("agents", err) // nothing that agents need keeps the operator from working
	if err == nil {
		d.crew.force = force
	}
	return nil
}

// close ends every attempt: they are lost, and made again by the next daemon.
func (c *crew) close() {
	if ends, ok := c.force.(interface{ Close() }); ok {
		ends.Close()
	} else if ends, ok := c.force.(io.Closer); ok {
		c.d.trouble("agents", ends.Close())
	}
}

// run takes tasks until ctx ends.
func (c *crew) run(ctx context.Context) error {
	c.wakeAll(ctx)
	return c.loop.run(ctx, c.reconcile)
}

// listen takes what the workforce says.
func (c *crew) listen(ctx context.Context) error {
	if c.force == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	done, lines := c.force.Done(), c.force.Lines()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case o := <-done:
			c.take(o)
		case l := <-lines:
			c.hear(l)
		}
	}
}

func (c *crew) take(o task.Outcome) {
	c.mu.Lock()
	c.outcomes[o.Task] = o
	c.mu.Unlock()
	c.loop.wake(o.Task)
}

// hear passes a line on to those who watch.
func (c *crew) hear(l task.Line) {
	c.d.lines.publish(Event{Kind: "line", Task: l.Task, Message: l.Text, Body: lineBody(l)})
}

func lineBody(l task.Line) json.RawMessage {
	data, err := json.Marshal(l)
	if err != nil {
		return nil // strings and a time: it always can be
	}
	return data
}

// wakeAll has every task looked at that can still move.
func (c *crew) wakeAll(ctx context.Context) {
	tasks, err := c.list(ctx)
	if ctx.Err() != nil {
		return
	}
	c.d.trouble("listing tasks", err)
	for _, t := range tasks {
		if !t.State.Status.Closed() || t.State.Open() != nil || t.State.Status == task.Cancelled {
			c.loop.wake(t.ID)
		}
	}
}

// list reads every task. One that cannot be read is trouble of its own and stops nobody else.
func (c *crew) list(ctx context.Context) ([]task.Task, error) {
	tasks, broken, err := c.store.List(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := map[string]bool{}
	for _, b := range broken {
		now[b.Ref] = true
		c.d.trouble(b.Ref, b)
	}
	for ref := range c.broken {
		if !now[ref] {
			c.d.trouble(ref, nil)
		}
	}
	c.broken = now
	return tasks, nil
}

// reconcile takes one task as far as it goes now.
func (c *crew) reconcile(ctx context.Context, id string) {
	err := c.advance(ctx, id)
	if ctx.Err() != nil {
		return
	}
	if fenced := (*kernel.FencedError)(nil); errors.As(err, &fenced) {
		c.d.trouble("kernel", err) // watch ends the daemon
		return
	}
	c.d.trouble("task "+id, err)
	if err != nil {
		c.loop.wakeAt(id, c.d.now().Add(retryPause))
	}
}

// advance steps until the task waits for something.
func (c *crew) advance(ctx context.Context, id string) error {
	for range stepsAtOnce {
		t, err := c.store.Load(ctx, id)
		if err != nil {
			return err
		}
		w, err := c.world(ctx, t)
		if err != nil {
			return err
		}
		next := task.Step(t.State, w)
		recorded, err := c.record(ctx, t, next)
		if stale := (*task.StaleError)(nil); errors.As(err, &stale) {
			continue // somebody else added an operation: look again
		}
		if err != nil {
			return err
		}
		acted, err := c.act(ctx, t, next.Do)
		if err != nil {
			return err
		}
		c.drop(t, w.Outcome)
		if !recorded && !acted {
			if !next.Wake.IsZero() {
				c.loop.wakeAt(id, next.Wake)
			}
			return nil
		}
	}
	c.loop.wake(id)
	return nil
}

// drop forgets an outcome that was recorded, or that nobody waits for.
func (c *crew) drop(t task.Task, o *task.Outcome) {
	if o == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if now, ok := c.outcomes[t.ID]; ok && now.Attempt == o.Attempt {
		delete(c.outcomes, t.ID)
	}
}

// record records the operation of a step. Whatever ends or begins may make it somebody else's turn.
func (c *crew) record(ctx context.Context, t task.Task, next task.Next) (bool, error) {
	if next.Operation == nil {
		return false, nil
	}
	c.telling.RLock()
	defer c.telling.RUnlock()
	after, err := c.store.Append(ctx, t, *next.Operation)
	if err != nil {
		return false, err
	}
	return true, c.announce(ctx, after, *next.Operation, next.Why)
}

// settled returns when what tasks say is on its way to the ledger, too.
func (c *crew) settled() {
	c.telling.Lock()
	defer c.telling.Unlock()
}

// announce tells ledger and watchers what happened to a task, and looks at those that may have waited for it.
func (c *crew) announce(ctx context.Context, t task.Task, op task.Operation, why string) error {
	if why == "" {
		why = string(op.Body.Kind()) + " by " + op.Actor
		if words := op.Words(); words != "" {
			why += ": " + words
		}
	}
	body, err := json.Marshal(struct {
		Status  task.Status `json:"status"`
		Attempt int         `json:"attempt,omitempty"`
		Why     string      `json:"why"`
		Tip     string      `json:"tip"`
	}{t.State.Status, len(t.State.Attempts), why, string(t.Tip)})
	if err != nil {
		return err
	}
	record := ledger.Record{Actor: op.Actor, Kind: "task." + string(op.Body.Kind()), Task: t.ID, Change: t.State.Change, Body: json.RawMessage(body)}
	if _, err := c.d.kernel.Ledger().Append(ctx, record); err != nil {
		return fmt.Errorf("writing to the ledger: %w", err)
	}
	c.d.hub.publish(Event{Kind: "task", Task: t.ID, Change: t.State.Change, Message: why, Body: body})
	if moves := op.Body.Kind(); moves != task.KindStart && moves != task.KindPropose && moves != task.KindNote {
		c.wakeWaiting(ctx, t.ID)
	}
	return nil
}

// wakeWaiting looks at the tasks that wait for their turn.
func (c *crew) wakeWaiting(ctx context.Context, but string) {
	tasks, err := c.list(ctx)
	if err != nil {
		c.d.trouble("listing tasks", err)
		return
	}
	for _, t := range tasks {
		if t.ID != but && t.State.Open() == nil && (t.State.Status == task.Queued || t.State.For == change.WaitReviewer) {
			c.loop.wake(t.ID)
		}
	}
}

// act has the effects of a step. It says whether the world is another now.
func (c *crew) act(ctx context.Context, t task.Task, effects []task.Effect) (bool, error) {
	acted := false
	for _, e := range effects {
		did, err := true, error(nil)
		switch e.Kind {
		case task.DoStart:
			did = c.start(ctx, t, *e.Attempt)
		case task.DoStop:
			c.force.Cancel(ctx, e.ID, e.Why)
			did = false // its outcome wakes the task
		case task.DoPropose:
			err = c.propose(ctx, t, *e.Record)
		case task.DoReview:
			err = c.review(ctx, t, *e.Review)
		case task.DoAbandon:
			err = c.abandon(ctx, e)
		case task.DoNotify:
			did, err = c.notify(ctx, t, e)
		}
		if err != nil {
			return acted, err
		}
		acted = acted || did
	}
	return acted, nil
}

// start hands an attempt to the workforce. One that cannot be started has failed, like any other.
func (c *crew) start(ctx context.Context, t task.Task, a task.Attempt) bool {
	err := errors.New("this daemon runs no agents")
	if c.force != nil {
		err = c.force.Start(ctx, a)
	}
	if err == nil {
		return false // its outcome wakes the task
	}
	if ctx.Err() != nil {
		return false // it ends with the daemon, and is lost
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outcomes[t.ID] = task.Outcome{Attempt: a.ID, Task: t.ID, Finish: task.FinishFailed, Why: "it could not be started: " + err.Error()}
	return true
}

// add records an operation of somebody else than Step.
func (c *crew) add(ctx context.Context, id, actor string, body task.Body, why string) (task.Task, error) {
	op := task.Operation{Time: c.d.now().UTC(), Actor: actor, Body: body}
	c.telling.RLock()
	defer c.telling.RUnlock()
	t, err := c.store.Add(ctx, id, op)
	if err != nil {
		return t, err
	}
	c.loop.wake(t.ID)
	return t, c.announce(ctx, t, op, why)
}

// notify tells the operator about a cause, once (see Daemon.notify).
func (c *crew) notify(ctx context.Context, t task.Task, e task.Effect) (bool, error) {
	d := c.d
	d.mu.Lock()
	told := d.told[e.Cause]
	d.mu.Unlock()
	if told {
		return false, nil
	}
	text := t.State.Origin.Title + ": " + e.Why
	record := ledger.Record{Actor: task.Actor, Kind: kindNotified, Task: t.ID, Body: notified{Cause: e.Cause, Text: text}}
	if _, err := d.kernel.Ledger().AppendSync(ctx, record); err != nil {
		return false, err
	}
	d.mu.Lock()
	d.told[e.Cause] = true
	d.mu.Unlock()
	d.hub.publish(Event{Kind: "notice", Task: t.ID, Change: t.State.Change, Message: text})
	d.sendNotice(e.Cause, t.State.Change, t.State.Origin.Title, e.Why, taskNext(t.State))
	return true, nil
}

// taskNext is what the operator can do about a task that waits for them.
func taskNext(s task.State) string {
	id := s.Short()
	switch s.Status {
	case task.Suspended:
		if s.Stop != nil && s.Stop.Rule == task.RuleAsked {
			return "adamant task resume " + id + " --say ANSWER | retry | cancel"
		}
		return "adamant task resume " + id + " | retry | cancel"
	case task.Failed:
		return "adamant task retry " + id
	}
	return ""
}

// wakeTask has the task of a change looked at.
func (d *Daemon) wakeTask(c change.Change) {
	if id := c.State.Origin.Task; d.crew != nil && task.CheckID(id) == nil {
		d.crew.loop.wake(id)
	}
}
