package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/api"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
)

func graphUses(env *Env) *cobra.Command {
	var rev string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "uses SYMBOL",
		Short: "Show where an exported name is declared, who imports it and where it is used",
		Long: `Show where an exported name is declared, which files import what declares it, and where the name is used: what has to
change together with it.

SYMBOL is a name as its language qualifies it (Client, Client.Do, shop.v1.Order, "GET /pets" or an operationId), or a file
or folder, a colon and a name: internal/graph:Read. Comments and strings are not looked at. A use is of kind

  import  the name stands in an import of what declares it
  name    it is qualified or bound by such an import
  member  a member of that name, in a file with such an import: its owner's type is not known
  text    the text alone (OpenAPI)

No declaration is exit 1.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return uses(cmd.Context(), env, rev, args[0], asJSON) },
	}
	cmd.Flags().StringVar(&rev, "rev", "HEAD", "commit to read")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

func uses(ctx context.Context, env *Env, rev, symbol string, asJSON bool) error {
	repo, err := git.Open(ctx, env.Dir)
	if err != nil {
		return usage(err)
	}
	defer repo.Close()
	commit, err := repo.Resolve(ctx, rev)
	if err != nil {
		return usage(err)
	}
	found, err := judge.UsesOf(ctx, repo, commit, symbol, places(env), func(text string) { fmt.Fprintln(env.Stderr, printable(text)) })
	if err != nil {
		return usageOr(err)
	}
	if asJSON {
		out := json.NewEncoder(env.Stdout)
		out.SetIndent("", "  ")
		err = out.Encode(found)
	} else {
		printUses(env.Stdout, found)
	}
	if err == nil && len(found.Definitions) == 0 {
		fmt.Fprintf(env.Stderr, "%s exports %s\n", "no file at "+rev, printable(symbol))
		return exit(ExitDeny)
	}
	return err
}

func printUses(w io.Writer, found *api.Found) {
	for _, d := range found.Definitions {
		fmt.Fprintf(w, "declared  %s:%d\n", printable(d.Path), d.Line)
		indented(w, "  ", printable(strings.TrimSpace(fmt.Sprintf("%s %s  %s", d.Kind, d.Name, d.Signature))))
	}
	for _, u := range found.Uses {
		fmt.Fprintf(w, "%-8s  %s:%d  %s\n", u.Kind, printable(u.Path), u.Line, printable(u.Text))
	}
	if len(found.Definitions) == 0 {
		return
	}
	fmt.Fprintf(w, "%s in %s, %s\n", plural(len(found.Uses), "use"), plural(len(usePaths(found.Uses)), "file"), plural(len(found.Importers), "importing file"))
	for _, note := range found.Notes {
		indented(w, "", note)
	}
}

func usePaths(list []api.Use) map[string]bool {
	out := map[string]bool{}
	for _, u := range list {
		out[u.Path] = true
	}
	return out
}
