package judge

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/check/dependencies"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// Impact is what a change can break: files of head, nearest to the change first, each with the file or package it is affected
// through.
type Impact struct {
	Base, Head git.OID
	Changed    []string // paths, as they are at head, or at base where they are gone
	Packages   []string // packages outside the tree whose version changed, as nodes are named
	Files      []Affected
	Open       []string // files that compute what they import: they may need anything
	Snapshot   *graph.Snapshot
	Governance *facts.Governance   // base's, without detected checks
	gone       map[graph.ID]string // what needed a file that is gone, and that file
	present    map[string]bool     // changed paths that head has
}

// There lists the changed paths that head has, and what needed those that are gone.
func (i *Impact) There() []string {
	var out []string
	for _, f := range i.Files {
		if f.Depth == 0 {
			out = append(out, f.Path)
		}
	}
	for _, p := range i.Changed {
		if !slices.Contains(out, p) && i.present[p] {
			out = append(out, p)
		}
	}
	return out
}

// Reaches lists what the change has an effect on: paths, what was upgraded, and the packages that a language compiles as one
// whole. Two changes that reach nothing in common cannot break each other, as far as imports tell; what computes its imports (Open)
// is not in it.
func (i *Impact) Reaches() []string {
	g := i.Snapshot.Graph
	out := slices.Concat(i.Changed, i.Packages)
	for _, f := range i.Files {
		out = append(out, f.Path)
		id, _ := g.Find(graph.File, f.Path)
		for _, e := range g.Out(id) {
			if e.Kind == imports.SamePackage {
				out = append(out, "package "+g.Node(e.To).Name)
			}
		}
	}
	for k := range out {
		out[k] = strings.Clone(out[k]) // of the graph's own text, which would stay in memory
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Affected is one file and why.
type Affected struct {
	Path  string   `json:"path"`
	Depth int32    `json:"depth"` // steps between it and the change; 0 = changed itself
	Why   []string `json:"why"`   // from the file to what changed, both included
	Test  bool     `json:"test,omitempty"`
}

// ImpactOf says what the change from base to head can break. runtime leaves out what only types depend on. A base that is
// missing is an error, never "everything" and never "nothing".
func ImpactOf(ctx context.Context, repo *git.Repo, base, head git.OID, runtime bool, places Places, warn func(string)) (*Impact, error) {
	bases, err := repo.MergeBases(ctx, base, head)
	if err != nil {
		return nil, fmt.Errorf("finding where head left base: %w", err)
	}
	if len(bases) == 0 {
		return nil, &UsageError{fmt.Errorf("%s and %s have no common commit; name the commit the change started from", base.Short(), head.Short())}
	}
	before, governance, err := GraphGovernanceAt(ctx, repo, bases[0])
	if err != nil {
		return nil, err
	}
	after, err := repo.Commit(ctx, head)
	if err != nil {
		return nil, err
	}
	changes, err := repo.Diff(ctx, before.Tree(), after.Tree, git.DiffOptions{})
	if err != nil {
		return nil, fmt.Errorf("comparing base with head: %w", err)
	}
	i := &Impact{Base: bases[0], Head: head, Governance: governance, gone: map[graph.ID]string{}, present: map[string]bool{}}
	if i.Snapshot, err = GraphOf(ctx, repo, before.Apply(after.Tree, changes), governance.Attributes, places, warn); err != nil {
		return nil, err
	}
	keep := func(e *graph.Edge) bool { return !runtime || !e.Kind.TypeLevel() }
	start, err := i.start(ctx, repo, changes, keep, func() (*graph.Snapshot, error) {
		return GraphOf(ctx, repo, before, governance.Attributes, places, warn)
	})
	if err != nil {
		return nil, err
	}
	i.spread(start, keep)
	return i, nil
}

// start finds the nodes that a change begins at: changed files, what needed files that are gone, packages in another version.
func (i *Impact) start(ctx context.Context, repo *git.Repo, changes []git.FileChange, keep graph.Keep, old func() (*graph.Snapshot, error)) ([]graph.ID, error) {
	g := i.Snapshot.Graph
	var start []graph.ID
	var before *graph.Snapshot
	for _, c := range changes {
		i.Changed = append(i.Changed, c.Path)
		if c.Status != git.Deleted {
			i.present[c.Path] = true
		}
		if id, ok := g.Find(graph.File, c.Path); ok && c.Status != git.Deleted {
			start = append(start, id)
		}
		gone := c.OldPath
		if c.Status == git.Deleted {
			gone = c.Path
		}
		if gone != "" {
			if before == nil {
				var err error
				if before, err = old(); err != nil {
					return nil, err
				}
			}
			start = append(start, i.needed(before.Graph, gone, keep)...)
		}
		if dependencies.IsLocked(c.Path) {
			ids, err := i.upgraded(ctx, repo, c)
			if err != nil {
				return nil, err
			}
			start = append(start, ids...)
		}
	}
	slices.Sort(i.Changed)
	slices.Sort(i.Packages)
	i.Packages = slices.Compact(i.Packages)
	return start, nil
}

// needed lists what imported a file that is gone, where it still is there.
func (i *Impact) needed(before *graph.Graph, gone string, keep graph.Keep) []graph.ID {
	id, ok := before.Find(graph.File, gone)
	if !ok {
		return nil
	}
	var out []graph.ID
	for e := range before.In(id) {
		n := before.Node(e.From)
		if !keep(e) {
			continue
		}
		if at, ok := i.Snapshot.Graph.Find(n.Kind, n.Name); ok {
			out = append(out, at)
			i.gone[at] = gone
		}
	}
	return out
}

// upgraded lists the nodes of packages that a lock file fixes at other versions than before.
func (i *Impact) upgraded(ctx context.Context, repo *git.Repo, c git.FileChange) ([]graph.ID, error) {
	before, err := locked(ctx, repo, c.Path, c.Before)
	if err != nil {
		return nil, err
	}
	after, err := locked(ctx, repo, c.Path, c.After)
	if err != nil {
		return nil, err
	}
	changed := map[string]bool{}
	for name, version := range after {
		if before[name] != version {
			changed[name] = true
		}
	}
	for name := range before {
		if after[name] == "" {
			changed[name] = true
		}
	}
	var out []graph.ID
	g := i.Snapshot.Graph
	for id := range graph.ID(g.Len()) {
		n := g.Node(id)
		if n.Kind != graph.External {
			continue
		}
		for name := range changed {
			if n.Name == name || strings.HasPrefix(n.Name, name+"/") {
				out = append(out, id)
				i.Packages = append(i.Packages, n.Name)
			}
		}
	}
	return out, nil
}

// locked maps the packages of a lock file, as nodes are named, to their versions.
func locked(ctx context.Context, repo *git.Repo, file string, blob git.OID) (map[string]string, error) {
	out := map[string]string{}
	if blob == "" {
		return out, nil
	}
	data, err := repo.Blob(ctx, blob, facts.BlobLimit*10)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	packages, err := dependencies.Locked(file, bytes.Clone(data))
	if err != nil {
		return nil, fmt.Errorf("reading the lock file %s: %w", file, err)
	}
	prefix := map[string]string{dependencies.Go: "go:", dependencies.NPM: "npm:", dependencies.PyPI: "python:"}
	for _, p := range packages {
		if scheme, ok := prefix[p.Ecosystem]; ok {
			name := p.Name
			if p.Ecosystem == dependencies.PyPI {
				name = strings.ReplaceAll(strings.ToLower(name), "-", "_")
			}
			out[scheme+name] += p.Version + " "
		}
	}
	return out, nil
}

// spread follows the edges backwards. A file reaches its own package's other files only through what they import it for.
func (i *Impact) spread(start []graph.ID, keep graph.Keep) {
	g := i.Snapshot.Graph
	reached := g.Dependents(start, keep)
	at := make(map[graph.ID]*graph.Reach, len(reached))
	for k := range reached {
		r := &reached[k]
		at[r.ID] = r
		n := g.Node(r.ID)
		if n.Kind != graph.File {
			continue
		}
		way := i.why(at, r)
		i.Files = append(i.Files, Affected{Path: n.Name, Depth: int32(len(way) - 1), Why: way, Test: n.Test})
	}
	slices.SortStableFunc(i.Files, func(a, b Affected) int { return int(a.Depth - b.Depth) })
	for id := range graph.ID(g.Len()) {
		if n := g.Node(id); n.Open && at[id] == nil {
			i.Open = append(i.Open, n.Name)
		}
	}
}

// why is the way from a node back to what changed. Packages of a language stand between files.
func (i *Impact) why(at map[graph.ID]*graph.Reach, r *graph.Reach) []string {
	var out []string
	for {
		name := i.Snapshot.Graph.Node(r.ID).Name
		out = append(out, name)
		if r.Via == nil {
			if gone := i.gone[r.ID]; gone != "" && !slices.Contains(i.Changed, name) {
				out = append(out, gone)
			}
			return out
		}
		r = at[r.Via.To]
	}
}
