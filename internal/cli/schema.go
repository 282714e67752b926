package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/manifest"
)

func schemaCommand(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:   "schema [KIND]",
		Short: "Print the JSON Schema of a kind of document, or list the kinds",
		Long: `Print the JSON Schema (draft 2020-12) of a kind of document, or list the kinds.

The schemas of manifests are what editors need for completion; adamant itself checks more: see
docs/formats/. Those of Input, Assessment and Verdict are what pipelines may rely on: they describe
what check --save-input, check --json and replay read and write. So are those of admission (AdmissionInput,
AdmissionRequest, AdmissionDecision) and of what is signed (Provenance and the kinds that end in Predicate).`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: cobra.FixedCompletions(manifest.Kinds(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				for _, kind := range manifest.Kinds() {
					fmt.Fprintln(env.Stdout, kind)
				}
				return nil
			}
			schema, err := manifest.Schema(args[0])
			if err != nil {
				return usage(err)
			}
			_, err = env.Stdout.Write(schema)
			return err
		},
	}
}
