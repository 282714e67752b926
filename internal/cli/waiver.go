package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/waiver"
)

func waiverCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "waiver",
		Short: "Write, renew, list and check exceptions with an end",
		Long: `A waiver is a file .adamant/waivers/<id>.yaml: it covers findings of a rule in some files until a
date. It counts once it is on the branch that changes land on: no change is judged by a waiver that
it brings. docs/waivers.md says how to live with them.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(waiverNew(env), waiverRenew(env), waiverList(env), waiverCheck(env))
	return cmd
}

// workshop is the working tree that waivers are written in.
type workshop struct {
	env        *Env
	repo       *git.Repo
	snapshot   git.OID // of the working tree
	governance *facts.Governance
	now        time.Time
}

// openWorkshop reads the waivers and the configuration of the working tree. The caller closes repo.
func openWorkshop(ctx context.Context, env *Env, dir, now string) (*workshop, error) {
	w := &workshop{env: env}
	var err error
	if w.now, err = parseNow(env, now); err != nil {
		return nil, err
	}
	if w.repo, err = openRepo(ctx, env, dir); err != nil {
		return nil, err
	}
	if w.snapshot, err = w.repo.Snapshot(ctx, git.Worktree); err == nil {
		_, w.governance, err = judge.GovernanceAt(ctx, w.repo, w.snapshot)
	}
	if err != nil {
		return nil, errors.Join(judgeError(err), w.repo.Close())
	}
	return w, nil
}

func parseNow(env *Env, now string) (time.Time, error) {
	if now == "" {
		return env.Now().UTC().Truncate(time.Second), nil
	}
	at, err := time.Parse(time.RFC3339, now)
	if err != nil {
		return at, usage(fmt.Errorf("--now: %w", err))
	}
	return at.UTC(), nil
}

func (w *workshop) days() int { return w.governance.Config.Spec.Policy.WaiverDays }

func (w *workshop) path(file string) string {
	return filepath.Join(w.repo.Root(), filepath.FromSlash(file))
}

// operator is who writes waivers when no flag says so.
func (w *workshop) operator(ctx context.Context) (string, error) {
	name, _, err := w.repo.Config(ctx, "user.name")
	if err == nil && name == "" {
		name = w.env.Getenv("GIT_AUTHOR_NAME")
	}
	return name, err
}

func waiverCheck(env *Env) *cobra.Command {
	var dir, now string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Say what is wrong with the waivers of the working tree",
		Long: `Read the waivers of the working tree as the gate would and print what is wrong with them, with
file:line:column. A malformed waiver covers nothing.

Exit status: 0 all are well formed, 1 one is not, 2 usage or configuration.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w, err := openWorkshop(cmd.Context(), env, dir, now)
			if err != nil {
				return err
			}
			defer w.repo.Close()
			return w.check(asJSON)
		},
	}
	cmd.Flags().StringVar(&dir, "repo", "", "repository (default: where you are)")
	cmd.Flags().StringVar(&now, "now", "", "the instant to say states of, RFC 3339 (default: the clock)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the waivers with their problems as JSON")
	return cmd
}

func (w *workshop) check(asJSON bool) error {
	problems, states := 0, map[waiver.State]int{}
	for _, one := range w.governance.Waivers {
		states[one.At(w.now)]++
		problems += len(one.Problems)
		for _, p := range one.Problems {
			if !asJSON {
				fmt.Fprintln(w.env.Stdout, printable(p.Error()))
			}
		}
	}
	if asJSON {
		if err := writeJSON(w.env.Stdout, w.governance.Waivers); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(w.env.Stdout, "%s: %d active, %d lapsed, %d not yet valid, %d malformed\n", plural(len(w.governance.Waivers), "waiver"),
			states[waiver.Active], states[waiver.Lapsed], states[waiver.Future], states[waiver.Malformed])
	}
	if problems > 0 {
		return exit(ExitDeny)
	}
	return nil
}

// expiry is the date that --expires or --days name.
func expiry(expires string, days int, now time.Time) (string, error) {
	switch {
	case expires != "" && days != 0:
		return "", usage(errors.New("give --expires or --days, not both"))
	case expires == "" && days <= 0:
		return "", usage(errors.New("a waiver has an end: give --days N or --expires YYYY-MM-DD"))
	case expires != "":
		at, day, err := manifest.ParseMoment(expires)
		if err != nil {
			return "", usage(fmt.Errorf("--expires: %w", err))
		}
		if end := at.AddDate(0, 0, map[bool]int{true: 1}[day]); !now.Before(end) {
			return "", usage(fmt.Errorf("--expires %s is over", expires))
		}
		return expires, nil
	}
	return now.AddDate(0, 0, min(days, 10_000)).Format(time.DateOnly), nil
}

// parseSpan reads a time span, in which d are days.
func parseSpan(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err == nil && n > 0 && n <= 10_000 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if span, err := time.ParseDuration(text); err == nil && span > 0 {
		return span, nil
	}
	return 0, fmt.Errorf("%q is no time span such as 14d or 36h", text)
}

func saveWaiver(path string, data []byte, flag int) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("writing the waiver: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|flag, 0o644)
	if err != nil {
		return usage(fmt.Errorf("writing the waiver: %w", err))
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing the waiver: %w", err)
	}
	return nil
}
