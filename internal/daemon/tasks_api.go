package daemon

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/sse"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/thought"
)

func (d *Daemon) taskRoutes(a huma.API) {
	c := d.crew
	route(a, "GET", api.PathTasks, "Tasks, newest first", func(ctx context.Context, in *listing) (api.Tasks, error) { return c.summaries(ctx, in.All) })
	route(a, "POST", api.PathTasks, "Give agents a task", func(ctx context.Context, in *with[api.NewTask]) (api.TaskAnswer, error) { return c.open(ctx, in.Body) })
	route(a, "GET", api.PathTask, "One task and its attempts", func(ctx context.Context, in *ByID) (api.TaskDetail, error) { return c.show(ctx, in.ID) })
	route(a, "POST", api.PathTaskCancel, "Take a task back; its change is abandoned", func(ctx context.Context, in *about[api.Reason]) (api.TaskAnswer, error) {
		return c.operate(ctx, in.ID, task.Cancellation(in.Body))
	})
	route(a, "POST", api.PathTaskResume, "Go on with a suspended task", func(ctx context.Context, in *about[api.Reason]) (api.TaskAnswer, error) {
		return c.resume(ctx, in.ID, in.Body.Reason)
	})
	route(a, "POST", api.PathTaskRetry, "Begin a task again from main", func(ctx context.Context, in *about[api.Retry]) (api.TaskAnswer, error) {
		return c.retry(ctx, in.ID, in.Body)
	})
	route(a, "POST", api.PathTaskNote, "Say something to the next attempt", func(ctx context.Context, in *about[api.Reason]) (api.TaskAnswer, error) {
		return c.operate(ctx, in.ID, task.Noted{Text: in.Body.Reason})
	})
	route(a, "GET", api.PathFleet, "What the agents do now", func(ctx context.Context, _ *nothing) (api.Fleet, error) { return c.fleet(ctx) })
	sse.Register(a, huma.Operation{OperationID: "task-log", Method: "GET", Path: api.PathTaskLog, Summary: "What happened to a task, and happens"},
		map[string]any{"line": api.LogLine{}, "beat": beat{}, "end": api.TaskAnswer{}}, c.log)
}

// open gives agents a task.
func (c *crew) open(ctx context.Context, in api.NewTask) (api.TaskAnswer, error) {
	agents := c.d.settings.Load().agents
	agent := in.Agent
	if i := slices.IndexFunc(agents, func(a task.Agent) bool { return a.Role == task.RoleCoder }); agent == "" && i >= 0 {
		agent = agents[i].Name
	}
	if !slices.ContainsFunc(agents, func(a task.Agent) bool { return a.Name == agent && a.Role == task.RoleCoder }) {
		return api.TaskAnswer{}, fmt.Errorf("no coder of this repository is called %q: adamant agent list names them", agent)
	}
	now := c.d.now().UTC()
	body := task.Opening{Title: in.Title, Text: in.Text, Agent: agent, Target: "main", Feature: in.Feature, Grants: in.Grants, Paths: in.Paths, Priority: in.Priority,
		Source: in.Source, Foreign: in.Foreign, Nonce: now.Format("20060102T150405.000000000")}
	return c.create(ctx, task.Operation{Time: now, Actor: local, Body: body})
}

func (c *crew) create(ctx context.Context, op task.Operation) (api.TaskAnswer, error) {
	c.telling.RLock()
	defer c.telling.RUnlock()
	t, err := c.store.Create(ctx, op)
	if err != nil {
		return api.TaskAnswer{}, err
	}
	c.loop.wake(t.ID)
	o := t.State.Origin
	return taskAnswer(t, fmt.Sprintf("task %s is queued for %s (adamant task log -f %s)", t.State.Short(), o.Agent, t.State.Short())), c.announce(ctx, t, op, "opened: "+o.Title)
}

func taskAnswer(t task.Task, message string) api.TaskAnswer {
	return api.TaskAnswer{Task: t.ID, Status: string(t.State.Status), Message: message}
}

// operate records an operation of the local user.
func (c *crew) operate(ctx context.Context, name string, body task.Body) (api.TaskAnswer, error) {
	t, err := c.store.Find(ctx, name)
	if err != nil {
		return api.TaskAnswer{}, err
	}
	if t, err = c.add(ctx, t.ID, local, body, ""); err != nil {
		return api.TaskAnswer{}, err
	}
	return taskAnswer(t, fmt.Sprintf("%s: task %s is %s", body.Kind(), t.State.Short(), t.State.Status)), nil
}

