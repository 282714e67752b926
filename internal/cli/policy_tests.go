package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/check/secrets"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy"
)

// testFlags are those of policy test and policy coverage.
type testFlags struct {
	repo     string
	data     []string
	together bool
	timeout  time.Duration

	json     bool
	format   string
	junit    string
	coverage bool
	verbose  bool
	least    int
}

func (f *testFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.repo, "repo", "", "repository (default: where you are)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print as JSON")
	cmd.Flags().BoolVar(&f.together, "together", false, "compile all DIRs as one")
	cmd.Flags().StringArrayVar(&f.data, "data", nil, "YAML and JSON files, or folders of them, that policies for other tools see as data")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 5*time.Second, "of one test")
}

func policyTest(env *Env) *cobra.Command {
	var flags testFlags
	cmd := &cobra.Command{
		Use:   "test [DIR...]",
		Short: "Run the tests of policies (*_test.rego)",
		Long: `Run the rules named test_... in the sandbox that judges changes: no network, no clock, no chance. Without DIR,
adamant's own tests and this repository's are run; with DIR, those below it. Several DIRs are each a set of
their own, as several runs would be, unless --together is given.

Policies for adamant are also checked as the gate checks them: a misspelt input, a rule nobody evaluates or a
record of the wrong shape is an error with file:line:column. Policies for other tools (conftest, Gatekeeper,
Trivy) are compiled as those tools do, in Rego v1 or v0, with the data files (YAML, JSON) below DIR.

Exit status: 0 all pass, 1 a test fails, 2 a policy is broken or there is no test.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if flags.json {
				flags.format = "json"
			}
			return runTests(cmd.Context(), env, args, flags, cmd.Flags().Changed("coverage"))
		},
	}
	flags.add(cmd)
	cmd.Flags().StringVar(&flags.format, "format", "text", "text, json or junit")
	cmd.Flags().StringVar(&flags.junit, "junit", "", "write a JUnit report to FILE too")
	cmd.Flags().BoolVar(&flags.coverage, "coverage", true, "measure which lines the tests reach (by default of policies for adamant only)")
	cmd.Flags().BoolVarP(&flags.verbose, "verbose", "v", false, "show passing tests and the lines no test reaches")
	return cmd
}

func runTests(ctx context.Context, env *Env, dirs []string, flags testFlags, asked bool) error {
	write, ok := map[string]func(*Env, *policy.TestReport, testFlags) error{"text": printTests, "json": testsJSON, "junit": testsJUnit}[flags.format]
	if !ok {
		return usage(fmt.Errorf("--format %q is not one of text, json, junit", flags.format))
	}
	sets, err := testSets(env, dirs, flags)
	if err != nil {
		return usage(err)
	}
	report, err := runSets(ctx, sets, policy.TestOptions{Timeout: flags.timeout, Coverage: flags.coverage, All: asked, Secret: findSecret})
	if err != nil {
		return err
	}
	if err := write(env, report, flags); err != nil {
		return err
	}
	if flags.junit != "" {
		if err := writeJUnitFile(under(env, flags.junit), report); err != nil {
			return err
		}
	}
	if report.Failed > 0 {
		return exit(ExitDeny)
	}
	return nil
}

// runSets checks what is written for adamant as the gate does, and runs all tests. No test is an error.
func runSets(ctx context.Context, sets []policy.TestSet, opt policy.TestOptions) (*policy.TestReport, error) {
	debug.SetGCPercent(evalGCPercent)
	debug.SetMemoryLimit(evalMemoryLimit)
	for _, set := range sets {
		own := slices.DeleteFunc(slices.Clone(set.Modules), func(m facts.Module) bool {
			return strings.HasPrefix(m.Path, "adamant:") || policy.Foreign(m)
		})
		if len(own) == 0 {
			continue
		}
		_, err := policy.Compile(ctx, own, policy.Options{NoBase: true})
		if err != nil && !errors.Is(err, policy.ErrNoRules) {
			return nil, policyError(err)
		}
	}
	report, err := policy.TestSets(ctx, sets, opt)
	if err != nil {
		return nil, policyError(err)
	}
	if len(report.Results) == 0 {
		return nil, usage(fmt.Errorf("no tests found; write rules test_... in *_test.rego"))
	}
	return report, nil
}

func findSecret(text string) (string, bool) {
	description, found, err := secrets.Find(text)
	if err != nil {
		return "cannot be looked at: " + err.Error(), true
	}
	return description, found
}

// testSets are the sets that the command line names: each folder one, or all together.
func testSets(env *Env, dirs []string, flags testFlags) ([]policy.TestSet, error) {
	if len(dirs) == 0 {
		p, err := readPolicies(env, flags.repo)
		if err != nil {
			return nil, err
		}
		return []policy.TestSet{p.tests(env, flags)}, nil
	}
	sets := make([]policy.TestSet, len(dirs))
	for i, dir := range dirs {
		modules, err := modulesBelow(env, dir)
		if err != nil {
			return nil, err
		}
		sets[i] = policy.TestSet{Modules: modules, Data: dataBelow(env, []string{dir}, flags.data), Open: openBelow(env, dirs)}
	}
	if !flags.together {
		return sets, nil
	}
	all := policy.TestSet{Data: dataBelow(env, dirs, flags.data), Open: openBelow(env, dirs)}
	for _, set := range sets {
		all.Modules = append(all.Modules, set.Modules...)
	}
	return []policy.TestSet{all}, nil
}

// tests are adamant's own and those of the repository: of policies for adamant, and of those for conftest that judge.
func (p *policyFiles) tests(env *Env, flags testFlags) policy.TestSet {
	set := policy.TestSet{Modules: policy.Builtin(), Open: openBelow(env, []string{p.root})}
	judging := policy.ConftestModules(p.modules, p.config.Spec.Policy.Conftest)
	for _, m := range p.modules {
		if !policy.Foreign(m) || slices.Contains(judging, m) {
			set.Modules = append(set.Modules, m)
		}
	}
	if roots := p.config.Spec.Policy.Conftest.Data; len(roots)+len(flags.data) > 0 {
		set.Data = func() ([]policy.DataFile, error) {
			more, err := dataFiles(env, flags.data)
			return append(policy.PlaceData(p.data, roots), more...), err
		}
	}
	return set
}

func modulesBelow(env *Env, dir string) ([]facts.Module, error) {
	modules, err := readModules(under(env, dir), "")
	if err != nil {
		return nil, err
	}
	for i := range modules {
		modules[i].Path = shown(env, filepath.Join(under(env, dir), filepath.FromSlash(modules[i].Path)))
	}
	return modules, nil
}

// dataBelow reads the data files below folders, and those that are named.
func dataBelow(env *Env, dirs, named []string) func() ([]policy.DataFile, error) {
	return func() ([]policy.DataFile, error) { return dataFiles(env, slices.Concat(dirs, named)) }
}

func dataFiles(env *Env, roots []string) ([]policy.DataFile, error) {
	var out []policy.DataFile
	for _, root := range roots {
		root = filepath.ToSlash(filepath.Clean(root))
		files, err := readPolicyData(env.Dir, []string{root})
		if err != nil && !errors.Is(err, errNoData) {
			return nil, err
		}
		out = append(out, policy.PlaceData(files, []string{root})...)
	}
	return out, nil
}

// openBelow lets tests read files of the repositories that folders lie in (of the folders alone when they lie in none), and
// nothing else.
func openBelow(env *Env, dirs []string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		for _, dir := range dirs {
			root := worktreeRoot(under(env, dir))
			if rel, err := filepath.Rel(root, under(env, name)); err == nil && filepath.IsLocal(rel) {
				return readInside(root, rel)
			}
		}
		return nil, fmt.Errorf("%s is outside the repository that is tested: %w", name, fs.ErrPermission)
	}
}

// readInside reads a file below dir that no link leads out of it.
func readInside(dir, rel string) ([]byte, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(rel)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, manifest.MaxBytes+1))
}
