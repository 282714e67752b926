package judge

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/graph/rules/architecture"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source"
)

// checkArchitecture is the name of the built-in check that judges the dependency graph.
const checkArchitecture = "architecture"

// architecture judges what the change does to the dependency graph: by the rules of base, where base has any, and where an
// agent made the change by what it does to the boundaries between components. Without either, no graph is read.
func (c *courtroom) architecture(ctx context.Context) error {
	in, g := c.collected.Input, c.collected.Governance
	if in.Change.MergedTree == "" || g.Config.Spec.Builtin[checkArchitecture] == "off" {
		return nil
	}
	tree := GraphTree(g, nil)
	ruled, files, err := rulesOf(ctx, c.collected.Base, tree)
	if err != nil {
		return &UsageError{err}
	}
	c.architectureSuccession(ctx, tree, files)
	agent := in.Change.Agent != ""
	if len(ruled.Files) == 0 && (!agent || g.Catalog.Len() < 2) {
		return nil
	}
	base, err := c.graphSide(ctx, c.collected.Base)
	if err != nil {
		return err
	}
	merged, err := c.graphSide(ctx, c.collected.Merged)
	if err != nil {
		return err
	}
	found, err := architecture.Findings(ctx, ruled, *base, *merged, in.Renames(), agent)
	if err != nil {
		return fmt.Errorf("judging the architecture: %w", err)
	}
	evidence := facts.Evidence{Check: checkArchitecture, Kind: "lint", State: facts.Passed, Source: facts.SourceBuiltin, ObservedAt: in.Now}
	for _, f := range found {
		if f.Severity == finding.Error && f.State != finding.Unchanged && f.State != finding.Absent {
			evidence.State, evidence.Reason = facts.Failed, f.Message
		}
	}
	in.Evidence, in.Findings = append(in.Evidence, evidence), append(in.Findings, found...)
	return nil
}

// rulesOf reads the rules of a tree, and lists the files it looked for: those that others extend are among them.
func rulesOf(ctx context.Context, side *facts.Side, tree architecture.Tree) (ruled *architecture.Rules, files []string, err error) {
	ruled, problems := architecture.Load(func(p string) ([]byte, error) {
		files = append(files, p)
		if _, ok := side.Entry(p); !ok {
			return nil, nil
		}
		return side.Read(ctx, p)
	}, tree)
	return ruled, files, manifest.Join(problems)
}

// architectureSuccession refuses rules that could not judge the next change, when one of their files at base is touched.
func (c *courtroom) architectureSuccession(ctx context.Context, tree architecture.Tree, files []string) {
	if !slices.ContainsFunc(c.collected.Input.Files, func(f facts.File) bool {
		return slices.Contains(files, f.Path) || slices.Contains(files, f.OldPath)
	}) {
		return
	}
	_, _, err := rulesOf(ctx, c.collected.Merged, tree)
	if err == nil {
		return
	}
	f := finding.Finding{Rule: "governance/unloadable", Severity: finding.Error, State: finding.New, Tool: "adamant", Path: architecture.File,
		Message: "after this change no dependency could be judged any more: " + err.Error(), Fix: "mend the file; adamant graph check helps"}
	var diagnostics manifest.Diagnostics
	if errors.As(err, &diagnostics) && len(diagnostics) > 0 {
		f.Path, f.Line, f.Column = diagnostics[0].Path, diagnostics[0].Line, diagnostics[0].Column
	}
	f.Fingerprint = finding.Fingerprint(f.Rule, f.Message, "", 0)
	c.collected.Input.Findings = append(c.collected.Input.Findings, f)
}

// graphSide reads the graph of one side of the change. Components and classes are base's on both sides.
func (c *courtroom) graphSide(ctx context.Context, side *facts.Side) (*architecture.Side, error) {
	g := c.collected.Governance
	s, err := GraphOf(ctx, c.repo, side, g.Attributes, c.req.Places, c.req.Progress)
	if err != nil {
		return nil, err
	}
	noteLeftOut(c.collected.Input, s)
	return &architecture.Side{Graph: s.Graph, Links: s.Links, Tree: GraphTree(g, s), Catalog: g.Catalog}, nil
}

// GraphTree answers for paths by a governance. Without a snapshot no node has a package.
func GraphTree(g *facts.Governance, s *graph.Snapshot) architecture.Tree {
	return architecture.Tree{
		Component: func(p string) string { return ownerOf(g.Catalog, p) },
		Test: func(p string) bool {
			_, class := source.Classify(p, nil, g.Attributes)
			return class == source.ClassTest
		},
		Package: func(n *graph.Node) string {
			if s == nil {
				return ""
			}
			return packageFolder(s, n)
		},
	}
}

func ownerOf(c *catalog.Catalog, p string) string {
	if c.Len() == 0 {
		return ""
	}
	if e, ok := c.ComponentOf(p); ok {
		return e.Ref
	}
	return ""
}

// packageFolder names a package by its folder: that of its files where a language has packages, else that of the manifest.
func packageFolder(s *graph.Snapshot, n *graph.Node) string {
	if n.Kind == graph.Package {
		return n.Name
	}
	name := s.PackageOf(n)
	if strings.Contains(name, ":") {
		return path.Dir(n.Name) + "/"
	}
	return name
}
