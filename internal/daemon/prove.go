package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/landing"
	"github.com/adamant-os/adamant/internal/ledger"
)

// asked says how a change is to be judged.
type asked struct {
	run   []string     // judge.Request.Run: nil = what gates want, empty = nothing
	proof *judge.Proof // of checks that ran elsewhere
	fresh bool         // run checks again whose results are known
}

// judged judges a change's current patch set on a commit.
func (d *Daemon) judged(ctx context.Context, c change.Change, base git.OID, how asked) (*judge.Outcome, error) {
	by, err := d.identityOf(ctx, c, base)
	if err != nil {
		return nil, fmt.Errorf("finding out how the change was made: %w", err)
	}
	return d.judgedAs(ctx, judge.Request{
		Base: string(base), Target: c.State.Origin.Target, Head: string(c.State.Head()), Run: how.run, Proof: how.proof, Fresh: how.fresh, By: by,
	}, c.ID)
}

// known is the assessment that a change has, when it is of its current patch set on that commit and may still be used.
func (d *Daemon) known(ctx context.Context, c change.Change, base git.OID) *gate.Assessment {
	has := c.State.Assessment
	if has == nil || has.Void != "" || has.Base != base || has.ValidUntil != nil && !d.now().Before(*has.ValidUntil) {
		return nil
	}
	a, err := d.changes.Assessment(ctx, c)
	if err != nil || git.OID(a.Head) != c.State.Head() {
		return nil // it is judged again
	}
	return a
}

// judgedAs runs the gate with the daemon's means.
func (d *Daemon) judgedAs(ctx context.Context, req judge.Request, what string) (*judge.Outcome, error) {
	repo, err := git.Open(ctx, d.kernel.Repo().GitDir()) // its merges go when it is closed
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	req.Now, req.Jobs, req.Places, req.Getenv, req.Version, req.Render = d.now(), 1, d.config.Places, d.config.Getenv, d.config.Version, d.config.Render
	req.Progress = func(line string) { d.log.Debug("gate", "change", what, "progress", strings.TrimSpace(line)) }
	outcome, err := judge.Run(ctx, repo, req)
	if usage := (*judge.UsageError)(nil); errors.As(err, &usage) {
		return nil, fmt.Errorf("the gate cannot judge it: %w", err)
	}
	return outcome, err
}

// itemOf is a change as its landing commit shows it.
func (d *Daemon) itemOf(ctx context.Context, repo *git.Repo, c change.Change) (landing.Item, error) {
	head, err := repo.Commit(ctx, c.State.Head())
	if err != nil {
		return landing.Item{}, err
	}
	o := c.State.Origin
	_, body, _ := strings.Cut(head.Message, "\n")
	return landing.Item{Change: c.ID, Head: head.OID, Title: o.Title, Body: body, Author: head.Author,
		Trailers: landing.Trailers{Task: o.Task, Agent: o.Agent, Model: o.Model, Feature: o.Feature}}, nil
}

// kindFlaky is the ledger's entry for a change whose checks failed in the queue and passed when they were run again on the same.
const kindFlaky = "queue.flaky"

// flaky lists the changes that land now and failed once.
func (m *merger) flaky() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.landing == nil {
		return nil
	}
	return m.landing.Flaky
}

// noteFlaky puts on record which of the changes that land now needed a second try.
func (d *Daemon) noteFlaky(ctx context.Context, landing []string) error {
	for _, id := range d.merge.flaky() {
		if !slices.Contains(landing, id) {
			continue
		}
		if _, err := d.kernel.Ledger().Append(ctx, ledger.Record{Actor: change.Actor, Kind: kindFlaky, Change: id,
			Body: map[string]any{"flaky": true, "why": "its checks failed in the merge queue and passed when they were run again, alone"}}); err != nil {
			return fmt.Errorf("writing to the ledger: %w", err)
		}
		d.hub.publish(Event{Kind: "change", Change: id, Message: "flaky: it failed once and passed when it was run again"})
	}
	return nil
}
