// Package workflow reads what GitHub workflows and actions use: actions and reusable workflows, scripts that their commands name,
// and the manifests of folders they work in. Forgejo's and Gitea's are alike. Only literal paths that are in the tree count; a
// command is not understood, it is searched for words that name files.
package workflow

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// Language is GitHub's workflows and actions.
func Language() imports.Language {
	return imports.Language{Name: "workflow", Version: 1, Match: match, Extract: Extract, Resolver: newResolver}
}

func match(p string) bool {
	dir, base := path.Split(p)
	yaml := strings.HasSuffix(base, ".yml") || strings.HasSuffix(base, ".yaml")
	name := strings.TrimSuffix(strings.TrimSuffix(base, ".yml"), ".yaml")
	return yaml && (name == "action" || slices.Contains([]string{".github/workflows/", ".forgejo/workflows/", ".gitea/workflows/"}, dir))
}

// What Import.Exotic says here.
const (
	outside = "outside" // an action of another repository, or an image
	beside  = "beside"  // relative to the action's own folder
	folder  = "folder"  // one that commands run in
	word    = "word:"   // of a command; the folder it runs in follows
)

// Extract reads one file.
func Extract(src []byte) *imports.File {
	r := &reader{file: &imports.File{}, seen: map[[2]string]bool{}, lines: strings.Split(string(src), "\n")}
	for _, doc := range manifest.ParseYAML("", src) {
		if doc.Err != nil {
			if r.file.Problem == "" {
				r.file.Problem, r.file.Line = doc.Err.Message, int32(doc.Err.Line)
			}
			continue
		}
		r.places = doc.Positions()
		if root, ok := doc.Value.(map[string]any); ok {
			r.document(root)
		}
	}
	slices.SortStableFunc(r.file.Imports, func(a, b imports.Import) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Specifier, b.Specifier), cmp.Compare(a.Exotic, b.Exotic))
	})
	return r.file
}

type resolver struct {
	tree imports.Tree
}

func newResolver(tree imports.Tree) (imports.Resolver, []imports.Problem) {
	return &resolver{tree}, nil
}

// Resolve implements imports.Resolver. A word of a command that names no file needs nothing: its target is the file itself.
func (r *resolver) Resolve(from string, _ *imports.File, imp *imports.Import) []imports.Target {
	name := imp.Specifier
	dir, command := strings.CutPrefix(imp.Exotic, word)
	switch {
	case imp.Exotic == outside:
		return []imports.Target{{External: external(name)}}
	case command:
		if out := r.first(path.Join(dir, name), name); len(out) > 0 {
			return out
		}
		return []imports.Target{{Path: from}}
	case imp.Exotic == beside:
		return r.first(path.Join(path.Dir(from), name))
	case imp.Exotic == folder:
		return append(r.manifests(name), imports.Target{Path: from})
	}
	return r.first(name, path.Join(name, "action.yml"), path.Join(name, "action.yaml"), path.Join(name, "Dockerfile"))
}

// first is the first of these paths that is a file.
func (r *resolver) first(paths ...string) []imports.Target {
	for _, p := range paths {
		if p = r.tree.Real(path.Clean(p)); p != "" {
			return []imports.Target{{Path: p}}
		}
	}
	return nil
}

// manifests lists what says how a folder is built.
func (r *resolver) manifests(dir string) []imports.Target {
	var out []imports.Target
	for _, name := range []string{"go.mod", "package.json", "pyproject.toml", "requirements.txt", "Cargo.toml", "pom.xml", "build.gradle",
		"build.gradle.kts", "Makefile", "Gemfile", "main.tf"} {
		out = append(out, r.first(path.Join(dir, name))...)
	}
	return out
}

func external(name string) string {
	if image, ok := strings.CutPrefix(name, "docker://"); ok {
		return "image:" + image
	}
	name, _, _ = strings.Cut(name, "@")
	return "action:" + name
}
