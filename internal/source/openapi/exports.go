// Package openapi reads the interfaces that OpenAPI 2 and 3 documents describe (https://spec.openapis.org/oas/): operations,
// their parameters, and the fields of what is sent and answered. References inside the document are followed; those that lead
// out of it stand for themselves. What is only documentation (examples, descriptions) is none of the interface.
package openapi

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source/exports"
)

// Exports is OpenAPI.
func Exports() exports.Language {
	return exports.Language{Name: "openapi", Match: match, Unit: func(p string) string { return p }, Read: Surface, Compare: compareSurfaces, Sniffs: true,
		Scope: func(p string) string {
			if exports.Inside(p, "testdata", "fixtures", "tests", "test", "vendor", "node_modules", "examples") {
				return exports.Repository
			}
			return exports.Public
		}}
}

func match(p string) bool {
	switch path.Ext(p) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

// head is how far into a file the version is looked for, in bytes.
const head = 64 << 10

// The bounds of what is followed.
const (
	maxSymbols = 100_000
	maxVisits  = 1_000_000
	maxLevels  = 8
)

// Surface reads one document; nil when it is none of OpenAPI.
func Surface(p string, src []byte) *exports.Surface {
	if start := src[:min(len(src), head)]; !bytes.Contains(start, []byte("openapi")) && !bytes.Contains(start, []byte("swagger")) {
		return nil
	}
	doc := parse(p, src)
	if doc == nil {
		return nil
	}
	r := &reader{doc: doc, path: p, out: &exports.Surface{}}
	if doc.Err != nil {
		if !strings.Contains(path.Base(p), "openapi") && !strings.Contains(path.Base(p), "swagger") {
			return nil // not known to be one
		}
		r.out.Problem, r.out.Line = doc.Err.Message, int32(doc.Err.Line)
		return r.out
	}
	root, _ := doc.Value.(map[string]any)
	if !isVersion(root["openapi"]) && !isVersion(root["swagger"]) {
		return nil
	}
	r.root = root
	r.read()
	return r.out
}

func isVersion(v any) bool {
	text := fmt.Sprint(v)
	return strings.HasPrefix(text, "2") || strings.HasPrefix(text, "3")
}

func parse(p string, src []byte) *manifest.YAMLDocument {
	if path.Ext(p) == ".json" {
		return manifest.ParseJSON(p, src)
	}
	docs := manifest.ParseYAML(p, src)
	if len(docs) == 0 {
		return nil
	}
	return docs[0]
}

// reader walks through one document.
type reader struct {
	doc  *manifest.YAMLDocument
	root map[string]any
	path string
	out  *exports.Surface

	visits int // of schemas
}

func (r *reader) add(s exports.Symbol, pointer string) {
	if len(r.out.Symbols) >= maxSymbols {
		r.out.Problem = "it describes too much to be compared"
		return
	}
	line, _ := r.doc.Position(pointer)
	s.Path, s.Line = r.path, int32(max(line, 1))
	r.out.Symbols = append(r.out.Symbols, s)
}

var methods = [...]string{"delete", "get", "head", "options", "patch", "post", "put", "trace"}

func (r *reader) read() {
	if base, ok := r.root["basePath"].(string); ok {
		r.add(exports.Symbol{Name: "basePath", Kind: "base path", Signature: base}, "/basePath")
	}
	paths, _ := r.root["paths"].(map[string]any)
	for _, p := range sorted(paths) {
		item, pointer := r.follow(paths[p], "/paths/"+escape(p))
		object, _ := item.(map[string]any)
		for _, m := range methods {
			if op, ok := object[m].(map[string]any); ok {
				r.operation(strings.ToUpper(m)+" "+anonymous(p), pointer+"/"+m, op, object["parameters"], pointer+"/parameters")
			}
		}
	}
}

// anonymous takes the names of parameters out of a path: they mean nothing to who calls it.
func anonymous(p string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(p, "{")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		b.WriteString("{}")
		_, p, _ = strings.Cut(rest, "}")
	}
}

func sorted(m map[string]any) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func escape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~", "~0"), "/", "~1")
}

// follow resolves references inside the document.
func (r *reader) follow(v any, pointer string) (any, string) {
	for range maxLevels {
		object, _ := v.(map[string]any)
		ref, ok := object["$ref"].(string)
		if !ok || !strings.HasPrefix(ref, "#/") {
			return v, pointer
		}
		next, found := r.at(ref[1:])
		if !found {
			return v, pointer
		}
		v, pointer = next, ref[1:]
	}
	return v, pointer
}

func (r *reader) at(pointer string) (any, bool) {
	var v any = r.root
	for token := range strings.SplitSeq(pointer[1:], "/") {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		object, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = object[token]; !ok {
			return nil, false
		}
	}
	return v, true
}

// operation reads one method of a path.
func (r *reader) operation(name, pointer string, op map[string]any, shared any, sharedAt string) {
	id, _ := op["operationId"].(string)
	r.add(exports.Symbol{Name: name, Kind: "operation", Signature: id}, pointer)
	seen := map[string]bool{}
	r.parameters(name, op["parameters"], pointer+"/parameters", seen)
	r.parameters(name, shared, sharedAt, seen)
	if body, at := r.follow(op["requestBody"], pointer+"/requestBody"); body != nil {
		object, _ := body.(map[string]any)
		r.add(exports.Symbol{Name: name + " body", Kind: "body", Result: presence(object["required"] == true), Bases: []string{name}}, at)
		if schema, at := content(object, at); schema != nil {
			r.schema(walk{name: name + " body", kind: "request field", levels: maxLevels}, schema, at)
		}
	}
	responses, _ := op["responses"].(map[string]any)
	for _, status := range sorted(responses) {
		answer, at := r.follow(responses[status], pointer+"/responses/"+escape(status))
		object, _ := answer.(map[string]any)
		full := name + " " + status
		r.add(exports.Symbol{Name: full, Kind: "response", Bases: []string{name}}, at)
		schema, where := content(object, at)
		if schema == nil {
			schema, where = object["schema"], at+"/schema" // OpenAPI 2
		}
		r.schema(walk{name: full, kind: "response field", levels: maxLevels}, schema, where)
	}
}

