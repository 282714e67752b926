package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/document/kustomize"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/manifest"
)

type checkFlags struct {
	repo, base, head, run, now, soakStart string
	staged, worktree, json                bool
	evidence                              []string
	format, output, inputFile             string
	jobs                                  int
	quiet                                 bool
}

func checkCommand(env *Env) *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check",
		Short: "May this branch land, why, and how?",
		Long: `Judge a change: base..head, what is staged, or the working tree. Everything is judged on the tree
that merging would give, by the rules of base. Without configuration, built-in defaults apply.

Exit status: 0 allow, 1 deny, 2 usage or configuration, 3 hold, 4 internal error.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runCheck(cmd.Context(), env, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.repo, "repo", "", "repository (default: where you are)")
	flags.StringVar(&f.base, "base", "", "branch or commit to land on (default: the repository's main branch)")
	flags.StringVar(&f.head, "head", "", "commit to judge (default: HEAD)")
	flags.BoolVar(&f.staged, "staged", false, "judge what is staged")
	flags.BoolVar(&f.worktree, "worktree", false, "judge the working tree, with untracked files that are not ignored")
	flags.StringVar(&f.run, "run", "", "declared checks to run: all, none, or NAME,... (default: those that open gates want)")
	flags.StringVar(&f.now, "now", "", "the instant to judge at, RFC 3339 (default: the clock)")
	flags.StringVar(&f.soakStart, "soak-start", "", "when this change was first allowed but for its soak, RFC 3339")
	flags.StringArrayVar(&f.evidence, "evidence", nil, "reports of your CI: junit=F, coverage=F, sarif=F; comma-separated, repeatable")
	flags.BoolVar(&f.json, "json", false, "same as --format json")
	flags.StringVar(&f.format, "format", "text", "text, json, sarif, markdown or junit")
	flags.StringVar(&f.output, "output", "", "write the result to a file, and a summary to stdout")
	flags.StringVar(&f.inputFile, "save-input", "", "write the gate's input document to a file, for adamant replay")
	flags.IntVar(&f.jobs, "jobs", runtime.NumCPU(), "declared checks to run at once")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress on stderr")
	cmd.MarkFlagsMutuallyExclusive("head", "staged", "worktree")
	return cmd
}

func runCheck(ctx context.Context, env *Env, f checkFlags) error {
	format, err := outputFormat(f.format, f.json)
	if err != nil {
		return usage(err)
	}
	req, err := f.request(env)
	if err != nil {
		return usage(err)
	}
	repo, err := openRepo(ctx, env, f.repo)
	if err != nil {
		return err
	}
	defer repo.Close()
	outcome, err := judge.Run(ctx, repo, req)
	if err != nil {
		return judgeError(err)
	}
	if f.inputFile != "" {
		if err := saveInput(f.inputFile, outcome.Input); err != nil {
			return err
		}
	}
	if err := deliver(ctx, env, outcome.Verdict, format, f.output); err != nil {
		return err
	}
	return decisionExit(outcome.Verdict.Decision)
}

// request turns flags into what judge wants.
func (f checkFlags) request(env *Env) (judge.Request, error) {
	req := judge.Request{
		Base: f.base, Head: f.head, Jobs: f.jobs, Now: env.Now().UTC().Truncate(time.Second), Evidence: f.evidence,
		Places: places(env), Getenv: env.Getenv, Version: Version, Progress: progressTo(env, f.quiet),
	}
	self, err := os.Executable()
	if err != nil {
		return req, fmt.Errorf("finding adamant's own executable, which renders kustomizations: %w", err)
	}
	req.Render = kustomize.Renderer{Self: self}.Render
	switch {
	case f.staged:
		req.Snapshot = "staged"
	case f.worktree:
		req.Snapshot = "worktree"
	}
	switch f.run {
	case "":
	case "none":
		req.Run = []string{}
	default:
		req.Run = strings.Split(f.run, ",")
	}
	if f.now != "" {
		if req.Now, err = time.Parse(time.RFC3339, f.now); err != nil {
			return req, fmt.Errorf("--now: %w", err)
		}
	}
	if f.soakStart != "" {
		start, err := time.Parse(time.RFC3339, f.soakStart)
		if err != nil {
			return req, fmt.Errorf("--soak-start: %w", err)
		}
		req.SoakStart = &start
	}
	return req, nil
}

func outputFormat(format string, json bool) (string, error) {
	if json {
		return "json", nil
	}
	switch format {
	case "text", "json", "sarif", "markdown", "junit":
		return format, nil
	}
	return "", fmt.Errorf("unknown format %q: want text, json, sarif, markdown or junit", format)
}

// deliver writes the verdict where it was asked for. With a file, a terminal still gets the text.
func deliver(ctx context.Context, env *Env, v *gate.Verdict, format, output string) error {
	if output == "" {
		return writeVerdict(ctx, env.Stdout, v, format, styleFor(env, env.Stdout))
	}
	file, err := os.OpenFile(output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	if err := errors.Join(writeVerdict(ctx, file, v, format, style{}), file.Close()); err != nil {
		return fmt.Errorf("writing the result to %s: %w", output, err)
	}
	if format != "text" {
		return writeVerdict(ctx, env.Stdout, v, "text", styleFor(env, env.Stdout))
	}
	return nil
}

// writeVerdict writes a verdict in one of the formats.
func writeVerdict(ctx context.Context, w io.Writer, v *gate.Verdict, format string, s style) error {
	switch format {
	case "json":
		return writeJSON(w, v)
	case "sarif":
		return writeVerdictSARIF(ctx, w, v)
	case "junit":
		return writeVerdictJUnit(w, v)
	case "markdown":
		return writeVerdictMarkdown(w, v)
	}
	var text strings.Builder
	writeVerdictText(&text, v, s)
	_, err := io.WriteString(w, text.String())
	return err
}

// writeJSON writes the canonical encoding: the same value gives the same bytes.
func writeJSON(w io.Writer, v any) error {
	data, err := manifest.CanonicalJSON(v)
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

func saveInput(path string, in *facts.Input) error {
	data, err := manifest.CanonicalDocument(in)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("saving the input document: %w", err)
	}
	return nil
}

func decisionExit(decision string) error {
	switch decision {
	case gate.Allow:
		return nil
	case gate.Hold:
		return exit(ExitHold)
	}
	return exit(ExitDeny)
}

// openRepo opens the repository at dir, or where the user is.
func openRepo(ctx context.Context, env *Env, dir string) (*git.Repo, error) {
	switch {
	case dir == "":
		dir = env.Dir
	case !filepath.IsAbs(dir):
		dir = filepath.Join(env.Dir, dir)
	}
	repo, err := git.Open(ctx, dir, git.WithIndex(env.Getenv("GIT_INDEX_FILE")))
	if err != nil {
		return nil, usage(err)
	}
	return repo, nil
}

// judgeError gives an error its exit code.
func judgeError(err error) error {
	var wrongUse *judge.UsageError
	var config *facts.ConfigError
	var missing *git.MissingError
	var unmerged *git.UnmergedError
	var size *facts.SizeError
	callers := errors.As(err, &wrongUse) || errors.As(err, &config) || errors.As(err, &missing) || errors.As(err, &unmerged) || errors.As(err, &size)
	for _, kind := range []error{git.ErrBare, git.ErrBadRevision, git.ErrEmpty, git.ErrUnrelated} {
		callers = callers || errors.Is(err, kind)
	}
	if callers {
		return usage(err)
	}
	return err
}

// places are the XDG base directories (XDG Base Directory Specification 0.8).
func places(env *Env) judge.Places {
	dir := func(variable string, fallback ...string) string {
		base := env.Getenv(variable)
		if !filepath.IsAbs(base) {
			base = filepath.Join(append([]string{home(env)}, fallback...)...)
		}
		return filepath.Join(base, "adamant")
	}
	return judge.Places{Cache: dir("XDG_CACHE_HOME", ".cache"), State: dir("XDG_STATE_HOME", ".local", "state"), Data: dir("XDG_DATA_HOME", ".local", "share")}
}

// home is the user's folder. It is never relative: what adamant keeps must not end up in the repository that it judges.
func home(env *Env) string {
	dir := env.Getenv("HOME")
	if account, err := user.Current(); !filepath.IsAbs(dir) && err == nil {
		dir = account.HomeDir
	}
	if !filepath.IsAbs(dir) {
		dir = string(filepath.Separator)
	}
	return dir
}

func progressTo(env *Env, quiet bool) func(string) {
	if quiet {
		return func(string) {}
	}
	return func(text string) { fmt.Fprintln(env.Stderr, printable(text)) }
}
