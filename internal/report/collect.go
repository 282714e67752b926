package report

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/verify"
)

// Options say what is reported. Verified is the verification of the same records, nil with the reason in Unverified.
type Options struct {
	Repository   string
	Since, Until time.Time // from, and the first instant after
	Verified     *verify.Report
	Unverified   string
}

// Collect reads a kernel's repository, or a clone's view of one. A ledger that does not hold is an *ledger.Alarm.
func Collect(ctx context.Context, repo *git.Repo, opt Options) (*Report, error) {
	c := &collector{repo: repo, changes: change.NewStore(repo, repo, change.Options{}), tasks: task.NewStore(repo, repo), used: map[string][]string{},
		waivers: map[string]Waiver{}, landed: map[string]int{}}
	c.Report = Report{APIVersion: Version, Repository: opt.Repository, Since: opt.Since.UTC(), Until: opt.Until.UTC(), Verified: opt.Verified, Unverified: opt.Unverified,
		Landed: []Change{}, Approvals: []Approval{}, Waivers: []Waiver{}, Exceptions: []Event{}, Refused: []Event{}, Failures: []Event{}, Authority: []Event{},
		Artifacts: []Event{}, Agents: []Agent{}, Features: []Feature{}, Ledgers: []Ledger{}, Gaps: []string{}}
	for _, part := range []func(context.Context) error{c.readLedger, c.readChanges, c.readPasts, c.readAssessments, c.readWaivers, c.readTasks} {
		if err := part(ctx); err != nil {
			return nil, fmt.Errorf("collecting the report: %w", err)
		}
	}
	c.sort()
	return &c.Report, nil
}

type collector struct {
	Report
	repo      *git.Repo
	changes   *change.Store
	tasks     *task.Store
	used      map[string][]string // changes by waiver
	waivers   map[string]Waiver   // that landed changes used
	landed    map[string]int      // changes by agent
	documents []attached
	passages  []passage // of main past the gate, in the ledger's order
}

// within says that something happened in the period.
func (c *collector) within(at time.Time) bool { return !at.Before(c.Since) && at.Before(c.Until) }

func (c *collector) gap(format string, args ...any) {
	c.Gaps = append(c.Gaps, fmt.Sprintf(format, args...))
}

// readChanges goes through all changes, those in the archive, too.
func (c *collector) readChanges(ctx context.Context) error {
	open, broken, err := c.changes.List(ctx)
	if err != nil {
		return err
	}
	for _, b := range broken {
		c.gap("a change cannot be read: %v", b)
	}
	for _, one := range open {
		c.readChange(one)
	}
	for one, err := range c.changes.Archived(ctx) {
		if b := (*change.BrokenError)(nil); errors.As(err, &b) {
			c.gap("a month of the archive cannot be read: %v", b)
			continue
		}
		if err != nil {
			return err
		}
		c.readChange(one)
	}
	return nil
}

// before is a change as it was at the end of the period; ok is false where it was not there yet.
func (c *collector) before(one change.Change) (change.Change, bool) {
	var packs []change.Pack
	for _, p := range one.Packs {
		p.Operations = slices.DeleteFunc(slices.Clone(p.Operations), func(op change.Operation) bool { return !op.Time.Before(c.Until) })
		if len(p.Operations) > 0 {
			packs = append(packs, p)
		}
	}
	if len(packs) == 0 {
		return one, false
	}
	one.Packs, one.State = packs, change.Fold(packs)
	return one, true
}

func (c *collector) readChange(one change.Change) {
	one, ok := c.before(one)
	if !ok {
		return
	}
	landing := one.State.Landing
	landed := landing != nil && c.within(landing.At)
	one.Timeline(func(_ uint64, op change.Operation) bool {
		if c.within(op.Time) {
			c.operation(one, op, landed)
		}
		return true
	})
	if !landed {
		return
	}
	row := describe(one)
	c.landed[row.Agent]++
	if landing.ByHand {
		row.passed(one.State.Assessment)
	} else if doc, ok := one.AssessmentDocument(landing.Assessment); ok {
		c.documents = append(c.documents, attached{doc, landing.Assessment, len(c.Landed)})
	} else {
		row.Unread = true
		c.gap("change %s landed, and what was found about it is not on record", short(one.ID))
	}
	c.Landed = append(c.Landed, row)
}

