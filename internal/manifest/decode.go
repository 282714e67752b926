package manifest

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Decode fills into (a pointer to a struct) from a document, strictly: unknown fields, wrong types, null, missing required
// fields and values outside their constraints are Diagnostics with a position, all of them, in file order. Into holds what
// could be read when there are any.
//
// Fields are named by their json tags; a field without omitempty or omitzero is required. More constraints are tags too,
// and the JSON Schemas say the same:
//
//	enum:"a,b"      the strings allowed: of the field, of a list's items, of a map's values
//	keys:"a,b"      the keys a map may have
//	format:"f"      what the strings are: duration, date, glob, path, name (see the formats in constraint.go)
//	min:"n" max:"n" bounds of an integer, of a string's length in characters, of the number of items of a list or map
//
// A type that implements encoding.TextUnmarshaler is read from a string.
func Decode(doc *YAMLDocument, into any) []Diagnostic {
	if doc.Err != nil {
		return []Diagnostic{*doc.Err}
	}
	d := decoder{path: doc.Path, fields: map[reflect.Type][]field{}}
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return []Diagnostic{{Path: doc.Path, Message: fmt.Sprintf("cannot decode into %T: want a pointer", into)}}
	}
	root := doc.root
	if root.at.Line == 0 {
		root.at = Position{Line: doc.Line, Column: 1}
	}
	d.value(&root, "", target.Elem(), constraint{})
	slices.SortStableFunc(d.problems, func(a, b Diagnostic) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return d.problems
}

type decoder struct {
	path     string
	fields   map[reflect.Type][]field
	problems []Diagnostic
}

// field is a struct field as documents see it.
type field struct {
	name     string
	index    []int
	required bool
	limits   constraint
}

func (d *decoder) report(at Position, pointer, format string, args ...any) {
	d.problems = append(d.problems, Diagnostic{Path: d.path, Line: at.Line, Column: at.Column, Pointer: pointer, Message: fmt.Sprintf(format, args...)})
}

// wrong reports a value of another type than wanted.
func (d *decoder) wrong(n *node, pointer, want string) {
	if n.value == nil {
		d.report(n.place(), pointer, "%s has no value; give it %s or remove it", named(pointer), want)
		return
	}
	hint := ""
	if want == "text" && n.kind == scalar {
		hint = "; put it in quotes"
	}
	d.report(n.at, pointer, "%s must be %s, not %s%s", named(pointer), want, describe(n.value), hint)
}

// named calls a value by its pointer, in the words of the file.
func named(pointer string) string {
	if pointer == "" {
		return "the document"
	}
	return strings.ReplaceAll(unescapePointer.Replace(strings.ReplaceAll(pointer[1:], "/", ".")), "\n", " ")
}

func describe(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	case string:
		return "the text " + strconv.Quote(clip(v))
	case bool:
		return strconv.FormatBool(v)
	}
	return fmt.Sprintf("the number %v", v)
}

func (d *decoder) value(n *node, pointer string, into reflect.Value, limits constraint) {
	if into.Kind() == reflect.Pointer {
		if n.value != nil {
			into.Set(reflect.New(into.Type().Elem()))
			into = into.Elem()
		} else {
			into = reflect.New(into.Type().Elem()).Elem()
		}
	}
	if text, ok := into.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.text(n, pointer, text)
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		d.object(n, pointer, into)
	case reflect.Map:
		d.dictionary(n, pointer, into, limits)
	case reflect.Slice:
		d.list(n, pointer, into, limits)
	case reflect.Interface:
		if n.value != nil {
			into.Set(reflect.ValueOf(n.value))
		}
	default:
		d.scalar(n, pointer, into, limits)
	}
}

func (d *decoder) text(n *node, pointer string, into encoding.TextUnmarshaler) {
	s, ok := n.value.(string)
	if !ok {
		d.wrong(n, pointer, "text")
		return
	}
	if err := into.UnmarshalText([]byte(s)); err != nil {
		d.report(n.at, pointer, "%s: %v", named(pointer), err)
	}
}

