package javascript

import (
	"bytes"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/exports"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// Published finds what the packages of a tree offer to others: what can be reached from their entry points over re-exports.
// Packages marked private offer nothing. The answer is by file and name.
func Published(tree imports.Tree) func(file, name string) bool {
	resolving, _ := newResolver(tree)
	p := &published{tree: tree, resolver: resolving.(*resolver), names: map[string]map[string]bool{}, folders: map[string]bool{}}
	for _, dir := range sortedDirs(p.resolver.packages) {
		if one := p.resolver.packages[dir]; !isPrivate(tree, dir) && !exports.Aside(dir+"/") {
			p.entries(one)
		}
	}
	for len(p.todo) > 0 {
		next := p.todo[len(p.todo)-1]
		p.todo = p.todo[:len(p.todo)-1]
		p.follow(next)
	}
	return func(file, name string) bool {
		root, _, _ := strings.Cut(name, ".")
		names := p.names[file]
		return names["*"] || names[root] || name == "*" && len(names) > 0
	}
}

func sortedDirs(packages map[string]*pkg) []string {
	dirs := make([]string, 0, len(packages))
	for dir := range packages {
		dirs = append(dirs, dir)
	}
	slices.Sort(dirs)
	return dirs
}

// isPrivate says whether a package.json says that its package is not published.
func isPrivate(tree imports.Tree, dir string) bool {
	data, err := tree.Read(path.Join(dir, "package.json"))
	var one struct {
		Private bool `json:"private"`
	}
	return err != nil || json.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), &one) != nil || one.Private
}

// published is the walk from entry points.
type published struct {
	tree     imports.Tree
	resolver *resolver
	names    map[string]map[string]bool // by file; "*" is all of them
	folders  map[string]bool            // of patterns that were looked at
	todo     []string
}

// reach notes that a name of a file can be used by others.
func (p *published) reach(file, name string) {
	known := p.names[file]
	if known == nil {
		known = map[string]bool{}
		p.names[file] = known
	}
	if file != "" && !known[name] && !known["*"] {
		known[name] = true
		p.todo = append(p.todo, file)
	}
}

// entries are the files that a package's exports and fields lead to.
func (p *published) entries(one *pkg) {
	if one.exports == nil {
		p.reach(p.resolver.inside(one, ""), "*")
		for _, field := range []string{one.Main, one.Module, one.Types, one.Typings, one.Source} {
			if field != "" {
				p.reach(p.resolver.built(one, field), "*")
			}
		}
		return
	}
	for _, target := range one.exports.all(maxLevels) {
		before, _, pattern := strings.Cut(target, "*")
		if !pattern {
			p.reach(p.resolver.built(one, target), "*")
			continue
		}
		p.matching(one, before)
	}
}

// maxLevels bounds conditions in conditions.
const maxLevels = 16

// all lists every target of an entry, whatever its conditions.
func (e *entry) all(levels int) []string {
	if e == nil || levels == 0 {
		return nil
	}
	if e.text != "" {
		return []string{e.text}
	}
	var out []string
	for _, one := range e.list {
		out = append(out, one.all(levels-1)...)
	}
	return out
}

// matching takes every file that a pattern of exports may lead to: those of its folder, or of the sources it is built from.
func (p *published) matching(one *pkg, before string) {
	folder := path.Join(one.dir, path.Dir(before+"x"))
	rel := strings.TrimPrefix(strings.TrimPrefix(folder, one.dir), "/")
	top, rest, _ := strings.Cut(rel, "/")
	sources := folder
	if slices.Contains(output, top) {
		sources = path.Join(one.dir, "src", rest)
	}
	if p.folders[folder] {
		return
	}
	p.folders[folder] = true
	for _, file := range p.tree.Paths() {
		if (strings.HasPrefix(file, folder+"/") || strings.HasPrefix(file, sources+"/")) && hasExports(file) {
			p.reach(file, "*")
		}
	}
}

// follow goes on from a file to those it exports something of.
func (p *published) follow(file string) {
	data, err := p.tree.Read(file)
	if err != nil || !hasExports(file) {
		return
	}
	surface := Surface(file, data)
	f := extract(data, !strings.HasPrefix(dialect(file), "typescript"))
	reexported := map[string]bool{}
	if surface != nil {
		for _, s := range surface.Symbols {
			if s.Kind == "reexport" || s.Kind == "namespace" || s.Kind == "value" {
				reexported[s.Name] = true
			}
		}
	}
	for i := range f.Imports {
		imp := &f.Imports[i]
		taken := p.taken(imp, reexported, surface != nil && surface.Open == "module.exports is computed")
		if len(taken) == 0 {
			continue
		}
		for _, target := range p.resolver.Resolve(file, f, imp) {
			for _, name := range taken {
				if target.Path != "" {
					p.reach(target.Path, name)
				}
			}
		}
	}
}

// taken are the names that an import passes on: all that a re-export names, and what is imported and exported by name. Of
// CommonJS everything that is required may be passed on.
func (p *published) taken(imp *imports.Import, reexported map[string]bool, computed bool) []string {
	switch imp.Kind {
	case imports.Reexport, imports.TypeReexport:
		return imp.Names
	case imports.Static, imports.TypeOnly:
		var out []string
		for _, n := range imp.Names {
			if n == "*" || n == "default" || reexported[n] {
				out = append(out, n)
			}
		}
		if len(reexported) == 0 {
			return nil
		}
		return out
	case imports.Require:
		if computed || len(reexported) > 0 {
			return []string{"*"}
		}
	}
	return nil
}
