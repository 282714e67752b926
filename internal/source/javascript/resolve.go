package javascript

import (
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

type resolver struct {
	tree imports.Tree
}

func newResolver(tree imports.Tree) (imports.Resolver, []imports.Problem) {
	return &resolver{tree: tree}, nil
}

// Resolve implements imports.Resolver.
func (r *resolver) Resolve(from string, _ *imports.File, imp *imports.Import) []imports.Target {
	name := imp.Specifier
	if strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../") || name == "." || name == ".." {
		if p := r.file(path.Join(path.Dir(from), name)); p != "" {
			return []imports.Target{{Path: p}}
		}
		return nil
	}
	return []imports.Target{{External: "npm:" + name}}
}

var suffixes = []string{"", ".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".json"}

// file finds a module by its path without an extension.
func (r *resolver) file(p string) string {
	for _, suffix := range suffixes {
		if real := r.tree.Real(p + suffix); real != "" {
			return real
		}
	}
	for _, suffix := range suffixes[1:] {
		if real := r.tree.Real(path.Join(p, "index"+suffix)); real != "" {
			return real
		}
	}
	return ""
}
