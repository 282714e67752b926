package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

func ejectCommand(env *Env) *cobra.Command {
	f := &deskFlags{env: env}
	var remove bool
	cmd := &cobra.Command{
		Use:   "eject",
		Short: "Leave: go on with this clone as plain git",
		Long: `Take this clone out of its kernel. The daemon must be down (adamant down).

Stays: your branches with everything that landed, .adamant/ and other files of the repository, and the record:
ledger, changes and archive below refs/adamant-remote/adamant/. Goes: the remote "adamant"; with
--delete-kernel also the kernel's folder, for good. Hooks that run adamant are named, not removed.

Exit status: 0 done, 1 your main lacks what landed (adamant sync --ff), 2 usage or a daemon runs.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runEject(cmd.Context(), f, remove) },
	}
	cmd.Flags().StringVar(&f.kernel, "kernel", "", "the kernel's folder (default: $ADAMANT_KERNEL, else by the repository's name)")
	cmd.Flags().BoolVar(&remove, "delete-kernel", false, "delete the kernel's folder")
	return cmd
}

func runEject(ctx context.Context, f *deskFlags, remove bool) (err error) {
	clone, err := openRepo(ctx, f.env, "")
	if err != nil {
		return err
	}
	defer clone.Close()
	landing, _, err := clone.Branches(ctx)
	if err != nil {
		return judgeError(err)
	}
	dir, err := f.folder(ctx)
	if err != nil {
		return err
	}
	k, err := kernel.Open(ctx, dir)
	if err != nil {
		return usage(err)
	}
	defer func() {
		if !remove || err != nil {
			err = errors.Join(err, k.Close())
		}
	}()
	_, err = k.Acquire(ctx)
	if held := (*kernel.HeldError)(nil); errors.As(err, &held) {
		return usage(err)
	}
	if err != nil {
		return err
	}
	s, err := k.Eject(ctx, clone, "adamant", "refs/heads/"+landing)
	if behind := (*kernel.NotPulledError)(nil); errors.As(err, &behind) {
		return &exitError{Code: ExitDeny, Err: err}
	}
	if err != nil {
		return err
	}
	if remove {
		if err := k.Remove(); err != nil {
			return err
		}
	}
	return tellEjected(ctx, f.env, clone, s, dir, remove)
}

func tellEjected(ctx context.Context, env *Env, clone *git.Repo, s kernel.Sync, dir string, removed bool) error {
	fmt.Fprintf(env.Stdout, "ejected at main %s\n  stays  your branches, and the record below %s (adamant log reads it)\n  gone   the remote adamant\n",
		s.Main.Short(), kernel.RemotePrefix(s.Remote))
	if removed {
		fmt.Fprintf(env.Stdout, "  gone   %s\n", printable(dir))
	} else {
		fmt.Fprintf(env.Stdout, "  stays  %s; delete it when you need it no more\n", printable(dir))
	}
	hooks, err := ownHooks(ctx, clone)
	for _, hook := range hooks {
		fmt.Fprintf(env.Stdout, "  still runs adamant: %s\n", printable(hook))
	}
	return err
}

// ownHooks are the clone's hooks that run adamant.
func ownHooks(ctx context.Context, clone *git.Repo) ([]string, error) {
	dir, err := hooksFolder(ctx, clone)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, name := range []string{"pre-commit", "pre-push"} {
		file := filepath.Join(dir, name)
		data, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return found, fmt.Errorf("looking for hooks that run adamant: %w", err)
		}
		if bytes.Contains(data, []byte("adamant")) {
			found = append(found, file)
		}
	}
	return found, nil
}
