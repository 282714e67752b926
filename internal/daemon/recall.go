package daemon

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

const (
	recallKeep  = 2000  // assessments in memory
	recallItems = 20000 // of findings, factors and gates in all of them
	waysKeep    = 500   // ways of main
	recallAdded = 50000 // commits of main's way from one tip to another
)

// recall remembers what follows from the names of objects and costs a process or a document to find out again: the assessment of a digest,
// and how histories lie to each other. Decisions are not in it: they are made anew, for a view too. Neither does a landing use it.
type recall struct {
	mu       sync.Mutex
	opinions map[string]*gate.Assessment // by digest; nobody changes one
	items    int
	bases    map[[2]git.OID][]git.OID
	off      map[git.OID]git.OID          // head -> a tip that does not hold it
	tip      git.OID                      // that added leads to
	added    map[git.OID]map[git.OID]bool // tip -> what the present one holds and it does not
	ways     map[git.OID]way              // base -> what may have changed since
	asked    func(what string)            // for tests: a process was started, or a document read
}

// way is a superset of the paths in which a base and a tip differ.
type way struct {
	tip   git.OID
	paths map[string]bool
}

func newRecall() *recall {
	return &recall{opinions: map[string]*gate.Assessment{}, bases: map[[2]git.OID][]git.OID{}, off: map[git.OID]git.OID{}, ways: map[git.OID]way{},
		asked: func(string) {}}
}

// opinion is the assessment of a change, read once. What is about to land is not judged by it.
func (d *Daemon) opinion(ctx context.Context, c change.Change) (*gate.Assessment, error) {
	if c.State.Assessment == nil {
		return nil, fmt.Errorf("change %.12s has no assessment", c.ID)
	}
	r := d.worlds.recall
	digest := c.State.Assessment.Digest
	r.mu.Lock()
	a := r.opinions[digest]
	r.mu.Unlock()
	if a != nil {
		return a, nil
	}
	r.asked("opinion")
	if len(c.Packs) == 0 && c.Tip != "" { // from the index, without its operations
		whole, broken, err := d.changes.Read(ctx, []git.Ref{{Name: kernel.ChangeMeta(c.ID), OID: c.Tip}})
		switch {
		case err != nil:
			return nil, err
		case len(broken) > 0:
			return nil, broken[0]
		case len(whole) == 1:
			c = whole[0]
		}
	}
	a, err := d.changes.Assessment(ctx, c)
	if err == nil {
		r.keep(digest, a)
	}
	return a, err
}

func (r *recall) keep(digest string, a *gate.Assessment) {
	n := len(a.Findings) + len(a.Factors) + len(a.Gates) + len(a.Holds) + len(a.Ratchet) + len(a.Waivers)
	if n > recallItems/10 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.opinions) >= recallKeep || r.items+n > recallItems {
		clear(r.opinions)
		r.items = 0
	}
	if r.opinions[digest] == nil {
		r.opinions[digest], r.items = a, r.items+n
	}
}

// onTip says whether a tip holds a head. Of a head that a tip before did not hold, it asks what the tip has that the other had not: one
// question for all of them.
func (r *recall) onTip(ctx context.Context, repo *git.Repo, head, tip git.OID) (bool, error) {
	r.mu.Lock()
	before, known := r.off[head]
	r.mu.Unlock()
	if known && before == tip {
		return false, nil
	}
	if known {
		if added, err := r.since(ctx, repo, before, tip); err == nil && added != nil {
			return r.noted(head, tip, added[head]), nil
		}
	}
	r.asked("ancestor")
	on, err := repo.IsAncestor(ctx, head, tip)
	if err != nil {
		return false, err
	}
	return r.noted(head, tip, on), nil
}

func (r *recall) noted(head, tip git.OID, on bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if on {
		delete(r.off, head)
		return true
	}
	if len(r.off) > 4*worldsKeep {
		clear(r.off)
	}
	r.off[head] = tip
	return false
}

// since lists the commits that tip holds and before does not; nil when they are too many.
func (r *recall) since(ctx context.Context, repo *git.Repo, before, tip git.OID) (map[git.OID]bool, error) {
	r.mu.Lock()
	if r.tip != tip {
		r.tip, r.added = tip, map[git.OID]map[git.OID]bool{}
	}
	added, ok := r.added[before]
	r.mu.Unlock()
	if ok {
		return added, nil
	}
	r.asked("since")
	added = map[git.OID]bool{}
	for c, err := range repo.Log(ctx, git.LogOptions{From: tip, Not: []git.OID{before}, Max: recallAdded + 1}) {
		if err != nil {
			return nil, err
		}
		added[c.OID] = true
	}
	if len(added) > recallAdded {
		added = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tip == tip {
		r.added[before] = added
	}
	return added, nil
}

// mergeBases are those of two commits, asked once.
func (r *recall) mergeBases(ctx context.Context, repo *git.Repo, a, b git.OID) ([]git.OID, error) {
	key := [2]git.OID{a, b}
	r.mu.Lock()
	bases, ok := r.bases[key]
	r.mu.Unlock()
	if ok {
		return bases, nil
	}
	r.asked("bases")
	bases, err := repo.MergeBases(ctx, a, b)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.bases) > 4*worldsKeep {
		clear(r.bases)
	}
	r.bases[key] = bases
	return bases, nil
}

// apart says that main's way from base touches nothing that head changes, as far as that is known without comparing base and main: what
// changed up to an earlier main and from there on holds everything that did. When it is false, only comparing the two tells.
func (d *Daemon) apart(ctx context.Context, base, main, head git.OID) bool {
	repo, w := d.kernel.Repo(), d.worlds
	bases, err := w.recall.mergeBases(ctx, repo, base, head)
	if err != nil || len(bases) == 0 {
		return false
	}
	ours, err := w.changed(ctx, repo, bases[0], head)
	if err != nil {
		return false
	}
	theirs, err := w.passed(ctx, repo, base, main)
	return err == nil && theirs != nil && !slices.ContainsFunc(ours, func(p string) bool { return theirs[p] })
}

// passed is a superset of the paths in which a base and a tip differ, nil when it is too long to be kept.
func (w *worlds) passed(ctx context.Context, repo *git.Repo, base, tip git.OID) (map[string]bool, error) {
	r := w.recall
	r.mu.Lock()
	last, ok := r.ways[base]
	r.mu.Unlock()
	if ok && last.tip == tip {
		return last.paths, nil
	}
	if !ok {
		last.tip = base
	}
	more, err := w.changed(ctx, repo, last.tip, tip)
	if err != nil {
		return nil, err
	}
	next := way{tip: tip}
	if len(last.paths)+len(more) <= worldsKeep {
		next.paths = maps.Clone(last.paths)
		if next.paths == nil {
			next.paths = map[string]bool{}
		}
		for _, p := range more {
			next.paths[p] = true
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if next.paths == nil {
		delete(r.ways, base)
		return nil, nil
	}
	if len(r.ways) > waysKeep {
		clear(r.ways)
	}
	r.ways[base] = next
	return next.paths, nil
}
