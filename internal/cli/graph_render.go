package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/graph/draw"
)

type renderFlags struct {
	edges             edgesFlags
	base, focus       string
	output            string
	depth             int
	tests, noCollapse bool
	changes           bool
}

func graphRender(env *Env) *cobra.Command {
	var f renderFlags
	cmd := &cobra.Command{
		Use:   "render [PATH...]",
		Short: "Draw what depends on what, as SVG, a page, Mermaid or dot",
		Long: `Draw dependencies: what needs stands left of what is needed.

PATH keeps what lies below it; --focus keeps one file or folder and what is at most --depth steps away from it, in both
directions. --base draws what is new since a commit, what is gone and what changed; --changes keeps that and its
neighbours. More than 300 boxes are joined into folders; the page (html) opens them on a double click.

The page and the SVG load nothing from anywhere. Equal commits give equal bytes.`,
		RunE: func(cmd *cobra.Command, args []string) error { return render(cmd.Context(), env, f, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.edges.format, "format", "svg", "svg, html, mermaid or dot")
	flags.StringVar(&f.edges.level, "level", "package", "file, package, component or folder")
	flags.StringVar(&f.edges.rev, "rev", "HEAD", "commit to draw")
	flags.StringVar(&f.base, "base", "", "commit to compare with")
	flags.BoolVar(&f.changes, "changes", false, "with --base, draw only what changed and its neighbours")
	flags.StringVar(&f.focus, "focus", "", "draw this file, folder, package or component and what is near it")
	flags.IntVar(&f.depth, "depth", 1, "how near, in steps")
	flags.StringVar(&f.edges.language, "language", "", "only files of this language")
	flags.BoolVar(&f.edges.external, "external", false, "show packages outside the repository too")
	flags.BoolVar(&f.tests, "tests", false, "show tests too")
	flags.BoolVar(&f.noCollapse, "no-collapse", false, "draw every box, however many there are")
	flags.StringVar(&f.output, "output", "", "file to write (default: standard output)")
	return cmd
}

var errRenderFlags = errors.New("--changes needs --base")

func (f *renderFlags) check() error {
	switch {
	case !slices.Contains([]string{"svg", "html", "mermaid", "dot"}, f.edges.format):
		return fmt.Errorf("--format %q: want svg, html, mermaid or dot", f.edges.format)
	case !slices.Contains([]string{"file", "package", "component", "folder"}, f.edges.level):
		return fmt.Errorf("--level %q: want file, package, component or folder", f.edges.level)
	case f.depth < 0:
		return fmt.Errorf("--depth %d: want 0 or more", f.depth)
	case f.changes && f.base == "":
		return errRenderFlags
	}
	return nil
}

func render(ctx context.Context, env *Env, f renderFlags, under []string) error {
	if err := f.check(); err != nil {
		return usage(err)
	}
	p, err := drawing(ctx, env, f)
	if err != nil {
		return err
	}
	if err := f.narrow(p, under); err != nil {
		return usage(err)
	}
	var out bytes.Buffer
	if err := f.write(env, p, &out); err != nil {
		return err
	}
	if f.output == "" {
		_, err := env.Stdout.Write(out.Bytes())
		return err
	}
	file := f.output
	if !filepath.IsAbs(file) {
		file = filepath.Join(env.Dir, file)
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil { //nolint:gosec // a picture for others to see
		return fmt.Errorf("writing the picture: %w", err)
	}
	return nil
}

// drawing reads head, and base when there is one.
func drawing(ctx context.Context, env *Env, f renderFlags) (*draw.Picture, error) {
	ends, err := renderEnds(ctx, env, f)
	if err != nil {
		return nil, err
	}
	head, err := readPicture(ctx, env, f.edges.rev)
	if err != nil {
		return nil, err
	}
	view, err := f.view(head)
	if err != nil {
		return nil, usage(err)
	}
	if f.base == "" {
		p := draw.New(view, nil, nil)
		p.Repository, p.Commit, p.Level = cmp.Or(head.name, ends.name), ends.head.Short(), f.edges.level
		return p, nil
	}
	base, err := readPicture(ctx, env, f.base)
	if err != nil {
		return nil, err
	}
	before, err := f.view(base)
	if err != nil {
		return nil, usage(err)
	}
	p := draw.New(view, &before, ends.changed(head, base, view, before))
	p.Repository, p.Commit, p.Base, p.Level = cmp.Or(head.name, ends.name), ends.head.Short(), ends.base.Short(), f.edges.level
	return p, nil
}

// view names the nodes of one side.
func (f *renderFlags) view(p *picture) (draw.View, error) {
	names, err := f.names(p)
	if err != nil {
		return draw.View{}, err
	}
	view := draw.View{Graph: p.Graph, Names: func(n *graph.Node) string {
		if n.Test && !f.tests || f.edges.language != "" && n.Language != f.edges.language && n.Kind == graph.File {
			return ""
		}
		return names(n)
	}}
	if f.edges.level == "component" {
		view.Around = func(ref string) []string {
			if e, ok := p.catalog.Entity(ref); ok && e.System != "" {
				return []string{e.System}
			}
			return nil
		}
	}
	return view, nil
}

func (f *renderFlags) names(p *picture) (graph.Names, error) {
	if f.edges.level != "folder" {
		return p.names(f.edges)
	}
	return func(n *graph.Node) string {
		switch {
		case n.Kind == graph.File:
			return path.Dir(n.Name)
		case n.Kind == graph.External && f.edges.external:
			return n.Name
		}
		return ""
	}, nil
}

// narrow keeps what was asked for.
func (f *renderFlags) narrow(p *draw.Picture, under []string) error {
	if len(under) > 0 {
		p.Filter(func(b *draw.Box) bool {
			return b.Outside || below(bare(b.Name), under) || slices.Contains(under, b.Name)
		}, 0)
	}
	if f.focus != "" {
		focus := []string{f.focus}
		p.Filter(func(b *draw.Box) bool { return below(bare(b.Name), focus) || b.Name == f.focus }, f.depth)
	}
	if f.changes {
		touched := p.Touched()
		p.Filter(func(b *draw.Box) bool { return touched[b.Name] }, f.depth)
	}
	switch {
	case len(p.Boxes) > 0:
		return nil
	case f.changes:
		return errors.New("nothing changed that this level shows; try --level file")
	case f.focus != "" || len(under) > 0:
		return errors.New("no node lies below that path; `adamant graph edges` lists the names of a level")
	case f.edges.level == "component":
		return errors.New("the catalog has no components: `adamant catalog generate` writes a first one")
	}
	return errors.New("no file of a language that the graph reads; see docs/graph.md")
}

// bare is a name without what tells its language: "go:internal/cli" lies below internal.
func bare(name string) string {
	for i := range len(name) {
		switch name[i] {
		case '/':
			return name
		case ':':
			return name[i+1:]
		}
	}
	return name
}

func (f *renderFlags) write(env *Env, p *draw.Picture, out *bytes.Buffer) error {
	readable, overview := draw.Readable, draw.Overview
	if f.noCollapse {
		readable = len(p.Boxes)
	}
	switch f.edges.format {
	case "html":
		return p.HTML(out, readable, overview)
	case "dot":
		return p.Collapse(readable, overview).DOT(out)
	case "mermaid":
		return f.mermaid(env, p.Collapse(readable, overview), out)
	}
	return p.Collapse(readable, overview).SVG(out)
}

// mermaid keeps within what GitHub and GitLab draw, unless everything was asked for.
func (f *renderFlags) mermaid(env *Env, p *draw.Picture, out *bytes.Buffer) error {
	small := p.MermaidFits()
	if small != p && f.noCollapse {
		small = p
		fmt.Fprintln(env.Stderr, "adamant: this is more than Mermaid draws where nobody raised its limits (500 lines, 50,000 characters)")
	}
	return small.Mermaid(out)
}

// renderFacts is what a picture says about its commits.
type renderFacts struct {
	name               string
	head, base         git.OID
	headTree, baseTree map[string]git.OID // blobs by path, with a base
}

func renderEnds(ctx context.Context, env *Env, f renderFlags) (*renderFacts, error) {
	repo, err := git.Open(ctx, env.Dir)
	if err != nil {
		return nil, usage(err)
	}
	defer repo.Close()
	out := &renderFacts{name: filepath.Base(repo.Root())}
	if repo.Bare() {
		out.name = filepath.Base(repo.GitDir())
	}
	if out.head, err = repo.Resolve(ctx, f.edges.rev); err != nil {
		return nil, usage(fmt.Errorf("--rev: %w", err))
	}
	if f.base == "" {
		return out, nil
	}
	if out.base, err = repo.Resolve(ctx, f.base); err != nil {
		return nil, usage(fmt.Errorf("--base: %w", err))
	}
	if out.headTree, err = blobs(ctx, repo, out.head); err != nil {
		return nil, err
	}
	out.baseTree, err = blobs(ctx, repo, out.base)
	return out, err
}

func blobs(ctx context.Context, repo *git.Repo, commit git.OID) (map[string]git.OID, error) {
	entries, err := repo.Tree(ctx, commit)
	if err != nil {
		return nil, fmt.Errorf("listing tree %s: %w", commit.Short(), err)
	}
	out := make(map[string]git.OID, len(entries))
	for _, e := range entries {
		out[e.Path] = e.OID
	}
	return out, nil
}

// changed names what has a file that is not the same on both sides.
func (r *renderFacts) changed(head, base *picture, view, before draw.View) map[string]bool {
	out := map[string]bool{}
	add := func(p *picture, v draw.View) {
		for i := range p.Graph.Len() {
			n := p.Graph.Node(graph.ID(i))
			if n.Kind == graph.File && r.headTree[n.Name] != r.baseTree[n.Name] {
				out[v.Names(n)] = true
			}
		}
	}
	add(head, view)
	add(base, before)
	return out
}
