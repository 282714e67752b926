package catalog

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// newEntity reads a document; nil when it has no kind or no name, so that nothing can refer to it.
func newEntity(doc *manifest.YAMLDocument) *Entity {
	root, _ := doc.Value.(map[string]any)
	meta, _ := root["metadata"].(map[string]any)
	spec, _ := root["spec"].(map[string]any)
	kind, name := text(root, "kind"), text(meta, "name")
	if kind == "" || name == "" {
		return nil
	}
	e := &Entity{Kind: kind, Name: name, Title: text(meta, "title"), Description: text(meta, "description"), Type: text(spec, "type"),
		Lifecycle: text(spec, "lifecycle"), Owner: text(spec, "owner"), System: text(spec, "system"),
		Path: doc.Path, Document: doc.Index, Line: doc.Line, doc: doc, annotations: texts(meta, "annotations"),
		fields: map[string]string{}, pointers: map[string]string{}}
	namespace := text(meta, "namespace")
	if namespace == "" {
		namespace = "default"
	}
	e.Ref = strings.ToLower(kind + ":" + namespace + "/" + name)
	e.Relations = relations(spec, namespace, kind)
	e.Claims = claims(e)
	if kind == "Location" {
		e.targets = targets(spec)
	}
	e.flatten("", "", root)
	e.fields["paths"], e.pointers["paths"] = strings.Join(e.Claims, ","), annotationPointer(pathsAnnotation)
	return e
}

func texts(m map[string]any, key string) map[string]string {
	out := map[string]string{}
	pairs, _ := m[key].(map[string]any)
	for k := range pairs {
		if s, ok := pairs[k].(string); ok {
			out[k] = s
		}
	}
	return out
}

// references reads a field that holds one reference or a list of them.
func references(spec map[string]any, field string) (refs, pointers []string) {
	at := "/spec/" + field
	switch v := spec[field].(type) {
	case string:
		return []string{v}, []string{at}
	case []any:
		for i, item := range v {
			if s, ok := item.(string); ok {
				refs = append(refs, s)
				pointers = append(pointers, at+"/"+strconv.Itoa(i))
			}
		}
	}
	return refs, pointers
}

func relations(spec map[string]any, namespace, kind string) []Relation {
	var out []Relation
	for _, f := range relationFields {
		defaultKind := f.kind
		if f.field == "dependsOn" && kind == "AiResource" {
			defaultKind = "airesource"
		}
		refs, pointers := references(spec, f.field)
		for i, ref := range refs {
			if full, err := ParseRef(ref, defaultKind, namespace); err == nil {
				ref = full
			}
			out = append(out, Relation{Field: f.field, Target: ref, Pointer: pointers[i]})
		}
	}
	return out
}

func targets(spec map[string]any) []string {
	if t := text(spec, "type"); t != "" && t != "file" && t != "url" {
		return nil
	}
	one, _ := references(spec, "target")
	many, _ := references(spec, "targets")
	return slices.Concat(one, many)
}

// flatten lists the fields of an entity by dotted names: mappings are gone into, lists are one field in JSON.
func (e *Entity) flatten(name, pointer string, v any) {
	m, ok := v.(map[string]any)
	if !ok || len(m) == 0 && name != "" {
		e.fields[name], e.pointers[name] = plain(v), pointer
		return
	}
	for k, member := range m {
		full := k
		if name != "" {
			full = name + "." + k
		}
		e.flatten(full, pointer+"/"+manifest.EscapePointer(k), member)
	}
}

func plain(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	out, err := json.Marshal(v)
	if err != nil {
		return "unreadable"
	}
	return string(out)
}
