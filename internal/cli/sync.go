package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
)

func syncCommand(env *Env) *cobra.Command {
	f := &syncFlags{deskFlags: deskFlags{env: env}}
	cmd := &cobra.Command{
		Use:   "sync [REMOTE]",
		Short: "Fetch main and the ledger from the kernel or its mirror, and verify",
		Long: `Bring main, ledger, changes and archive into this clone, below refs/adamant-remote/REMOTE/, verify the ledger
against what was seen before, and say how far main moved. REMOTE is a remote of this clone that is a
kernel or the mirror of one; without it, the kernel of this repository on this machine (kept below the
name adamant), else origin.

A main, ledger or archive that does not continue what this clone has is refused: nothing is fetched.
No branch of yours moves, unless you ask for it: --ff fast-forwards the current one.

Exit status: 0 well, 1 a history was rewritten or the ledger does not hold, 2 usage or configuration.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), args) },
	}
	cmd.Flags().StringVar(&f.repo, "repo", "", "clone (default: where you are)")
	cmd.Flags().StringVar(&f.kernel, "kernel", "", "the kernel's folder (default: $ADAMANT_KERNEL, else by the repository's name)")
	cmd.Flags().BoolVar(&f.ff, "ff", false, "fast-forward the branch that is checked out to main")
	cmd.Flags().BoolVar(&f.json, "json", false, "print what happened as JSON")
	return cmd
}

type syncFlags struct {
	deskFlags
	repo string
	ff   bool
}

// synced is the answer of --json.
type synced struct {
	kernel.Sync
	Branch string        `json:"branch,omitempty"` // the branch that is checked out
	Behind int           `json:"behind"`           // commits of main that it lacks
	Ledger ledger.Report `json:"ledger"`
}

func (f *syncFlags) run(ctx context.Context, args []string) error {
	clone, err := openRepo(ctx, f.env, f.repo)
	if err != nil {
		return err
	}
	defer clone.Close()
	name, source, err := f.source(ctx, clone, args)
	if err != nil {
		return err
	}
	s := synced{}
	if s.Sync, err = kernel.SyncFrom(ctx, clone, name, source); err != nil {
		return syncError(err)
	}
	if s.Ledger, err = verifySeen(ctx, clone); err != nil {
		return err
	}
	if len(s.Ledger.Alarms) == 0 && f.ff {
		if err := clone.FastForward(ctx, s.Main); err != nil {
			err = fmt.Errorf("%w\nmain and the ledger are fetched. If your branch has commits of its own: git rebase %s", err, s.Main.Short())
			return &exitError{Code: ExitDeny, Err: err}
		}
	}
	if s.Branch, s.Behind, err = behind(ctx, clone, s.Main); err != nil {
		return err
	}
	return f.print(s)
}

func syncError(err error) error {
	var rewritten *kernel.RewrittenError
	if errors.As(err, &rewritten) {
		return &exitError{Code: ExitDeny, Err: err}
	}
	return err
}

// source is where to fetch from, and the name to keep it below.
func (f *syncFlags) source(ctx context.Context, clone *git.Repo, args []string) (name, source string, err error) {
	if len(args) == 1 {
		source, err = configuredURL(ctx, clone, args[0])
		return args[0], source, err
	}
	dir := cmp.Or(f.kernel, f.env.Getenv("ADAMANT_KERNEL"))
	if dir == "" && clone.Root() != "" {
		dir = filepath.Join(places(f.env).Data, filepath.Base(clone.Root()))
	}
	dir = filepath.Join(absolute(f.env, dir), "kernel.git")
	if _, err := os.Stat(dir); err == nil {
		return "adamant", dir, nil
	} else if f.kernel != "" {
		return "", "", usage(err)
	}
	source, err = configuredURL(ctx, clone, "origin")
	return "origin", source, err
}

// verifySeen verifies what is new in the ledgers, and remembers it if all is well.
func verifySeen(ctx context.Context, repo *git.Repo) (ledger.Report, error) {
	file := seenFile(repo)
	seen, err := ledger.ReadSeen(file)
	if err != nil {
		return ledger.Report{}, usage(err)
	}
	report, err := ledger.Verify(ctx, repo, seen, ledger.Policy{})
	if err != nil || len(report.Alarms) > 0 {
		return report, err
	}
	return report, ledger.WriteSeen(file, report.Seen)
}

// behind says how many commits of main the current branch lacks.
func behind(ctx context.Context, clone *git.Repo, main git.OID) (string, int, error) {
	branch, err := clone.HeadBranch(ctx)
	if errors.Is(err, git.ErrEmpty) || branch == "" {
		return "", 0, nil
	}
	if err != nil {
		return "", 0, err
	}
	at, err := clone.Ref(ctx, "refs/heads/"+branch)
	if err != nil || at == "" {
		return branch, 0, err
	}
	n, err := clone.Count(ctx, git.LogOptions{From: main, Not: []git.OID{at}})
	return branch, n, err
}

func (f *syncFlags) print(s synced) error {
	if f.json {
		if err := writeJSON(f.env.Stdout, s); err != nil {
			return err
		}
	} else {
		s.write(f.env)
	}
	if len(s.Ledger.Alarms) > 0 {
		return exit(ExitDeny)
	}
	return nil
}

func (s synced) write(env *Env) {
	w := env.Stdout
	switch {
	case s.Was == "":
		fmt.Fprintf(w, "%s: main is %s, seen for the first time\n", s.Remote, s.Main.Short())
	case s.Was == s.Main:
		fmt.Fprintf(w, "%s: main is %s, as before\n", s.Remote, s.Main.Short())
	default:
		fmt.Fprintf(w, "%s: main moved by %s, %s..%s\n", s.Remote, plural(s.Landed, "commit"), s.Was.Short(), s.Main.Short())
	}
	if s.Forge != "" {
		fmt.Fprintf(w, "  the remote's own main is %s, which is not the kernel's: it is protected, or somebody pushed to it\n", s.Forge.Short())
	}
	var fresh uint64
	for _, l := range s.Ledger.Ledgers {
		if !l.Behind {
			fresh += l.Entries - l.Known
		}
	}
	fmt.Fprintf(w, "  ledger: %s in %s, %s\n", plural(int(fresh), "new entry"), plural(len(s.Ledger.Ledgers), "place"), plural(len(s.Ledger.Alarms), "alarm"))
	if s.Behind > 0 {
		fmt.Fprintf(w, "  your branch %s lacks %s of main; adamant sync --ff brings them\n", printable(s.Branch), plural(s.Behind, "commit"))
	}
	writeAlarms(w, s.Ledger.Alarms, styleFor(env, w))
}
