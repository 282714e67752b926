// Package backstage reads the relations that catalog files declare: an entity's dependsOn, consumesApis and providesApis, as
// edges from its file to that of the entity named. They say what somebody meant; whether code does it is for others to compare.
package backstage

import (
	"cmp"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// Language is catalog files.
func Language() imports.Language {
	return imports.Language{Name: "catalog", Version: 1, Match: match, Extract: Extract, Surface: surface, Sees: match, Resolver: newResolver}
}

func match(p string) bool { return catalog.IsFile(p) && path.Dir(p) != ".adamant/agents" }

// maxRelations bounds what one entity declares.
const maxRelations = 10_000

// Extract reads one file. Entities are its exports, by their full references.
func Extract(src []byte) *imports.File {
	f := &imports.File{}
	for _, doc := range manifest.ParseYAML("", src) {
		if doc.Err != nil {
			if f.Problem == "" {
				f.Problem, f.Line = doc.Err.Message, int32(doc.Err.Line)
			}
			continue
		}
		if root, ok := doc.Value.(map[string]any); ok {
			entity(f, doc, root)
		}
	}
	return f
}

// entity reads one document. What is wrong with it is for the catalog's own check to say.
func entity(f *imports.File, doc *manifest.YAMLDocument, root map[string]any) {
	meta, _ := root["metadata"].(map[string]any)
	kind, _ := root["kind"].(string)
	name, _ := meta["name"].(string)
	namespace, _ := meta["namespace"].(string)
	namespace = cmp.Or(namespace, "default")
	if kind == "" || name == "" || len(kind)+len(namespace)+len(name) > 1000 {
		return
	}
	f.Exports = append(f.Exports, imports.Symbol{Name: strings.ToLower(kind + ":" + namespace + "/" + name), Kind: "entity", Line: int32(max(1, doc.Line))})
	spec, _ := root["spec"].(map[string]any)
	places := doc.Positions()
	for _, field := range []string{"dependsOn", "providesApis", "consumesApis"} {
		list, _ := spec[field].([]any)
		defaultKind := "api"
		if field == "dependsOn" {
			defaultKind = "component"
		}
		for i, one := range list[:min(len(list), maxRelations)] {
			ref, _ := one.(string)
			full, err := catalog.ParseRef(ref, defaultKind, namespace)
			if err != nil || full == "" || len(full) > 1000 {
				continue // the catalog's check says so
			}
			line := places["/spec/"+field+"/"+strconv.Itoa(i)].Line
			f.Imports = append(f.Imports, imports.Import{Specifier: full, Kind: imports.Declared, Line: int32(max(1, line)), Exotic: field})
		}
	}
}

// resolver knows the file of each entity; of two with one reference the first file's stands.
type resolver map[string]string

// surface is the entities of a file.
func surface(f *imports.File) *imports.File {
	out := &imports.File{Exports: slices.Clone(f.Exports)}
	for i := range out.Exports {
		out.Exports[i].Line = 0
	}
	return out
}

func newResolver(tree imports.Tree) (imports.Resolver, []imports.Problem) {
	r := resolver{}
	for _, p := range tree.Paths() {
		if !match(p) {
			continue
		}
		if f := tree.File(p); f != nil {
			for _, e := range f.Exports {
				if _, known := r[e.Name]; !known {
					r[e.Name] = p
				}
			}
		}
	}
	return r, nil
}

// Resolve implements imports.Resolver.
func (r resolver) Resolve(_ string, _ *imports.File, imp *imports.Import) []imports.Target {
	if p, ok := r[imp.Specifier]; ok {
		return []imports.Target{{Path: p}}
	}
	return []imports.Target{{External: "catalog:" + imp.Specifier}}
}
