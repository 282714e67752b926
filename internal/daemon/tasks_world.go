package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/task"
)

// world fills in everything outside of a task that its next step depends on.
func (c *crew) world(ctx context.Context, t task.Task) (task.World, error) {
	s := c.d.settings.Load()
	w := task.World{Now: c.d.now(), Epoch: c.d.kernel.Epoch(), Agents: s.agents, Rules: s.fleet.rules, Told: c.told(t.ID)}
	var err error
	if w.Main, err = c.d.kernel.Ref(ctx, branchRef(cmp.Or(t.State.Origin.Target, "main"))); err != nil {
		return w, err
	}
	if c.force != nil {
		for _, r := range c.force.Running() {
			w.Running = append(w.Running, r.ID)
		}
	}
	c.mu.Lock()
	if o, ok := c.outcomes[t.ID]; ok {
		w.Outcome = &o
	}
	c.mu.Unlock()
	if t.State.Change != "" && t.State.Status != task.Done {
		if w.Change, err = c.view(ctx, t.State.Change); err != nil {
			return w, err
		}
	}
	if role := task.Wanted(t.State, w.Change); role != "" {
		w.Cone = c.cones.checkout(ctx, t.State, w.Main)
		w.Turn, err = c.turn(ctx, t, role)
	}
	return w, err
}

// told are the causes that the operator was told of for a task.
func (c *crew) told(id string) []string {
	c.d.mu.Lock()
	defer c.d.mu.Unlock()
	var out []string
	for cause := range c.d.told {
		if strings.HasPrefix(cause, "task "+id+" ") {
			out = append(out, cause)
		}
	}
	return out
}

// view is a task's change as it is now, and what it waits for. One that cannot be read, or is not there, is nil.
func (c *crew) view(ctx context.Context, id string) (*task.ChangeView, error) {
	ch, err := c.d.changes.Load(ctx, id)
	if broken, missing := (*change.BrokenError)(nil), (*change.NotFoundError)(nil); errors.As(err, &broken) || errors.As(err, &missing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	v := &task.ChangeView{State: ch.State, Wait: change.WaitNothing}
	if !isOpen(ch) {
		return v, nil
	}
	w, err := c.d.world(ctx, ch)
	if err != nil {
		return nil, err
	}
	next := change.Step(c.d.counted(ch.State), w)
	v.Wait, v.Why = next.Wait, next.Why
	if next.Wait == change.WaitPatchSet {
		v.Findings, v.Conflict = task.Findings(w.Assessment), task.Conflicts(w.Assessment)
	}
	return v, nil
}

// turn asks whether it is a task's turn: all that wait are ranked, and who comes before it is counted as if it ran.
func (c *crew) turn(ctx context.Context, t task.Task, role string) (task.Turn, error) {
	tasks, err := c.list(ctx)
	if err != nil {
		return task.Turn{}, err
	}
	main, err := c.d.kernel.Ref(ctx, branchRef(cmp.Or(t.State.Origin.Target, "main")))
	if err != nil {
		return task.Turn{}, err
	}
	var waiting []task.Contender
	var holders []task.Holder
	for _, o := range tasks {
		wants := wantsByRecord(o.State)
		if o.ID == t.ID {
			wants = role
		}
		if !o.State.Status.Live() && o.State.Open() == nil {
			continue
		}
		cone := c.cones.of(ctx, o.State, main)
		if wants != "" && o.State.Open() == nil {
			waiting = append(waiting, c.contender(o.State, wants, cone))
		}
		if h, ok := holder(o.State, cone); ok {
			holders = append(holders, h)
		}
	}
	return task.Plan(waiting, holders, c.caps(tasks), c.d.now())[t.ID], nil
}

// wantsByRecord is what a task waits for as far as its operations say.
func wantsByRecord(s task.State) string {
	switch {
	case s.Status == task.Queued:
		return task.RoleCoder
	case s.For == change.WaitReviewer && (s.Status == task.Gating || s.Status == task.Waiting):
		return task.RoleReviewer
	}
	return ""
}

func (c *crew) contender(s task.State, role string, cone task.Cone) task.Contender {
	agent := s.Agent
	if role == task.RoleReviewer {
		agent = task.Reader(s, s.Head, c.d.settings.Load().agents)
	}
	return task.Contender{Task: s.ID, Role: role, Agent: agent, Priority: s.Origin.Priority, Since: s.Updated, Group: cmp.Or(s.Origin.Feature, s.By), Cone: cone}
}

// holder is a task that is at work, or whose result is on its way to main.
func holder(s task.State, cone task.Cone) (task.Holder, bool) {
	h := task.Holder{Task: s.ID, Group: cmp.Or(s.Origin.Feature, s.By), Cone: cone}
	if open := s.Open(); open != nil {
		h.Role, h.Agent = open.Role, open.Agent
	}
	switch s.Status {
	case task.Running, task.Gating, task.Reviewing:
		h.Writing = true
	case task.Waiting:
		h.Writing = s.For == change.WaitQueue || s.For == change.WaitLanding
	}
	return h, h.Role != "" || h.Writing
}

// caps are what main's spec.fleet allows, and what was spent today.
func (c *crew) caps(tasks []task.Task) task.Caps {
	s := c.d.settings.Load()
	caps := task.Caps{Running: s.fleet.running, Roles: s.fleet.roles, Agents: map[string]int{}, Day: s.fleet.day, Spent: c.spentToday(tasks), Held: c.d.pauseReason()}
	for _, a := range s.agents {
		if a.Concurrency > 0 {
			caps.Agents[a.Name] = a.Concurrency
		}
	}
	if c.force == nil {
		caps.Held = "this daemon runs no agents (adamant status says why)"
	}
	return caps
}

// spentToday is what attempts that ended today cost, and those that run.
func (c *crew) spentToday(tasks []task.Task) int64 {
	day := c.d.now().UTC().Truncate(24 * time.Hour)
	sum := int64(0)
	for _, t := range tasks {
		for _, r := range t.State.Attempts {
			if r.Until != nil && !r.Until.Before(day) {
				sum += r.Ended.Spent.NanoUSD
			}
		}
	}
	if c.force != nil {
		for _, r := range c.force.Running() {
			sum += r.Spent.NanoUSD
		}
	}
	return sum
}

func (d *Daemon) pauseReason() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.paused.reason()
}

