package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/waiver"
)

type waiverFlags struct {
	repo, now, expires string
	days               int
	evidence           []string
	draft              waiver.Draft
}

func waiverNew(env *Env) *cobra.Command {
	var f waiverFlags
	cmd := &cobra.Command{
		Use:   "new --rule RULE --resource GLOB --reason TEXT --days N",
		Short: "Write a waiver into the working tree and say what it will cover",
		Long: `Write .adamant/waivers/<id>.yaml and say which findings of the working tree it will cover. It covers
nothing until it is on the branch that changes land on, so land it first, in a change of its own.

Exit status: 0 written, 2 refused.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context(), env) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.repo, "repo", "", "repository (default: where you are)")
	flags.StringVar(&f.draft.Rule, "rule", "", "rule id, or a prefix that ends in *")
	flags.StringVar(&f.draft.Resource, "resource", "", "path glob of the files; ** is the whole repository")
	flags.StringVar(&f.draft.Justification, "reason", "", "why the exception is right, at least 20 characters")
	flags.StringVar(&f.expires, "expires", "", "last day, YYYY-MM-DD in UTC, or an instant as RFC 3339")
	flags.IntVar(&f.days, "days", 0, "expire in so many days")
	flags.StringVar(&f.draft.ID, "id", "", "name of the waiver (default: made of the rule)")
	flags.StringVar(&f.draft.Owner, "owner", "", "who gets rid of it (default: git's user.name)")
	flags.StringVar(&f.draft.ApprovedBy, "approved-by", "", "who takes the risk on (default: the owner)")
	flags.StringVar(&f.draft.Ticket, "ticket", "", "where the work is planned")
	flags.IntVar(&f.draft.MaxFindings, "max-findings", 0, "cover so many findings at most (default: all)")
	flags.StringArrayVar(&f.evidence, "evidence", nil, "reports about the working tree, for rules of linters: sarif=F")
	flags.StringVar(&f.now, "now", "", "the instant of creation, RFC 3339 (default: the clock)")
	return cmd
}

func (f *waiverFlags) run(ctx context.Context, env *Env) error {
	w, err := openWorkshop(ctx, env, f.repo, f.now)
	if err != nil {
		return err
	}
	defer w.repo.Close()
	if err := f.complete(ctx, w); err != nil {
		return err
	}
	made, text, err := f.draft.Write(w.days())
	if err != nil {
		return usage(fmt.Errorf("this would be malformed:\n%w", err))
	}
	standing, err := judge.WhatItCovers(ctx, w.repo, w.snapshot, made, judge.SweepRequest{Now: w.now, Evidence: f.evidence, Places: places(env), Version: Version, Progress: progressTo(env, true)})
	if err != nil {
		return judgeError(err)
	}
	if err := saveWaiver(w.path(made.Path), text, os.O_EXCL); err != nil {
		return err
	}
	fmt.Fprintf(env.Stdout, "wrote %s: %s in %s, until %s (%s)\n", made.Path, printable(made.Rule), printable(made.Resource), made.Expires, daysLeft(made.DaysLeft(w.now)))
	writeCovered(env, standing)
	fmt.Fprintf(env.Stdout, "It counts once it is on the main branch. Land it first, in a change of its own (high risk: your approval).\n")
	return nil
}

// complete fills in what no flag said.
func (f *waiverFlags) complete(ctx context.Context, w *workshop) (err error) {
	d := &f.draft
	if d.MaxFindings < 0 {
		return usage(fmt.Errorf("--max-findings %d: want 1 or more", d.MaxFindings))
	}
	if d.Expires, err = expiry(f.expires, f.days, w.now); err != nil {
		return err
	}
	d.Created = w.now.Format(time.DateOnly)
	if d.Owner == "" {
		if d.Owner, err = w.operator(ctx); err != nil {
			return err
		}
	}
	if d.Owner == "" {
		return usage(errors.New("say who gets rid of it: --owner NAME"))
	}
	d.ApprovedBy = cmp.Or(d.ApprovedBy, d.Owner)
	if d.ID == "" {
		var taken []string
		for _, other := range w.governance.Waivers {
			taken = append(taken, other.ID)
		}
		d.ID = waiver.NameFor(d.Rule, taken)
	}
	if strings.ContainsAny(d.ID, `/\`) {
		return usage(fmt.Errorf("--id %q: want a name, not a path", d.ID))
	}
	return nil
}

// writeCovered lists what a waiver will cover.
func writeCovered(env *Env, s waiver.Standing) {
	const most = 10
	switch {
	case len(s.Covered) == 0 && s.Measured:
		fmt.Fprintln(env.Stdout, "The working tree has nothing for it to cover: are rule and resource right? Unused waivers become errors.")
		return
	case !s.Measured:
		fmt.Fprintln(env.Stdout, "What else it covers is not known: its rule is about changes, or needs a linter's report (--evidence sarif=F).")
	}
	for i, f := range s.Covered {
		if i == most {
			fmt.Fprintf(env.Stdout, "  and %d more\n", len(s.Covered)-most)
			break
		}
		fmt.Fprintf(env.Stdout, "  %s\n", clip(place(f.Path, f.Line)+f.Message, textWidth-2))
	}
	if len(s.Open) > 0 {
		fmt.Fprintf(env.Stdout, "It does not suffice for %d more.\n", len(s.Open))
	}
}

func waiverRenew(env *Env) *cobra.Command {
	var dir, now, expires, reason, by string
	var days int
	cmd := &cobra.Command{
		Use:   "renew ID --reason TEXT --days N",
		Short: "Extend a waiver of the working tree for a new reason",
		Long: `Give a waiver a new end. The reason must be another one than before; date and reason of every
renewal stay in the file. Comments in the file are kept. It counts once it has landed.

Exit status: 0 written, 2 refused.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			w, err := openWorkshop(cmd.Context(), env, dir, now)
			if err != nil {
				return err
			}
			defer w.repo.Close()
			return w.renew(cmd.Context(), args[0], expires, days, waiver.Renewal{Reason: reason, By: by})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&dir, "repo", "", "repository (default: where you are)")
	flags.StringVar(&reason, "reason", "", "why the exception is still right, at least 20 characters")
	flags.StringVar(&expires, "expires", "", "last day, YYYY-MM-DD in UTC, or an instant as RFC 3339")
	flags.IntVar(&days, "days", 0, "expire in so many days")
	flags.StringVar(&by, "by", "", "who renews it (default: git's user.name)")
	flags.StringVar(&now, "now", "", "the instant of the renewal, RFC 3339 (default: the clock)")
	return cmd
}

