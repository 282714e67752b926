package kustomize

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// kustomization is one parsed file.
type kustomization struct {
	file      string
	value     map[string]any
	doc       *manifest.YAMLDocument
	fault     *Fault
	rewritten []byte // the file as it is rendered, when that is not as it stands
}

func (k *kustomization) wrong(pointer, message string) *Fault {
	line := 0
	if k.doc != nil {
		line, _ = k.doc.Position(pointer)
	}
	return &Fault{Path: k.file, Line: line, Message: message}
}

// kind is what a reference may lead to.
type kind int

const (
	fileOrFolder kind = iota
	folderOnly
	fileOnly
	inlineOrFile // a file, or text that stands here
	generated    // a file that may be made at deployment: secrets rarely are in the repository
)

type reference struct {
	pointer string
	to      string
	kind    kind
}

// needs says what the kustomization asks for that is never run here.
func (k *kustomization) needs() string {
	for _, field := range []struct{ name, reason string }{
		{"helmCharts", "needs Helm"}, {"helmChartInflationGenerator", "needs Helm"},
		{"generators", "uses generators"}, {"transformers", "uses transformers"}, {"validators", "uses validators"},
	} {
		if list, ok := k.value[field.name].([]any); ok && len(list) > 0 {
			return field.reason + ", which are not run here"
		}
	}
	return ""
}

// references lists what the kustomization reads, in a fixed order.
func (k *kustomization) references() []reference {
	var out []reference
	for _, field := range []struct {
		name string
		kind kind
	}{{"resources", fileOrFolder}, {"bases", fileOrFolder}, {"components", folderOnly}, {"crds", fileOnly}, {"configurations", fileOnly},
		{"patchesStrategicMerge", inlineOrFile}} {
		for i, v := range list(k.value[field.name]) {
			out = addText(out, index("/"+field.name, i), v, field.kind)
		}
	}
	for _, name := range []string{"patches", "patchesJson6902", "replacements"} {
		for i, v := range list(k.value[name]) {
			item, _ := v.(map[string]any)
			out = addText(out, index("/"+name, i)+"/path", item["path"], fileOnly)
		}
	}
	openapi, _ := k.value["openapi"].(map[string]any)
	out = addText(out, "/openapi/path", openapi["path"], fileOnly)
	for _, name := range generators() {
		for i, v := range list(k.value[name]) {
			item, _ := v.(map[string]any)
			out = addGenerated(out, index("/"+name, i), item)
		}
	}
	return out
}

func generators() []string { return []string{"configMapGenerator", "secretGenerator"} }

func addText(out []reference, pointer string, v any, kind kind) []reference {
	if s, ok := v.(string); ok && s != "" && !strings.Contains(s, "\n") {
		return append(out, reference{pointer, s, kind})
	}
	return out
}

// addGenerated adds the files of a generator, "path" or "key=path".
func addGenerated(out []reference, pointer string, item map[string]any) []reference {
	out = addText(out, pointer+"/env", item["env"], generated)
	for i, v := range list(item["envs"]) {
		out = addText(out, index(pointer+"/envs", i), v, generated)
	}
	for i, v := range list(item["files"]) {
		file, _ := v.(string)
		if _, to, ok := strings.Cut(file, "="); ok {
			file = to
		}
		out = addText(out, index(pointer+"/files", i), file, generated)
	}
	return out
}

func list(v any) []any {
	out, _ := v.([]any)
	return out
}

// withoutHashes keeps the names of generated objects: with a hash of their content in it, each edit would be an object that
// is taken away. It returns nil when nothing is generated.
func withoutHashes(value map[string]any) []byte {
	out := maps.Clone(value)
	some := false
	for _, name := range generators() {
		items := list(value[name])
		plain := make([]any, len(items))
		for i, v := range items {
			some = true
			plain[i] = v
			if item, ok := v.(map[string]any); ok {
				plain[i] = with(item, "options", item["options"])
			}
		}
		if len(items) > 0 {
			out[name] = plain
		}
	}
	if !some {
		return nil
	}
	text, err := json.Marshal(with(out, "generatorOptions", value["generatorOptions"]))
	if err != nil { // values of YAML are values of JSON
		return nil
	}
	return text
}

// with sets disableNameSuffixHash in the options of a mapping.
func with(item map[string]any, name string, options any) map[string]any {
	out := maps.Clone(item)
	old, _ := options.(map[string]any)
	set := maps.Clone(old)
	if set == nil {
		set = map[string]any{}
	}
	set["disableNameSuffixHash"] = true
	out[name] = set
	return out
}
