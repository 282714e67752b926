package check

import (
	"context"
	"errors"
	"fmt"

	"github.com/adamant-os/adamant/internal/manifest"
)

// Furnish puts what the setups of checks leave behind into a checkout of tree and into a home: what an agent needs to run the same
// checks. A setup that other checks share is made once, and kept for later. Its files replace others of their names.
func (r *Runner) Furnish(ctx context.Context, tree Tree, checks []manifest.Check, checkout, home string) error {
	state := r.newRun(Job{Merged: tree, Base: tree})
	done := map[string]bool{}
	var err error
	for i := range checks {
		if err = state.furnish(ctx, &checks[i], done, checkout, home); err != nil {
			err = fmt.Errorf("setting up what check %s needs: %w", checks[i].Name, err)
			break
		}
	}
	return errors.Join(err, state.close())
}

func (r *run) furnish(ctx context.Context, c *manifest.Check, done map[string]bool, checkout, home string) error {
	if len(c.Setup) == 0 {
		return nil
	}
	if err := r.probe(ctx); err != nil {
		return err
	}
	s, err := r.setupOf(ctx, c, r.toolchain(ctx, wordsOf(c.Setup)))
	if err != nil || done[s.digest] {
		return err
	}
	done[s.digest] = true
	result, err := r.setupResult(ctx, c, s, newTranscript(logHalf))
	if err != nil {
		return err
	}
	return place(result, checkout, home)
}