func (w *workshop) renew(ctx context.Context, id, expires string, days int, r waiver.Renewal) (err error) {
	if expires, err = expiry(expires, days, w.now); err != nil {
		return err
	}
	if r.By == "" {
		if r.By, err = w.operator(ctx); err != nil {
			return err
		}
	}
	if r.By == "" {
		return usage(errors.New("say who renews it: --by NAME"))
	}
	r.On = w.now.Format(time.DateOnly)
	for _, old := range w.governance.Waivers {
		if old.ID == id {
			return w.extend(old.Path, expires, r)
		}
	}
	return usage(fmt.Errorf("no waiver is named %q; adamant waiver check says which there are", id))
}

func (w *workshop) extend(file, expires string, r waiver.Renewal) error {
	path := w.path(file)
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return usage(fmt.Errorf("renewing: %s is no regular file", filepath.ToSlash(file)))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return usage(fmt.Errorf("renewing: %w", err))
	}
	made, text, err := waiver.Renew(file, data, expires, r, w.days())
	if err != nil {
		return usage(err)
	}
	if err := saveWaiver(path, text, os.O_TRUNC); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.env.Stdout, "renewed %s for the %s time: until %s (%s). It counts once it is on the main branch.\n",
		file, ordinal(made.Renewals), made.Expires, daysLeft(made.DaysLeft(w.now)))
	return err
}

func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return fmt.Sprintf("%d%s", n, suffix)
}
