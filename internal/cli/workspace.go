package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/sandbox"
	"github.com/adamant-os/adamant/internal/workspace"
)

func workspaceCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "workspace",
		Short: "Look into the checkouts that agents work in",
		Long: `Each attempt of an agent has a checkout of its own, which borrows main's objects and is open to nothing else
(docs/workspace.md). These commands work on its folder, with or without the daemon. Nothing of ours runs in the
agent's git directory: what looks at a result does so inside the sandbox.`,
	}
	cmd.AddCommand(workspaceListCommand(env), workspaceShellCommand(env), workspaceDiffCommand(env), workspaceGCCommand(env))
	return cmd
}

// workspaceFlags say which kernel's workspaces are meant.
type workspaceFlags struct{ deskFlags }

func (f *workspaceFlags) register(cmd *cobra.Command, json string) {
	cmd.Flags().StringVar(&f.kernel, "kernel", "", "the kernel's folder (default: $ADAMANT_KERNEL, else by the repository's name)")
	if json != "" {
		cmd.Flags().BoolVar(&f.json, "json", false, json)
	}
}

// with lends the workspaces to fn.
func (f *workspaceFlags) with(ctx context.Context, fn func(*kernel.Kernel, *workspace.Store) error) (err error) {
	dir, err := f.folder(ctx)
	if err != nil {
		return err
	}
	k, err := kernel.Open(ctx, dir)
	if err != nil {
		return usage(err)
	}
	defer func() { err = errors.Join(err, k.Close()) }()
	store, err := workspace.Open(workspace.Config{Dir: workspacesFolder(f.env, dir), Kernel: k})
	if err != nil {
		return err
	}
	return fn(k, store)
}

// one lends one workspace to fn, and a maker of sandboxes.
func (f *workspaceFlags) one(ctx context.Context, id string, fn func(*workspace.Workspace, *sandbox.Sandbox) error) error {
	return f.with(ctx, func(_ *kernel.Kernel, store *workspace.Store) error {
		w, err := store.Load(ctx, id)
		if errors.Is(err, fs.ErrNotExist) {
			return usage(fmt.Errorf("%w; adamant workspace list shows them", err))
		}
		if err != nil {
			return err
		}
		self, err := os.Executable()
		if err != nil {
			return fmt.Errorf("finding adamant's own executable, which starts sandboxes: %w", err)
		}
		sb, err := sandbox.New(ctx, sandbox.Options{Self: self})
		if err != nil {
			return err
		}
		return fn(w, sb)
	})
}

// workspaceRow is a workspace as list prints it.
type workspaceRow struct {
	ID       string    `json:"id"`
	Task     string    `json:"task"`
	Attempt  string    `json:"attempt,omitempty"`
	Base     git.OID   `json:"base"`
	Head     git.OID   `json:"head"`
	Cone     []string  `json:"cone"`
	Readonly bool      `json:"readonly"`
	Created  time.Time `json:"created"`
}

func workspaceListCommand(env *Env) *cobra.Command {
	f := &workspaceFlags{deskFlags{env: env}}
	cmd := &cobra.Command{
		Use: "list", Short: "List the workspaces", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.with(cmd.Context(), func(_ *kernel.Kernel, store *workspace.Store) error {
				all, err := store.List(cmd.Context())
				return errors.Join(f.list(all), err)
			})
		},
	}
	f.register(cmd, "print the workspaces as JSON")
	return cmd
}

func (f *workspaceFlags) list(all []*workspace.Workspace) error {
	rows := []workspaceRow{}
	for _, w := range all {
		rows = append(rows, workspaceRow{w.ID, w.Task, w.Attempt, w.Base, w.Head, append([]string{}, w.Cone...), w.Readonly, w.Created})
	}
	if f.json {
		return writeJSON(f.env.Stdout, struct {
			Workspaces []workspaceRow `json:"workspaces"`
		}{rows})
	}
	if len(rows) == 0 {
		fmt.Fprintln(f.env.Stdout, "No workspace is there. A task gets one when it starts.")
	}
	s := styleFor(f.env, f.env.Stdout)
	for _, r := range rows {
		kind := "writes"
		if r.Readonly {
			kind = "reads"
		}
		fmt.Fprintf(f.env.Stdout, "%s  %-6s  on %s  made %s ago\n  %s\n", s.bold(clip(r.ID, 40)), kind, r.Base.Short(), ago(f.env.Now(), r.Created),
			clip(printable(cmp.Or(strings.Join(r.Cone, " "), "everything")), 90))
	}
	return nil
}

