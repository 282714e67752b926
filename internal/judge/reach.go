package judge

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// ObserveReach adds what depends at base on the changed files to the document. The graph is read only when code changes that
// base has.
func ObserveReach(ctx context.Context, repo *git.Repo, c *facts.Collected, places Places, warn func(string)) error {
	if c.Input.Change.MergedTree == "" {
		return nil
	}
	changed := reachable(c.Input.Files)
	if len(changed) == 0 {
		return nil
	}
	snapshot, err := GraphOf(ctx, repo, c.Base, c.Governance.Attributes, places, warn)
	if err != nil {
		return fmt.Errorf("reading the dependency graph of base: %w", err)
	}
	noteLeftOut(c.Input, snapshot)
	c.Input.Reach = reachOf(snapshot.Graph, changed, c.Governance.Catalog)
	return nil
}

// reachable are the files of base whose change may reach others, by the path they have there.
func reachable(files []facts.File) []string {
	var out []string
	for i := range files {
		f := &files[i]
		if f.Status != "added" && f.Language != "" && !harmless(f) {
			out = append(out, cmp.Or(f.OldPath, f.Path))
		}
	}
	return out
}

// maxImporters is how many changed files are listed with their importers.
const maxImporters = 100

// reachOf follows the edges backwards.
func reachOf(g *graph.Graph, changed []string, c *catalog.Catalog) *facts.Reach {
	var start []graph.ID
	own, touched := map[graph.ID]bool{}, map[string]bool{}
	for _, p := range changed {
		touched[ownerOf(c, p)] = true
		if id, ok := g.Find(graph.File, p); ok {
			start, own[id] = append(start, id), true
		}
	}
	r := &facts.Reach{}
	direct := map[graph.ID]bool{}
	for _, id := range start {
		if n := importersOf(g, id, own, direct); n > 0 {
			r.Paths = append(r.Paths, facts.Importers{Path: facts.SpellPath(g.Node(id).Name), Direct: n})
		}
	}
	r.Direct = len(direct)
	components := map[string]bool{}
	reached := map[graph.ID]bool{}
	for _, at := range g.Dependents(start, nil) {
		reached[at.ID] = true
		n := g.Node(at.ID)
		switch {
		case n.Kind != graph.File || own[at.ID]:
		case n.Test:
			r.Tests++
		default:
			r.Files++
			if owner := ownerOf(c, n.Name); owner != "" && !touched[owner] && !components[owner] {
				components[owner] = true
				r.Components++
			}
		}
	}
	for id := range graph.ID(g.Len()) {
		if g.Node(id).Open && !reached[id] {
			r.Open++
		}
	}
	slices.SortFunc(r.Paths, func(a, b facts.Importers) int { return cmp.Or(b.Direct-a.Direct, cmp.Compare(a.Path, b.Path)) })
	r.Paths = r.Paths[:min(len(r.Paths), maxImporters)]
	return r
}

// importersOf counts the files that import one, over its package where its language has packages, and notes them.
func importersOf(g *graph.Graph, id graph.ID, own, all map[graph.ID]bool) int {
	seen := map[graph.ID]bool{}
	for e := range g.In(id) {
		from := []graph.ID{e.From}
		if e.Kind == imports.Member {
			from = nil
			for up := range g.In(e.From) {
				if up.Kind != imports.SamePackage {
					from = append(from, up.From)
				}
			}
		}
		for _, f := range from {
			if n := g.Node(f); n.Kind == graph.File && !n.Test && !own[f] {
				seen[f], all[f] = true, true
			}
		}
	}
	return len(seen)
}