// content is the schema of the first media type, JSON before others.
func content(object map[string]any, pointer string) (any, string) {
	types, _ := object["content"].(map[string]any)
	names := sorted(types)
	slices.SortStableFunc(names, func(a, b string) int {
		return boolean(strings.Contains(b, "json")) - boolean(strings.Contains(a, "json"))
	})
	for _, name := range names {
		if one, ok := types[name].(map[string]any); ok && one["schema"] != nil {
			return one["schema"], pointer + "/content/" + escape(name) + "/schema"
		}
	}
	return nil, ""
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

func presence(required bool) string {
	if required {
		return "required"
	}
	return "optional"
}

// parameters reads a list of parameters; those of an operation come before those that all operations of a path share.
func (r *reader) parameters(name string, list any, pointer string, seen map[string]bool) {
	items, _ := list.([]any)
	places := 0
	for i, item := range items {
		v, at := r.follow(item, fmt.Sprintf("%s/%d", pointer, i))
		p, ok := v.(map[string]any)
		if !ok {
			continue
		}
		in, _ := p["in"].(string)
		called, _ := p["name"].(string)
		full := name + " " + in + " " + called
		switch in {
		case "path": // by place: the name means nothing to who calls it
			places++
			full = fmt.Sprintf("%s path %d", name, places)
		case "body": // OpenAPI 2
			if !seen["body"] {
				seen["body"] = true
				r.add(exports.Symbol{Name: name + " body", Kind: "body", Result: presence(p["required"] == true), Bases: []string{name}}, at)
				r.schema(walk{name: name + " body", kind: "request field", levels: maxLevels}, p["schema"], at+"/schema")
			}
			continue
		}
		if seen[full] {
			continue
		}
		seen[full] = true
		schema, ok := p["schema"]
		if !ok {
			schema = p
		}
		s := exports.Symbol{Name: full, Kind: "parameter", Result: presence(p["required"] == true), Bases: []string{name}}
		s.Signature, s.Params = r.typeOf(schema, maxLevels)
		r.add(s, at)
	}
}

// walk is a place in what is sent or answered.
type walk struct {
	name, kind string
	levels     int
	refs       []string // being followed
}

// schema reads the fields of a schema.
func (r *reader) schema(w walk, v any, pointer string) {
	object, ok := v.(map[string]any)
	if !ok || w.levels == 0 {
		return
	}
	if r.visits++; r.visits > maxVisits || len(r.out.Symbols) >= maxSymbols {
		r.out.Problem = "it describes too much to be compared"
		return
	}
	if ref, ok := object["$ref"].(string); ok {
		if slices.Contains(w.refs, ref) {
			return
		}
		next, at := r.follow(v, pointer)
		if at == pointer {
			return
		}
		w.refs = append(slices.Clip(w.refs), ref)
		r.schema(w, next, at)
		return
	}
	for _, key := range []string{"allOf", "oneOf", "anyOf"} {
		parts, _ := object[key].([]any)
		for i, part := range parts {
			if key == "allOf" || len(parts) == 1 {
				r.schema(w, part, fmt.Sprintf("%s/%s/%d", pointer, key, i))
			}
		}
	}
	if items, ok := object["items"]; ok {
		w.levels--
		w.name += "[]"
		r.schema(w, items, pointer+"/items")
		return
	}
	r.properties(w, object, pointer)
}

func (r *reader) properties(w walk, object map[string]any, pointer string) {
	properties, _ := object["properties"].(map[string]any)
	required, _ := object["required"].([]any)
	for _, name := range sorted(properties) {
		at := pointer + "/properties/" + escape(name)
		s := exports.Symbol{Name: w.name + "." + name, Kind: w.kind, Result: presence(slices.Contains(required, any(name))), Bases: []string{strings.TrimRight(w.name, "[]")}}
		s.Signature, s.Params = r.typeOf(properties[name], maxLevels)
		r.add(s, at)
		inner := w
		inner.name, inner.levels = s.Name, w.levels-1
		r.schema(inner, properties[name], at)
	}
}

// typeOf is a schema's type in a word or two, and the values it may have.
func (r *reader) typeOf(v any, levels int) (string, []exports.Param) {
	v, _ = r.follow(v, "")
	object, _ := v.(map[string]any)
	if parts, ok := object["allOf"].([]any); ok && len(parts) == 1 && object["type"] == nil && levels > 0 {
		return r.typeOf(parts[0], levels-1)
	}
	parts := []string{}
	for _, key := range []string{"type", "format"} {
		if object[key] != nil {
			parts = append(parts, fmt.Sprint(object[key]))
		}
	}
	for _, key := range []string{"oneOf", "anyOf"} {
		if list, ok := object[key].([]any); ok && len(list) > 1 {
			parts = append(parts, key)
		}
	}
	if ref, ok := object["$ref"].(string); ok { // leads out of the document
		parts = append(parts, ref)
	}
	if len(parts) == 0 && (object["properties"] != nil || object["allOf"] != nil) {
		parts = append(parts, "object")
	}
	var values []exports.Param
	list, _ := object["enum"].([]any)
	for _, value := range list[:min(len(list), 1000)] {
		values = append(values, exports.Param{Name: fmt.Sprint(value)})
	}
	return strings.Join(parts, " "), values
}
