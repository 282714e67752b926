package cli

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/launch"
)

func graphCommand(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "graph",
		Short: "Show what depends on what",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		// what follows takes memory of its own
		PersistentPreRun: func(*cobra.Command, []string) { launch.Settle() },
	}
	cmd.AddCommand(graphEdges(env), graphRender(env), graphCheck(env), graphCycles(env), graphImportConfig(env), graphWhy(env), graphUses(env))
	return cmd
}

type edgesFlags struct {
	rev, format, level, language string
	external                     bool
}

func graphEdges(env *Env) *cobra.Command {
	var f edgesFlags
	cmd := &cobra.Command{
		Use:   "edges [PATH...]",
		Short: "List the dependencies of files, packages or components",
		Long: `List dependencies, one a line: what depends, a tab, what it depends on; sorted bytewise.

PATH keeps the edges that leave files below it. --level file shows files, package what a language imports as one (a
Go package, a package.json, a Cargo crate), component the entities of the catalog. Packages outside the repository
are shown with --external, as "npm:react" or "go:golang.org/x/mod". In tsv a name that
holds a tab or a line end is quoted.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains([]string{"tsv", "json"}, f.format) {
				return usage(fmt.Errorf("--format %q: want tsv or json", f.format))
			}
			return listEdges(cmd.Context(), env, f, args)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.rev, "rev", "HEAD", "commit or tree to read")
	flags.StringVar(&f.format, "format", "tsv", "tsv or json")
	flags.StringVar(&f.level, "level", "file", "file, package or component")
	flags.StringVar(&f.language, "language", "", "only files of this language")
	flags.BoolVar(&f.external, "external", false, "show packages outside the repository too")
	return cmd
}

// picture is the graph of one tree and what is needed to name its nodes.
type picture struct {
	*graph.Snapshot
	catalog *catalog.Catalog
	name    string // of the repository, as its adamant.yaml says; "" without one
}

func readPicture(ctx context.Context, env *Env, rev string) (*picture, error) {
	repo, err := git.Open(ctx, env.Dir)
	if err != nil {
		return nil, usage(err)
	}
	defer repo.Close()
	commit, err := repo.Resolve(ctx, rev)
	if err != nil {
		return nil, usage(err)
	}
	side, governance, err := judge.GraphGovernanceAt(ctx, repo, commit)
	if err != nil {
		return nil, judgeError(err)
	}
	warn := func(text string) { fmt.Fprintln(env.Stderr, printable(text)) }
	snapshot, err := judge.GraphOf(ctx, repo, side, governance.Attributes, places(env), warn)
	if err != nil {
		return nil, err
	}
	warnUnread(env.Stderr, snapshot)
	p := &picture{Snapshot: snapshot, catalog: governance.Catalog}
	if governance.Configured {
		p.name = governance.Config.Metadata.Name
	}
	return p, nil
}

func listEdges(ctx context.Context, env *Env, f edgesFlags, under []string) error {
	p, err := readPicture(ctx, env, f.rev)
	if err != nil {
		return err
	}
	names, err := p.names(f)
	if err != nil {
		return usage(err)
	}
	view := p.Graph.View(graph.File, names)
	rows := make([]edgeRow, 0, len(view.Edges()))
	for _, e := range view.Edges() {
		from, to := view.Node(e.From), view.Node(e.To)
		if below(from.Name, under) && (f.language == "" || from.Language == f.language) {
			row := edgeRow{From: oneLine(from.Name), To: oneLine(to.Name), Kind: e.Kind.String(), Line: e.Line}
			if f.format == "json" {
				row.From, row.To, row.Types = from.Name, to.Name, e.Types.Names()
			}
			rows = append(rows, row)
		}
	}
	return printEdges(env.Stdout, f.format, rows)
}

// names is how nodes are called at a level.
func (p *picture) names(f edgesFlags) (graph.Names, error) {
	external := func(n *graph.Node) string {
		if f.external && n.Kind == graph.External {
			return n.Name
		}
		return ""
	}
	switch f.level {
	case "file":
		return func(n *graph.Node) string {
			if n.Kind == graph.File {
				return n.Name
			}
			return external(n)
		}, nil
	case "package":
		return func(n *graph.Node) string { return cmp.Or(p.PackageOf(n), external(n)) }, nil
	case "component":
		return func(n *graph.Node) string { return cmp.Or(p.componentOf(n), external(n)) }, nil
	}
	return nil, fmt.Errorf("--level %q: want file, package or component", f.level)
}

func (p *picture) componentOf(n *graph.Node) string {
	if n.Kind != graph.File || p.catalog.Len() == 0 {
		return ""
	}
	if e, ok := p.catalog.ComponentOf(n.Name); ok {
		return e.Ref
	}
	return ""
}

func below(name string, under []string) bool {
	return len(under) == 0 || slices.ContainsFunc(under, func(folder string) bool {
		folder = path.Clean(folder)
		return folder == "." || name == folder || strings.HasPrefix(name, folder+"/")
	})
}

// oneLine writes a name that holds a tab or a line end in quotes, as git does: it would pass for other edges.
func oneLine(name string) string {
	if strings.IndexByte(name, '\t') >= 0 || strings.IndexByte(name, '\n') >= 0 {
		return strconv.Quote(name)
	}
	return name
}

// edgeRow is one edge as printed.
type edgeRow struct {
	From  string   `json:"from"`
	To    string   `json:"to"`
	Kind  string   `json:"kind"`
	Line  int32    `json:"line"`
	Types []string `json:"dependencyTypes,omitempty"`
}

func printEdges(out io.Writer, format string, rows []edgeRow) error {
	w := bufio.NewWriter(out)
	slices.SortFunc(rows, func(a, b edgeRow) int {
		return cmp.Or(compareLines(&a, &b), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Line, b.Line))
	})
	for i, row := range rows {
		if format == "json" {
			if err := json.NewEncoder(w).Encode(row); err != nil {
				return err
			}
			continue
		}
		if i == 0 || compareLines(&rows[i-1], &row) != 0 { // several imports of one file are one edge
			for _, part := range []string{row.From, "\t", row.To, "\n"} {
				w.WriteString(part) // Flush says what went wrong
			}
		}
	}
	return w.Flush()
}

// compareLines compares the lines that two edges are printed as.
func compareLines(a, b *edgeRow) int {
	if a.From != b.From && (strings.HasPrefix(a.From, b.From) || strings.HasPrefix(b.From, a.From)) {
		return cmp.Compare(a.From+"\t"+a.To, b.From+"\t"+b.To) // the tab decides, or what comes behind it
	}
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
}
