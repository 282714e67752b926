package agentsmd

import (
	"context"
	"fmt"
	"slices"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/ratchet"
)

const architectureFile = ".adamant/architecture.yaml"

// Read gathers what a tree says about itself. A rule or a mark that cannot be read is a facts.ConfigError: a page without it would lie.
// name is for a repository whose configuration has none.
func Read(ctx context.Context, side *facts.Side, g *facts.Governance, name string) (Repository, error) {
	r := Repository{Name: name, Paths: side.Paths(), Catalog: g.Catalog, Configured: g.Configured, Config: g.Config.Spec, Waivers: g.Waivers}
	if g.Configured {
		r.Name = g.Config.Metadata.Name
	}
	slices.Sort(r.Paths)
	for _, p := range r.Paths {
		_, mark := ratchet.RuleOf(p)
		if p != architectureFile && !mark {
			continue
		}
		data, err := side.Read(ctx, p)
		if err != nil {
			return r, fmt.Errorf("reading %s: %w", p, err)
		}
		if err := r.take(p, data); err != nil {
			return r, err
		}
	}
	return r, nil
}

// take reads the architecture or a mark.
func (r *Repository) take(p string, data []byte) error {
	var problems []manifest.Diagnostic
	if p == architectureFile {
		var a *manifest.Architecture
		a, _, problems = manifest.LoadArchitecture(p, data)
		r.Architecture = &a.Spec
	} else {
		var mark ratchet.Mark
		mark, problems = ratchet.Parse(p, data)
		r.Ratchets = append(r.Ratchets, mark)
	}
	if len(problems) > 0 {
		return &facts.ConfigError{Err: &problems[0]}
	}
	return nil
}

// Component is the entity that a file, or a folder of the tree, belongs to.
func Component(r *Repository, name string) (*catalog.Entity, bool) {
	if len(r.below(name)) > 0 {
		name += "/-" // any file in it
	}
	return r.Catalog.ComponentOf(name)
}

// Bindings are the rules that a change of some files and folders can break, each as one line of text.
func Bindings(r *Repository, paths []string) []string {
	p := &place{repository: r, folder: "."} // any that is not the root: what has no files here is left out
	for _, name := range paths {
		inside := r.below(name)
		if len(inside) == 0 {
			inside = []string{name}
		}
		p.files = append(p.files, inside...)
	}
	for _, f := range p.files {
		if e, ok := r.Catalog.ComponentOf(f); ok && !slices.Contains(p.components, e) {
			p.components = append(p.components, e)
		}
	}
	return p.binding()
}
