package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/policy"
	"github.com/adamant-os/adamant/internal/policy/gatekeeper"
)

type gatekeeperFlags struct {
	json, junit, verbose bool
	now                  string
	timeout              time.Duration
}

func policyGatekeeper(env *Env) *cobra.Command {
	var flags gatekeeperFlags
	cmd := &cobra.Command{
		Use:   "suite PATH...",
		Short: "Run suites of Gatekeeper policies (gator's suite.yaml)",
		Long: `Run suites of Gatekeeper policies, as "gator verify" does: ConstraintTemplates and Constraints judge the
objects of each case. PATH is a suite file or a folder; every suite below a folder is run.

Templates run in the sandbox that judges changes: no network, no chance, a pinned time. A template without
Rego (CEL only) and one that asks external_data fail by name.

Exit status: 0 all pass, 1 a case fails, 2 a suite is broken or there is none.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runGatekeeperSuites(cmd.Context(), env, args, flags)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&flags.json, "json", false, "print as JSON")
	f.BoolVar(&flags.junit, "junit", false, "print as JUnit XML")
	f.BoolVarP(&flags.verbose, "verbose", "v", false, "show the cases that pass, too")
	f.StringVar(&flags.now, "now", "", "the time templates see, RFC 3339 (default: now)")
	f.DurationVar(&flags.timeout, "timeout", 5*time.Second, "of one case")
	return cmd
}

func runGatekeeperSuites(ctx context.Context, env *Env, paths []string, flags gatekeeperFlags) error {
	debug.SetGCPercent(evalGCPercent)
	debug.SetMemoryLimit(evalMemoryLimit)
	if flags.json && flags.junit {
		return usage(errors.New("give either --json or --junit"))
	}
	now := env.Now()
	if flags.now != "" {
		var err error
		if now, err = time.Parse(time.RFC3339, flags.now); err != nil {
			return usage(fmt.Errorf("--now: %w", err))
		}
	}
	suites, err := readSuites(env, paths)
	if err != nil {
		return usage(err)
	}
	read := func(path string) ([]byte, error) { return readBounded(under(env, filepath.FromSlash(path))) }
	report, err := gatekeeper.Run(ctx, suites, read, gatekeeper.RunOptions{Sandbox: policy.Sandbox(), Now: now.UTC(), Deadline: flags.timeout})
	if err != nil {
		return err
	}
	switch {
	case flags.json:
		err = writeJSON(env.Stdout, report)
	case flags.junit:
		err = suiteJUnit(env, report)
	default:
		err = printGatekeeper(env, report, flags.verbose)
	}
	if err == nil && report.Failed > 0 {
		err = exit(ExitDeny)
	}
	return err
}

// readSuites finds the suites among the files that arguments name. A trailing /... says what is so anyway: folders are read
// with all that is below them.
func readSuites(env *Env, args []string) ([]*gatekeeper.Suite, error) {
	for i := range args {
		args[i] = strings.TrimSuffix(strings.TrimSuffix(args[i], "..."), "/")
	}
	files, err := filesBelow(env, args)
	if err != nil {
		return nil, err
	}
	var out []*gatekeeper.Suite
	for _, file := range files {
		switch filepath.Ext(file) {
		case ".yaml", ".yml", ".json":
		default:
			continue
		}
		data, err := readBounded(file)
		if err != nil {
			return nil, err
		}
		if !bytes.Contains(data, []byte("test.gatekeeper.sh")) {
			continue
		}
		s, err := gatekeeper.ReadSuite(shown(env, file), data)
		if err != nil {
			return nil, err
		}
		if s != nil {
			out = append(out, s)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no suite among %d files; a suite is a YAML file of kind Suite, test.gatekeeper.sh/v1alpha1", len(files))
	}
	return out, nil
}

func printGatekeeper(env *Env, report *gatekeeper.Report, verbose bool) error {
	s := styleFor(env, env.Stdout)
	for _, r := range report.Results {
		name := printable(strings.TrimSuffix(r.Test+"/"+r.Case, "/"))
		switch {
		case r.State == gatekeeper.Failed:
			fmt.Fprintf(env.Stdout, "%s %s:%d: %s\n", s.red("FAIL"), printable(r.Suite), r.Line, name)
			for line := range strings.SplitSeq(r.Reason, "\n") {
				fmt.Fprintf(env.Stdout, "     %s\n", printable(line))
			}
		case r.State == gatekeeper.Skipped:
			fmt.Fprintf(env.Stdout, "%s %s:%d: %s\n", s.yellow("SKIP"), printable(r.Suite), r.Line, name)
		case verbose:
			fmt.Fprintf(env.Stdout, "%s %s:%d: %s (%s)\n", s.green("PASS"), printable(r.Suite), r.Line, name, r.Duration.Round(time.Microsecond))
		}
	}
	fmt.Fprintf(env.Stdout, "%d suites, %d tests\n", report.Suites, report.Tests)
	if report.Skipped > 0 {
		fmt.Fprintf(env.Stdout, "%d skipped\n", report.Skipped)
	}
	_, err := fmt.Fprintf(env.Stdout, "%d passed, %d failed\n", report.Passed, report.Failed)
	return err
}
