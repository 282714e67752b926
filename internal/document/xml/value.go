package xml

import (
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/document/format"
)

// value notes lines on its way down.
func (e *element) value(r *reader, at string) any {
	text := strings.TrimSpace(e.text.String())
	if len(e.attrs) == 0 && len(e.children) == 0 {
		return text
	}
	out := make(map[string]any, len(e.attrs)+len(e.children)+1)
	for _, a := range e.attrs {
		name := "-" + a.Name.Local
		out[name] = together(out[name], a.Value)
		r.lines[format.Join(at, name)] = e.line
	}
	if text != "" {
		out["#content"] = text
		r.lines[format.Join(at, "#content")] = e.line
	}
	e.below(r, at, out)
	return out
}

// together keeps all values of attributes that differ in their namespace only.
func together(old any, value string) any {
	switch old := old.(type) {
	case nil:
		return value
	case []any:
		return append(old, value)
	}
	return []any{old, value}
}

// below adds the child elements, those of one name together.
func (e *element) below(r *reader, at string, into map[string]any) {
	count := make(map[string]int, len(e.children))
	for _, c := range e.children {
		count[c.name]++
	}
	for _, c := range e.children {
		here := format.Join(at, c.name)
		if count[c.name] == 1 {
			r.lines[here] = c.line
			into[c.name] = c.value(r, here)
			continue
		}
		list, _ := into[c.name].([]any)
		if len(list) == 0 {
			r.lines[here] = c.line
		}
		here = format.Join(here, strconv.Itoa(len(list)))
		r.lines[here] = c.line
		into[c.name] = append(list, c.value(r, here))
	}
}
