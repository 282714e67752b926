package daemon

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
)

// worlds remembers what follows from names of objects, and so never changes.
type worlds struct {
	mu         sync.Mutex
	governance map[git.OID]string
	paths      map[[2]git.OID][]string // changed between two commits
	reach      map[[2]git.OID][]string // what those changes have an effect on
	recall     *recall
}

const (
	worldsKeep = 2000
	reachKeep  = 100 // they are long
)

func newWorlds() *worlds {
	return &worlds{governance: map[git.OID]string{}, paths: map[[2]git.OID][]string{}, reach: map[[2]git.OID][]string{}, recall: newRecall()}
}

// world fills in everything outside of a change that its next step depends on. The assessment of a change that may land is read from git
// each time.
func (d *Daemon) world(ctx context.Context, c change.Change) (change.World, error) {
	main, err := d.kernel.Ref(ctx, branchRef(c.State.Origin.Target))
	if err != nil {
		return change.World{}, err
	}
	read := d.opinion
	if c.State.Status.InQueue() {
		read = d.changes.Assessment
	}
	return d.worldOn(ctx, c, main, read)
}

// worldOn is world with its branch at main and assessments by read.
func (d *Daemon) worldOn(ctx context.Context, c change.Change, main git.OID, read func(context.Context, change.Change) (*gate.Assessment, error)) (change.World, error) {
	w := change.World{Now: d.now()}
	var err error
	if main == "" {
		return w, fmt.Errorf("branch %s is not in the kernel", c.State.Origin.Target)
	}
	w.Main.OID = main
	if w.Main.Governance, err = d.worlds.governanceAt(ctx, d.kernel.Repo(), main); err != nil {
		return w, fmt.Errorf("reading the governance of %s: %w", main.Short(), err)
	}
	if head := c.State.Head(); head != "" && !c.State.Status.Closed() {
		if w.OnMain, err = d.worlds.recall.onTip(ctx, d.kernel.Repo(), head, main); err != nil {
			return w, err
		}
	}
	if a := c.State.Assessment; a != nil {
		if w.Assessment, err = read(ctx, c); err != nil {
			d.log.Warn("an assessment cannot be read and is made again", "change", c.ID, "error", err)
			w.Assessment = nil
		}
		if w.Moved, err = d.moved(ctx, a.Base, main, c.State.Head()); err != nil {
			return w, err
		}
	}
	if w.Assessment != nil {
		w.Review = d.reads(c, &w.Assessment.Level)
	}
	w.Queue, w.Ends = d.merge.place(ctx, c.ID), d.suspects.ends(c)
	d.mu.Lock()
	defer d.mu.Unlock()
	w.Paused, w.Result = d.paused.reason(), d.results[c.ID]
	if job, ok := d.judging[c.ID]; ok {
		w.Judging = &job
	}
	w.Told = slices.Clone(d.toldOf[c.ID])
	s := d.settings.Load()
	w.Freeze, w.Rules = s.freeze(w.Now), s.rules
	return w, nil
}

func branchRef(branch string) string { return "refs/heads/" + branch }

// governanceAt is the digest of what changes to a commit are judged by.
func (w *worlds) governanceAt(ctx context.Context, repo *git.Repo, at git.OID) (string, error) {
	w.mu.Lock()
	digest, ok := w.governance[at]
	w.mu.Unlock()
	if ok {
		return digest, nil
	}
	digest, err := judge.GovernanceDigest(ctx, repo, at)
	if err != nil {
		return "", err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.governance) > worldsKeep {
		clear(w.governance)
	}
	w.governance[at] = digest
	return digest, nil
}

// moved says why main's way from base matters to a change: both touched a file. A base that main does not hold any more
// matters always.
func (d *Daemon) moved(ctx context.Context, base, main, head git.OID) (string, error) {
	if base == main {
		return "", nil
	}
	repo := d.kernel.Repo()
	if d.apart(ctx, base, main, head) {
		return "", nil
	}
	theirs, err := d.worlds.changed(ctx, repo, base, main)
	if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
		return "the commit it was judged on is gone", nil
	}
	if err != nil {
		return "", err
	}
	bases, err := d.worlds.recall.mergeBases(ctx, repo, base, head)
	if err != nil || len(bases) == 0 {
		return "its history is not main's", err
	}
	ours, err := d.worlds.changed(ctx, repo, bases[0], head)
	if err != nil {
		return "", err
	}
	for _, path := range ours {
		if _, both := slices.BinarySearch(theirs, path); both {
			return path + " changed there too", nil
		}
	}
	return "", nil
}

// changed lists the paths, old and new, in which two commits differ, sorted.
func (w *worlds) changed(ctx context.Context, repo *git.Repo, from, to git.OID) ([]string, error) {
	key := [2]git.OID{from, to}
	w.mu.Lock()
	paths, ok := w.paths[key]
	w.mu.Unlock()
	if ok {
		return paths, nil
	}
	files, err := repo.Diff(ctx, from, to, git.DiffOptions{})
	if err != nil {
		return nil, fmt.Errorf("comparing %s and %s: %w", from.Short(), to.Short(), err)
	}
	for _, f := range files {
		paths = append(paths, f.Path)
		if f.OldPath != "" {
			paths = append(paths, f.OldPath)
		}
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.paths) > worldsKeep {
		clear(w.paths)
	}
	w.paths[key] = paths
	return paths, nil
}
