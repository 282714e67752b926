package workforce

import (
	"context"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/mcp"
)

// tools are those of the desk, and those by which an agent ends its attempt.
func (r *run) tools() mcp.Tools {
	return r.force.config.Desk(r.attempt, func(ctx context.Context) (git.OID, error) {
		head, _, err := r.commit(ctx)
		if err == nil && head == "" {
			head = r.attempt.Base
		}
		return head, err
	})
}
