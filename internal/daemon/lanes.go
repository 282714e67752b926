package daemon

import (
	"context"
	"fmt"
	"slices"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/mergequeue"
)

// maxReach is how much a change may have an effect on before it is said to have one on everything.
const maxReach = 20_000

// affected is what a change has an effect on, by the dependency graph of its own tree. Where that cannot be read the change
// meets every other one: slower, never wrong.
func (d *Daemon) affected(ctx context.Context, a *gate.Assessment, paths []string) mergequeue.Affected {
	ids, err := d.worlds.reaches(ctx, d, git.OID(a.Base), git.OID(a.Head))
	if err != nil {
		d.log.Warn("what a queued change has an effect on", "change", a.Change, "error", err)
		return mergequeue.Affected{}
	}
	if len(ids) > maxReach {
		return mergequeue.Affected{}
	}
	ids = append(slices.Clone(ids), paths...) // old names too
	slices.Sort(ids)
	return mergequeue.Affected{By: "graph", IDs: slices.Compact(ids)}
}

// reaches lists what the change from base to head has an effect on, sorted.
func (w *worlds) reaches(ctx context.Context, d *Daemon, base, head git.OID) ([]string, error) {
	key := [2]git.OID{base, head}
	w.mu.Lock()
	ids, ok := w.reach[key]
	w.mu.Unlock()
	if ok {
		return ids, nil
	}
	repo, err := git.Open(ctx, d.kernel.Repo().GitDir())
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	impact, err := judge.ImpactOf(ctx, repo, base, head, false, d.config.Places, func(text string) { d.log.Debug("graph", "note", text) })
	if err != nil {
		return nil, fmt.Errorf("reading the dependency graph: %w", err)
	}
	ids = impact.Reaches()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.reach) > reachKeep {
		clear(w.reach)
	}
	w.reach[key] = ids
	return ids, nil
}
