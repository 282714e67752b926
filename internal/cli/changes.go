package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

func changesCommand(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	var all bool
	cmd := &cobra.Command{
		Use:   "changes",
		Short: "List changes and what each waits for",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := f.client(cmd.Context())
			if err != nil {
				return err
			}
			path := api.PathChanges
			if all {
				path += "?all=true"
			}
			var out api.Changes
			if err := client.Call(cmd.Context(), "GET", path, "", nil, &out); err != nil {
				return deskError(err)
			}
			if f.json {
				return writeJSON(env.Stdout, out)
			}
			if len(out.Changes) == 0 {
				fmt.Fprintln(env.Stdout, "No change is open.")
			}
			for _, c := range out.Changes {
				printSummary(env.Stdout, c, env.Now(), styleFor(env, env.Stdout))
			}
			return nil
		},
	}
	f.register(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "closed ones, too")
	return cmd
}

// printSummary prints a change in two lines: what it is, what it waits for.
func printSummary(w io.Writer, c api.Summary, now time.Time, s style) {
	level := c.Level
	if level == "" {
		level = "not judged"
	}
	fmt.Fprintf(w, "%.16s  %-14s  %-8s  %s\n", c.ID, c.Status, level, s.bold(clip(c.Title, 54)))
	line := fmt.Sprintf("by %s, patch set %d, opened %s ago", c.By, c.PatchSet, ago(now, c.Opened))
	switch {
	case c.Commit != "":
		line += fmt.Sprintf(", on main as %.12s", c.Commit)
	case c.Why != "":
		line += ": " + c.Why
	}
	fmt.Fprintf(w, "                  %s\n", s.dim(clip(line, 82)))
}

func pauseCommand(env *Env) *cobra.Command {
	return holdCommand(env, "pause", "Hold landing: changes are judged, none lands", api.PathPause)
}

// holdCommand makes pause: a request with a reason.
func holdCommand(env *Env, use, short, path string) *cobra.Command {
	f := &deskFlags{env: env}
	var reason string
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.hold(cmd.Context(), path, reason) },
	}
	f.register(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why, on record")
	return cmd
}

func (f *deskFlags) hold(ctx context.Context, path, reason string) error {
	client, err := f.client(ctx)
	if err != nil {
		return err
	}
	var p api.Pause
	if err := client.Call(ctx, "POST", path, "", api.Reason{Reason: reason}, &p); err != nil {
		return deskError(err)
	}
	switch {
	case f.json:
		return writeJSON(f.env.Stdout, p)
	case p.On:
		fmt.Fprintln(f.env.Stdout, "paused: nothing lands until adamant resume")
	default:
		fmt.Fprintln(f.env.Stdout, "landing goes on")
	}
	return nil
}

func resumeCommand(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	var reason string
	cmd := &cobra.Command{
		Use:   "resume [CHANGE]",
		Short: "Go on landing after a pause, or let a suspended change go on",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return f.hold(cmd.Context(), api.PathResume, reason)
			}
			return f.about(cmd.Context(), api.PathContinue, args[0], reason)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why, on record")
	return cmd
}

// about asks the daemon to do something about a change.
func (f *deskFlags) about(ctx context.Context, path, id, reason string) error {
	client, err := f.client(ctx)
	if err != nil {
		return err
	}
	var a desk.Answer
	err = client.Call(ctx, "POST", path, id, api.Reason{Reason: reason}, &a)
	return f.answer(a, err)
}

func abandonCommand(env *Env) *cobra.Command {
	return aboutCommand(env, "abandon CHANGE", "Give a change up", api.PathAbandon)
}

func revertCommand(env *Env) *cobra.Command {
	return aboutCommand(env, "revert CHANGE", "Open a change that takes a landed one back; it goes first in the queue", api.PathRevert)
}

func aboutCommand(env *Env, use, short, path string) *cobra.Command {
	f := &deskFlags{env: env}
	var reason string
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.about(cmd.Context(), path, args[0], reason) },
	}
	f.register(cmd)
	cmd.Flags().StringVar(&reason, "reason", "", "why, on record")
	return cmd
}