// attached is an assessment that is to be read, and the landed change that it is of.
type attached struct {
	change.Document
	digest string
	row    int
}

// describe is what the change's operations say of a landing.
func describe(one change.Change) Change {
	s := one.State
	row := Change{At: s.Landing.At, ID: one.ID, Title: s.Origin.Title, By: s.By, Agent: s.Origin.Agent, Model: s.Origin.Model, Task: s.Origin.Task,
		Commit: s.Landing.Commit, Reverts: s.Origin.Reverts, Reverted: s.Status == change.Reverted, Gates: []string{}, Answered: []string{}, Accepted: []string{}, Open: []string{}, Approved: []string{}, Waivers: []string{}}
	var answers []string
	for _, a := range s.Approvals {
		if a.Void == "" {
			row.Approved = append(row.Approved, a.By+" ("+a.Method+")")
			answers = append(answers, a.Statement.Answers...)
		}
	}
	if a := s.Assessment; a != nil {
		row.Level, row.Mode, row.Size = a.Level, a.Merge.Mode, a.Size.Added+a.Size.Deleted
		row.sort(a.Gates, answers)
	}
	return row
}

// sort puts gates where they belong by their state.
func (row *Change) sort(gates []change.GateState, answers []string) {
	for _, g := range gates {
		switch {
		case g.State == gate.Passed:
			row.Gates = append(row.Gates, g.Name)
		case g.State == gate.NotApplicable:
		case slices.Contains(answers, g.Name):
			row.Answered = append(row.Answered, g.Name)
		case g.State == gate.Accepted:
			row.Accepted = append(row.Accepted, g.Name)
		default:
			row.Open = append(row.Open, g.Name+" ("+g.State+")")
		}
	}
}

// readAssessments adds what only the whole assessments say.
func (c *collector) readAssessments(ctx context.Context) error {
	docs := make([]change.Document, len(c.documents))
	for i, d := range c.documents {
		docs[i] = d.Document
	}
	return change.ReadDocuments(ctx, c.repo, docs, func(i int, data []byte, err error) error {
		d := c.documents[i]
		row := &c.Landed[d.row]
		var a gate.Assessment
		if err == nil {
			err = decode(data, d.digest, &a)
		}
		if err != nil {
			row.Unread = true
			c.gap("the assessment of change %s cannot be read: %v", short(row.ID), err)
			return ctx.Err()
		}
		row.Score = a.Score
		for _, w := range a.Waivers {
			row.Waivers = append(row.Waivers, w.ID)
			c.used[w.ID] = append(c.used[w.ID], row.ID)
			c.waivers[w.ID] = Waiver{ID: w.ID, Rule: w.Rule, Resource: w.Resource, Justification: w.Justification, Owner: w.Owner, ApprovedBy: w.ApprovedBy,
				Expires: w.Expires, State: "gone"}
		}
		return nil
	})
}

// decode reads an assessment and holds it to its digest.
func decode(data []byte, digest string, a *gate.Assessment) error {
	if err := json.Unmarshal(data, a); err != nil {
		return err
	}
	have, err := gate.Digest(a)
	if err == nil && (have != digest || a.Digest != digest) {
		err = fmt.Errorf("it is %.12s, and %.12s allowed the landing", have, digest)
	}
	return err
}

