package cli

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/backtest"
	"github.com/adamant-os/adamant/internal/git"
)

type backtestFlags struct {
	repo, rev, format string
	max, jobs, show   int
	json, fresh       bool
	quiet             bool
}

func backtestCommand(env *Env) *cobra.Command {
	var f backtestFlags
	cmd := &cobra.Command{
		Use:   "backtest",
		Short: "What would the gate have done with my last changes, and why?",
		Long: `Judge the last changes of a branch (its first-parent history) by the configuration it has now, or by
the built-in defaults. Your own checks are not run on old trees: they are assumed to have passed,
with full coverage.

An interrupted run goes on where it stopped.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runBacktest(cmd.Context(), env, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.repo, "repo", "", "repository (default: where you are)")
	flags.StringVar(&f.rev, "rev", "", "branch to look back on (default: the repository's main branch)")
	flags.IntVarP(&f.max, "max", "n", 200, "changes to judge, newest first")
	flags.IntVar(&f.show, "show", 10, "changes that needed you to list; -1 lists all")
	flags.StringVar(&f.format, "format", "text", "text, json or tsv")
	flags.BoolVar(&f.json, "json", false, "same as --format json")
	flags.BoolVar(&f.fresh, "fresh", false, "judge again what an earlier run has judged")
	flags.IntVar(&f.jobs, "jobs", runtime.NumCPU(), "changes to judge at once")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress on stderr")
	return cmd
}

func runBacktest(ctx context.Context, env *Env, f backtestFlags) error {
	if f.json {
		f.format = "json"
	}
	if f.format != "text" && f.format != "json" && f.format != "tsv" {
		return usage(fmt.Errorf("unknown format %q: want text, json or tsv", f.format))
	}
	if f.max < 1 {
		return usage(fmt.Errorf("--max is %d: want at least 1", f.max))
	}
	repo, err := openRepo(ctx, env, f.repo)
	if err != nil {
		return err
	}
	defer repo.Close()
	tip, name, err := backtestTip(ctx, repo, f.rev)
	if err != nil {
		return judgeError(err)
	}
	bar := newProgressBar(env, f.quiet, "judging changes")
	warn := func(err error) {
		bar.end()
		fmt.Fprintln(env.Stderr, printable(err.Error()))
	}
	report, err := backtest.Run(ctx, repo, backtest.Options{Tip: tip, Max: f.max, Now: env.Now().UTC(), Jobs: f.jobs,
		Places: places(env), Version: version(), Fresh: f.fresh, Progress: bar.set, Warn: warn})
	bar.end()
	if err != nil {
		return judgeError(err)
	}
	switch f.format {
	case "json":
		return writeJSON(env.Stdout, report)
	case "tsv":
		return writeBacktestTSV(env.Stdout, report)
	}
	var text strings.Builder
	writeBacktestText(&text, report, name, f.show, styleFor(env, env.Stdout))
	_, err = io.WriteString(env.Stdout, text.String())
	return err
}

func backtestTip(ctx context.Context, repo *git.Repo, rev string) (git.OID, string, error) {
	if rev == "" {
		branch, err := repo.DefaultBranch(ctx)
		if err != nil {
			return "", "", err
		}
		rev = branch
	}
	tip, err := repo.Resolve(ctx, rev)
	return tip, rev, err
}

func writeBacktestTSV(w io.Writer, r *backtest.Report) error {
	if _, err := fmt.Fprintln(w, "commit\ttime\tlevel\tscore\tdecision\tfiles\tadded\tdeleted\tsubject"); err != nil {
		return err
	}
	for _, row := range r.Rows {
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%d\t%d\t%d\t%s\n", row.Commit, row.Time.Format(time.RFC3339), row.Level,
			row.Score, row.Decision, row.Files, row.Added, row.Deleted, printable(row.Subject)); err != nil {
			return err
		}
	}
	return nil
}

func writeBacktestText(w io.Writer, r *backtest.Report, branch string, show int, s style) {
	if len(r.Rows) == 0 && r.Missing == 0 {
		fmt.Fprintf(w, "%s has no change yet: a change needs a commit before it.\n", branch)
		return
	}
	if len(r.Rows) == 0 {
		fmt.Fprintf(w, "None of %d changes can be judged: this clone lacks objects. git fetch --refetch --no-filter brings them.\n", r.Missing)
		return
	}
	oldest, newest := r.Rows[len(r.Rows)-1], r.Rows[0]
	by := "built-in defaults"
	if r.Configured {
		by = ".adamant/adamant.yaml"
	}
	fmt.Fprintf(w, "%s on %s, %s to %s, judged by %s.\n", plural(len(r.Rows), "change"), branch,
		oldest.Time.Format(time.DateOnly), newest.Time.Format(time.DateOnly), by)
	fmt.Fprintf(w, "%s\n", s.dim(assumption(r)))
	if r.Cut {
		fmt.Fprintf(w, "%s\n", s.yellow("This clone is shallow: older changes are missing. git fetch --unshallow brings them."))
	}
	if r.Missing > 0 {
		fmt.Fprintf(w, "%s\n", s.yellow(plural(r.Missing, "change")+" could not be judged: this clone lacks objects. git fetch --refetch --no-filter brings them."))
	}
	writeLevels(w, r, s)
	writeCauses(w, "Why you would have been needed", r.Because, s)
	writeCauses(w, "Why changes would have been sent back", r.Refusals, s)
	writeNeeded(w, r, show, s)
	writeConclusion(w, r, s)
}

func assumption(r *backtest.Report) string {
	if len(r.Checks) == 0 {
		return "No check was found that could be run; gates that need one are unavailable."
	}
	return clip("Assumed to have passed, not run: "+strings.Join(r.Checks, ", "), textWidth)
}

func writeLevels(w io.Writer, r *backtest.Report, s style) {
	fmt.Fprintf(w, "\n%s\n", s.bold("risk       changes   landed by itself   after a soak   needed you   sent back"))
	for _, l := range r.Levels {
		fmt.Fprintf(w, "%s %7s %18s %14s %12s %11s\n", pad(l.Level.String(), 10), count(l.Changes), count(l.Landed), count(l.Soaked), count(l.Needed), count(l.Refused))
	}
	fmt.Fprintf(w, "%s %7d %18d %14d %12d %11d\n", pad("all", 10), len(r.Rows), r.Landed, r.Soaked, r.Needed, r.Refused)
}

// count leaves zeros out, so that the eye finds the numbers.
func count(n int) string {
	if n == 0 {
		return "."
	}
	return fmt.Sprint(n)
}

func writeCauses(w io.Writer, title string, causes []backtest.Cause, s style) {
	if len(causes) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", s.bold(title))
	const most = 8
	for i, c := range causes {
		if i == most {
			fmt.Fprintf(w, "       and %s (--json shows all)\n", plural(len(causes)-most, "more cause"))
			return
		}
		where := shortOID(c.Example)
		if c.Path != "" {
			where += " " + printable(c.Path)
		}
		fmt.Fprintf(w, "%5d  %s  %s\n", c.Changes, pad(c.Name, 28), clip(c.Text, textWidth-37))
		fmt.Fprintf(w, "       %s  %s\n", pad("", 28), s.dim(clip("e.g. "+where, textWidth-37)))
		if c.Kind == "floor" && c.Held > 0 {
			fmt.Fprintf(w, "       %s  %s\n", pad("", 28), s.dim(clip(fmt.Sprintf("a rule holds %d of them too, whatever their risk", c.Held), textWidth-37)))
		}
	}
}

func writeNeeded(w io.Writer, r *backtest.Report, show int, s style) {
	if r.Needed == 0 || show == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", s.bold("Changes that would have needed you, newest first"))
	shown := 0
	for _, row := range r.Rows {
		if row.Decision != backtest.Needed {
			continue
		}
		if shown == show {
			fmt.Fprintf(w, "  and %d more (--show -1 lists all)\n", r.Needed-shown)
			return
		}
		shown++
		fmt.Fprintf(w, "  %s  %s  %s %4d  %s\n", shortOID(row.Commit), row.Time.Format(time.DateOnly), pad(row.Level.String(), 8), row.Score,
			clip(row.Subject, textWidth-45))
	}
}

// writeConclusion ends with the two sentences the operator came for.
func writeConclusion(w io.Writer, r *backtest.Report, s style) {
	sentence := fmt.Sprintf("%d of %d would have needed you", r.Needed, len(r.Rows))
	if len(r.Because) > 0 {
		var why []string
		for _, c := range r.Because[:min(3, len(r.Because))] {
			why = append(why, fmt.Sprintf("%s (%d)", c.Name, c.Changes))
		}
		sentence += ", because of " + strings.Join(why, ", ")
	}
	fmt.Fprintln(w)
	for _, line := range wrap(sentence+".", textWidth) {
		fmt.Fprintln(w, s.bold(line))
	}
	switch {
	case r.Needed == 0:
	case r.Setting == nil:
		fmt.Fprintln(w, "No single setting would spare you any of them: they are what the gate is for.")
	default:
		verb := "would make that"
		if !r.Setting.Halves {
			verb = "is the one that helps most; it would make that"
		}
		for _, line := range wrap(fmt.Sprintf("One setting in .adamant/adamant.yaml %s %d of %d: %s.", verb, r.Setting.Needed, len(r.Rows), r.Setting.Text), textWidth) {
			fmt.Fprintln(w, line)
		}
		fmt.Fprintln(w)
		fmt.Fprintln(w, "    spec:")
		for line := range strings.SplitSeq(r.Setting.YAML, "\n") {
			fmt.Fprintf(w, "      %s\n", line)
		}
	}
}
