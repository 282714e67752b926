package advice

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/graph/rules"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/mcp"
)

func (d *desk) affected(ctx context.Context, s mcp.Scope) (out mcp.Answer[mcp.Impact], err error) {
	if err := d.named(s.Base, s.Head); err != nil {
		return out, err
	}
	err = d.ask(ctx, func(repo *git.Repo) error {
		impact, err := d.impact(ctx, repo, s)
		if err != nil {
			return err
		}
		data := impactData(impact)
		out = mcp.Answer[mcp.Impact]{Text: impactText(data), Data: data}
		return nil
	})
	return out, err
}

func (d *desk) impact(ctx context.Context, repo *git.Repo, s mcp.Scope) (*judge.Impact, error) {
	head, err := d.head(ctx, repo, s.Head)
	if err != nil {
		return nil, fmt.Errorf("head: %w", err)
	}
	if len(s.Paths) > 0 {
		var paths []string
		for _, p := range s.Paths {
			paths = append(paths, path.Clean(p))
		}
		return judge.ImpactOfPaths(ctx, repo, head, paths, d.Means.Places, d.Means.Progress)
	}
	base, err := d.main(ctx, repo)
	if s.Base != "" {
		base, err = repo.Resolve(ctx, s.Base)
	}
	if err != nil {
		return nil, fmt.Errorf("base: %w", err)
	}
	return judge.ImpactOf(ctx, repo, base, head, false, d.Means.Places, d.Means.Progress)
}

func impactData(i *judge.Impact) mcp.Impact {
	out := mcp.Impact{Changed: list(i.Changed), Files: []mcp.Affected{}, Components: []string{}, Tests: []string{}, Open: list(i.Open)}
	for _, f := range i.Files {
		if ref := componentOf(i.Governance.Catalog, f.Path); ref != "" && !slices.Contains(out.Components, ref) {
			out.Components = append(out.Components, ref)
		}
		if f.Test {
			out.Tests = append(out.Tests, f.Path)
		}
		if f.Depth > 0 {
			out.Files = append(out.Files, mcp.Affected{Path: f.Path, Why: f.Why})
		}
	}
	slices.Sort(out.Components)
	return out
}

func impactText(i mcp.Impact) string {
	var w strings.Builder
	fmt.Fprintf(&w, "asked about: %d; files that need them: %d\n", len(i.Changed), len(i.Files))
	for _, part := range []struct {
		name string
		all  []string
	}{{"components", i.Components}, {"tests", i.Tests}, {"may need more, they compute what they import", i.Open}} {
		if len(part.all) > 0 {
			fmt.Fprintf(&w, "%s: %s\n", part.name, strings.Join(part.all, ", "))
		}
	}
	for _, f := range i.Files {
		fmt.Fprintf(&w, "%s\n    needs %s\n", f.Path, strings.Join(f.Why[1:], " > "))
	}
	return w.String()
}

func componentOf(c *catalog.Catalog, file string) string {
	if c.Len() == 0 {
		return ""
	}
	if e, ok := c.ComponentOf(file); ok {
		return e.Ref
	}
	return ""
}

func (d *desk) graphWhy(ctx context.Context, from, to string) (out mcp.Answer[mcp.Way], err error) {
	err = d.ask(ctx, func(repo *git.Repo) error {
		g, err := d.graph(ctx, repo, strings.Contains(from, ":"))
		if err != nil {
			return err
		}
		for _, name := range []string{from, to} {
			if _, ok := g.Find(graph.File, name); !ok {
				return fmt.Errorf("%s is no file or component of the graph; both are files, from the root of the repository, or both are components as the tool catalog names them", name)
			}
		}
		out = way(g, from, to)
		return nil
	})
	return out, err
}

// graph reads the graph of files, or of the catalog's components, of what the agent works on.
func (d *desk) graph(ctx context.Context, repo *git.Repo, components bool) (*graph.Graph, error) {
	at, err := d.head(ctx, repo, "")
	if err != nil {
		return nil, err
	}
	side, governance, err := judge.GraphGovernanceAt(ctx, repo, at)
	if err != nil {
		return nil, err
	}
	snapshot, err := judge.GraphOf(ctx, repo, side, governance.Attributes, d.Means.Places, d.Means.Progress)
	if err != nil {
		return nil, err
	}
	if !components {
		return snapshot.Graph, nil
	}
	return snapshot.Graph.View(graph.File, func(n *graph.Node) string {
		if n.Kind != graph.File {
			return ""
		}
		return componentOf(governance.Catalog, n.Name)
	}), nil
}

func way(g *graph.Graph, from, to string) mcp.Answer[mcp.Way] {
	data := mcp.Way{Steps: []mcp.Step{}}
	var w strings.Builder
	for _, e := range rules.Why(g, from, to) {
		s := mcp.Step{From: g.Node(e.From).Name, To: g.Node(e.To).Name, Kind: e.Kind.String(), Line: int(e.Line)}
		at := s.From
		if strings.Contains(from, ":") {
			s.Line = 0 // of a file that is not named
		} else if s.Line > 0 {
			at = fmt.Sprintf("%s:%d", s.From, s.Line)
		}
		data.Steps = append(data.Steps, s)
		fmt.Fprintf(&w, "%s -> %s (%s)\n", at, s.To, s.Kind)
	}
	data.Needs = len(data.Steps) > 0
	if !data.Needs {
		fmt.Fprintf(&w, "%s does not need %s\n", from, to)
	}
	return mcp.Answer[mcp.Way]{Text: w.String(), Data: data}
}
