package daemon

import (
	"context"
	"errors"
	"fmt"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/persona"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/thought"
)

// identityOf is who made a change, as the daemon knows it: from the token or the task and from the ledger, never from the branch.
// Base is where personas are read.
func (d *Daemon) identityOf(ctx context.Context, c change.Change, base git.OID) (*facts.Identity, error) {
	o := c.State.Origin
	by := &facts.Identity{Agent: o.Agent, Role: o.Role, Model: o.Model, Task: o.Task, Feature: o.Feature}
	if o.Agent == "" || task.CheckID(o.Task) != nil {
		return by, nil // a person, or an agent of somebody else's
	}
	t, err := task.NewStore(d.kernel.Repo(), d.kernel).Load(ctx, o.Task)
	var none *task.NotFoundError
	if errors.As(err, &none) {
		return by, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the task of the change: %w", err)
	}
	records, err := thought.ReadTask(ctx, d.kernel.Repo(), o.Task)
	if err != nil {
		return nil, err
	}
	personas, err := persona.Load(ctx, d.kernel.Repo(), base)
	if err != nil {
		return nil, err
	}
	return by, d.testify(ctx, by, c.State, t.State, thought.Entries(records), personas)
}

// testify adds what task and ledger say about how a patch set was made.
func (d *Daemon) testify(ctx context.Context, by *facts.Identity, s change.State, t task.State, entries []thought.Entry, personas *persona.Set) error {
	by.Grants = t.Origin.Grants
	made, whole, err := d.madeBy(ctx, s.Head(), t)
	if err != nil {
		return err
	}
	reasoning := thought.Account(entries, made, silent(personas, by.Agent))
	if !whole && change.Role(s.PatchSets[len(s.PatchSets)-1].By) == change.RoleAgent { // people may add to it
		reasoning.Missing++
		reasoning.Gaps = append(reasoning.Gaps, fmt.Sprintf("no attempt of task %s made commit %s", task.Short(t.ID), s.Head().Short()))
	}
	by.Reasoning = &reasoning
	if n := len(reasoning.Models); n > 0 && by.Model == "" {
		by.Model = reasoning.Models[0].Name
	}
	for _, r := range t.Attempts {
		if r.Role == task.RoleReviewer && r.Ended != nil && r.Ended.Review != nil {
			by.Reviews = append(by.Reviews, facts.AgentReview{Agent: r.Agent, Head: string(r.Head), Outcome: r.Ended.Review.Outcome, Models: modelsOf(r.Ended.Models)})
		}
	}
	return nil
}

// madeBy lists the attempts whose work a commit has, and says whether the commit itself is one of an attempt.
func (d *Daemon) madeBy(ctx context.Context, head git.OID, t task.State) (made []thought.Made, whole bool, err error) {
	records, err := t.Lineage(func(has git.OID) (bool, error) { return d.kernel.Repo().IsAncestor(ctx, has, head) })
	for _, r := range records {
		made = append(made, thought.Made{Attempt: task.AttemptID(t.ID, r.N), Head: r.Ended.Head})
		whole = whole || r.Ended.Head == head
	}
	return made, whole, err
}

// silent says which models the agent's persona declares to show no reasoning.
func silent(personas *persona.Set, agent string) func(model string) bool {
	p, err := personas.Get(agent)
	if err != nil {
		return nil
	}
	return p.IsSilent
}

func modelsOf(models []task.Model) []facts.Model {
	out := []facts.Model{}
	for _, m := range models {
		out = append(out, facts.Model{Name: m.Name, Family: m.Family, Temperature: m.Temperature})
	}
	return out
}