// resume goes on with a suspended task, and with its change, where that is suspended too.
func (c *crew) resume(ctx context.Context, name, note string) (api.TaskAnswer, error) {
	t, err := c.store.Find(ctx, name)
	if err != nil {
		return api.TaskAnswer{}, err
	}
	if t.State.Status == task.Suspended && t.State.Change != "" {
		ch, err := c.d.changes.Load(ctx, t.State.Change)
		if err != nil {
			return api.TaskAnswer{}, err
		}
		if ch.State.Status == change.Suspended {
			if _, err := c.d.perform(ctx, ch, local, change.Continued{Reason: "task " + t.State.Short() + " goes on"}); err != nil {
				return api.TaskAnswer{}, err
			}
		}
	}
	return c.operate(ctx, t.ID, task.Resumed{Note: note})
}

// retry begins again from main; the change so far is given up first, so that nobody lands it meanwhile.
func (c *crew) retry(ctx context.Context, name string, in api.Retry) (api.TaskAnswer, error) {
	t, err := c.store.Find(ctx, name)
	if err != nil {
		return api.TaskAnswer{}, err
	}
	agents := c.d.settings.Load().agents
	if in.Agent != "" && !slices.ContainsFunc(agents, func(a task.Agent) bool { return a.Name == in.Agent && a.Role == task.RoleCoder }) {
		return api.TaskAnswer{}, fmt.Errorf("no coder of this repository is called %q: adamant agent list names them", in.Agent)
	}
	if t.State.Open() != nil || t.State.Status == task.Done { // the operation says it in its words; nothing is given up for it
		return c.operate(ctx, t.ID, task.Retried{Note: in.Note, Agent: in.Agent})
	}
	if t.State.Change != "" {
		if err := c.abandon(ctx, task.Effect{Change: t.State.Change, Why: "its task begins again"}); err != nil {
			return api.TaskAnswer{}, err
		}
	}
	return c.operate(ctx, t.ID, task.Retried{Note: in.Note, Agent: in.Agent})
}

