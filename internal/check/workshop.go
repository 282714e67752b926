package check

import (
	"context"
	"path/filepath"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/sandbox"
)

// workshop is where a run works: its folder, a box for version commands, and what this system lets a check be locked into.
// Each is had when it is first needed, so that an answer from the cache makes no folder and starts no process.
type workshop struct {
	opened sync.Once
	dir    *runDir
	tools  *box
	err    error

	probed  sync.Once
	sandbox *sandbox.Sandbox
	failed  error
}

// open makes the run's folder and the box for version commands.
func (r *run) open() error {
	w := &r.workshop
	w.opened.Do(func() {
		if w.dir, w.err = openRun(r.Scratch, time.Now()); w.err == nil {
			w.tools, w.err = newBox(filepath.Join(w.dir.path, "tools"))
		}
	})
	return w.err
}

// probe finds out what a check can be locked into.
func (r *run) probe(ctx context.Context) error {
	if err := r.open(); err != nil {
		return err
	}
	r.probed.Do(func() { r.sandbox, r.failed = sandbox.New(ctx, sandbox.Options{Self: r.Self, Weaker: true}) })
	return r.failed
}

// close removes what was made.
func (w *workshop) close() error {
	if w.dir == nil {
		return nil
	}
	return w.dir.close()
}
