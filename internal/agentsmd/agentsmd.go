// Package agentsmd writes what coding agents read first: an AGENTS.md for each folder that a component lies in, from the catalog, the
// rules that bind its paths and the commands that prove a change.
//
// It promises the same text for the same repository, at most MaxLines lines a file, and that whatever a person wrote outside of its two
// marker lines stays as it is, byte for byte. It never reads a clock or a disk, and never guesses: what the tree does not say is left out.
package agentsmd

import (
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/ratchet"
	"github.com/adamant-os/adamant/internal/waiver"
)

// File is the name of what is written.
const File = "AGENTS.md"

// MaxLines bounds the section of one file: an agent reads it whole before it does anything.
const MaxLines = 150

// Repository is what the pages are made of.
type Repository struct {
	Name         string
	Paths        []string // all files, sorted
	Catalog      *catalog.Catalog
	Configured   bool // it has an adamant.yaml
	Config       manifest.RepositorySpec
	Architecture *manifest.ArchitectureSpec // nil = there is none
	Ratchets     []ratchet.Mark
	Waivers      []waiver.Waiver

	globs map[string]*manifest.PathSet // compiled, each once
}

// Page is the section of one file.
type Page struct {
	Path       string   // of the file, from the root of the repository
	Title      string   // heading of a file that does not exist yet
	Components []string // refs
	Text       string   // of the section, without its markers
}

// Pages are the sections of a repository, by path: one for the root, one for each folder that the paths of a component have in common.
func Pages(r Repository) []Page {
	places := map[string]*place{"": {repository: &r}}
	for _, p := range r.Paths {
		e, ok := r.Catalog.ComponentOf(p)
		if !ok || e.Kind != "Component" {
			continue
		}
		folder := r.folder(e)
		if places[folder] == nil {
			places[folder] = &place{repository: &r, folder: folder}
		}
		places[folder].add(e, p)
	}
	var out []Page
	for _, pl := range places {
		out = append(out, pl.page(places))
	}
	slices.SortFunc(out, func(a, b Page) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// place is a folder with the components that it is the home of.
type place struct {
	repository *Repository
	folder     string // "" = the root
	components []*catalog.Entity
	files      []string // of the components
}

func (p *place) add(e *catalog.Entity, file string) {
	if !slices.Contains(p.components, e) {
		p.components = append(p.components, e)
		slices.SortFunc(p.components, func(a, b *catalog.Entity) int { return strings.Compare(a.Ref, b.Ref) })
	}
	p.files = append(p.files, file)
}

// bound are the files that rules are asked about: without a catalog the root's page is about all.
func (p *place) bound() []string {
	if p.folder == "" && len(p.components) == 0 {
		return p.repository.Paths
	}
	return p.files
}

func (p *place) touches(glob string) bool {
	return slices.ContainsFunc(p.bound(), func(file string) bool { return p.repository.match(glob, file) })
}

// matches says that one of some globs has a file.
func (r *Repository) matches(globs []string, file string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool { return r.match(glob, file) })
}

// match is manifest.MatchPath; a malformed glob, which the configuration's reader refuses, has no file.
func (r *Repository) match(glob, file string) bool {
	set, known := r.globs[glob]
	if !known {
		set, _ = manifest.NewPathSet([]string{glob})
		if r.globs == nil {
			r.globs = map[string]*manifest.PathSet{}
		}
		r.globs[glob] = set
	}
	return set != nil && len(set.Matches(file)) > 0
}

// folder is the deepest folder that has everything a component claims.
func (r *Repository) folder(e *catalog.Entity) string {
	common, first := "", true
	for _, claim := range e.Claims {
		dir := r.start(claim)
		if first {
			common, first = dir, false
		}
		for common != "" && dir != common && !strings.HasPrefix(dir, common+"/") {
			common = parent(common)
		}
	}
	return common
}

// start is the folder that a claim begins in.
func (r *Repository) start(claim string) string {
	claim = strings.TrimPrefix(claim, "/")
	if at := strings.IndexAny(claim, `*?{\`); at >= 0 {
		return parent(claim[:at] + "x")
	}
	claim = strings.TrimSuffix(claim, "/")
	if len(r.below(claim)) > 0 {
		return claim
	}
	return parent(claim)
}

// below are the files of a folder.
func (r *Repository) below(folder string) []string {
	from, _ := slices.BinarySearch(r.Paths, folder+"/")
	to, _ := slices.BinarySearch(r.Paths, folder+"0") // the sign after the slash
	return r.Paths[from:max(from, to)]
}

func parent(name string) string {
	if dir := path.Dir(name); dir != "." {
		return dir
	}
	return ""
}
