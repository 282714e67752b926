package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/report"
	"github.com/adamant-os/adamant/internal/verify"
)

type reportFlags struct {
	whyFlags             // where the records are
	since, until, format string
	output, root         string
	skip                 bool
}

func reportCommand(env *Env) *cobra.Command {
	var f reportFlags
	cmd := &cobra.Command{
		Use:   "report --since DATE",
		Short: "Tell an auditor what happened: changes, approvals, exceptions, failures, cost",
		Long: `Write a report on a period: what landed and under which controls, approvals, waivers, break-glass and moves
past the gate, what was refused and what failed, who got and lost authority, what agents did and cost, and
whether the history holds (adamant verify, from genesis). Everything is read from the records, offline, in
a kernel or in any clone after adamant sync; what cannot be read is listed.

The page of --format html needs nothing else and prints on A4. The same records, period and result of
verification make the same bytes.

Exit status: 0 written and the history holds, 1 it does not hold, 2 usage or configuration.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), env) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.since, "since", "", "from this time on: a date, an RFC 3339 time, or a span back such as 90d (required)")
	flags.StringVar(&f.until, "until", "", "and before this time, in the same forms (default: now)")
	flags.StringVar(&f.format, "format", "md", "md, html or json")
	flags.StringVarP(&f.output, "output", "o", "", "file to write (default: standard output)")
	flags.StringVar(&f.repo, "repo", "", "clone (default: where you are)")
	flags.StringVar(&f.kernel, "kernel", "", "kernel's folder (default: $ADAMANT_KERNEL, else the one of this clone, else what it fetched)")
	flags.StringVar(&f.root, "root", "", "fingerprint that the trust root must have, as adamant trust status prints it")
	flags.BoolVar(&f.skip, "no-verify", false, "do not verify the history; the report says so")
	return cmd
}

func (f *reportFlags) run(ctx context.Context, env *Env) error {
	opt, err := f.period(env.Now())
	if err != nil {
		return err
	}
	write, err := f.writer()
	if err != nil {
		return err
	}
	_, kern, done, err := f.open(ctx, env)
	if err != nil {
		return err
	}
	defer done()
	if kern == nil {
		return usage(errNoLedger)
	}
	if sources, err := ledger.Sources(ctx, kern); err == nil && len(sources) == 0 {
		return usage(errNoLedger)
	}
	if err := f.verify(ctx, env, kern, &opt); err != nil {
		return err
	}
	r, err := report.Collect(ctx, kern, opt)
	if err != nil {
		return ledgerError(err)
	}
	var out bytes.Buffer
	if err := write(&out, r); err != nil {
		return err
	}
	if err := f.put(env, out.Bytes()); err != nil {
		return err
	}
	if r.Verified != nil && !r.Verified.Holds() {
		return exit(ExitDeny)
	}
	return nil
}

func (f *reportFlags) period(now time.Time) (report.Options, error) {
	var opt report.Options
	if f.since == "" {
		return opt, usage(errors.New("--since: say from when on, as 2026-01-01 or 90d"))
	}
	var err error
	if opt.Since, err = parseSince(f.since, now); err != nil {
		return opt, err
	}
	opt.Until = now
	if f.until != "" {
		if opt.Until, err = parseSince(f.until, now); err != nil {
			return opt, usage(fmt.Errorf("--until %q: want a date, an RFC 3339 time or a span such as 14d", f.until))
		}
	}
	opt.Since, opt.Until = opt.Since.UTC().Truncate(time.Second), opt.Until.UTC().Truncate(time.Second)
	if !opt.Since.Before(opt.Until) {
		return opt, usage(fmt.Errorf("the period from %s to %s is empty", opt.Since.Format(time.RFC3339), opt.Until.Format(time.RFC3339)))
	}
	return opt, nil
}

func (f *reportFlags) writer() (func(io.Writer, *report.Report) error, error) {
	switch f.format {
	case "md", "markdown":
		return report.Markdown, nil
	case "html":
		return report.HTML, nil
	case "json":
		return func(w io.Writer, r *report.Report) error { return writeJSON(w, r) }, nil
	}
	return nil, usage(fmt.Errorf("--format %q: want md, html or json", f.format))
}

// verify verifies the records that are reported on.
func (f *reportFlags) verify(ctx context.Context, env *Env, kern *git.Repo, opt *report.Options) error {
	if f.skip {
		opt.Unverified = "--no-verify was given"
		return nil
	}
	bar := newProgressBar(env, false, "verify")
	defer bar.end()
	var err error
	opt.Verified, err = verify.Run(ctx, kern, verify.Options{Root: f.root, Now: opt.Until, Progress: func(stage string, done, total int) {
		bar.title = "verify: " + stage
		bar.set(done, total)
	}})
	return err
}

func (f *reportFlags) put(env *Env, data []byte) error {
	if cmp.Or(f.output, "-") == "-" {
		_, err := env.Stdout.Write(data)
		return err
	}
	if err := os.WriteFile(absolute(env, f.output), data, 0o600); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
