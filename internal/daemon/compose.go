package daemon

import (
	"context"
	"fmt"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/landing"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

// compose makes the landing commit of a change on a commit, from an assessment of exactly that.
func (d *Daemon) compose(ctx context.Context, c change.Change, a *gate.Assessment, on git.OID) (git.OID, error) {
	repo, err := git.Open(ctx, d.kernel.Repo().GitDir()) // its merges go when it is closed
	if err != nil {
		return "", err
	}
	defer repo.Close()
	item, err := d.itemOf(ctx, repo, c)
	if err != nil {
		return "", err
	}
	made, err := landing.Compose(ctx, repo, on, []landing.Item{item}, landing.Options{
		Judge:     func(context.Context, git.OID, landing.Item) (*gate.Assessment, error) { return a, nil },
		Committer: d.signature(),
		Sign:      d.signer,
	})
	if err != nil {
		return "", err
	}
	return made.Tip(), nil
}

// signature is who commits what the daemon makes.
func (d *Daemon) signature() git.Signature {
	return git.Signature{Name: "adamant", Email: "adamant@localhost", When: d.now().UTC()}
}

// revert opens a change that takes a landed one back. It is judged like any other, and goes first in the queue.
func (d *Daemon) revert(ctx context.Context, id, reason string) (desk.Answer, error) {
	c, err := d.find(ctx, id)
	if err != nil {
		return desk.Answer{}, err
	}
	l := c.State.Landing
	if l == nil {
		return desk.Answer{}, fmt.Errorf("change %s is %s: only what landed can be taken back", c.ID[:16], c.State.Status)
	}
	main, err := d.kernel.Ref(ctx, kernel.RefMain)
	if err != nil {
		return desk.Answer{}, err
	}
	head, err := landing.Revert(ctx, d.kernel.Repo(), main, landing.Undo{Landed: l.Commit, Reason: reason,
		Author: d.signature()})
	if err != nil {
		return desk.Answer{}, err
	}
	title := fmt.Sprintf("Revert %q", c.State.Origin.Title)
	op := change.Operation{Time: d.now().UTC(), Body: change.Opening{Target: c.State.Origin.Target, Head: head, Title: title, Author: local,
		Reverts: c.ID, Hotfix: true, Feature: c.State.Origin.Feature, Push: d.now().UTC().Format("20060102T150405.000000000")}}
	opened, err := d.changes.Create(ctx, local, op)
	if err != nil {
		return desk.Answer{}, err
	}
	op.Actor = local
	if err := d.announce(ctx, opened, op, "opened: "+title); err != nil {
		return desk.Answer{}, err
	}
	d.loop.wake(opened.ID)
	noted := change.Operation{Time: d.now().UTC(), Actor: change.Actor, Body: change.RevertOpened{Change: opened.ID}}
	if _, err := d.changes.Add(ctx, c.ID, []change.Operation{noted}); err != nil {
		return desk.Answer{}, err
	}
	return desk.Answer{Change: opened.ID, Status: string(opened.State.Status),
		Message: fmt.Sprintf("change %s would take %s back; it is judged now (adamant changes)", opened.ID[:16], c.ID[:16])}, nil
}
