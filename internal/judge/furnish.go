package judge

import (
	"context"
	"fmt"
	"time"

	"github.com/adamant-os/adamant/internal/check"
	"github.com/adamant-os/adamant/internal/git"
)

// Furnish puts what the setups of a commit's checks make into a checkout and a home, so that an agent can run what the gate will
// run. Setups of earlier runs are used again.
func Furnish(ctx context.Context, repo *git.Repo, commit git.OID, req Request, checkout, home string) error {
	side, governance, err := GovernanceAt(ctx, repo, commit)
	if err != nil {
		return fmt.Errorf("reading the checks at %s: %w", commit.Short(), err)
	}
	if req.Progress == nil {
		req.Progress = func(string) {}
	}
	if req.Now.IsZero() {
		req.Now = time.Now()
	}
	c := &courtroom{repo: repo, req: req}
	runner, err := c.runner()
	if err != nil {
		return err
	}
	return runner.Furnish(ctx, check.TreeOf(repo, side.Tree()), governance.Config.Spec.Checks, checkout, home)
}
