package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/policy"
)

type suiteFlags struct {
	repo     string
	json     bool
	coverage bool
	verbose  bool
	timeout  time.Duration
}

func policySuite(env *Env) *cobra.Command {
	var flags suiteFlags
	cmd := &cobra.Command{
		Use:   "test [DIR...]",
		Short: "Run the tests of policies (*_test.rego)",
		Long: `Run the rules named test_... of *_test.rego in the sandbox that judges changes: same schema, no network,
no chance. Without DIR, adamant's own tests and this repository's are run; with DIR, those below it.

The policies are also checked as the gate checks them: a misspelt input, a rule nobody evaluates or a
record of the wrong shape is an error with file:line:column.

Exit status: 0 all pass, 1 a test fails, 2 a policy is broken or there is no test.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runSuite(cmd.Context(), env, args, flags)
		},
	}
	cmd.Flags().StringVar(&flags.repo, "repo", "", "repository (default: where you are)")
	cmd.Flags().BoolVar(&flags.json, "json", false, "print as JSON")
	cmd.Flags().BoolVar(&flags.coverage, "coverage", true, "measure which lines of the policies the tests reach")
	cmd.Flags().BoolVarP(&flags.verbose, "verbose", "v", false, "show passing tests and the lines no test reaches")
	cmd.Flags().DurationVar(&flags.timeout, "timeout", 5*time.Second, "of one test")
	return cmd
}

func runSuite(ctx context.Context, env *Env, dirs []string, flags suiteFlags) error {
	modules, err := suiteModules(env, dirs, flags.repo)
	if err != nil {
		return usage(err)
	}
	own := slices.DeleteFunc(slices.Clone(modules), func(m facts.Module) bool { return strings.HasPrefix(m.Path, "adamant:") })
	_, err = policy.Compile(ctx, own, policy.Options{NoBase: true})
	if err != nil && !errors.Is(err, policy.ErrNoRules) {
		return policyError(err)
	}
	report, err := policy.Test(ctx, modules, policy.TestOptions{Timeout: flags.timeout, Coverage: flags.coverage})
	if err != nil {
		return policyError(err)
	}
	if len(report.Results) == 0 {
		return usage(fmt.Errorf("no tests found; write rules test_... in *_test.rego"))
	}
	if flags.json {
		err = writeJSON(env.Stdout, report)
	} else {
		err = printSuite(env, report, flags.verbose)
	}
	if err == nil && report.Failed > 0 {
		err = exit(ExitDeny)
	}
	return err
}

func suiteModules(env *Env, dirs []string, repo string) ([]facts.Module, error) {
	if len(dirs) == 0 {
		p, err := readPolicies(env, repo)
		if err != nil {
			return nil, err
		}
		return append(policy.Builtin(), p.modules...), nil
	}
	var out []facts.Module
	for _, dir := range dirs {
		modules, err := readModules(under(env, dir), "")
		if err != nil {
			return nil, err
		}
		for _, m := range modules {
			m.Path = shown(env, filepath.Join(under(env, dir), filepath.FromSlash(m.Path)))
			out = append(out, m)
		}
	}
	return out, nil
}

func printSuite(env *Env, report *policy.TestReport, verbose bool) error {
	s := styleFor(env, env.Stdout)
	for _, t := range report.Results {
		switch {
		case t.State == policy.TestFailed:
			fmt.Fprintf(env.Stdout, "%s %s:%d: %s\n     %s\n", s.red("FAIL"), printable(t.Path), t.Line, t.Name, printable(t.Reason))
		case t.State == policy.TestSkipped:
			fmt.Fprintf(env.Stdout, "%s %s:%d: %s\n", s.yellow("SKIP"), printable(t.Path), t.Line, t.Name)
		case verbose:
			fmt.Fprintf(env.Stdout, "%s %s:%d: %s (%s)\n", s.green("PASS"), printable(t.Path), t.Line, t.Name, t.Duration.Round(time.Microsecond))
		}
	}
	if verbose {
		for _, p := range report.Uncovered {
			fmt.Fprintf(env.Stdout, "no test reaches %s:%d-%d\n", printable(p.Path), p.From, p.To)
		}
	}
	if report.Coverage >= 0 {
		fmt.Fprintf(env.Stdout, "coverage %d.%d %% of the lines\n", report.Coverage/1000, report.Coverage%1000/100)
	}
	if report.Skipped > 0 {
		fmt.Fprintf(env.Stdout, "%d skipped\n", report.Skipped)
	}
	_, err := fmt.Fprintf(env.Stdout, "%d passed, %d failed\n", report.Passed, report.Failed)
	return err
}
