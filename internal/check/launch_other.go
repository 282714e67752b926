//go:build !linux

package check

import (
	"context"
	"io"
)

// isolation is what this system lets a check be locked into: here nothing beyond a process group.
type isolation struct{ guarded, user, pid, mounts, network bool }

func strongest(context.Context, string, string) isolation { return isolation{} }

func launch(ctx context.Context, _ isolation, _ string, s *session, stdout, stderr io.Writer) (outcome, error) {
	return launchGroup(ctx, s, stdout, stderr)
}
