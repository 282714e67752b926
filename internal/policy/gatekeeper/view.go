package gatekeeper

import (
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// view is a value of a YAML document and where it is. Reading what is not there gives the zero value; reading what has another
// type is a problem, noted once for the whole document. Unknown fields are left alone, as Gatekeeper does.
type view struct {
	doc      *manifest.YAMLDocument
	pointer  string
	value    any
	problems *[]manifest.Diagnostic
}

func newView(doc *manifest.YAMLDocument) *view {
	return &view{doc: doc, value: doc.Value, problems: &[]manifest.Diagnostic{}}
}

func (v *view) complain(format string, args ...any) {
	*v.problems = append(*v.problems, v.doc.Diagnose(v.pointer, fmt.Sprintf(format, args...)))
}

func (v *view) line() int {
	line, _ := v.doc.Position(v.pointer)
	return line
}

func (v *view) exists() bool { return v.value != nil }

// field is the member of a path of names.
func (v *view) field(names ...string) *view {
	at := *v
	for _, name := range names {
		object, ok := at.value.(map[string]any)
		if !ok && at.value != nil {
			at.complain("%s must be a mapping", at.called())
		}
		at.value, at.pointer = object[name], at.pointer+"/"+manifest.EscapePointer(name)
	}
	return &at
}

func (v *view) called() string {
	if v.pointer == "" {
		return "the document"
	}
	return strings.ReplaceAll(strings.TrimPrefix(v.pointer, "/"), "/", ".")
}

func (v *view) text() string {
	text, ok := v.value.(string)
	if !ok && v.value != nil {
		v.complain("%s must be a text", v.called())
	}
	return text
}

func (v *view) flag() bool {
	flag, ok := v.value.(bool)
	if !ok && v.value != nil {
		v.complain("%s must be true or false", v.called())
	}
	return flag
}

func (v *view) object() map[string]any {
	object, ok := v.value.(map[string]any)
	if !ok && v.value != nil {
		v.complain("%s must be a mapping", v.called())
	}
	return object
}

func (v *view) items() []*view {
	list, ok := v.value.([]any)
	if !ok && v.value != nil {
		v.complain("%s must be a list", v.called())
	}
	out := make([]*view, len(list))
	for i, item := range list {
		out[i] = &view{doc: v.doc, pointer: fmt.Sprintf("%s/%d", v.pointer, i), value: item, problems: v.problems}
	}
	return out
}

func (v *view) texts() []string {
	var out []string
	for _, item := range v.items() {
		out = append(out, item.text())
	}
	return out
}
