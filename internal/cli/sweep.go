package cli

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/waiver"
)

type sweepFlags struct {
	repo, rev, now, since, expiring string
	evidence                        []string
	json, quiet                     bool
}

func (f *sweepFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.repo, "repo", "", "repository (default: where you are)")
	flags.StringVar(&f.rev, "rev", "", "commit whose tree and waivers count (default: the main branch)")
	flags.StringVar(&f.now, "now", "", "the instant to judge at, RFC 3339 (default: the clock)")
	flags.StringArrayVar(&f.evidence, "evidence", nil, "reports about that very commit, for rules of linters: sarif=F")
	flags.BoolVar(&f.json, "json", false, "print as JSON")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress on stderr")
}

// sweep judges the tree again.
func (f *sweepFlags) sweep(ctx context.Context, env *Env) (*judge.Sweep, error) {
	req := judge.SweepRequest{Rev: f.rev, Evidence: f.evidence, Places: places(env), Version: Version, Progress: progressTo(env, f.quiet)}
	var err error
	if req.Now, err = parseNow(env, f.now); err != nil {
		return nil, err
	}
	if f.since != "" {
		if req.Since, err = time.Parse(time.RFC3339, f.since); err != nil {
			return nil, usage(fmt.Errorf("--since: %w", err))
		}
	}
	repo, err := openRepo(ctx, env, f.repo)
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	s, err := judge.SweepTree(ctx, repo, req)
	if err != nil {
		return nil, judgeError(err)
	}
	return s, nil
}

func sweepCommand(env *Env) *cobra.Command {
	var f sweepFlags
	cmd := &cobra.Command{
		Use:   "sweep",
		Short: "Judge the main branch again: lapsed and stale waivers, marks it is above",
		Long: `Judge a whole tree by its own waivers and marks at an instant. Run it daily: a waiver that lapses
changes no file, so no change brings it up. It runs no command of the repository; findings of
linters come from --evidence. Deployed environments are not swept: deployments are not built yet.

Exit status: 0 nothing is overdue, 1 findings of a lapsed waiver are still there, a waiver is
malformed or was unused for 7 days, or the tree is above a mark; 2 usage or configuration, 4
internal error.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := f.sweep(cmd.Context(), env)
			if err != nil {
				return err
			}
			if f.json {
				err = writeJSON(env.Stdout, s)
			} else {
				writeSweep(env.Stdout, s, styleFor(env, env.Stdout))
			}
			if err == nil && s.Overdue() {
				err = exit(ExitDeny)
			}
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.since, "since", "", "leave out what had lapsed by then, RFC 3339 (an earlier sweep)")
	return cmd
}

func writeSweep(w io.Writer, s *judge.Sweep, paint style) {
	inForce := 0
	open := map[string][]finding.Finding{}
	for _, one := range s.Waivers {
		if one.State == waiver.Active {
			inForce++
		}
		open[one.Path] = one.Open
	}
	fmt.Fprintf(w, "%s (%s) at %s: %s, %d in force, %s to do\n", printable(s.Rev), shortOID(s.Commit), s.Now.Format(time.RFC3339),
		plural(len(s.Waivers), "waiver"), inForce, plural(len(s.Problems), "thing"))
	for _, p := range s.Problems {
		writeFinding(w, p, paint)
		if p.Rule == waiver.LapsedRule || p.Rule == waiver.ExceededRule {
			writeOpen(w, open[p.Path])
		}
	}
	fmt.Fprintln(w, paint.dim("Deployed environments are not swept: deployments are not built yet."))
}

func writeOpen(w io.Writer, list []finding.Finding) {
	const most = 10
	for i, f := range list {
		if i == most {
			fmt.Fprintf(w, "          and %d more\n", len(list)-most)
			return
		}
		fmt.Fprintf(w, "          - %s\n", clip(place(f.Path, f.Line)+f.Rule, textWidth-12))
	}
}

// listed is a waiver as waiver list --json prints it.
type listed struct {
	waiver.Standing
	Label string `json:"label"` // state, or expiring, unused, stale
}

func waiverList(env *Env) *cobra.Command {
	var f sweepFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the waivers of the main branch: state, days left, findings covered",
		Long: `List the waivers of a commit with what they cover on its tree. States: active, expiring (14 days or
less are left), unused, stale (unused for 7 days or more), lapsed, future, malformed. A ? in COVERS
means that the rule is about changes, or needs a linter's report (--evidence).`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.list(cmd.Context(), env) },
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.expiring, "expiring", "", "only those that lapse within a time span, such as 14d")
	return cmd
}

func (f *sweepFlags) list(ctx context.Context, env *Env) error {
	var within time.Duration
	if f.expiring != "" {
		var err error
		if within, err = parseSpan(f.expiring); err != nil {
			return usage(fmt.Errorf("--expiring: %w", err))
		}
	}
	s, err := f.sweep(ctx, env)
	if err != nil {
		return err
	}
	list := []listed{}
	for _, one := range s.Waivers {
		if within == 0 || one.State == waiver.Active && one.Until.Sub(s.Now) <= within {
			list = append(list, listed{one, one.Label(s.Now)})
		}
	}
	if f.json {
		return writeJSON(env.Stdout, list)
	}
	return writeWaiverList(env.Stdout, list)
}

func writeWaiverList(out io.Writer, list []listed) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if len(list) > 0 {
		fmt.Fprintln(w, "WAIVER\tSTATE\tLEFT\tCOVERS\tRULE\tRESOURCE")
	}
	for _, l := range list {
		covers, left := fmt.Sprint(len(l.Covered)), "-"
		if !l.Measured {
			covers += "?"
		}
		if l.State == waiver.Active {
			left = fmt.Sprintf("%dd", l.DaysLeft)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", clip(l.ID, 30), l.Label, left, covers, clip(l.Rule, 28), clip(l.Resource, 22))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, l := range list {
		for _, p := range l.Waiver.Problems {
			fmt.Fprintln(out, printable(p.Error()))
		}
	}
	_, err := fmt.Fprintln(out, plural(len(list), "waiver"))
	return err
}
