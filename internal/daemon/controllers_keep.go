package daemon

import (
	"context"
	"fmt"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/change/index"
)

const (
	keepEvery = 24 * time.Hour
	keepFirst = 15 * time.Minute // after a start, and again when something is under way
	keepForce = 7 * 24 * time.Hour
	keepChunk = 200 // changes in memory at a time
)

// keep folds changes that were closed long ago into the archive, then packs the kernel's repositories, once a day and while
// nothing is under way.
func (d *Daemon) keep(ctx context.Context) (time.Time, error) {
	now := d.now()
	if d.duties.kept.IsZero() { // not at the start, where there is enough to do
		d.duties.kept = now.Add(keepFirst - keepEvery)
	}
	due := d.duties.kept.Add(keepEvery)
	if now.Before(due) && !now.Before(d.duties.kept) {
		return due, nil
	}
	idle, err := d.idle(ctx)
	if err != nil {
		return time.Time{}, err
	}
	if !idle && now.Before(due.Add(keepForce)) {
		return now.Add(keepFirst), nil
	}
	if err := d.archive(ctx, now.Add(-d.settings.Load().archive)); err != nil {
		return time.Time{}, err
	}
	if err := d.kernel.Maintain(ctx); err != nil {
		return time.Time{}, err
	}
	d.duties.kept = now
	return now.Add(keepEvery), nil
}

// idle says that no run of the gate is under way or waits, and that nothing is in the merge queue.
func (d *Daemon) idle(ctx context.Context) (bool, error) {
	waiting, err := d.jobs.Waiting(ctx)
	if err != nil {
		return false, err
	}
	rows, _, err := d.catalogue.rows(ctx, index.Query{Statuses: []change.Status{change.Checking, change.Queued, change.Merging}})
	return waiting == 0 && len(rows) == 0, err
}

// archive folds what was closed, and has not been touched since, before an instant. A change that somebody touches meanwhile
// fails its fold, and the next day tries again.
func (d *Daemon) archive(ctx context.Context, before time.Time) error {
	rows, _, err := d.catalogue.rows(ctx, index.Query{Statuses: closed[:]})
	if err != nil {
		return err
	}
	months := map[string][]index.Row{}
	for _, r := range rows {
		if r.Updated.Before(before) {
			month := r.Updated.UTC().Format("2006-01")
			months[month] = append(months[month], r)
		}
	}
	for _, old := range months {
		for len(old) > 0 {
			n := min(len(old), keepChunk)
			changes, _, err := d.catalogue.read(ctx, old[:n])
			if err != nil {
				return err
			}
			if err := d.changes.Archive(ctx, old[0].Updated.UTC(), changes); err != nil {
				return fmt.Errorf("folding closed changes into the archive: %w", err)
			}
			d.log.Info("archived", "changes", len(changes))
			old = old[n:]
		}
	}
	return nil
}