func (d *decoder) object(n *node, pointer string, into reflect.Value) {
	if n.kind != mapping {
		d.wrong(n, pointer, "a mapping")
		return
	}
	fields := d.fieldsOf(into.Type())
	for i := range n.children {
		c := &n.children[i]
		at := slices.IndexFunc(fields, func(f field) bool { return f.name == c.key })
		if at < 0 {
			d.unknown(c, pointer, fields)
			continue
		}
		d.value(c, pointer+"/"+EscapePointer(c.key), into.FieldByIndex(fields[at].index), fields[at].limits)
	}
	for _, f := range fields {
		if f.required && n.member(f.name) == nil {
			d.report(n.place(), pointer, "%s must have %q", named(pointer), f.name)
		}
	}
}

func (d *decoder) unknown(c *node, pointer string, fields []field) {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	d.report(c.keyAt, pointer+"/"+EscapePointer(c.key), "unknown field %q%s", c.key, suggestion(c.key, names))
}

// suggestion names the closest of the names, or all of them when they are few.
func suggestion(word string, names []string) string {
	if best := closest(word, names); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	if len(names) == 0 || len(names) > 16 {
		return ""
	}
	return "; want one of " + strings.Join(names, ", ")
}

func (d *decoder) dictionary(n *node, pointer string, into reflect.Value, limits constraint) {
	if n.kind != mapping {
		d.wrong(n, pointer, "a mapping")
		return
	}
	d.count(n, pointer, limits)
	into.Set(reflect.MakeMapWithSize(into.Type(), len(n.children)))
	for i := range n.children {
		c := &n.children[i]
		at := pointer + "/" + EscapePointer(c.key)
		if problem := limits.key(c.key); problem != "" {
			d.report(c.keyAt, at, "%s: %s", named(pointer), problem)
		}
		v := reflect.New(into.Type().Elem()).Elem()
		d.value(c, at, v, limits.element())
		into.SetMapIndex(reflect.ValueOf(c.key).Convert(into.Type().Key()), v)
	}
}

func (d *decoder) list(n *node, pointer string, into reflect.Value, limits constraint) {
	if n.kind != sequence {
		d.wrong(n, pointer, "a list")
		return
	}
	d.count(n, pointer, limits)
	into.Set(reflect.MakeSlice(into.Type(), len(n.children), len(n.children)))
	for i := range n.children {
		d.value(&n.children[i], pointer+"/"+strconv.Itoa(i), into.Index(i), limits.element())
	}
}

func (d *decoder) count(n *node, pointer string, limits constraint) {
	if problem := limits.count(len(n.children)); problem != "" {
		d.report(n.place(), pointer, "%s %s", named(pointer), problem)
	}
}

func (d *decoder) scalar(n *node, pointer string, into reflect.Value, limits constraint) {
	var problem string
	switch v := n.value.(type) {
	case string:
		if into.Kind() != reflect.String {
			d.wrong(n, pointer, wanted(into.Kind()))
			return
		}
		into.SetString(v)
		problem = limits.text(v)
	case bool:
		if into.Kind() != reflect.Bool {
			d.wrong(n, pointer, wanted(into.Kind()))
			return
		}
		into.SetBool(v)
	case int64:
		if !into.CanInt() && !into.CanFloat() || into.CanInt() && into.OverflowInt(v) {
			d.wrong(n, pointer, wanted(into.Kind()))
			return
		}
		if into.CanInt() {
			into.SetInt(v)
		} else {
			into.SetFloat(float64(v))
		}
		problem = limits.integer(v)
	case float64:
		if !into.CanFloat() {
			d.wrong(n, pointer, wanted(into.Kind()))
			return
		}
		into.SetFloat(v)
	default:
		d.wrong(n, pointer, wanted(into.Kind()))
	}
	if problem != "" {
		d.report(n.at, pointer, "%s %s", named(pointer), problem)
	}
}

func wanted(k reflect.Kind) string {
	switch k {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	}
	return "a whole number"
}

func (d *decoder) fieldsOf(t reflect.Type) []field {
	if f, ok := d.fields[t]; ok {
		return f
	}
	f := structFields(t)
	d.fields[t] = f
	return f
}

func structFields(t reflect.Type) []field {
	var out []field
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		out = append(out, field{name: name, index: f.Index, required: !optional, limits: constraintOf(f.Tag)})
	}
	return out
}
