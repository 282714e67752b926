package javascript

import (
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// resolver finds modules as Node, TypeScript and bundlers do, but without an installation: packages of the tree stand for
// themselves, and where their exports name files that were not built, the sources they are built from.
type resolver struct {
	tree     imports.Tree
	packages map[string]*pkg // by folder
	byName   map[string][]*pkg
	configs  *configs
	modules  map[string]string // what module found: most files are imported by several
}

func newResolver(tree imports.Tree) (imports.Resolver, []imports.Problem) {
	packages, problems := readPackages(tree)
	r := &resolver{tree: tree, packages: packages, byName: map[string][]*pkg{}, modules: map[string]string{}}
	r.configs = &configs{tree: tree, packages: r, byFile: map[string]*tsconfig{}, values: map[string]map[string]any{}, byDir: map[string][]*tsconfig{}}
	for _, p := range tree.Paths() {
		if one := packages[path.Dir(p)]; one != nil && path.Base(p) == "package.json" && one.Name != "" {
			r.byName[one.Name] = append(r.byName[one.Name], one)
		}
	}
	return r, problems
}

// Resolve implements imports.Resolver.
func (r *resolver) Resolve(from string, _ *imports.File, imp *imports.Import) []imports.Target {
	name := imp.Specifier
	if i := strings.LastIndexByte(name, '!'); i >= 0 { // loaders of a bundler: !!a!b!./file
		name = name[i+1:]
	}
	types := typesOf(imp)
	p, more := r.find(from, name)
	if p == "" {
		if bare, _, ok := strings.Cut(name, "?"); ok { // ./file.css?inline
			p, more = r.find(from, bare)
		}
	}
	if p != "" {
		return []imports.Target{{Path: p, Types: types | imports.Local | more}}
	}
	if t, ok := r.outside(from, name); ok {
		t.Types |= types
		return []imports.Target{t}
	}
	return nil
}

// typesOf is how the import is written, in dependency-cruiser's words.
func typesOf(imp *imports.Import) imports.Types {
	var t imports.Types
	switch imp.Kind {
	case imports.Static, imports.TypeOnly:
		t = imports.ImportStatement
	case imports.Reexport, imports.TypeReexport:
		t = imports.Export
	case imports.Dynamic:
		t = imports.DynamicImport
	case imports.Require:
		t = imports.RequireCall
	}
	switch imp.Exotic {
	case "import-equals":
		t = imports.ImportEquals
	case "triple-slash-file":
		return imports.TripleSlashFile
	case "triple-slash-type":
		return imports.TripleSlashType
	}
	if imp.Kind.TypeLevel() {
		t |= imports.TypeOnlyType
	}
	return t
}

func relative(name string) bool {
	return name == "." || name == ".." || strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../")
}

// find looks for a file of the tree, and says by which alias it was found.
func (r *resolver) find(from, name string) (string, imports.Types) {
	dir := path.Dir(from)
	if relative(name) {
		at := path.Join(dir, name)
		if strings.HasSuffix(name, "/") || name == "." || name == ".." {
			return r.folder(at), 0
		}
		return r.module(at), 0
	}
	if strings.HasPrefix(name, "#") {
		return r.subpathImport(dir, name), imports.Aliased | imports.AliasedSubpathImport
	}
	for _, config := range r.configs.around(dir) {
		for _, candidate := range config.candidates(name) {
			if p := r.module(candidate); p != "" {
				return p, imports.Aliased | imports.AliasedTSConfig | imports.AliasedTSConfigPaths
			}
		}
		if config.baseURL != "" && !builtin(name) {
			if p := r.module(path.Join(config.baseURL, name)); p != "" {
				return p, imports.Aliased | imports.AliasedTSConfig | imports.AliasedTSConfigBaseURL
			}
		}
	}
	scope, sub := split(name)
	if one := r.named(scope, dir); one != nil && scope != "" && !builtin(name) {
		return r.inside(one, sub), imports.Aliased | imports.AliasedWorkspace
	}
	return "", 0
}

// split cuts "@a/b/c/d" into "@a/b" and "c/d".
func split(name string) (scope, sub string) {
	at := strings.IndexByte(name, '/')
	if at >= 0 && strings.HasPrefix(name, "@") {
		if next := strings.IndexByte(name[at+1:], '/'); next >= 0 {
			at += 1 + next
		} else {
			at = -1
		}
	}
	if at < 0 {
		return name, ""
	}
	return name[:at], name[at+1:]
}

// around is the package that a folder belongs to.
func (r *resolver) around(dir string) *pkg {
	for ; ; dir = path.Dir(dir) {
		if one := r.packages[dir]; one != nil || dir == "." {
			return one
		}
	}
}

// named is the package of the tree with a name. Of several, the one that shares most of its path with dir.
func (r *resolver) named(name, dir string) *pkg {
	var best *pkg
	most := -1
	for _, one := range r.byName[name] {
		if n := shared(one.dir, dir); n > most {
			best, most = one, n
		}
	}
	return best
}

// shared counts the folders that two paths begin with.
func shared(a, b string) int {
	n := 0
	for {
		x, restA, moreA := strings.Cut(a, "/")
		y, restB, moreB := strings.Cut(b, "/")
		if x != y {
			return n
		}
		n++
		if !moreA || !moreB {
			return n
		}
		a, b = restA, restB
	}
}

// subpathImport resolves "#x" by the imports of the package around.
func (r *resolver) subpathImport(dir, name string) string {
	one := r.around(dir)
	if one == nil {
		return ""
	}
	candidates, _ := one.imports.lookup(name)
	for _, candidate := range candidates {
		if p := r.built(one, candidate); p != "" {
			return p
		}
	}
	return ""
}

// inside resolves a subpath of a package: by its exports, else by its fields and files.
func (r *resolver) inside(one *pkg, sub string) string {
	subpath := "."
	if sub != "" {
		subpath = "./" + sub
	}
	candidates, known := one.exports.lookup(subpath)
	if !known && sub == "" {
		candidates = []string{one.Source, one.Module, one.Main, one.Types, one.Typings}
	}
	for _, candidate := range candidates {
		if p := r.built(one, candidate); candidate != "" && p != "" {
			return p
		}
	}
	if sub != "" {
		for _, folder := range []string{"", "src"} {
			if p := r.module(path.Join(one.dir, folder, sub)); p != "" {
				return p
			}
		}
		return ""
	}
	for _, folder := range []string{"src", "", "lib"} {
		if p := r.folderIndex(path.Join(one.dir, folder)); p != "" {
			return p
		}
	}
	return ""
}

// output are the folders that builds write to.
var output = []string{"dist", "build", "lib", "esm", "cjs", "out", "es", "output", "types", "_esm", "_cjs", "legacy", "modern", "module", "commonjs"}

// built finds a target of a package, or the source that it is built from: the same path with the output folders replaced by
// src or left out.
func (r *resolver) built(one *pkg, target string) string {
	at := path.Join(one.dir, target)
	if p := r.module(at); p != "" {
		return p
	}
	rel := path.Clean(strings.TrimPrefix(target, "./"))
	parts := strings.Split(rel, "/")
	if !slices.Contains(output, parts[0]) {
		return ""
	}
	n := 1
	for n < len(parts)-1 && (slices.Contains(output, parts[n]) || parts[n] == "src") {
		n++
	}
	rest := path.Join(parts[n:]...)
	for _, folder := range []string{"src", ""} {
		if p := r.module(path.Join(one.dir, folder, strip(rest))); p != "" {
			return p
		}
	}
	return ""
}

// strip takes the extensions of a built file off.
func strip(p string) string {
	for _, suffix := range []string{".d.ts", ".d.mts", ".d.cts", ".mjs", ".cjs", ".js", ".jsx", ".map"} {
		if s, ok := strings.CutSuffix(p, suffix); ok {
			return s
		}
	}
	return p
}

var suffixes = []string{".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".json", ".vue", ".svelte"}

// written maps the extension of what a TypeScript file becomes to what it may be written as.
func written(p string) []string {
	ext := path.Ext(p)
	stem := strings.TrimSuffix(p, ext)
	switch ext {
	case ".js":
		return []string{stem + ".ts", stem + ".tsx", stem + ".d.ts", stem + ".jsx"}
	case ".jsx":
		return []string{stem + ".tsx"}
	case ".mjs":
		return []string{stem + ".mts", stem + ".d.mts"}
	case ".cjs":
		return []string{stem + ".cts", stem + ".d.cts"}
	}
	return nil
}

// module finds a file by a path that may lack its extension or be a folder.
func (r *resolver) module(p string) string {
	found, known := r.modules[p]
	if !known {
		found = r.seek(p)
		r.modules[p] = found
	}
	return found
}

func (r *resolver) seek(p string) string {
	if real := r.tree.Real(p); real != "" {
		return real
	}
	for _, suffix := range suffixes {
		if real := r.tree.Real(p + suffix); real != "" {
			return real
		}
	}
	for _, source := range written(p) {
		if real := r.tree.Real(source); real != "" {
			return real
		}
	}
	return r.folder(p)
}

// folder finds what importing a folder means: its package's main file, or its index.
func (r *resolver) folder(dir string) string {
	if one := r.packages[dir]; one != nil {
		for _, field := range []string{one.Module, one.Main} {
			if field == "" || path.Join(dir, field) == dir {
				continue
			}
			if p := r.built(one, field); p != "" {
				return p
			}
		}
	}
	return r.folderIndex(dir)
}

func (r *resolver) folderIndex(dir string) string {
	for _, suffix := range suffixes {
		if real := r.tree.Real(path.Join(dir, "index"+suffix)); real != "" {
			return real
		}
	}
	return ""
}
