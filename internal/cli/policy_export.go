package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/policy"
)

func policyExport(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write adamant's rules in another tool's form",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(policyExportGatekeeper(env))
	return cmd
}

func policyExportGatekeeper(env *Env) *cobra.Command {
	var dir string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "gatekeeper [RULE...]",
		Short: "Write Kubernetes rules as ConstraintTemplates, Constraints and suites",
		Long: `Write adamant's own Kubernetes rules for Gatekeeper, so that a cluster refuses what the gate refuses: for each
rule a folder with template.yaml, constraint.yaml, suite.yaml and samples. "gator verify DIR/..." and
"adamant policy suite DIR" run the suites. Files of an earlier export are replaced.

Rules that look at more than the object itself (adamant.yaml, other files, the change) are listed, not
written. What holds a change only warns in the cluster: nobody can be asked there.

Exit status: 0 written, 1 a rule that was named cannot be exported, 2 there is no such rule.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExportGatekeeper(cmd.Context(), env, dir, args, asJSON)
		},
	}
	cmd.Flags().StringVar(&dir, "out", "gatekeeper", "folder to write to")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the files as JSON, write nothing")
	return cmd
}

func runExportGatekeeper(ctx context.Context, env *Env, dir string, ids []string, asJSON bool) error {
	out, err := policy.ExportGatekeeper(ctx, ids)
	var unknown *policy.UnknownRuleError
	if errors.As(err, &unknown) {
		return usage(fmt.Errorf("%w; adamant policy list shows them all", unknown))
	}
	if err != nil {
		return err
	}
	if asJSON {
		err = writeJSON(env.Stdout, out)
	} else {
		err = writeExport(env, dir, out)
	}
	if err == nil && len(ids) > 0 && len(out.Skipped) > 0 {
		err = exit(ExitDeny)
	}
	return err
}

func writeExport(env *Env, dir string, out *policy.Export) error {
	w := tabwriter.NewWriter(env.Stdout, 0, 0, 2, ' ', 0)
	for _, r := range out.Rules {
		folder := filepath.Join(under(env, dir), r.Folder)
		for _, name := range slices.Sorted(maps.Keys(r.Files)) {
			file := filepath.Join(folder, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(file, []byte(r.Files[name]), 0o644); err != nil {
				return err
			}
		}
		fmt.Fprintf(w, "%s\t%s\n", r.Rule, shown(env, folder))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, s := range out.Skipped {
		fmt.Fprintf(env.Stdout, "not written: %s %s\n", s.Rule, s.Reason)
	}
	_, err := fmt.Fprintf(env.Stdout, "%d rules written to %s, %d not. Try: adamant policy suite %s\n", len(out.Rules), dir, len(out.Skipped), dir)
	return err
}
