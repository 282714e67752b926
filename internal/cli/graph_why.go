package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/graph/rules"
)

func graphCycles(env *Env) *cobra.Command {
	var rev string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "cycles",
		Short: "List the sets of files that all need each other",
		Long: `List the cycles: each set of files of which every one needs every other in the end is one, however many ways lead
around in it. The largest comes first, with a shortest way around. What a change made: adamant graph check --base REV.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return listCycles(cmd.Context(), env, rev, asJSON) },
	}
	cmd.Flags().StringVar(&rev, "rev", "HEAD", "commit to read")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

func listCycles(ctx context.Context, env *Env, rev string, asJSON bool) error {
	p, err := readPicture(ctx, env, rev)
	if err != nil {
		return err
	}
	tangles, err := rules.Tangles(p.Graph)
	if err != nil {
		return err
	}
	if asJSON {
		if tangles == nil {
			tangles = []rules.Tangle{}
		}
		return json.NewEncoder(env.Stdout).Encode(tangles)
	}
	for _, t := range tangles {
		fmt.Fprintf(env.Stdout, "%s, %s\n", plural(len(t.Members), "file"), plural(t.Edges, "edge"))
		indented(env.Stdout, "", strings.Join(t.Shortest, " -> "))
	}
	if len(tangles) == 0 {
		fmt.Fprintln(env.Stdout, "no cycles")
	}
	return nil
}

func graphWhy(env *Env) *cobra.Command {
	var rev string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "why A B",
		Short: "Show the shortest way by which A needs B",
		Long: `Show the shortest way by which A needs B, import by import. Both are files, or both are components of the catalog, such
as component:default/payments. When there is none it is said, and exit is 1.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return why(cmd.Context(), env, rev, args[0], args[1], asJSON)
		},
	}
	cmd.Flags().StringVar(&rev, "rev", "HEAD", "commit to read")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the edges, one a line")
	return cmd
}

func why(ctx context.Context, env *Env, rev, from, to string, asJSON bool) error {
	p, err := readPicture(ctx, env, rev)
	if err != nil {
		return err
	}
	g := p.Graph
	components := strings.Contains(from, ":")
	if components {
		g = g.View(graph.File, p.componentOf)
	}
	for _, name := range []string{from, to} {
		if _, ok := g.Find(graph.File, name); !ok {
			return usage(fmt.Errorf("%s is no file or component of the graph at %s; adamant graph edges lists them", name, rev))
		}
	}
	way := rules.Why(g, from, to)
	if way == nil {
		fmt.Fprintf(env.Stdout, "%s does not need %s\n", printable(from), printable(to))
		return exit(ExitDeny)
	}
	for _, e := range way {
		row := edgeRow{From: g.Node(e.From).Name, To: g.Node(e.To).Name, Kind: e.Kind.String(), Line: e.Line, Types: e.Types.Names()}
		if components {
			row.Line = 0 // of a file that is not named
		}
		if asJSON {
			if err := json.NewEncoder(env.Stdout).Encode(row); err != nil {
				return err
			}
			continue
		}
		at := row.From
		if row.Line > 0 {
			at = fmt.Sprintf("%s:%d", at, row.Line)
		}
		fmt.Fprintf(env.Stdout, "%s -> %s (%s)\n", printable(at), printable(row.To), row.Kind)
	}
	return nil
}
