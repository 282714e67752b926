// Package advice answers what agents ask about a repository before the gate does: may this land, what does a rule want, what
// needs this file. The same answers serve an agent at the keyboard, over its working tree, and one in the sandbox, over what
// its attempt has made. It promises that rules, waivers and the catalog are read where the gate reads them, on the branch that
// changes land on, and that one repository is asked one question at a time. It runs no declared check, writes nothing to the
// repository, and binds nobody.
package advice

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/mcp"
)

// Desk says where answers come from.
type Desk struct {
	// Open opens the repository, for one question.
	Open func(context.Context) (*git.Repo, error)
	// Means is what the gate works with (Places, Getenv, Version, Render), and who the agent is (By, Target).
	Means judge.Request
	// Main is the commit or branch that changes land on; empty = as the repository says.
	Main string
	// Work makes a commit of what the agent works on. Nil = the working tree of the repository.
	Work func(context.Context) (git.OID, error)
	// Closed refuses every revision that the agent names: a sandboxed agent may read main and its own work, and nothing else.
	Closed bool
	// Text writes a verdict out. It begins with the decision.
	Text func(*gate.Verdict) string
	Now  func() time.Time
}

// desk is a Desk at work: turn holds who is asked.
type desk struct {
	Desk
	turn chan struct{}
}

// Tools are the tools that need nothing but the repository.
func (d Desk) Tools() mcp.Tools {
	if d.Means.Progress == nil {
		d.Means.Progress = func(string) {}
	}
	at := &desk{Desk: d, turn: make(chan struct{}, 1)}
	return mcp.Tools{Check: at.check, Plan: at.plan, ExplainRule: at.explainRule, Affected: at.affected, GraphWhy: at.graphWhy,
		Catalog: at.catalog, RequestWaiver: at.requestWaiver}
}

// ask opens the repository when it is this question's turn.
func (d *desk) ask(ctx context.Context, question func(*git.Repo) error) error {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	repo, err := d.Open(ctx)
	if err != nil {
		return fmt.Errorf("opening the repository: %w", err)
	}
	return errors.Join(question(repo), repo.Close())
}

// named refuses revisions where they are not the agent's to name.
func (d *desk) named(revisions ...string) error {
	for _, rev := range revisions {
		if rev != "" && d.Closed {
			return fmt.Errorf("%q cannot be looked at from here: leave base and head out, then what you work on is looked at", rev)
		}
	}
	return nil
}

// main is the commit that changes land on.
func (d *desk) main(ctx context.Context, repo *git.Repo) (git.OID, error) {
	rev := d.Main
	if rev == "" {
		var err error
		if rev, err = repo.DefaultBranch(ctx); err != nil {
			return "", fmt.Errorf("finding the branch that changes land on: %w", err)
		}
	}
	return repo.Resolve(ctx, rev)
}

// head is the commit that was named, else what the agent works on.
func (d *desk) head(ctx context.Context, repo *git.Repo, rev string) (git.OID, error) {
	switch {
	case rev != "":
		return repo.Resolve(ctx, rev)
	case d.Work != nil:
		made, err := d.Work(ctx)
		if err != nil {
			return "", fmt.Errorf("taking what you work on: %w", err)
		}
		return made, nil
	}
	return repo.Snapshot(ctx, git.Worktree)
}

// governance is what changes are judged by.
func (d *desk) governance(ctx context.Context, repo *git.Repo) (*facts.Governance, error) {
	main, err := d.main(ctx, repo)
	if err != nil {
		return nil, err
	}
	_, g, err := judge.GovernanceAt(ctx, repo, main)
	return g, err
}

// list makes an empty list of none: programs need not know both.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}
