package python

import (
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

type resolver struct {
	tree    imports.Tree
	folders map[string]bool // that hold Python files, at any depth
	roots   []string        // on everybody's path, sorted
}

func newResolver(tree imports.Tree) (imports.Resolver, []imports.Problem) {
	r := &resolver{tree: tree, folders: map[string]bool{".": true}}
	roots := map[string]bool{".": true}
	for _, p := range tree.Paths() {
		switch dir := path.Dir(p); {
		case match(p):
			for ; !r.folders[dir]; dir = path.Dir(dir) {
				r.folders[dir] = true
			}
		case manifest(p):
			roots[dir] = true
		}
	}
	for root := range roots {
		for _, dir := range []string{root, path.Join(root, "src"), path.Join(root, "lib"), path.Join(root, "python")} {
			if r.folders[dir] && !slices.Contains(r.roots, dir) {
				r.roots = append(r.roots, dir)
			}
		}
	}
	slices.Sort(r.roots)
	return r, nil
}

// Resolve implements imports.Resolver. Of `from m import n`, n may be a module of its own or a name in m.
func (r *resolver) Resolve(from string, _ *imports.File, imp *imports.Import) []imports.Target {
	bases, rest := r.bases(from, imp.Specifier)
	for _, base := range bases {
		if targets := r.under(base, rest, imp.Names); len(targets) > 0 {
			return targets
		}
	}
	if rest == "" || strings.HasPrefix(imp.Specifier, ".") {
		return nil
	}
	top, _, _ := strings.Cut(rest, ".")
	return []imports.Target{{External: "python:" + top}}
}

// bases are the folders a name may start in, best first: for relative imports the package, else the folder above the file's
// outermost package (its own folder when it is in none), and the roots of the tree, inner ones first.
func (r *resolver) bases(from, specifier string) ([]string, string) {
	dir := path.Dir(from)
	rest := strings.TrimLeft(specifier, ".")
	if dots := len(specifier) - len(rest); dots > 0 {
		for range dots - 1 {
			if dir == "." {
				return nil, rest
			}
			dir = path.Dir(dir)
		}
		return []string{dir}, rest
	}
	bases := []string{r.packageRoot(dir)}
	for _, around := range []bool{true, false} {
		for _, root := range slices.Backward(r.roots) {
			if around == (root == "." || strings.HasPrefix(from, root+"/")) {
				bases = append(bases, root)
			}
		}
	}
	return bases, rest
}

// packageRoot is the folder above the outermost package a folder is in.
func (r *resolver) packageRoot(dir string) string {
	for dir != "." && (r.tree.Has(dir+"/__init__.py") || r.tree.Has(dir+"/__init__.pyi")) {
		dir = path.Dir(dir)
	}
	return dir
}

// under resolves a name below a folder.
func (r *resolver) under(base, rest string, names []string) []imports.Target {
	module := path.Join(base, strings.ReplaceAll(rest, ".", "/"))
	file := r.file(module)
	if file == "" && !r.folders[module] {
		return nil
	}
	var out []imports.Target
	add := func(p string) {
		if p != "" && !slices.Contains(out, imports.Target{Path: p}) {
			out = append(out, imports.Target{Path: p})
		}
	}
	for _, name := range names {
		sub := ""
		if name != "*" {
			sub = r.file(path.Join(module, name))
		}
		if sub == "" {
			sub = file
		}
		add(sub)
	}
	if len(names) == 0 {
		add(file)
	}
	return out
}

// file is the module or the package of a path, "" when there is none.
func (r *resolver) file(module string) string {
	for _, suffix := range []string{"/__init__.py", ".py", "/__init__.pyi", ".pyi"} {
		if p := r.tree.Real(module + suffix); p != "" {
			return p
		}
	}
	return ""
}
