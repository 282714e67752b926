package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

func waitCommand(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	var until []string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "wait CHANGE",
		Short: "Wait until a change has landed, or needs somebody",
		Long: `Wait until a change has landed, was refused, soaks, or needs the operator; or until it has the status of --for.

Exit status: 0 it landed, or has that status; 1 it was refused or given up; 3 it waits for the operator or for time;
4 the time of --timeout is over.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := f.client(cmd.Context())
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			c, err := settled(ctx, client, args[0], until)
			if err != nil {
				return deskError(err)
			}
			if f.json {
				err = writeJSON(env.Stdout, c)
			} else {
				fmt.Fprintf(env.Stdout, "change %s is %s\n", shortID(c.ID), c.Status)
			}
			if err == nil && len(until) == 0 {
				err = statusExit(change.Status(c.Status))
			}
			return err
		},
	}
	f.register(cmd)
	cmd.Flags().StringSliceVar(&until, "for", nil, "wait for one of these statuses, whatever else happens")
	cmd.Flags().DurationVar(&timeout, "timeout", 24*time.Hour, "give up after this long")
	return cmd
}

const waitPause = 200 * time.Millisecond

// settled asks until a change has one of the statuses; without any, until it does not move by itself any more.
func settled(ctx context.Context, client *desk.Client, id string, until []string) (desk.Change, error) {
	for {
		c, err := client.Change(ctx, id)
		if err != nil {
			return c, err
		}
		if slices.Contains(until, c.Status) || len(until) == 0 && !moves(change.Status(c.Status)) {
			return c, nil
		}
		if err := pause(ctx, waitPause); err != nil {
			return c, fmt.Errorf("change %s is %s: %w", shortID(c.ID), c.Status, err)
		}
	}
}

// pause waits, or ends with ctx and its error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// moves says that a change goes on without anybody.
func moves(s change.Status) bool {
	switch s {
	case change.Opened, change.Checking, change.Reviewing, change.Queued, change.Merging:
		return true
	}
	return false
}

func statusExit(s change.Status) error {
	switch {
	case s.Landed():
		return nil
	case s == change.Rejected, s == change.Abandoned:
		return exit(ExitDeny)
	}
	return exit(ExitHold)
}
