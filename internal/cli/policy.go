package cli

import (
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/policy"
)

func policyCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "List, explain, test and try the rules that changes are judged by",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(policyList(env), policyExplain(env), policyNew(env), policyTest(env), policyCoverage(env), policyGatekeeper(env), policyEval(env), policyExport(env))
	return cmd
}

func policyList(env *Env) *cobra.Command {
	var dir string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List every rule: adamant's own and this repository's",
		Long: `List every rule of the constitution: those that ship with adamant and those of this repository
(.adamant/policy/**/*.rego and policy/**/*.rego), with what adamant.yaml switches them to. Behind them
come the refusals of the door (docs/door.md), which --json leaves out.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, p, err := compileRepository(cmd, env, dir)
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(env.Stdout, e.Rules())
			}
			return listRules(env, e, p)
		},
	}
	cmd.Flags().StringVar(&dir, "repo", "", "repository (default: where you are)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return cmd
}

// compileRepository compiles the constitution of the working tree.
func compileRepository(cmd *cobra.Command, env *Env, dir string) (*policy.Engine, *policyFiles, error) {
	p, err := readPolicies(env, dir)
	if err != nil {
		return nil, nil, usage(err)
	}
	e, err := policy.Compile(cmd.Context(), p.modules, policy.Options{Settings: p.config.Spec.Policy, Data: p.data, Constraints: p.constraints})
	if err != nil {
		return nil, nil, policyError(err)
	}
	return e, p, nil
}

// policyError gives the exit code: a broken policy is the user's to mend, everything else is internal.
func policyError(err error) error {
	var diags manifest.Diagnostics
	if errors.As(err, &diags) || errors.Is(err, policy.ErrNoRules) {
		return usage(fmt.Errorf("the policies cannot be used:\n%w", err))
	}
	return err
}

func listRules(env *Env, e *policy.Engine, p *policyFiles) error {
	rules := e.Rules()
	w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RULE\tDOES\tWHAT IT STOPS")
	own := 0
	for _, r := range rules {
		if !r.Builtin {
			own++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", printable(r.ID), does(r), printable(cutText(r.Title, 56)))
	}
	listDoorRules(w)
	if err := w.Flush(); err != nil {
		return err
	}
	for _, path := range p.foreign {
		if !e.Reads(path) {
			fmt.Fprintf(env.Stdout, "not read, its package is another tool's: %s\n", printable(path))
		}
	}
	_, err := fmt.Fprintf(env.Stdout, "%d rules, %d of them your own. Before them the door refuses pushes, by %d.\nadamant policy explain RULE says more.\n", len(rules), own, len(doorRules()))
	return err
}

// does is what a rule does now, and what it does by itself when adamant.yaml switches it.
func does(r policy.Rule) string {
	if r.Mode == "" || r.Mode == r.Kind {
		return r.Kind
	}
	return fmt.Sprintf("%s (was %s)", r.Mode, r.Kind)
}

func cutText(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-3]) + "..."
}

func policyExplain(env *Env) *cobra.Command {
	var dir string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "explain RULE",
		Short: "Say what a rule stops, why, how to mend it and how to switch it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !asJSON && explainDoorRule(env, args[0]) {
				return nil
			}
			e, _, err := compileRepository(cmd, env, dir)
			if err != nil {
				return err
			}
			found := slices.DeleteFunc(e.Rules(), func(r policy.Rule) bool { return r.ID != args[0] })
			if len(found) == 0 {
				return usage(unknownRule(args[0], e.Rules()))
			}
			if asJSON {
				return writeJSON(env.Stdout, found)
			}
			for i, r := range found {
				if i > 0 {
					fmt.Fprintln(env.Stdout)
				}
				explainRule(env, r)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "repo", "", "repository (default: where you are)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print as JSON")
	return cmd
}

func unknownRule(id string, rules []policy.Rule) error {
	nearest, best := "", 1+len(id)/2
	for _, r := range rules {
		if d := levenshtein.ComputeDistance(id, r.ID); d < best {
			nearest, best = r.ID, d
		}
	}
	if nearest != "" {
		return fmt.Errorf("no rule %q; did you mean %s?", id, nearest)
	}
	return fmt.Errorf("no policy %q; adamant policy list shows them all, docs/builtin-checks.md the rules of the built-in checks", id)
}

func explainRule(env *Env, r policy.Rule) {
	s := styleFor(env, env.Stdout)
	out := env.Stdout
	fmt.Fprintf(out, "%s  %s\n", s.bold(printable(r.ID)), printable(r.Title))
	if r.Description != "" {
		fmt.Fprintln(out)
		for _, line := range wrap(printable(r.Description), 96) {
			fmt.Fprintf(out, "  %s\n", line)
		}
	}
	fmt.Fprintln(out)
	for _, row := range [][2]string{{"does", effect(r)}, {"fails", r.Failing}, {"passes", r.Passing}, {"fix", r.Fix}, {"written in", fmt.Sprintf("%s:%d", r.Path, r.Line)}} {
		if row[1] == "" {
			continue
		}
		for i, line := range wrap(printable(row[1]), 84) {
			label := row[0]
			if i > 0 {
				label = ""
			}
			fmt.Fprintf(out, "  %-11s %s\n", label, line)
		}
	}
	fmt.Fprintf(out, "\n  Switch it in .adamant/adamant.yaml (off, warn, deny or ratchet):\n\n")
	fmt.Fprintf(out, "    spec:\n      policy:\n        rules:\n          %s: %s\n", printable(r.ID), otherMode(r))
}

func effect(r policy.Rule) string {
	text := map[string]string{
		policy.Deny: "denies the change", policy.Hold: "holds the change until you decide", policy.Warn: "warns",
		policy.Require: "demands a gate", manifest.RuleOff: "is switched off", manifest.RuleRatchet: "denies what is new (ratchet)",
	}
	if r.Mode == "" || r.Mode == r.Kind {
		return text[r.Kind]
	}
	return fmt.Sprintf("%s, by adamant.yaml; by itself it %s", text[r.Mode], text[r.Kind])
}

func otherMode(r policy.Rule) string {
	if r.Kind == policy.Deny {
		return manifest.RuleWarn
	}
	return manifest.RuleOff
}
