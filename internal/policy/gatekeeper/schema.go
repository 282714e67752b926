package gatekeeper

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/adamant-os/adamant/internal/manifest"
)

// schema is an OpenAPI v3 schema as Kubernetes reads it (a structural schema): objects are closed unless they say otherwise.
// A nil schema fits any value.
type schema struct {
	kind       string // object, array, string, integer, number, boolean, "" = any
	properties map[string]*schema
	additional *schema // of members that are no properties; nil = none allowed
	items      *schema
	required   []string
	enum       []any
	pattern    *regexp.Regexp
	min, max   *float64
	minOpen    bool
	maxOpen    bool
	size       [2]*int // least and greatest length of a text, list or object
	standard   any     // default
	nullable   bool
	open       bool // x-kubernetes-preserve-unknown-fields
	intOrText  bool
	unique     bool
	all, any   []*schema
	one        []*schema
	not        *schema
}

// readSchema reads a schema. With legacy, objects and what has no type are open, as in templates of v1beta1.
func readSchema(v *view, legacy bool) *schema {
	s := &schema{
		kind: v.field("type").text(), required: v.field("required").texts(), standard: v.field("default").value,
		nullable: v.field("nullable").flag(), unique: v.field("uniqueItems").flag(),
		open:      v.field("x-kubernetes-preserve-unknown-fields").flag(),
		intOrText: v.field("x-kubernetes-int-or-string").flag(),
		min:       number(v.field("minimum")), max: number(v.field("maximum")),
		minOpen: v.field("exclusiveMinimum").flag(), maxOpen: v.field("exclusiveMaximum").flag(),
	}
	if !slices.Contains([]string{"", "object", "array", "string", "integer", "number", "boolean"}, s.kind) {
		v.field("type").complain("%q is no type of a schema", s.kind)
	}
	if legacy && (s.kind == "" || s.kind == "object") {
		s.open = true
	}
	s.readPattern(v.field("pattern"))
	for _, e := range v.field("enum").items() {
		s.enum = append(s.enum, e.value)
	}
	for i, names := range [2][3]string{{"minLength", "minItems", "minProperties"}, {"maxLength", "maxItems", "maxProperties"}} {
		for _, name := range names {
			if n := number(v.field(name)); n != nil {
				whole := int(*n)
				s.size[i] = &whole
			}
		}
	}
	s.readBelow(v, legacy)
	return s
}

func (s *schema) readPattern(v *view) {
	if !v.exists() {
		return
	}
	var err error
	if s.pattern, err = regexp.Compile(v.text()); err != nil {
		v.complain("the pattern is no regular expression: %v", err)
	}
}

// readBelow reads the schemas inside a schema. Those that only refine (allOf, ...) leave members to the outer one.
func (s *schema) readBelow(v *view, legacy bool) {
	properties := v.field("properties")
	for name := range properties.object() {
		if s.properties == nil {
			s.properties = map[string]*schema{}
		}
		s.properties[name] = readSchema(properties.field(name), legacy)
	}
	switch additional := v.field("additionalProperties"); additional.value.(type) {
	case nil:
	case bool:
		if additional.flag() {
			s.additional = &schema{open: true}
		}
	default:
		s.additional = readSchema(additional, legacy)
	}
	switch items := v.field("items"); {
	case items.exists():
		s.items = readSchema(items, legacy)
	case legacy && s.kind == "array":
		s.items = &schema{open: true}
	}
	for name, list := range map[string]*[]*schema{"allOf": &s.all, "anyOf": &s.any, "oneOf": &s.one} {
		for _, item := range v.field(name).items() {
			*list = append(*list, readSchema(item, true))
		}
	}
	if not := v.field("not"); not.exists() {
		s.not = readSchema(not, true)
	}
}

func number(v *view) *float64 {
	if !v.exists() {
		return nil
	}
	f, ok := asNumber(v.value)
	if !ok {
		v.complain("%s must be a number", v.called())
	}
	return &f
}

func asNumber(value any) (float64, bool) {
	switch n := value.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	case json.Number:
		f, err := n.Float64()
		return f, err == nil
	}
	return 0, false
}

// fault is what is wrong with a value, and where below it.
type fault struct {
	pointer, message string
	unknown          bool // a field the schema does not have
}

func (s *schema) faults(value any, pointer string) []fault {
	if s == nil {
		return nil
	}
	if value == nil && s.nullable {
		return nil
	}
	if problem := s.wrongType(value); problem != "" {
		return []fault{{pointer: pointer, message: problem}}
	}
	out := s.wrongValue(value, pointer)
	switch v := value.(type) {
	case map[string]any:
		out = append(out, s.wrongMembers(v, pointer)...)
	case []any:
		for i, item := range v {
			out = append(out, s.items.faults(item, pointer+"/"+strconv.Itoa(i))...)
		}
	}
	return out
}