// reads says that a reviewing agent has to read a change: it is a task's, and its level is one that is read here.
func (d *Daemon) reads(c change.Change, level *risk.Level) bool {
	s := d.settings.Load()
	if level == nil || c.State.Origin.Task == "" || s.fleet.review == nil || *level < *s.fleet.review || d.crew == nil || d.crew.force == nil {
		return false
	}
	return task.CheckID(c.State.Origin.Task) == nil && slices.ContainsFunc(s.agents, func(a task.Agent) bool { return a.Role == task.RoleReviewer })
}

// propose makes what a coder left a change, or the next patch set of its task's change, and records that. Both can be done again.
func (c *crew) propose(ctx context.Context, t task.Task, r task.Record) error {
	var ch change.Change
	var err error
	if t.State.Change == "" {
		ch, err = c.openChange(ctx, t, r)
	} else {
		ch, err = c.nextPatchSet(ctx, t, r)
	}
	if err != nil {
		return fmt.Errorf("handing in attempt %d: %w", r.N, err)
	}
	c.d.loop.wake(ch.ID)
	op := task.Operation{Time: c.d.now().UTC(), Actor: task.Actor, Body: task.Proposed{N: r.N, Change: ch.ID, Head: r.Ended.Head}}
	c.telling.RLock()
	defer c.telling.RUnlock()
	after, err := c.store.Append(ctx, t, op)
	if stale := (*task.StaleError)(nil); errors.As(err, &stale) {
		return nil // somebody else added an operation: the next look sees whether it is still to be done
	}
	if err != nil {
		return err
	}
	return c.announce(ctx, after, op, fmt.Sprintf("attempt %d is patch set %d of change %s", r.N, len(ch.State.PatchSets), ch.State.Short()))
}

// openChange opens the change of a task. All of it is a function of the task, so opening it again finds the same one.
func (c *crew) openChange(ctx context.Context, t task.Task, r task.Record) (change.Change, error) {
	o := t.State.Origin
	model := ""
	if len(r.Ended.Models) > 0 {
		model = r.Ended.Models[0].Name
	}
	op := change.Operation{Time: *r.Until, Body: change.Opening{Target: o.Target, Head: r.Ended.Head, Title: o.Title, Author: r.Agent + " (agent)", Agent: r.Agent,
		Task: t.ID, Role: task.RoleCoder, Model: model, Feature: o.Feature, Topic: t.State.Short(), Push: task.AttemptID(t.ID, r.N)}}
	actor := change.RoleAgent + ":" + r.Agent
	ch, err := c.d.changes.Create(ctx, actor, op)
	if err != nil || len(ch.Packs) > 1 { // it was opened before a crash
		return ch, err
	}
	op.Actor = actor
	return ch, c.d.announce(ctx, ch, op, "opened: "+o.Title)
}

func (c *crew) nextPatchSet(ctx context.Context, t task.Task, r task.Record) (change.Change, error) {
	ch, err := c.d.changes.Load(ctx, t.State.Change)
	if err != nil {
		return ch, err
	}
	if slices.ContainsFunc(ch.State.PatchSets, func(p change.PatchSet) bool { return p.Head == r.Ended.Head }) {
		return ch, nil
	}
	op := change.Operation{Time: c.d.now().UTC(), Actor: change.RoleAgent + ":" + r.Agent, Body: change.NewPatchSet{Head: r.Ended.Head, Note: "attempt " + fmt.Sprint(r.N)}}
	if ch, err = c.d.changes.Add(ctx, t.State.Change, []change.Operation{op}); err != nil {
		return ch, err
	}
	return ch, c.d.announce(ctx, ch, op, fmt.Sprintf("patch set %d", len(ch.State.PatchSets)))
}

// review puts a reviewer's word to the change. A change that has moved on refuses it, which the next look sees.
func (c *crew) review(ctx context.Context, t task.Task, r task.Reviewed) error {
	op := change.Operation{Time: c.d.now().UTC(), Actor: change.RoleReviewer + ":" + r.Agent,
		Body: change.Reviewed{Head: r.Head, Outcome: r.Outcome, Message: r.Message, Comments: r.Comments}}
	ch, err := c.d.changes.Add(ctx, t.State.Change, []change.Operation{op})
	if refused := (*change.RefusedError)(nil); errors.As(err, &refused) {
		return nil
	}
	if err != nil {
		return err
	}
	c.d.loop.wake(ch.ID)
	return c.d.announce(ctx, ch, op, r.Agent+" says: "+r.Outcome)
}

// abandon gives up the change of a task that was cancelled.
func (c *crew) abandon(ctx context.Context, e task.Effect) error {
	op := change.Operation{Time: c.d.now().UTC(), Actor: task.Actor, Body: change.GivenUp{Reason: e.Why}}
	ch, err := c.d.changes.Add(ctx, e.Change, []change.Operation{op})
	if refused := (*change.RefusedError)(nil); errors.As(err, &refused) {
		return nil
	}
	if err != nil {
		return err
	}
	c.d.loop.wake(ch.ID)
	return c.d.announce(ctx, ch, op, e.Why)
}