func workspaceShellCommand(env *Env) *cobra.Command {
	f := &workspaceFlags{deskFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "shell ID [-- COMMAND...]",
		Short: "Run a shell, or a command, in a workspace's sandbox",
		Long: `Run a shell, or a command, where the agent works: in its sandbox, as its user, without network. Agent configuration
is main's and read-only. There is no model and no MCP server; the shell has no terminal of its own (no job control).

Exit status: the command's; 2 usage or no sandbox on this system.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.one(cmd.Context(), args[0], func(w *workspace.Workspace, sb *sandbox.Sandbox) error {
				return f.shell(cmd.Context(), w, sb, args[1:])
			})
		},
	}
	f.register(cmd, "")
	return cmd
}

func (f *workspaceFlags) shell(ctx context.Context, w *workspace.Workspace, sb *sandbox.Sandbox, argv []string) (err error) {
	release, err := w.Use()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	mounts, err := w.Mounts()
	if err != nil {
		return err
	}
	if len(argv) == 0 {
		argv = []string{"/bin/sh", "-i"}
	}
	p, err := sb.Start(ctx, sandbox.Spec{
		Argv: argv, Dir: workspace.Repo, Mounts: mounts, Identity: w.Identity, Limits: sandbox.DefaultLimits(),
		Env:   append(w.Env(), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "PS1=("+w.ID+") \\w $ ", "TERM="+f.env.Getenv("TERM")),
		Stdin: f.env.Stdin, Stdout: f.env.Stdout, Stderr: f.env.Stderr,
	})
	if err != nil {
		return err
	}
	end, err := p.Wait()
	switch {
	case err != nil:
		return err
	case end.Signal != "":
		return &exitError{Code: ExitDeny, Err: fmt.Errorf("%s was ended by %s %s", argv[0], end.Signal, end.Cause)}
	case end.Code != 0:
		return exit(end.Code)
	}
	return nil
}

func workspaceDiffCommand(env *Env) *cobra.Command {
	f := &workspaceFlags{deskFlags{env: env}}
	var stat bool
	cmd := &cobra.Command{
		Use:   "diff ID",
		Short: "Show what an agent has made so far, against main",
		Long: `Show what lies in a workspace against the commit of main that it began with. It is read as a result is: recorded
inside the sandbox, taken out through limits, examined, and then thrown away.

Exit status: 0, also without differences; 1 what lies there cannot be a result; 2 usage.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.one(cmd.Context(), args[0], func(w *workspace.Workspace, sb *sandbox.Sandbox) error {
				err := w.Examine(cmd.Context(), workspace.In(sb), func(ctx context.Context, repo *git.Repo, r workspace.Result) error {
					return f.diff(ctx, w, repo, r, stat)
				})
				if refused := (*workspace.RefusedError)(nil); errors.As(err, &refused) {
					return &exitError{Code: ExitDeny, Err: err}
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&stat, "stat", false, "a line a file")
	f.register(cmd, "print the changed files as JSON")
	return cmd
}

// changedFile is one file of diff --json.
type changedFile struct {
	Status  string `json:"status"`
	Path    string `json:"path"`
	OldPath string `json:"oldPath,omitempty"`
	Added   int    `json:"added"`
	Deleted int    `json:"deleted"`
}

func (f *workspaceFlags) diff(ctx context.Context, w *workspace.Workspace, repo *git.Repo, r workspace.Result, stat bool) error {
	if !f.json {
		out := &printing{to: f.env.Stdout}
		return errors.Join(repo.Patch(ctx, w.Base, r.Tree, stat, out), out.end())
	}
	changes, err := repo.Diff(ctx, w.Base, r.Tree, git.DiffOptions{})
	if err != nil {
		return err
	}
	files := []changedFile{}
	for _, c := range changes {
		files = append(files, changedFile{string(c.Status), c.Path, c.OldPath, c.Added, c.Deleted})
	}
	return writeJSON(f.env.Stdout, struct {
		Workspace string        `json:"workspace"`
		Base      git.OID       `json:"base"`
		Tree      git.OID       `json:"tree"`
		Files     []changedFile `json:"files"`
	}{w.ID, w.Base, r.Tree, files})
}

// printing makes what is written to it printable, line by line; tabs stay.
type printing struct {
	to   io.Writer
	line []byte
}

func (p *printing) Write(b []byte) (int, error) {
	p.line = append(p.line, b...)
	for {
		n, line, err := bufio.ScanLines(p.line, len(p.line) > 1<<16)
		if n == 0 || err != nil {
			return len(b), err
		}
		parts := strings.Split(string(line), "\t")
		for i := range parts {
			parts[i] = printable(parts[i])
		}
		if _, err := fmt.Fprintln(p.to, strings.Join(parts, "\t")); err != nil {
			return 0, err
		}
		p.line = p.line[n:]
	}
}

// end writes a last line without an end.
func (p *printing) end() error {
	if len(p.line) == 0 {
		return nil
	}
	_, err := p.Write([]byte("\n"))
	return err
}

func workspaceGCCommand(env *Env) *cobra.Command {
	f := &workspaceFlags{deskFlags{env: env}}
	var old time.Duration
	cmd := &cobra.Command{
		Use:   "gc [ID...]",
		Short: "Remove workspaces, and what crashes left",
		Long: `Remove the named workspaces, or those that are older than --older. What killed processes left, and pins of workspaces
that are gone, are removed either way. What somebody uses stays. A running daemon does this by itself, so it must be down.

Exit status: 0 removed, 1 something stays, 2 usage, or a daemon runs.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(cmd.Context(), func(k *kernel.Kernel, store *workspace.Store) error {
				if _, err := k.Acquire(cmd.Context()); err != nil {
					return daemonError(err)
				}
				return f.collect(cmd.Context(), store, args, old)
			})
		},
	}
	cmd.Flags().DurationVar(&old, "older", 7*24*time.Hour, "remove workspaces that are older")
	f.register(cmd, "")
	return cmd
}

func (f *workspaceFlags) collect(ctx context.Context, store *workspace.Store, ids []string, old time.Duration) error {
	for _, id := range ids {
		err := store.Remove(ctx, id)
		if busy := (*workspace.BusyError)(nil); errors.As(err, &busy) {
			return &exitError{Code: ExitDeny, Err: err}
		}
		if err != nil {
			return err
		}
		fmt.Fprintf(f.env.Stdout, "removed %s\n", printable(id))
	}
	before := f.env.Now().Add(-old)
	removed, err := store.GC(ctx, func(w *workspace.Workspace) bool { return len(ids) > 0 || w.Created.After(before) })
	for _, id := range removed {
		fmt.Fprintf(f.env.Stdout, "removed %s\n", id)
	}
	if err == nil && len(ids)+len(removed) == 0 {
		fmt.Fprintln(f.env.Stdout, "Nothing to remove.")
	}
	return err
}
