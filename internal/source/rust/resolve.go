package rust

import (
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// place is where a file is a module: a file that several roots share has several.
type place struct {
	root int
	path string // "a::b", "" for the root itself
	dir  string // where the files of its modules are
}

type root struct {
	file    string
	crate   *crate
	modules map[string]string // module path to file
}

type resolver struct {
	tree   imports.Tree
	byDir  map[string]*crate
	byName map[string]*crate // the first one stands
	roots  []*root
	libs   map[string]int // file of a library to its root
	places map[string][]place
}

// surface is the modules that a file declares.
func surface(f *imports.File) *imports.File {
	out := &imports.File{}
	for _, imp := range f.Imports {
		if imp.Kind == imports.Module {
			imp.Line = 0
			out.Imports = append(out.Imports, imp)
		}
	}
	return out
}

func newResolver(tree imports.Tree) (imports.Resolver, []imports.Problem) {
	crates, problems := cargo(tree)
	r := &resolver{tree: tree, byDir: map[string]*crate{}, byName: map[string]*crate{}, libs: map[string]int{}, places: map[string][]place{}}
	for _, c := range crates {
		r.byDir[c.dir] = c
		if r.byName[c.name] == nil && c.lib != "" {
			r.byName[c.name] = c
		}
		for _, file := range c.roots {
			if file == c.lib {
				r.libs[file] = len(r.roots)
			}
			r.walk(file, c)
		}
	}
	for _, p := range tree.Paths() { // what no root reaches is on its own
		if match(p) && r.places[p] == nil {
			r.walk(p, around(r.byDir, p))
		}
	}
	return r, problems
}

// walk finds the modules below a root.
func (r *resolver) walk(file string, c *crate) {
	if file = r.tree.Real(file); file == "" {
		return
	}
	at := len(r.roots)
	self := &root{file: file, crate: c, modules: map[string]string{"": file}}
	r.roots = append(r.roots, self)
	seen := map[string]bool{file: true}
	r.places[file] = append(r.places[file], place{at, "", path.Dir(file)})
	for queue := []string{file}; len(queue) > 0; queue = queue[1:] {
		f := r.tree.File(queue[0])
		if f == nil {
			continue
		}
		from := last(r.places[queue[0]])
		for i := range f.Imports {
			if f.Imports[i].Kind != imports.Module {
				continue
			}
			for _, m := range r.modules(queue[0], from, &f.Imports[i]) {
				self.register(m, queue[0])
				if !seen[m.file] {
					seen[m.file] = true
					r.places[m.file] = append(r.places[m.file], place{at, m.path, m.dir})
					queue = append(queue, m.file)
				}
			}
		}
	}
}

// register notes a module and, of the file that declares it, those with a body around it.
func (r *root) register(m module, from string) {
	r.modules[m.path] = m.file
	for outer := parent(m.path); r.modules[outer] == ""; outer = parent(outer) {
		r.modules[outer] = from
	}
}

func last(places []place) place { return places[len(places)-1] }

type module struct{ file, path, dir string }

// modules finds the files of mod x; in a file: x.rs or x/mod.rs, or those its path attributes name.
func (r *resolver) modules(file string, at place, imp *imports.Import) []module {
	inside := strings.Split(imp.Specifier, "::")
	name := inside[len(inside)-1]
	dir := path.Join(at.dir, strings.Join(inside[:len(inside)-1], "/"))
	full := imp.Specifier
	if at.path != "" {
		full = at.path + "::" + full
	}
	var out []module
	for given := range strings.SplitSeq(imp.Exotic, "\n") {
		m := module{path: full}
		if given != "" {
			base := dir
			if len(inside) == 1 {
				base = path.Dir(file)
			}
			m.file = r.tree.Real(path.Join(base, given))
			m.dir = path.Dir(m.file)
		} else if m.file = r.tree.Real(path.Join(dir, name+".rs")); m.file != "" {
			m.dir = path.Join(dir, name)
		} else {
			m.file = r.tree.Real(path.Join(dir, name, "mod.rs"))
			m.dir = path.Join(dir, name)
		}
		if m.file != "" {
			out = append(out, m)
		}
	}
	return out
}

// Resolve implements imports.Resolver.
func (r *resolver) Resolve(from string, file *imports.File, imp *imports.Import) []imports.Target {
	switch imp.Kind {
	case imports.Include, imports.Embed:
		return r.included(from, imp)
	}
	var out []imports.Target
	add := func(t imports.Target) {
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	for _, at := range r.places[from] {
		if imp.Kind == imports.Module {
			for _, m := range r.modules(from, at, imp) {
				add(imports.Target{Path: m.file})
			}
			continue
		}
		if t := r.use(from, at, file, imp); t != (imports.Target{}) {
			add(t)
		}
	}
	return out
}

func (r *resolver) included(from string, imp *imports.Import) []imports.Target {
	dir := path.Dir(from)
	if imp.Exotic == byManifest {
		dir = "."
		if c := around(r.byDir, from); c != nil {
			dir = c.dir
		}
	}
	if p := r.tree.Real(path.Join(dir, imp.Specifier)); p != "" {
		return []imports.Target{{Path: p}}
	}
	return nil
}

// use finds the file of the innermost module that a path names. A name that is not a module's is something in that file.
func (r *resolver) use(from string, at place, file *imports.File, imp *imports.Import) imports.Target {
	segments := strings.Split(imp.Specifier, "::")
	if len(imp.Names) == 1 && imp.Names[0] != "*" && imp.Exotic != inCode { // paths in code end in something within a module
		segments = append(segments, imp.Names[0])
	}
	own := r.roots[at.root]
	switch segments[0] {
	case "crate":
		return imports.Target{Path: own.innermost("", segments[1:])}
	case "self":
		return imports.Target{Path: own.innermost(at.path, segments[1:])}
	case "super":
		module := at.path
		for ; len(segments) > 0 && segments[0] == "super"; segments = segments[1:] {
			module = parent(module)
		}
		return imports.Target{Path: own.innermost(module, segments)}
	case "":
		return r.outside(own, segments[1:], imp)
	}
	if _, ok := own.modules[join(at.path, segments[0])]; ok {
		return imports.Target{Path: own.innermost(at.path, segments)}
	}
	if t := r.outside(own, segments, imp); t.Path != "" || imp.Exotic == inCode && t.External != "" {
		return t
	}
	if r.local(own, segments, file, imp) {
		return imports.Target{Path: from}
	}
	if _, ok := own.modules[segments[0]]; ok { // paths of the 2015 edition begin at the crate
		return imports.Target{Path: own.innermost("", segments)}
	}
	return imports.Target{External: external(segments[0])}
}

// local says whether a path begins with a name that the file has from elsewhere: an enum, another use, a macro's argument.
func (r *resolver) local(own *root, segments []string, file *imports.File, imp *imports.Import) bool {
	first := segments[0]
	if imp.Exotic == inCode || first[0] >= 'A' && first[0] <= 'Z' {
		return true
	}
	if own.crate != nil {
		if _, declared := own.crate.deps[first]; declared {
			return false
		}
	}
	return slices.ContainsFunc(file.Imports, func(other imports.Import) bool {
		return other.Exotic != inCode && brings(&other) == first && other.Specifier != first
	})
}

// brings is the name that a use gives to the file.
func brings(imp *imports.Import) string {
	if len(imp.Names) == 1 {
		return imp.Names[0]
	}
	return imp.Specifier[strings.LastIndex(imp.Specifier, ":")+1:]
}

// outside finds a path that begins with the name of a crate.
func (r *resolver) outside(own *root, segments []string, imp *imports.Import) imports.Target {
	if len(segments) == 0 {
		return imports.Target{}
	}
	name := segments[0]
	if t := r.library(own, name, segments[1:]); t.Path != "" {
		return t
	}
	known := standard(name)
	if own.crate != nil && !known {
		_, known = own.crate.deps[name]
	}
	if known || imp.Exotic != inCode {
		return imports.Target{External: external(name)}
	}
	return imports.Target{}
}

// library finds a crate of the tree: one the manifest names, the own one, or any of that name in the tree.
func (r *resolver) library(own *root, name string, rest []string) imports.Target {
	var c *crate
	if own.crate != nil {
		dir, declared := own.crate.deps[name]
		switch {
		case declared && dir != "":
			c = r.byDir[dir]
		case !declared && own.crate.name == name && own.file != own.crate.lib:
			c = own.crate
		}
	}
	if c == nil && !standard(name) {
		c = r.byName[name]
	}
	if c == nil {
		return imports.Target{}
	}
	at, ok := r.libs[c.lib]
	if !ok {
		return imports.Target{}
	}
	return imports.Target{Path: r.roots[at].innermost("", rest)}
}

func standard(name string) bool {
	switch name {
	case "std", "core", "alloc", "proc_macro", "test":
		return true
	}
	return false
}

func external(name string) string {
	if standard(name) {
		return "std:" + name
	}
	return "cargo:" + name
}

// innermost is the file of the longest beginning of a path that is a module.
func (r *root) innermost(module string, segments []string) string {
	file := ""
	for {
		if found, ok := r.modules[module]; ok {
			file = found
			break
		}
		module = parent(module)
	}
	for _, segment := range segments {
		module = join(module, segment)
		if found, ok := r.modules[module]; ok {
			file = found
		}
	}
	return file
}

func parent(module string) string {
	if i := strings.LastIndex(module, "::"); i >= 0 {
		return module[:i]
	}
	return ""
}

func join(module, name string) string {
	if module == "" {
		return name
	}
	return module + "::" + name
}
