package admit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/git"
)

// lookEvery is how long references count as seen. What lands is in force at the latest then: a revocation, too.
const lookEvery = time.Second

// heads are references at a moment.
type heads struct {
	at    time.Time
	main  git.OID
	store []git.Ref // sorted by name
}

// line is main since genesis, the commits that came through the gate.
type line struct {
	from, tip git.OID
	commits   map[git.OID]bool // never changed: advance makes another
}

// look reads references, and rules where main has others. Within lookEvery what was seen counts, unless again.
func (a *Admitter) look(ctx context.Context, again bool) (v view, fresh bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.options.Now()
	if age := now.Sub(a.seen.at); again || a.rules == nil || age < 0 || age >= lookEvery {
		fresh = true
		if err := a.refresh(ctx, now); err != nil {
			return view{}, true, err
		}
	}
	return view{heads: a.seen, rules: a.rules, line: a.line, now: now}, fresh, nil
}

func (a *Admitter) refresh(ctx context.Context, now time.Time) error {
	seen, err := a.readHeads(ctx)
	if err != nil {
		return err
	}
	if a.rules == nil || a.rules.main != seen.main {
		rules, err := readRules(ctx, a.options.Repo, seen.main, a.rules)
		if err != nil {
			return err
		}
		line, err := a.line.advance(ctx, a.options.Repo, git.OID(rules.chain.Current().Genesis.Commit), seen.main)
		if err != nil {
			return err
		}
		a.rules, a.line = rules, line
	}
	seen.at = now
	a.seen = seen
	return nil
}

func (a *Admitter) readHeads(ctx context.Context) (heads, error) {
	names := a.options.Store
	if names == nil {
		found, err := attest.Places(ctx, a.options.Repo)
		if err != nil {
			return heads{}, err
		}
		names = found
	}
	refs, err := a.options.Repo.Refs(ctx, append([]string{a.options.Main}, names...)...)
	if err != nil {
		return heads{}, fmt.Errorf("reading main and attestations: %w", err)
	}
	var seen heads
	for _, ref := range refs {
		if ref.Name == a.options.Main {
			seen.main = ref.OID
			continue
		}
		for _, name := range names {
			if ref.Name == name {
				seen.store = append(seen.store, ref)
			}
		}
	}
	if seen.main == "" {
		return heads{}, fmt.Errorf("there is no %s", a.options.Main)
	}
	return seen, nil
}

// advance reads what main gained. A main that lost commits, or another genesis, is read anew.
func (l line) advance(ctx context.Context, repo *git.Repo, from, tip git.OID) (line, error) {
	next := line{from: from, tip: tip, commits: map[git.OID]bool{}}
	not := []git.OID{from}
	if l.from == from && l.tip != "" {
		grown, err := repo.IsAncestor(ctx, l.tip, tip)
		if err != nil {
			return line{}, fmt.Errorf("comparing main with what it was: %w", err)
		}
		if grown {
			not = append(not, l.tip)
			for id := range l.commits {
				next.commits[id] = true
			}
		}
	}
	if on, err := repo.IsAncestor(ctx, from, tip); err != nil || !on {
		return line{}, errors.Join(err, fmt.Errorf("main does not hold the commit %.12s that root.json begins with", from))
	}
	for entry, err := range repo.Log(ctx, git.LogOptions{From: tip, Not: not, FirstParent: true}) {
		if err != nil {
			return line{}, fmt.Errorf("reading main: %w", err)
		}
		next.commits[entry.OID] = true
	}
	return next, nil
}
