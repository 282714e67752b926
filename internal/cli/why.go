package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/task"
	because "github.com/adamant-os/adamant/internal/why"
)

type whyFlags struct {
	repo, kernel, at string
	json, full       bool
}

func whyCommand(env *Env) *cobra.Command {
	var f whyFlags
	cmd := &cobra.Command{
		Use:   "why CHANGE|TASK|COMMIT|FILE:LINE",
		Short: "Say why something is as it is: intent, reasoning, actions, verdict, approval, landing",
		Long: `Reconstruct how a change, a commit or a line came to be, from the ledger and the operations of changes and tasks:
who asked for what, what the agent saw, thought and did, what the gate and reviewers said, who approved,
and when it landed. It works offline, in a kernel and in any clone that has fetched the ledger (adamant sync).

What an agent thought is its own word; what it did, what it cost and what came of it are from the gateway and
the tree. What nobody recorded is listed as missing.

Exit status: 0 told, 1 a record is missing or broken, 2 usage or configuration.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), env, args[0]) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.repo, "repo", "", "clone (default: where you are)")
	flags.StringVar(&f.kernel, "kernel", "", "kernel's folder (default: $ADAMANT_KERNEL, else the one of this clone, else what it fetched)")
	flags.StringVar(&f.at, "at", "HEAD", "commit at which FILE:LINE is meant")
	flags.BoolVar(&f.full, "full", false, "every action, with all that was seen, thought and said")
	flags.BoolVar(&f.json, "json", false, "print as JSON")
	return cmd
}

func (f *whyFlags) run(ctx context.Context, env *Env, name string) error {
	code, kern, done, err := f.open(ctx, env)
	if err != nil {
		return err
	}
	defer done()
	at, err := code.Resolve(ctx, f.at)
	if err != nil && strings.Contains(name, ":") {
		return usage(fmt.Errorf("--at: %w", err))
	}
	account, err := because.NewReader(kern, code).Explain(ctx, f.inside(env, code, name), at)
	if err != nil {
		return whyError(err)
	}
	if f.json {
		err = writeJSON(env.Stdout, account)
	} else {
		printWhy(env, account, f.full)
	}
	if err == nil && account.Made.Reasoning.Missing > 0 {
		err = exit(ExitDeny)
	}
	return err
}

func whyError(err error) error {
	var unknown *because.UnknownError
	var many *change.AmbiguousError
	var tasks *task.AmbiguousError
	var line *git.LineError
	if errors.As(err, &unknown) || errors.As(err, &many) || errors.As(err, &tasks) || errors.As(err, &line) {
		return usage(err)
	}
	return ledgerError(err)
}

// inside makes a path of FILE:LINE one from the top of the clone, where the user stands below it.
func (f *whyFlags) inside(env *Env, code *git.Repo, name string) string {
	file, line, ok := strings.Cut(name, ":")
	if !ok || code.Root() == "" || f.repo != "" {
		return name
	}
	full := file
	if !filepath.IsAbs(full) {
		full = filepath.Join(env.Dir, full)
	}
	if _, err := os.Stat(full); err != nil {
		return name
	}
	rel, err := filepath.Rel(code.Root(), full)
	if err != nil || strings.HasPrefix(rel, "..") {
		return name
	}
	return filepath.ToSlash(rel) + ":" + line
}

// open finds the code, and the records about it: those of the kernel of this machine, else what the clone fetched, else none.
func (f *whyFlags) open(ctx context.Context, env *Env) (code, kern *git.Repo, done func(), err error) {
	named := cmp.Or(f.kernel, env.Getenv("ADAMANT_KERNEL"))
	if named != "" {
		if kern, err = git.Open(ctx, filepath.Join(absolute(env, named), "kernel.git")); err != nil {
			return nil, nil, nil, usage(fmt.Errorf("--kernel: %w", err))
		}
	}
	code, err = openRepo(ctx, env, f.repo)
	switch {
	case err != nil && kern != nil && f.repo == "":
		return kern, kern, func() { _ = kern.Close() }, nil // anywhere, about a kernel
	case err != nil:
		return nil, nil, nil, err
	}
	if kern == nil && code.Root() != "" {
		kern, _ = git.Open(ctx, filepath.Join(places(env).Data, filepath.Base(code.Root()), "kernel.git")) // there may be none
	}
	if kern != nil {
		return code, kern, func() { _, _ = kern.Close(), code.Close() }, nil
	}
	lens, err := because.OpenLens(ctx, code, "")
	switch {
	case errors.Is(err, because.ErrNothingFetched) && code.Root() == "":
		return code, code, func() { _ = code.Close() }, nil // a kernel's own repository
	case errors.Is(err, because.ErrNothingFetched):
		return code, nil, func() { _ = code.Close() }, nil
	case err != nil:
		return nil, nil, nil, errors.Join(err, code.Close())
	}
	return code, lens.Repo, func() { _, _ = lens.Close(), code.Close() }, nil
}