// operation puts what an operation of the period says where it belongs.
func (c *collector) operation(one change.Change, op change.Operation, landed bool) {
	event := Event{At: op.Time, Kind: string(op.Body.Kind()), Who: op.Actor, Change: one.ID}
	refuse := func(what string) {
		event.What = what
		c.Refused = append(c.Refused, event)
	}
	switch b := op.Body.(type) {
	case change.Approved:
		c.approval(one, b.Approval, landed)
	case change.Accepted:
		c.approval(one, b.Approval, landed)
	case change.Assessed:
		if b.Decision == gate.Deny {
			refuse("denied by the gate: " + failed(b.Gates))
		}
	case change.Reviewed:
		if b.Outcome == change.ReviewChanges {
			refuse("sent back by a reviewer: " + b.Message)
		}
	case change.Refused:
		refuse("rejected: " + b.Reason)
	case change.CheckError:
		event.What = "a run of the gate ended without an answer: " + b.Error
		c.Failures = append(c.Failures, event)
	case change.TakenBack:
		event.What = "taken back by " + short(b.Change)
		c.Failures = append(c.Failures, event)
	}
}

func failed(gates []change.GateState) string {
	var names []string
	for _, g := range gates {
		if g.State == gate.Failed || g.State == gate.Errored {
			names = append(names, g.Name)
		}
	}
	if len(names) == 0 {
		return "a finding that blocks"
	}
	return strings.Join(names, ", ")
}

func (c *collector) approval(one change.Change, a gate.Approval, landed bool) {
	c.Approvals = append(c.Approvals, Approval{At: a.At, By: a.By, Method: a.Method, MFA: a.MFA, Key: a.Key, Change: one.ID, Title: one.State.Origin.Title,
		Answers: nonNil(a.Statement.Answers), Accepts: nonNil(a.Statement.Accepts), Reason: a.Statement.Reason, Landed: landed})
}

func nonNil(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// readWaivers lists what stood on main in the end, and what landed changes used.
func (c *collector) readWaivers(ctx context.Context) error {
	if c.Main != "" {
		_, governance, err := judge.GovernanceAt(ctx, c.repo, c.Main)
		if err != nil {
			return fmt.Errorf("reading the waivers of %s: %w", c.Main.Short(), err)
		}
		c.Repository = cmp.Or(c.Repository, governance.Config.Metadata.Name)
		for _, w := range governance.Waivers {
			c.waivers[w.ID] = Waiver{ID: w.ID, Rule: w.Rule, Resource: w.Resource, Justification: w.Justification, Owner: w.Owner, ApprovedBy: w.ApprovedBy,
				Expires: w.Expires, State: string(w.At(c.Until))}
		}
	}
	for id, w := range c.waivers {
		w.Used = nonNil(c.used[id])
		c.Waivers = append(c.Waivers, w)
	}
	return nil
}

// readTasks adds up the attempts that ended within the period.
func (c *collector) readTasks(ctx context.Context) error {
	tasks, broken, err := c.tasks.List(ctx)
	if err != nil {
		return err
	}
	for _, b := range broken {
		c.gap("a task cannot be read: %v", b)
	}
	agents, features := map[string]Agent{}, map[string]task.Spent{}
	for _, t := range tasks {
		for _, a := range t.State.Attempts {
			if a.Ended == nil || a.Until == nil || !c.within(*a.Until) {
				continue
			}
			agents[a.Agent] = agents[a.Agent].with(a)
			features[t.State.Origin.Feature] = features[t.State.Origin.Feature].Add(a.Ended.Spent)
		}
	}
	for name := range c.landed {
		if _, ok := agents[name]; !ok && name != "" {
			agents[name] = Agent{}
		}
	}
	for name, a := range agents {
		a.Name, a.Landed, a.Models = name, c.landed[name], nonNil(a.Models)
		c.Agents = append(c.Agents, a)
	}
	for name, spent := range features {
		c.Features = append(c.Features, Feature{name, spent})
	}
	return nil
}

func (a Agent) with(r task.Record) Agent {
	a.Attempts++
	if r.Ended.Finish != task.FinishDone {
		a.Bad++
	}
	for _, m := range r.Ended.Models {
		if !slices.Contains(a.Models, m.Name) {
			a.Models = append(a.Models, m.Name)
		}
	}
	slices.Sort(a.Models)
	a.Spent = a.Spent.Add(r.Ended.Spent)
	return a
}

func short(id string) string { return id[:min(len(id), 16)] }
