// Package container reads what Dockerfiles copy and build on, and what Compose files build, mount and run. Which folder an
// image is built from is not in a Dockerfile: it is what a Compose file of the tree says, else the innermost folder around
// the file that has everything it copies. Images are outside the tree. Nothing is built, and .dockerignore is not read.
package container

import (
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/document/dockerfile"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// Languages are Dockerfiles and Compose files.
func Languages() []imports.Language {
	file := imports.Language{Name: "dockerfile", Family: "container", Version: 1, Match: isDockerfile, Extract: Extract, Surface: surface, Resolver: newResolver}
	compose := file
	compose.Name, compose.Match, compose.Extract = "compose", isCompose, ExtractCompose
	return []imports.Language{file, compose}
}

func isDockerfile(p string) bool { return dockerfile.Match(path.Base(p)) }

// isCompose matches compose.yaml, docker-compose.yml and those with more between name and extension.
func isCompose(p string) bool {
	name, yaml := strings.CutSuffix(path.Base(p), ".yaml")
	if !yaml {
		if name, yaml = strings.CutSuffix(path.Base(p), ".yml"); !yaml {
			return false
		}
	}
	name, _, _ = strings.Cut(name, ".")
	return name == "compose" || name == "docker-compose" || strings.HasPrefix(name, "docker-compose-")
}

// What Import.Exotic says here.
const (
	image    = "image"
	buildDir = "context:" // of a Compose file's build; the folder follows
)

// maxFiles is how many files of a folder that is copied have an edge of their own; a larger folder leads nowhere, visibly.
const maxFiles = 10_000

type resolver struct {
	tree     imports.Tree
	contexts map[string]string // of Dockerfiles
}

// surface is what a file copies and builds: it tells which folder an image is built in.
func surface(f *imports.File) *imports.File {
	out := &imports.File{}
	for _, imp := range f.Imports {
		if imp.Exotic != image {
			imp.Line = 0
			out.Imports = append(out.Imports, imp)
		}
	}
	return out
}

func newResolver(tree imports.Tree) (imports.Resolver, []imports.Problem) {
	r := &resolver{tree: tree, contexts: map[string]string{}}
	for _, p := range tree.Paths() {
		if isCompose(p) {
			r.composed(p)
		}
	}
	for _, p := range tree.Paths() {
		if _, known := r.contexts[p]; !known && isDockerfile(p) {
			r.contexts[p] = r.guess(p)
		}
	}
	return r, nil
}

// composed learns the contexts that a Compose file gives.
func (r *resolver) composed(p string) {
	f := r.tree.File(p)
	if f == nil {
		return
	}
	for i := range f.Imports {
		if dir, ok := strings.CutPrefix(f.Imports[i].Exotic, buildDir); ok {
			file := path.Join(path.Dir(p), f.Imports[i].Specifier)
			if _, known := r.contexts[file]; !known {
				r.contexts[file] = path.Join(path.Dir(p), dir)
			}
		}
	}
}

// guess is the innermost folder around a Dockerfile that has all it copies; its own folder when none has.
func (r *resolver) guess(p string) string {
	f := r.tree.File(p)
	if f == nil {
		return path.Dir(p)
	}
	for dir := path.Dir(p); ; dir = path.Dir(dir) {
		if !slices.ContainsFunc(f.Imports, func(i imports.Import) bool {
			return i.Kind == imports.Copy && i.Exotic == "" && !r.some(dir, i.Specifier)
		}) {
			return dir
		}
		if dir == "." {
			return path.Dir(p)
		}
	}
}

// Resolve implements imports.Resolver.
func (r *resolver) Resolve(from string, _ *imports.File, imp *imports.Import) []imports.Target {
	if imp.Exotic == image {
		return []imports.Target{{External: "image:" + imp.Specifier}}
	}
	if imp.Kind == imports.Copy {
		return r.files(r.contexts[from], imp.Specifier, maxFiles)
	}
	return r.files(path.Dir(from), imp.Specifier, maxFiles)
}

func (r *resolver) some(dir, pattern string) bool { return len(r.files(dir, pattern, 1)) > 0 }

// files lists what a source stands for in a folder: a file, all files of a folder, or those a pattern of path.Match names.
// Beyond limit there are none: a list that ends anywhere would be wrong without saying so.
func (r *resolver) files(dir, pattern string, limit int) []imports.Target {
	full := path.Join(dir, path.Clean("/"+pattern))
	if strings.HasPrefix(pattern, "../") { // of Compose files
		full = path.Join(dir, pattern)
	}
	if p := r.tree.Real(full); p != "" {
		return []imports.Target{{Path: p}}
	}
	prefix := full
	if i := strings.IndexAny(prefix, `*?[\`); i >= 0 {
		prefix = prefix[:i]
	} else {
		prefix += "/"
	}
	var out []imports.Target
	paths := r.tree.Paths()
	at, _ := slices.BinarySearch(paths, prefix)
	for ; at < len(paths) && strings.HasPrefix(paths[at], prefix); at++ {
		if !matches(full, paths[at]) {
			continue
		}
		if len(out) == limit {
			if limit == 1 {
				return out
			}
			return nil
		}
		out = append(out, imports.Target{Path: paths[at]})
	}
	return out
}

// matches says whether a file is the pattern's, or lies in a folder that is.
func matches(pattern, file string) bool {
	parts := strings.Split(file, "/")
	depth := strings.Count(pattern, "/") + 1
	if len(parts) < depth {
		return false
	}
	ok, err := path.Match(pattern, strings.Join(parts[:depth], "/"))
	return ok && err == nil || strings.HasPrefix(file, pattern+"/")
}
