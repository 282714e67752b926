package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/verify"
)

func verifyCommand(env *Env) *cobra.Command {
	f := historyFlags{env: env}
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Prove, offline, that all of main came through the gate",
		Long: `Check every commit on main since genesis: that the gate signed it and landed it, in an unbroken row of
landings that the ledger holds, under a verdict that allows it when it is decided again, with the
approvals that its level needs, by keys that had authority then. The ledger is verified with it, and so
are the trust root, the transparency log and the attestations where there are any, and the provenance of
artifacts says which commit each came from. Nothing is asked of a network, and nothing is written but
what was seen (adamant/verify-seen.json in the git directory), so that the next run notices a history
that was rewritten as a whole.

Run it in any clone, after adamant sync, or in a kernel or a mirror.

Exit status: 0 it holds, 1 it does not, 2 usage or configuration.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	cmd.Flags().StringVar(&f.repo, "repo", "", "clone, kernel or mirror (default: where you are)")
	cmd.Flags().StringVar(&f.from, "from", "", "verify what came behind this commit of main (default: genesis)")
	cmd.Flags().StringVar(&f.remote, "remote", "", "verify what was synced from this remote (default: the only one)")
	cmd.Flags().StringVar(&f.root, "root", "", "fingerprint that the trust root must have, as adamant trust status prints it")
	cmd.Flags().BoolVar(&f.all, "all", false, "verify the source summaries, too")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the report as JSON")
	cmd.Flags().BoolVarP(&f.quiet, "quiet", "q", false, "show no progress")
	return cmd
}

type historyFlags struct {
	env         *Env
	repo        string
	from        string
	remote      string
	root        string
	all         bool
	json, quiet bool
}

func (f *historyFlags) run(ctx context.Context) error {
	repo, err := openRepo(ctx, f.env, f.repo)
	if err != nil {
		return err
	}
	defer repo.Close()
	opt := verify.Options{Remote: f.remote, Root: f.root, All: f.all, Now: f.env.Now()}
	if f.from != "" {
		if opt.From, err = repo.Resolve(ctx, f.from); err != nil {
			return usage(err)
		}
	}
	file := filepath.Join(repo.CommonDir(), "adamant", "verify-seen.json")
	if opt.Memory, err = verify.ReadMemory(file); err != nil {
		return usage(err)
	}
	report, err := f.verify(ctx, repo, opt)
	if err != nil {
		return err
	}
	if f.json {
		err = writeJSON(f.env.Stdout, report)
	} else {
		f.print(report)
	}
	switch {
	case err != nil:
		return err
	case !report.Holds():
		return exit(ExitDeny)
	}
	return verify.WriteMemory(file, report.Memory)
}

func (f *historyFlags) verify(ctx context.Context, repo *git.Repo, opt verify.Options) (*verify.Report, error) {
	bar := newProgressBar(f.env, f.quiet, "verify")
	opt.Progress = func(stage string, done, total int) {
		bar.title = "verify: " + stage
		bar.set(done, total)
	}
	defer bar.end()
	report, err := verify.Run(ctx, repo, opt)
	if choice := (*verify.ChoiceError)(nil); errors.As(err, &choice) {
		return nil, usage(err)
	}
	return report, err
}

func (f *historyFlags) print(r *verify.Report) {
	w, paint := f.env.Stdout, styleFor(f.env, f.env.Stdout)
	where := "main"
	if r.Remote != "" {
		where = "main of " + r.Remote
	}
	fmt.Fprintln(w, printable(where)+reach(r))
	for _, l := range r.Ledgers {
		fmt.Fprintf(w, "  ledger       %d entries, signed by %s\n", l.Entries, printable(strings.Join(l.Keys, ", ")))
	}
	if r.Partial {
		fmt.Fprintln(w, "  not done     commits, landings and attestations were not all looked at: see the failure")
	} else {
		fmt.Fprintf(w, "  landings     %d, each decided again\n", r.Landings)
	}
	if r.Root != "" {
		fmt.Fprintf(w, "  trust root   %s\n", printable(r.Root))
	}
	if r.Root != "" && !r.Partial {
		fmt.Fprintf(w, "  attestations %d verified\n  log          %d leaves\n", r.Bundles, r.Log)
	}
	writeArtifacts(w, r.Artifacts)
	writeProblems(w, paint.bold(paint.yellow("WARNING")), r.Warnings)
	writeProblems(w, paint.bold(paint.red("FAILURE")), r.Failures)
	if r.Holds() {
		fmt.Fprintln(w, paint.green("it holds"))
		return
	}
	fmt.Fprintf(w, "it does not hold: %s\n", plural(len(r.Failures), "failure"))
}

// reach says which commits of main were verified.
func reach(r *verify.Report) string {
	switch {
	case r.Main == "":
		return ": there is none here"
	case r.Genesis == "" || r.Partial:
		return " " + shortOID(string(r.Main))
	}
	return fmt.Sprintf(" %s: %s since %s, where verification began", shortOID(string(r.Main)), plural(r.Commits, "commit"), shortOID(string(r.Genesis)))
}

// writeArtifacts says which artifact came from which commit, the newest commits' first ones at the end.
func writeArtifacts(w io.Writer, artifacts []verify.Artifact) {
	if len(artifacts) == 0 {
		return
	}
	fmt.Fprintf(w, "  artifacts    %d, by their provenance:\n", len(artifacts))
	if hidden := len(artifacts) - problemsShown; hidden > 0 {
		fmt.Fprintf(w, "    %d older ones: --json has all\n", hidden)
		artifacts = artifacts[hidden:]
	}
	for _, a := range artifacts {
		_, builder, _ := strings.Cut(a.Builder, "/builder/")
		fmt.Fprintf(w, "    %s  sha256:%.16s  %s, Build L%d by %s\n", shortOID(string(a.Commit)), a.SHA256, printable(a.Name), a.Level, printable(cmp.Or(builder, a.Builder)))
	}
}

const problemsShown = 20 // of one sort; --json has all

func writeProblems(w io.Writer, label string, problems []verify.Problem) {
	for i, p := range problems {
		if i == problemsShown {
			fmt.Fprintf(w, "%s %d more: --json has all\n", label, len(problems)-i)
			return
		}
		fmt.Fprintf(w, "%s %s\n", label, p.Code)
		lines := []string{p.What, "do: " + p.Do}
		if p.Place != "" {
			lines = append(lines, "at: "+p.Place)
		}
		for _, text := range lines {
			for _, line := range wrap(printable(text), logWidth-6) {
				fmt.Fprintf(w, "      %s\n", line)
			}
		}
	}
}
