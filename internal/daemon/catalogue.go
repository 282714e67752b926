package daemon

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/change/index"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

// catalogue knows which changes there are without reading them all: the closed ones only grow in number. It is a cache of
// git, brought up before every question, and may be deleted at any time.
type catalogue struct {
	path  string
	store *change.Store
	log   func(string)

	mu sync.Mutex // held while the index is opened or replaced
	x  *index.Index
}

// live are the statuses of changes that are open.
var live = [...]change.Status{change.Opened, change.Checking, change.Rejected, change.Reviewing, change.NeedsOperator, change.Soaking, change.Queued,
	change.Merging, change.Suspended}

// closed are the others.
var closed = [...]change.Status{change.Merged, change.Released, change.Reverted, change.Abandoned}

func (d *Daemon) openCatalogue() {
	d.catalogue = &catalogue{path: filepath.Join(d.config.State, "changes.db"), store: d.changes, log: func(line string) { d.log.Warn(line) }}
}

// ask asks the index after bringing it up to git. An index that is broken, or whose file is gone, is opened anew once.
func (c *catalogue) ask(ctx context.Context, question func(*index.Index) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var err error
	for range 2 {
		if c.x == nil {
			if c.x, err = index.Open(ctx, c.path, c.store, c.log); err != nil {
				c.x = nil
				return err
			}
		}
		if err = c.x.Sync(ctx); err == nil {
			err = question(c.x)
		}
		if no, many := (*change.NotFoundError)(nil), (*change.AmbiguousError)(nil); err == nil || errors.As(err, &no) || errors.As(err, &many) || ctx.Err() != nil {
			return err
		}
		c.log(fmt.Sprintf("the index of changes is opened again: %v", err))
		err = errors.Join(err, c.x.Close())
		c.x = nil
	}
	return err
}

func (c *catalogue) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.x == nil {
		return nil
	}
	err := c.x.Close()
	c.x = nil
	return err
}

// rows lists changes, and what cannot be read.
func (c *catalogue) rows(ctx context.Context, q index.Query) (rows []index.Row, broken []*change.BrokenError, err error) {
	err = c.ask(ctx, func(x *index.Index) error {
		var err error
		if rows, err = x.List(ctx, q); err != nil {
			return err
		}
		broken, err = x.Broken(ctx)
		return err
	})
	return rows, broken, err
}

// read reads the changes of rows with all their operations.
func (c *catalogue) read(ctx context.Context, rows []index.Row) ([]change.Change, []*change.BrokenError, error) {
	refs := make([]git.Ref, 0, len(rows))
	for _, r := range rows {
		refs = append(refs, git.Ref{Name: kernel.ChangeMeta(r.ID), OID: r.Tip})
	}
	return c.store.Read(ctx, refs)
}

// states lists the changes that a query chooses, without their operations. One that cannot be read is trouble of its own and stops nobody
// else.
func (d *Daemon) states(ctx context.Context, q index.Query) ([]change.Change, error) {
	rows, broken, err := d.catalogue.rows(ctx, q)
	if err != nil {
		return nil, err
	}
	d.noteBroken(broken)
	changes := make([]change.Change, len(rows))
	for i, r := range rows {
		changes[i] = change.Change{ID: r.ID, Tip: r.Tip, State: r.State, Archived: r.Archived}
	}
	return changes, nil
}

// find reads the change that somebody names.
func (d *Daemon) find(ctx context.Context, name string) (change.Change, error) {
	if kernel.CheckID(name) == nil {
		return d.changes.Load(ctx, name)
	}
	var row index.Row
	err := d.catalogue.ask(ctx, func(x *index.Index) (err error) {
		row, err = x.Find(ctx, name)
		return err
	})
	if err != nil {
		return change.Change{}, err
	}
	return d.changes.Load(ctx, row.ID)
}

// remembered are the changes that something is remembered of.
func (d *Daemon) remembered() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Concat(slices.Collect(maps.Keys(d.toldOf)), slices.Collect(maps.Keys(d.judging)))
}

// gone are those of ids that are not among open changes, which were listed later.
func gone(ids []string, open []change.Change) []change.Change {
	is := map[string]bool{}
	for _, c := range open {
		is[c.ID] = true
	}
	var out []change.Change
	for _, id := range ids {
		if !is[id] {
			out = append(out, change.Change{ID: id})
		}
	}
	return out
}
