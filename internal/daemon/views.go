package daemon

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/change/index"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/task"
)

func (d *Daemon) addresses() Addresses {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.address
}

func (d *Daemon) status(ctx context.Context) (api.Status, error) {
	main, err := d.kernel.Ref(ctx, kernel.RefMain)
	if err != nil {
		return api.Status{}, err
	}
	changes, err := d.states(ctx, index.Query{Statuses: live[:]})
	if err != nil {
		return api.Status{}, err
	}
	others, err := d.otherItems(ctx)
	if err != nil {
		return api.Status{}, err
	}
	s := api.Status{Name: d.config.Name, Version: d.config.Version, PID: os.Getpid(), Epoch: d.kernel.Epoch(), Since: d.started.UTC(), Kernel: d.kernel.Dir(),
		Door: d.addresses().Door, Web: d.addresses().Web, Main: string(main), Changes: map[string]int{}, Inbox: len(others), Memory: residentMemory(), Problems: []api.Problem{}}
	for _, c := range changes {
		if isOpen(c) {
			s.Changes[string(c.State.Status)]++
		}
		if asks(c.State) {
			s.Inbox++
		}
		if c.State.Status.InQueue() {
			s.Queue++
		}
	}
	if s.Jobs, err = d.jobs.Waiting(ctx); err != nil {
		d.trouble("jobs", err)
	}
	s.Paused, s.Frozen = d.held()
	d.mu.Lock()
	defer d.mu.Unlock()
	for where, what := range d.problems {
		s.Problems = append(s.Problems, api.Problem{Where: where, What: what})
	}
	slices.SortFunc(s.Problems, func(a, b api.Problem) int { return cmp.Compare(a.Where, b.Where) })
	return s, nil
}

// residentMemory is the resident set in bytes, 0 where the system does not tell.
func residentMemory() uint64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize())
}

func (d *Daemon) pauseView() api.Pause {
	d.mu.Lock()
	defer d.mu.Unlock()
	return api.Pause{On: d.paused.on(), By: d.paused.By, Reason: d.paused.Reason, Since: d.paused.Since}
}

// held says what keeps changes from landing.
func (d *Daemon) held() (*api.Pause, *api.Freeze) {
	var paused *api.Pause
	if p := d.pauseView(); p.On {
		paused = &p
	}
	if f, ok := d.settings.Load().calendar.Frozen(d.now()); ok {
		return paused, &api.Freeze{Name: f.Name, Until: f.Until}
	}
	return paused, nil
}

// summaries lists changes, newest first.
func (d *Daemon) summaries(ctx context.Context, all bool) (api.Changes, error) {
	changes, err := d.states(ctx, index.Query{Statuses: live[:]})
	if err != nil {
		return api.Changes{}, err
	}
	if all {
		old, err := d.states(ctx, index.Query{Statuses: closed[:], Archived: true})
		if err != nil {
			return api.Changes{}, err
		}
		changes = append(changes, old...)
	}
	out := api.Changes{Changes: []api.Summary{}}
	tips := d.tips(ctx)
	for _, c := range changes {
		out.Changes = append(out.Changes, d.summary(ctx, c, tips))
	}
	slices.SortFunc(out.Changes, func(a, b api.Summary) int { return cmp.Or(b.Opened.Compare(a.Opened), cmp.Compare(a.ID, b.ID)) })
	return out, nil
}

// tips reads where branches are, each once.
func (d *Daemon) tips(ctx context.Context) func(branch string) (git.OID, error) {
	known := map[string]git.OID{}
	return func(branch string) (git.OID, error) {
		if tip, ok := known[branch]; ok {
			return tip, nil
		}
		tip, err := d.kernel.Ref(ctx, branchRef(branch))
		if err == nil {
			known[branch] = tip
		}
		return tip, err
	}
}

func (d *Daemon) summary(ctx context.Context, c change.Change, tips func(branch string) (git.OID, error)) api.Summary {
	s := c.State
	out := api.Summary{ID: c.ID, Title: s.Origin.Title, Status: string(s.Status), By: s.By, PatchSet: len(s.PatchSets), Opened: s.OpenedAt, Updated: s.Updated}
	if s.Assessment != nil {
		out.Level = s.Assessment.Level.String()
	}
	if s.Landing != nil {
		out.Commit = string(s.Landing.Commit)
	}
	if !isOpen(c) {
		return out
	}
	w := change.World{}
	main, err := tips(s.Origin.Target)
	if err == nil {
		w, err = d.worldOn(ctx, c, main, d.opinion)
	}
	if err != nil {
		out.Why = err.Error()
		return out
	}
	next := change.Step(d.counted(s), w)
	out.Why = next.Why
	if s.Status == change.Soaking && !next.Wake.IsZero() {
		out.Until = &next.Wake
	}
	return out
}

// verdict is what the gate says about a change now.
func (d *Daemon) verdict(ctx context.Context, c change.Change) (*gate.Verdict, error) {
	a, err := d.changes.Assessment(ctx, c)
	if err != nil {
		return nil, err
	}
	return d.verdictOn(c, a), nil
}

// verdictOn is what the gate says about an assessment now.
func (d *Daemon) verdictOn(c change.Change, a *gate.Assessment) *gate.Verdict {
	standing := gate.Standing{Change: c.ID, Approvals: d.counted(c.State).Approvals, Now: d.now().UTC().Truncate(time.Second)}
	if c.State.Soak != nil {
		standing.SoakStart = &c.State.Soak.Since
	}
	return gate.Decide(a, standing)
}

