// Package yaml reads YAML streams by the profile of package manifest.
package yaml

import (
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/document/format"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Match knows YAML by its extension, and the name that kustomize allows without one.
func Match(base string) bool {
	return format.HasExtension(base, ".yaml", ".yml") || base == "Kustomization"
}

// Parse reads every document of a stream. Empty documents are left out.
func Parse(file string, data []byte) []format.Tree {
	var out []format.Tree
	for _, doc := range manifest.ParseYAML(file, data) {
		switch {
		case doc.Err != nil:
			out = append(out, format.Fail(doc.Err.Line, doc.Err.Message)...)
		case doc.Value != nil:
			if isLegacy(file, doc.Value) {
				doc.ReadYAML11()
			}
			out = append(out, format.Tree{Value: doc.Value, Places: format.Of(doc)})
		}
	}
	return out
}

// isLegacy knows what is read by programs that take "privileged: yes" for true: objects of Kubernetes, and Compose files.
func isLegacy(file string, value any) bool {
	if base := strings.ToLower(path.Base(file)); strings.HasPrefix(base, "docker-compose") || strings.HasPrefix(base, "compose.") {
		return true
	}
	object, _ := value.(map[string]any)
	api, _ := object["apiVersion"].(string)
	_, kind := object["kind"].(string)
	return api != "" && kind && !strings.HasPrefix(api, "adamant.dev/") && !strings.HasPrefix(api, "backstage.io/")
}
