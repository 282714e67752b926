package admit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
)

// lookEvery is how long references count as seen. What lands is in force at the latest then: a revocation, too.
const lookEvery = time.Second

// View says which references of a repository count.
type View struct {
	Main  string   // the reference whose tip holds the rules, such as refs/heads/main
	Store []string // references that hold attestations; there may be none
}

// Kernel is the view of a kernel.
func Kernel() View { return View{Main: kernel.RefMain, Store: []string{attest.Ref}} }

// ChoiceError says that a clone has synced with several remotes and none was named.
type ChoiceError struct{ Remotes []string }

func (e *ChoiceError) Error() string {
	return fmt.Sprintf("this clone has synced with %s: choose one with --remote", strings.Join(e.Remotes, ", "))
}

// Find is the view of a clone, a mirror or a kernel: what was fetched from the named remote; else its own attestations and main; else
// those of the only remote.
func Find(ctx context.Context, repo *git.Repo, remote string) (View, error) {
	places, err := attest.Places(ctx, repo)
	if err != nil {
		return View{}, err
	}
	if remote == "" && !slices.Contains(places, attest.Ref) && len(places) > 0 {
		if len(places) > 1 {
			return View{}, &ChoiceError{places}
		}
		remote = strings.TrimSuffix(strings.TrimPrefix(places[0], ledger.RemotePrefix), "/attestations")
	}
	if remote == "" && len(places) == 0 {
		if remote, err = onlyRemote(ctx, repo); err != nil {
			return View{}, err
		}
	}
	if remote != "" {
		return View{Main: kernel.RemoteMain(remote), Store: []string{kernel.RemotePrefix(remote) + "attestations"}}, nil
	}
	mirrored, err := repo.Ref(ctx, kernel.RefMirrorMain)
	view := Kernel()
	if err == nil && mirrored != "" {
		view.Main = kernel.RefMirrorMain
	}
	return view, err
}

// onlyRemote is the one remote that a clone has synced with, before anything of it was attested; empty for a kernel, and where nothing
// was synced.
func onlyRemote(ctx context.Context, repo *git.Repo) (string, error) {
	refs, err := repo.Refs(ctx, ledger.RefPrefix, ledger.RemotePrefix)
	if err != nil {
		return "", fmt.Errorf("looking for what was synced: %w", err)
	}
	var names []string
	for _, ref := range refs {
		name, synced := strings.CutPrefix(ref.Name, ledger.RemotePrefix)
		if !synced {
			return "", nil // it has a ledger of its own
		}
		name, _, _ = strings.Cut(name, "/")
		names = append(names, name)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) > 1 {
		return "", &ChoiceError{names}
	}
	return strings.Join(names, ""), nil
}

// MainError says that there is no main to go by.
type MainError struct{ Main string }

func (e *MainError) Error() string {
	if rest, found := strings.CutPrefix(e.Main, ledger.RemotePrefix); found {
		name, _, _ := strings.Cut(rest, "/")
		return fmt.Sprintf("there is no %s: nothing was synced from %s; run: adamant sync %s", e.Main, name, name)
	}
	return fmt.Sprintf("there is no %s, whose rules decide; run: adamant sync, or name the kernel's kernel.git with --repo. "+
		"A repository without a kernel gets one with: adamant up", e.Main)
}

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
		if root := rules.chain.Fingerprint; a.options.Root != "" && a.options.Root != root {
			return fmt.Errorf("the trust root of main begins with %s, not with %s: it is another repository's, or was replaced", root, a.options.Root)
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
		return heads{}, &MainError{a.options.Main}
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
