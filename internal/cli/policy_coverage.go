package cli

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/policy"
)

func policyCoverage(env *Env) *cobra.Command {
	var flags testFlags
	cmd := &cobra.Command{
		Use:   "coverage [DIR...]",
		Short: "Show which lines of policies their tests reach",
		Long: `Run the tests as policy test does and show, for each policy, how many of the lines that can be evaluated they
reach, and which they do not.

Exit status: 0, 1 a test fails or less than --min is reached, 2 a policy is broken or there is no test.`,
		RunE: func(cmd *cobra.Command, args []string) error { return runCoverage(cmd.Context(), env, args, flags) },
	}
	flags.add(cmd)
	cmd.Flags().IntVar(&flags.least, "min", 0, "least coverage in percent")
	return cmd
}

func runCoverage(ctx context.Context, env *Env, dirs []string, flags testFlags) error {
	if flags.least < 0 || flags.least > 100 {
		return usage(fmt.Errorf("--min %d is no percentage", flags.least))
	}
	sets, err := testSets(env, dirs, flags)
	if err != nil {
		return usage(err)
	}
	report, err := runSets(ctx, sets, policy.TestOptions{Timeout: flags.timeout, Coverage: true, All: true, Secret: findSecret})
	if err != nil {
		return err
	}
	print := printCoverage
	if flags.json {
		print = testsJSON
	}
	if err := print(env, report, flags); err != nil {
		return err
	}
	if report.Failed > 0 || report.Coverage < flags.least*1000 {
		return exit(ExitDeny)
	}
	return nil
}

func printCoverage(env *Env, report *policy.TestReport, flags testFlags) error {
	w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, f := range report.Files {
		milli := 100_000
		if f.Lines > 0 {
			milli = f.Covered * 100_000 / f.Lines
		}
		fmt.Fprintf(w, "%d of %d\t%s\t  %s\n", f.Covered, f.Lines, percent(milli), printable(f.Path))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	printUncovered(env, report)
	if report.Coverage < flags.least*1000 {
		fmt.Fprintf(env.Stdout, "less than the %d %% asked for\n", flags.least)
	}
	flags.verbose = false
	return printTests(env, report, flags)
}