func (d *Daemon) show(ctx context.Context, id string) (desk.Change, error) {
	c, err := d.find(ctx, id)
	if err != nil {
		return desk.Change{}, err
	}
	s := c.State
	if s.Status.Landed() {
		d.kernel.Settled() // who is told so may fetch it from the door at once
	}
	out := desk.Change{ID: c.ID, Title: s.Origin.Title, Status: string(s.Status), Author: cmp.Or(s.Origin.Author, s.By), Agent: s.Origin.Agent,
		Task: s.Origin.Task, PatchSet: len(s.PatchSets), Page: d.pageOf(c.ID)}
	for _, r := range s.Comments {
		out.Comments = append(out.Comments, desk.Remark{By: r.By, At: r.At, Text: r.Text, Path: r.Path, Line: r.Line})
	}
	if s.Assessment == nil {
		return out, nil
	}
	v, err := d.verdict(ctx, c)
	if err != nil {
		return out, err
	}
	out.Verdict, err = json.Marshal(v)
	return out, err
}

// inbox is what needs the operator: changes that were put to them, and what is wrong with the kernel.
func (d *Daemon) inbox(ctx context.Context) (desk.Inbox, error) {
	changes, err := d.states(ctx, index.Query{Statuses: live[:]})
	if err != nil {
		return desk.Inbox{}, err
	}
	in := desk.Inbox{Items: []desk.Item{}}
	for _, c := range changes {
		if item, ok := d.item(ctx, c); ok {
			in.Items = append(in.Items, item)
		}
	}
	others, err := d.otherItems(ctx)
	if err != nil {
		return desk.Inbox{}, err
	}
	in.Items = append(in.Items, others...)
	in.Sort()
	return in, nil
}

// otherItems are those of the inbox that are no changes.
func (d *Daemon) otherItems(ctx context.Context) ([]desk.Item, error) {
	tasks, err := d.crew.concerns(ctx)
	return append(d.concerns(), tasks...), err
}

// asks says that a change is in the inbox.
func asks(s change.State) bool {
	return s.Status == change.Suspended && s.Stop != nil || s.Status == change.NeedsOperator && len(s.Asks) > 0
}

func (d *Daemon) item(ctx context.Context, c change.Change) (desk.Item, bool) {
	s := c.State
	if !asks(s) {
		return desk.Item{}, false
	}
	item := desk.Item{Change: c.ID, Title: s.Origin.Title, Status: string(s.Status), Since: s.Updated, Agent: s.Origin.Agent}
	if s.Assessment != nil {
		item.Level = s.Assessment.Level.String()
	}
	id := c.ID[:16]
	switch s.Status {
	case change.Suspended:
		item.Since, item.What, item.Why = s.Stop.At, "suspended: "+s.Origin.Title, s.Stop.Reason
		item.Next = "adamant resume " + id + " | adamant abandon " + id
		if t := s.Origin.Task; task.CheckID(t) == nil {
			item.Next = "adamant task resume " + task.Short(t) + " | adamant task cancel " + task.Short(t)
		}
	default:
		ask := s.Asks[len(s.Asks)-1]
		item.Since, item.What = ask.At, "decide: "+s.Origin.Title
		item.Why, item.Next = strings.Join(ask.Reasons, "; "), "adamant approve "+id+" | adamant reject "+id
		if a, err := d.opinion(ctx, c); err == nil {
			item.Next = nextCommand(id, d.verdictOn(c, a))
		}
	}
	return item, true
}

func (d *Daemon) queueView(ctx context.Context) (api.Queue, error) {
	changes, err := d.states(ctx, index.Query{Statuses: live[:]})
	if err != nil {
		return api.Queue{}, err
	}
	main, err := d.kernel.Ref(ctx, kernel.RefMain)
	if err != nil {
		return api.Queue{}, err
	}
	q := api.Queue{Main: string(main), Entries: []api.Entry{}, Runs: d.merge.view()}
	q.Paused, q.Frozen = d.held()
	tips := d.tips(ctx)
	for _, c := range changes {
		if e := c.State.Queue; e != nil && c.State.Status.InQueue() {
			q.Entries = append(q.Entries, api.Entry{Summary: d.summary(ctx, c, tips), Lane: e.Lane, Since: e.At, State: d.merge.state(c.ID)})
		}
	}
	slices.SortFunc(q.Entries, func(a, b api.Entry) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	return q, nil
}

// view lists the runs under way.
func (m *merger) view() []api.Run {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := []api.Run{}
	for id, s := range m.runs {
		out = append(out, api.Run{ID: string(id), Base: s.Base, Chain: s.Chain, Batch: s.Batch, Rerun: s.Rerun})
	}
	slices.SortFunc(out, func(a, b api.Run) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

// state says what the queue does with a change.
func (m *merger) state(id string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.landing != nil && slices.Contains(m.landing.Changes, id) {
		return "landing"
	}
	for _, s := range m.runs {
		if slices.Contains(s.Batch, id) {
			return "proving"
		}
	}
	if !m.in[id] {
		return "arriving"
	}
	return "waiting"
}

// nextCommand is what answers everything that a verdict waits for.
func nextCommand(id string, v *gate.Verdict) string {
	command := "adamant approve " + id
	var missing []string
	for _, r := range v.Reasons {
		switch {
		case r.Code == "gate-"+gate.Unavailable:
			missing = append(missing, r.Subject)
		case v.Assessment.Level == risk.Critical:
			command = "adamant break-glass " + id + " --reason TEXT"
		}
	}
	if len(missing) > 0 {
		command += " --accept " + strings.Join(missing, ",")
	}
	return command + " | adamant reject " + id
}
