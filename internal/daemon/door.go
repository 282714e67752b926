package daemon

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/change/index"
	"github.com/adamant-os/adamant/internal/door"
	"github.com/adamant-os/adamant/internal/git"
)

func (d *Daemon) newDoor() (*door.Door, error) {
	return door.New(door.Config{Name: d.config.Name, Kernel: d.kernel, Dir: filepath.Join(d.config.State, "door"), Tokens: d.tokens,
		Record: d.record, Hook: d.config.Hook, Now: d.now, Log: d.log})
}

// actor is how operations name the holder of a token.
func actor(g door.Grant) string {
	switch {
	case g.Agent != "":
		return change.RoleAgent + ":" + g.Agent
	case g.Role == door.RoleOperator:
		return change.RoleOperator + ":" + cmp.Or(g.Name, "operator")
	}
	return change.RolePerson + ":" + cmp.Or(g.Name, "token-"+g.ID)
}

// record opens a change for a push, or makes the push the next patch set of the change it continues.
func (d *Daemon) record(ctx context.Context, p door.Push) (door.Receipt, error) {
	by := actor(p.Grant)
	c, found, err := d.continues(ctx, p, by)
	if err != nil {
		return door.Receipt{}, err
	}
	switch {
	case found && c.State.Head() == p.Head:
		return d.receipt(c, "it is this commit already"), nil
	case found:
		op := change.Operation{Time: p.Time.UTC(), Actor: by, Body: change.NewPatchSet{Head: p.Head}}
		if c, err = d.changes.Add(ctx, c.ID, []change.Operation{op}); err == nil {
			err = d.announce(ctx, c, op, fmt.Sprintf("patch set %d", len(c.State.PatchSets)))
		}
	default:
		c, err = d.open(ctx, p, by)
	}
	if err != nil {
		return door.Receipt{}, err
	}
	d.loop.wake(c.ID)
	return d.receipt(c, ""), nil
}

func (d *Daemon) receipt(c change.Change, note string) door.Receipt {
	return door.Receipt{Change: c.ID[:16], PatchSet: len(c.State.PatchSets), Note: note}
}

func topicOf(p door.Push) string {
	return cmp.Or(p.Options["topic"], p.Grant.Topic, p.Grant.Task)
}

// continues finds the change that a push belongs to: the one it names; else the pusher's open change of the same topic; else
// the pusher's open change whose patch set it builds on.
func (d *Daemon) continues(ctx context.Context, p door.Push, by string) (change.Change, bool, error) {
	if id := p.Options["change"]; id != "" {
		c, err := d.find(ctx, id)
		if err == nil && c.State.By != by && p.Grant.Role != door.RoleOperator {
			err = fmt.Errorf("change %s is %s's: open one of your own", c.ID[:16], c.State.By)
		}
		return c, err == nil, err
	}
	changes, err := d.states(ctx, index.Query{Statuses: live[:], Target: p.Target})
	if err != nil {
		return change.Change{}, false, err
	}
	topic := topicOf(p)
	for _, c := range changes {
		s := c.State
		if s.By != by || s.Origin.Target != p.Target || !isOpen(c) {
			continue
		}
		if topic != "" || s.Origin.Topic != "" {
			if topic == s.Origin.Topic {
				return c, true, nil
			}
			continue
		}
		ahead, err := d.kernel.Repo().IsAncestor(ctx, s.Head(), p.Head)
		if err != nil {
			return change.Change{}, false, err
		}
		if ahead {
			return c, true, nil
		}
	}
	return change.Change{}, false, nil
}

// open makes a change of a push.
func (d *Daemon) open(ctx context.Context, p door.Push, by string) (change.Change, error) {
	commit, err := d.kernel.Repo().Commit(ctx, p.Head)
	if err != nil {
		return change.Change{}, err
	}
	o := change.Opening{Target: p.Target, Head: p.Head, Title: cmp.Or(p.Options["title"], commit.Subject()), Author: author(commit),
		Agent: p.Grant.Agent, Task: p.Grant.Task, Topic: topicOf(p), Push: p.Time.UTC().Format("20060102T150405.000000000")}
	if o.Agent != "" {
		o.Role = p.Grant.Role
	}
	op := change.Operation{Time: p.Time.UTC(), Body: o}
	c, err := d.changes.Create(ctx, by, op)
	if err != nil {
		return c, err
	}
	op.Actor = by
	return c, d.announce(ctx, c, op, "opened: "+o.Title)
}

func author(c git.Commit) string { return c.Author.Name + " <" + c.Author.Email + ">" }

// open says that a change is not closed: it moves by itself, or waits for the operator to resume it.
func isOpen(c change.Change) bool { return c.State.Status.Live() || c.State.Status == change.Suspended }
