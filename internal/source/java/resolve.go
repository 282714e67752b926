package java

import (
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// resolver knows the outermost types of every package.
type resolver struct {
	packages map[string]map[string][]string // package to name to files, sorted
	modules  map[string][]string            // name to module-info.java
}

// surface is the package a file declares and the names it gives to it.
func surface(f *imports.File) *imports.File {
	out := &imports.File{Package: f.Package, Exports: slices.Clone(f.Exports)}
	for i := range out.Exports {
		out.Exports[i].Line = 0
	}
	return out
}

func newResolver(tree imports.Tree) (imports.Resolver, []imports.Problem) {
	r := &resolver{packages: map[string]map[string][]string{}, modules: map[string][]string{}}
	for _, p := range tree.Paths() {
		f := tree.File(p)
		if f == nil || !isJava(p) && !isKotlin(p) {
			continue
		}
		names := r.packages[f.Package]
		if names == nil {
			names = map[string][]string{}
			r.packages[f.Package] = names
		}
		for _, e := range f.Exports {
			switch {
			case e.Kind == "module":
				r.modules[e.Name] = append(r.modules[e.Name], p)
			case !slices.Contains(names[e.Name], p):
				names[e.Name] = append(names[e.Name], p)
			}
		}
	}
	return r, nil
}

// Resolve implements imports.Resolver. A name in code that is no type of the tree needs nothing: its target is the file itself.
func (r *resolver) Resolve(from string, file *imports.File, imp *imports.Import) []imports.Target {
	self := []imports.Target{{Path: from}}
	switch {
	case imp.Kind == imports.SamePackage:
		if p := nearest(from, r.packages[file.Package][imp.Specifier]); p != "" {
			return []imports.Target{{Path: p}}
		}
		return self
	case imp.Exotic == required:
		if p := nearest(from, r.modules[imp.Specifier]); p != "" {
			return []imports.Target{{Path: p}}
		}
		return []imports.Target{{External: "java:" + imp.Specifier}}
	case imp.Exotic == "" && len(imp.Names) == 1 && r.packages[imp.Specifier] != nil:
		return append(r.used(from, file, imp.Specifier), self...)
	}
	if p := r.find(from, imp.Specifier, imp.Names); p != "" {
		return []imports.Target{{Path: p}}
	}
	if imp.Exotic == qualified {
		return self
	}
	name := packageName(imp.Specifier, len(imp.Names) == 1 && imp.Exotic == "")
	if r.packages[name] != nil { // what a build generates, or a mistake
		return nil
	}
	return []imports.Target{{External: external(name)}}
}

// find is the file of the outermost type that a name begins with, or of Kotlin's function a.b.f.
func (r *resolver) find(from, name string, names []string) string {
	if len(names) == 1 && names[0] != "*" { // import static a.B.c, where B may be a nested type
		name += "." + names[0]
	}
	for end := len(name); end > 0; end = strings.LastIndexByte(name[:end], '.') {
		cut := strings.LastIndexByte(name[:end], '.')
		if p := nearest(from, r.packages[name[:max(cut, 0)]][name[cut+1:end]]); p != "" {
			return p
		}
	}
	return ""
}

// used lists the files of a package whose types a file names, those of its own package excepted: they come first.
func (r *resolver) used(from string, file *imports.File, pkg string) []imports.Target {
	var out []imports.Target
	for i := range file.Imports {
		imp := &file.Imports[i]
		if imp.Kind != imports.SamePackage || len(r.packages[file.Package][imp.Specifier]) > 0 {
			continue
		}
		t := imports.Target{Path: nearest(from, r.packages[pkg][imp.Specifier])}
		if t.Path != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

// nearest is the file that shares most folders with from, "" when there are none: trees hold a type once for each platform,
// or a test's beside the real one.
func nearest(from string, files []string) string {
	best, most := "", -1
	for _, p := range files {
		if n := shared(from, p); n > most {
			best, most = p, n
		}
	}
	return best
}

// shared counts the folders that two paths have in common.
func shared(a, b string) int {
	n := 0
	for i := 0; i < len(a) && i < len(b) && a[i] == b[i]; i++ {
		if a[i] == '/' {
			n++
		}
	}
	return n
}

// packageName is the package of a type's full name: what stands before the first part that begins with a capital.
func packageName(name string, whole bool) string {
	if whole {
		return name
	}
	parts := strings.Split(name, ".")
	at := slices.IndexFunc(parts, func(part string) bool { return part != "" && upper(part) })
	if at < 0 {
		at = len(parts) - 1
	}
	return strings.Join(parts[:at], ".")
}

func external(name string) string {
	top, _, _ := strings.Cut(name, ".")
	if top == "java" || top == "javax" || top == "jdk" || top == "kotlin" {
		return "std:" + name
	}
	return "java:" + name
}
