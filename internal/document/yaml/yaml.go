// Package yaml reads YAML streams by the profile of package manifest.
package yaml

import (
	"github.com/adamant-os/adamant/internal/document/format"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Match knows YAML by its extension, and the name that kustomize allows without one.
func Match(base string) bool {
	return format.HasExtension(base, ".yaml", ".yml") || base == "Kustomization"
}

// Parse reads every document of a stream. Empty documents are left out.
func Parse(path string, data []byte) []format.Tree {
	var out []format.Tree
	for _, doc := range manifest.ParseYAML(path, data) {
		switch {
		case doc.Err != nil:
			out = append(out, format.Fail(doc.Err.Line, doc.Err.Message)...)
		case doc.Value != nil:
			out = append(out, format.Tree{Value: doc.Value, Places: format.Of(doc)})
		}
	}
	return out
}