func (s *schema) wrongType(value any) string {
	ok := true
	switch v := value.(type) {
	case nil:
		ok = s.kind == "" && !s.intOrText
	case bool:
		ok = s.kind == "boolean" || s.kind == "" && !s.intOrText
	case string:
		ok = s.kind == "string" || s.kind == ""
	case []any:
		ok = s.kind == "array" || s.kind == "" && !s.intOrText
	case map[string]any:
		ok = s.kind == "object" || s.kind == "" && !s.intOrText
	default:
		f, _ := asNumber(v)
		whole := f == math.Trunc(f)
		ok = s.kind == "number" || s.kind == "integer" && whole || s.kind == "" && (whole || !s.intOrText)
	}
	switch {
	case ok:
		return ""
	case s.intOrText:
		return "must be a whole number or a text"
	}
	return "must be of type " + s.kind
}

// wrongValue checks what schemas say about a value as a whole.
func (s *schema) wrongValue(value any, pointer string) []fault {
	var out []fault
	add := func(format string, args ...any) {
		out = append(out, fault{pointer: pointer, message: fmt.Sprintf(format, args...)})
	}
	if len(s.enum) > 0 && !slices.ContainsFunc(s.enum, func(e any) bool { return equal(e, value) }) {
		add("is not one of %v", s.enum)
	}
	size := -1
	switch v := value.(type) {
	case string:
		if size = utf8.RuneCountInString(v); s.pattern != nil && !s.pattern.MatchString(v) {
			add("does not match %s", s.pattern)
		}
	case []any:
		if size = len(v); s.unique && hasTwins(v) {
			add("holds a value twice")
		}
	case map[string]any:
		size = len(v)
	default:
		if f, ok := asNumber(value); ok && s.outOfRange(f) {
			add("is out of range")
		}
	}
	if size >= 0 && (s.size[0] != nil && size < *s.size[0] || s.size[1] != nil && size > *s.size[1]) {
		add("has the size %d, which is out of range", size)
	}
	return append(out, s.wrongCombination(value, pointer)...)
}

func (s *schema) outOfRange(f float64) bool {
	return s.min != nil && (f < *s.min || s.minOpen && f == *s.min) || s.max != nil && (f > *s.max || s.maxOpen && f == *s.max)
}

func (s *schema) wrongCombination(value any, pointer string) []fault {
	var out []fault
	for _, other := range s.all {
		out = append(out, refinements(other, value, pointer)...)
	}
	fits := func(list []*schema) (n int) {
		for _, other := range list {
			if len(refinements(other, value, pointer)) == 0 {
				n++
			}
		}
		return n
	}
	if len(s.any) > 0 && fits(s.any) == 0 {
		out = append(out, fault{pointer: pointer, message: "fits none of anyOf"})
	}
	if len(s.one) > 0 && fits(s.one) != 1 {
		out = append(out, fault{pointer: pointer, message: "does not fit exactly one of oneOf"})
	}
	if s.not != nil && len(refinements(s.not, value, pointer)) == 0 {
		out = append(out, fault{pointer: pointer, message: "fits what it must not"})
	}
	return out
}

// refinements are the faults of a schema that says nothing about unknown fields.
func refinements(s *schema, value any, pointer string) []fault {
	return slices.DeleteFunc(s.faults(value, pointer), func(f fault) bool { return f.unknown })
}

func (s *schema) wrongMembers(object map[string]any, pointer string) []fault {
	var out []fault
	for _, name := range s.required {
		if _, ok := object[name]; !ok {
			out = append(out, fault{pointer: pointer, message: "lacks the field " + name})
		}
	}
	for name, value := range object {
		below := pointer + "/" + manifest.EscapePointer(name)
		switch property := s.properties[name]; {
		case property != nil:
			out = append(out, property.faults(value, below)...)
		case s.additional != nil:
			out = append(out, s.additional.faults(value, below)...)
		case !s.open:
			out = append(out, fault{pointer: below, message: "is no field of the schema", unknown: true})
		}
	}
	return out
}

// withDefaults is the value completed by the schema's defaults, as Kubernetes completes it: below what is there.
func (s *schema) withDefaults(value any) any {
	if s == nil {
		return value
	}
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, member := range v {
			below := s.properties[name]
			if below == nil {
				below = s.additional
			}
			out[name] = below.withDefaults(member)
		}
		for name, property := range s.properties {
			if old, ok := v[name]; property.standard != nil && (!ok || old == nil && !property.nullable) {
				out[name] = property.withDefaults(property.standard)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = s.items.withDefaults(item)
		}
		return out
	}
	return value
}

func equal(a, b any) bool {
	x, numeric := asNumber(a)
	y, both := asNumber(b)
	if numeric && both {
		return x == y
	}
	return reflect.DeepEqual(a, b)
}

func hasTwins(list []any) bool {
	for i := range list {
		for j := range i {
			if equal(list[i], list[j]) {
				return true
			}
		}
	}
	return false
}
