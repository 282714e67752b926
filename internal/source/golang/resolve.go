package golang

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// module is one go.mod of the tree.
type module struct {
	dir      string            // "." for the root
	path     string            // module path
	replaced map[string]string // module path to a folder of the tree
	vendored bool              // has vendor/modules.txt
}

type resolver struct {
	tree     imports.Tree
	packages map[string]bool // folders with a Go file that is no test
	modules  []module        // inner folders first
	byPath   map[string][]*module
}

func newResolver(tree imports.Tree) (imports.Resolver, []imports.Problem) {
	r := &resolver{tree: tree, packages: map[string]bool{}, byPath: map[string][]*module{}}
	var problems []imports.Problem
	for _, p := range tree.Paths() {
		dir, base := path.Split(p)
		switch {
		case base == "go.mod":
			m, problem := r.module(p)
			if problem != nil {
				problems = append(problems, *problem)
			}
			r.modules = append(r.modules, m)
		case strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, "_test.go"):
			r.packages[path.Clean(dir)] = true
		}
	}
	slices.SortStableFunc(r.modules, func(a, b module) int { return cmp.Compare(len(b.dir), len(a.dir)) })
	for i := range r.modules {
		r.byPath[r.modules[i].path] = append(r.byPath[r.modules[i].path], &r.modules[i])
	}
	return r, problems
}

func (r *resolver) module(p string) (module, *imports.Problem) {
	m := module{dir: path.Dir(p), replaced: map[string]string{}}
	m.vendored = r.tree.Has(path.Join(m.dir, "vendor/modules.txt"))
	data, err := r.tree.Read(p)
	if err != nil {
		return m, &imports.Problem{Path: p, Message: err.Error()}
	}
	m.path = modfile.ModulePath(data)
	parsed, err := modfile.ParseLax(p, data, nil)
	if err != nil {
		return m, &imports.Problem{Path: p, Message: fmt.Sprintf("it cannot be understood: %v", err)}
	}
	for _, replace := range parsed.Replace {
		if replace.New.Version == "" && !path.IsAbs(replace.New.Path) {
			m.replaced[replace.Old.Path] = path.Join(m.dir, replace.New.Path)
		}
	}
	return m, nil
}

// around is the module a file belongs to; nil when there is none.
func (r *resolver) around(from string) *module {
	for i := range r.modules {
		m := &r.modules[i]
		if m.dir == "." || strings.HasPrefix(from, m.dir+"/") {
			return m
		}
	}
	return nil
}

// Resolve implements imports.Resolver. Names without a dot in their first element are the standard library's.
func (r *resolver) Resolve(from string, _ *imports.File, imp *imports.Import) []imports.Target {
	if imp.Kind == imports.Embed {
		return r.embedded(path.Dir(from), imp.Specifier)
	}
	if dir, ok := r.folder(r.around(from), imp.Specifier); ok {
		return []imports.Target{{Package: nodeOf(dir)}}
	}
	return []imports.Target{{External: "go:" + imp.Specifier}}
}

// folder finds an import path in the tree: in the own module, a replaced one, the vendor folder, then any module of the tree
// (a workspace, or a module that is developed beside its user).
func (r *resolver) folder(own *module, name string) (string, bool) {
	if own != nil {
		if dir, ok := r.inside(own.dir, own.path, name); ok {
			return dir, true
		}
		for prefix := name; prefix != "." && prefix != "/"; prefix = path.Dir(prefix) {
			if target, ok := own.replaced[prefix]; ok {
				return r.inside(target, prefix, name)
			}
		}
		if own.vendored && r.packages[path.Join(own.dir, "vendor", name)] {
			return path.Join(own.dir, "vendor", name), true
		}
	}
	for prefix := name; prefix != "." && prefix != "/"; prefix = path.Dir(prefix) {
		for _, m := range r.byPath[prefix] {
			if dir, ok := r.inside(m.dir, prefix, name); ok {
				return dir, true
			}
		}
	}
	return "", false
}

// inside is the folder of an import path in a module whose root is dir.
func (r *resolver) inside(dir, module, name string) (string, bool) {
	if module == "" || name != module && !strings.HasPrefix(name, module+"/") {
		return "", false
	}
	folder := path.Join(dir, strings.TrimPrefix(name, module))
	return folder, r.packages[folder]
}

// embedded lists the files of a go:embed pattern: a path.Match pattern, or a folder with all but hidden files in it.
func (r *resolver) embedded(dir, pattern string) []imports.Target {
	pattern, all := strings.CutPrefix(pattern, "all:")
	full := path.Join(dir, pattern)
	paths := r.tree.Paths()
	prefix := full
	if i := strings.IndexAny(prefix, `*?[\`); i >= 0 {
		prefix = prefix[:i]
	}
	var out []imports.Target
	at, _ := slices.BinarySearch(paths, prefix)
	for ; at < len(paths) && strings.HasPrefix(paths[at], prefix); at++ {
		if matches(full, paths[at], all) {
			out = append(out, imports.Target{Path: paths[at]})
		}
	}
	return out
}

// matches says whether a file is the pattern's, or lies in a folder that is.
func matches(pattern, file string, all bool) bool {
	depth := strings.Count(pattern, "/")
	parts := strings.Split(file, "/")
	if len(parts) <= depth {
		return false
	}
	if ok, err := path.Match(pattern, strings.Join(parts[:depth+1], "/")); err != nil || !ok {
		return false
	}
	return all || !slices.ContainsFunc(parts[depth+1:], func(part string) bool { return part[0] == '.' || part[0] == '_' })
}