// summaries lists tasks, newest first.
func (c *crew) summaries(ctx context.Context, all bool) (api.Tasks, error) {
	tasks, err := c.list(ctx)
	if err != nil {
		return api.Tasks{}, err
	}
	out := api.Tasks{Tasks: []api.TaskSummary{}}
	for _, t := range tasks {
		if all || !t.State.Status.Closed() {
			out.Tasks = append(out.Tasks, c.summary(ctx, t))
		}
	}
	slices.SortFunc(out.Tasks, func(a, b api.TaskSummary) int { return cmp.Or(b.Opened.Compare(a.Opened), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

func (c *crew) summary(ctx context.Context, t task.Task) api.TaskSummary {
	s := t.State
	out := api.TaskSummary{ID: t.ID, Title: s.Origin.Title, Status: string(s.Status), Agent: s.Agent, Feature: s.Origin.Feature, Source: s.Origin.Source,
		Priority: s.Origin.Priority, Attempts: len(s.Attempts), Change: s.Change, Opened: s.OpenedAt, Updated: s.Updated, Spent: s.Spent, Next: taskNext(s)}
	if s.Landing != nil {
		out.Commit = string(s.Landing.Commit)
	}
	if s.Stop != nil {
		out.Why = s.Stop.Reason
	}
	if s.Status.Closed() {
		return out
	}
	w, err := c.world(ctx, t)
	if err != nil {
		out.Why = err.Error()
		return out
	}
	out.Why = strings.TrimPrefix(task.Step(s, w).Why, "suspended: ")
	if s.Status == task.Waiting && s.For == change.WaitOperator && s.Change != "" {
		out.Next = "adamant approve " + s.Change[:16] + " | reject " + s.Change[:16]
	}
	return out
}

func (c *crew) show(ctx context.Context, name string) (api.TaskDetail, error) {
	t, err := c.store.Find(ctx, name)
	if err != nil {
		return api.TaskDetail{}, err
	}
	s := t.State
	main, err := c.d.kernel.Ref(ctx, branchRef(cmp.Or(s.Origin.Target, "main")))
	if err != nil {
		return api.TaskDetail{}, err
	}
	out := api.TaskDetail{TaskSummary: c.summary(ctx, t), Text: s.Origin.Text, Foreign: s.Origin.Foreign, Grants: s.Origin.Grants, Cone: c.cones.of(ctx, s, main),
		Rounds: s.Attempts, Return: s.Return, By: s.By, Left: s.Left, Stop: s.Stop}
	if out.Rounds == nil {
		out.Rounds = []task.Record{}
	}
	for _, no := range s.Ignored {
		out.Problems = append(out.Problems, fmt.Sprintf("%s by %s: %s", no.Kind, no.Actor, no.Why))
	}
	return out, nil
}

// fleet is what the agents do now.
func (c *crew) fleet(ctx context.Context) (api.Fleet, error) {
	tasks, err := c.list(ctx)
	if err != nil {
		return api.Fleet{}, err
	}
	caps := c.caps(tasks)
	now := c.d.now().UTC()
	f := api.Fleet{Time: now, Name: c.d.config.Name, Held: caps.Held, Limit: caps.Running, DaySpent: caps.Spent, DayLimit: caps.Day, Tasks: []api.FleetTask{}}
	works := map[string]task.RunningAttempt{}
	if c.force != nil {
		for _, r := range c.force.Running() {
			works[r.Task] = r
		}
	}
	f.Running = len(works)
	for _, t := range tasks {
		switch {
		case !t.State.Status.Closed():
			row := api.FleetTask{TaskSummary: c.summary(ctx, t)}
			if r, ok := works[t.ID]; ok {
				row.Works = &r
			}
			f.Tasks = append(f.Tasks, row)
		case !t.State.Updated.Before(now.Truncate(24 * time.Hour)):
			f.Recent = append(f.Recent, c.summary(ctx, t))
		}
	}
	slices.SortFunc(f.Tasks, func(a, b api.FleetTask) int {
		return cmp.Or(cmp.Compare(fleetRank(a), fleetRank(b)), a.Opened.Compare(b.Opened), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(f.Recent, func(a, b api.TaskSummary) int { return cmp.Or(b.Updated.Compare(a.Updated), cmp.Compare(a.ID, b.ID)) })
	return f, nil
}

// fleetRank puts what needs the operator first, then what runs, then what waits.
func fleetRank(t api.FleetTask) int {
	switch task.Status(t.Status) {
	case task.Suspended:
		return 0
	case task.Running, task.Reviewing:
		return 1
	case task.Gating:
		return 2
	case task.Waiting:
		return 3
	}
	return 4
}

type logInput struct {
	ByID
	Follow bool `query:"follow"`
}

// log tells what happened to a task, then, to those who follow, what happens.
func (c *crew) log(ctx context.Context, in *logInput, send sse.Sender) {
	t, err := c.store.Find(ctx, in.ID)
	if err != nil {
		_ = send.Data(api.TaskAnswer{Status: "error", Message: err.Error()}) // who asked is gone, or reads it
		return
	}
	events, endEvents := c.d.hub.subscribe(0)
	defer endEvents()
	lines, endLines := c.d.lines.subscribe(0)
	defer endLines()
	past, err := c.past(ctx, t.ID)
	if err != nil {
		_ = send.Data(api.TaskAnswer{Status: "error", Message: err.Error()})
		return
	}
	for _, l := range past {
		if send.Data(l) != nil {
			return
		}
	}
	f := follower{c: c, id: t.ID, seen: len(past), send: send}
	if in.Follow && f.follow(ctx, events, lines) != nil {
		return
	}
	f.end(ctx)
}

// follower is somebody who reads along.
type follower struct {
	c    *crew
	id   string
	seen int
	send sse.Sender
}

func (f *follower) end(ctx context.Context) {
	if t, err := f.c.store.Load(ctx, f.id); err == nil {
		_ = f.send.Data(taskAnswer(t, fmt.Sprintf("task %s is %s", t.State.Short(), t.State.Status)))
	}
}

// follow sends lines as they come, until the task goes no further by itself. What the hubs drop for a slow reader ends it: it asks again.
func (f *follower) follow(ctx context.Context, events, lines <-chan Event) error {
	ticker := time.NewTicker(beatEvery)
	defer ticker.Stop()
	for {
		if t, err := f.c.store.Load(ctx, f.id); err != nil || t.State.Status.Closed() || t.State.Status == task.Suspended {
			return err
		}
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case e, ok := <-events:
			switch {
			case !ok:
				return errors.New("too slow")
			case e.Task == f.id && e.Kind != "notice":
				err = f.send.Data(api.LogLine{Time: e.Time, Actor: "kernel", Kind: e.Kind, Text: e.Message})
			}
		case e, ok := <-lines:
			if !ok {
				return errors.New("too slow")
			}
			if e.Task == f.id {
				err = f.send.Data(agentLine(e))
			}
		case <-ticker.C:
			err = f.send.Data(beat{f.c.d.now().UTC()})
		}
		if err != nil {
			return err
		}
	}
}

func agentLine(e Event) api.LogLine {
	var l task.Line
	if err := json.Unmarshal(e.Body, &l); err != nil {
		return api.LogLine{Time: e.Time, Kind: "agent", Text: e.Message}
	}
	return shownLine(l)
}

func shownLine(l task.Line) api.LogLine {
	return api.LogLine{Time: l.Time, Actor: "agent", Attempt: numberOf(l.Attempt), Kind: "agent." + l.Kind, Text: l.Text}
}

// numberOf is the number of an attempt, by its name.
func numberOf(attempt string) int {
	n := 0
	if _, err := fmt.Sscanf(attempt[strings.LastIndexByte(attempt, '-')+1:], "%d", &n); err != nil {
		return 0
	}
	return n
}

// past is what happened to a task so far: its entries in the ledger, what its agents did among them.
func (c *crew) past(ctx context.Context, id string) ([]api.LogLine, error) {
	c.settled() // who was told that a task is done finds that here
	if err := c.d.kernel.Ledger().Flush(ctx); err != nil {
		return nil, err
	}
	var out []api.LogLine
	for e, err := range ledger.Read(ctx, c.d.kernel.Repo(), ledger.Filter{Task: id, Kinds: []string{"task.*", "change.*", thought.Kind}}) {
		if err != nil {
			return nil, fmt.Errorf("reading the ledger: %w", err)
		}
		out = append(out, ledgerLine(e))
	}
	slices.SortStableFunc(out, func(a, b api.LogLine) int { return a.Time.Compare(b.Time) })
	return out, nil
}

// ledgerLine is an entry for people.
func ledgerLine(e ledger.Entry) api.LogLine {
	l := api.LogLine{Time: e.Time, Actor: e.Actor, Kind: e.Kind}
	if e.Kind == thought.Kind {
		l.Attempt, l.Text = thoughtLine(e)
		return l
	}
	var b struct {
		Why     string `json:"why"`
		Attempt int    `json:"attempt"`
		Status  string `json:"status"`
	}
	if err := json.Unmarshal(e.Body, &b); err != nil {
		l.Text = err.Error()
		return l
	}
	l.Attempt, l.Text = b.Attempt, cmp.Or(b.Why, b.Status)
	return l
}

func thoughtLine(e ledger.Entry) (int, string) {
	var t thought.Entry
	if err := json.Unmarshal(e.Body, &t); err != nil {
		return 0, err.Error()
	}
	return numberOf(t.Attempt), strings.TrimSpace(cmp.Or(t.Tool, t.Action.Kind) + " " + cmp.Or(strings.Join(t.Action.Paths, " "), t.Action.Text, string(t.Action.Args)))
}

// concerns are the operator's items about tasks.
func (c *crew) concerns(ctx context.Context) ([]desk.Item, error) {
	tasks, err := c.list(ctx)
	if err != nil {
		return nil, err
	}
	var items []desk.Item
	for _, t := range tasks {
		s := t.State
		if s.Status != task.Suspended || s.Stop.Told { // the change's own item says it
			continue
		}
		items = append(items, desk.Item{ID: t.ID, Title: s.Origin.Title, Level: "medium", Status: string(s.Status), Since: s.Stop.At, Agent: s.Agent,
			What: "task suspended: " + s.Origin.Title, Why: s.Stop.Reason, Next: taskNext(s)})
	}
	return items, nil
}
