package gatekeeper

import (
	"reflect"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/manifest"
)

func TestSchemaFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ schema, value, want string }{
		{"{type: string}", "a", ""},
		{"{type: string}", "5", "must be of type string"},
		{"{type: string}", "null", "must be of type string"},
		{"{type: string, nullable: true}", "null", ""},
		{"{type: integer}", "5", ""},
		{"{type: integer}", "5.0", ""},
		{"{type: integer}", "5.5", "must be of type integer"},
		{"{type: number}", "5", ""},
		{"{type: number}", "'5'", "must be of type number"},
		{"{type: boolean}", "true", ""},
		{"{type: boolean}", "'true'", "must be of type boolean"},
		{"{type: array, items: {type: string}}", "[a, b]", ""},
		{"{type: array, items: {type: string}}", "[a, 5]", "/1 must be of type string"},
		{"{type: array, items: {type: string}, uniqueItems: true}", "[a, a]", "holds a value twice"},
		{"{type: array, items: {type: integer}, minItems: 2}", "[1]", "out of range"},
		{"{type: array, items: {type: integer}, maxItems: 0}", "[1]", "out of range"},
		{"{type: string, enum: [a, b]}", "c", "is not one of"},
		{"{type: integer, enum: [1, 2]}", "2.0", ""},
		{"{type: string, pattern: '^a+$'}", "aab", "does not match"},
		{"{type: string, minLength: 2, maxLength: 3}", "ä", "out of range"},
		{"{type: integer, minimum: 3}", "2", "out of range"},
		{"{type: integer, minimum: 3}", "3", ""},
		{"{type: integer, minimum: 3, exclusiveMinimum: true}", "3", "out of range"},
		{"{type: integer, maximum: 3}", "4", "out of range"},
		{"{type: object, properties: {a: {type: string}}}", "{a: b}", ""},
		{"{type: object, properties: {a: {type: string}}}", "{b: c}", "/b is no field"},
		{"{type: object}", "{b: c}", "/b is no field"},
		{"{type: object, x-kubernetes-preserve-unknown-fields: true}", "{b: c}", ""},
		{"{type: object, additionalProperties: {type: integer}}", "{b: 1}", ""},
		{"{type: object, additionalProperties: {type: integer}}", "{b: c}", "/b must be of type integer"},
		{"{type: object, additionalProperties: true}", "{b: {c: d}}", ""},
		{"{type: object, required: [a], properties: {a: {type: string}}}", "{}", "lacks the field a"},
		{"{type: object, maxProperties: 1, additionalProperties: {type: string}}", "{a: b, c: d}", "out of range"},
		{"{x-kubernetes-int-or-string: true}", "5", ""},
		{"{x-kubernetes-int-or-string: true}", "5%", ""},
		{"{x-kubernetes-int-or-string: true}", "[5]", "whole number or a text"},
		{"{x-kubernetes-int-or-string: true}", "true", "whole number or a text"},
		{"{type: string, allOf: [{minLength: 2}]}", "a", "out of range"},
		{"{type: string, anyOf: [{pattern: ^a}, {pattern: ^b}]}", "c", "anyOf"},
		{"{type: string, oneOf: [{pattern: ^a}, {pattern: b$}]}", "ab", "oneOf"},
		{"{type: string, not: {pattern: ^a}}", "ab", "must not"},
		{"{type: object, properties: {a: {type: string}}, anyOf: [{required: [a]}, {required: [b]}]}", "{a: x}", ""},
		{"{type: array, items: {type: object, properties: {'x/y': {type: string}}}}", "[{'x/y': 5}]", "/0/x~1y must be"},
	} {
		v := parseView(t, c.schema)
		s := readSchema(v, false)
		if err := manifest.Join(*v.problems); err != nil {
			t.Fatalf("%s: %v", c.schema, err)
		}
		var got []string
		for _, f := range s.faults(parseView(t, c.value).value, "") {
			got = append(got, f.pointer+" "+f.message)
		}
		text := strings.Join(got, "; ")
		if (c.want == "") != (text == "") || !strings.Contains(text, c.want) {
			t.Errorf("%s with %s: got %q, want %q", c.schema, c.value, text, c.want)
		}
	}
}

func TestSchemaDefaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ schema, value, want string }{
		{"{type: object, properties: {a: {type: string, default: x}}}", "{}", "{a: x}"},
		{"{type: object, properties: {a: {type: string, default: x}}}", "{a: y}", "{a: y}"},
		{"{type: object, properties: {a: {type: string, default: x}}}", "{a: null}", "{a: x}"},
		{"{type: object, properties: {a: {type: string, default: x, nullable: true}}}", "{a: null}", "{a: null}"},
		{"{type: object, properties: {a: {type: object, properties: {b: {type: integer, default: 1}}}}}", "{}", "{}"},
		{"{type: object, properties: {a: {type: object, properties: {b: {type: integer, default: 1}}}}}", "{a: {}}", "{a: {b: 1}}"},
		{"{type: object, properties: {a: {type: object, default: {}, properties: {b: {type: integer, default: 1}}}}}", "{}", "{a: {b: 1}}"},
		{"{type: array, items: {type: object, properties: {b: {type: boolean, default: false}}}}", "[{}, {b: true}]", "[{b: false}, {b: true}]"},
		{"{type: object, additionalProperties: {type: object, properties: {b: {type: integer, default: 1}}}}", "{x: {}}", "{x: {b: 1}}"},
	} {
		got := readSchema(parseView(t, c.schema), false).withDefaults(parseView(t, c.value).value)
		if want := parseView(t, c.want).value; !reflect.DeepEqual(got, want) {
			t.Errorf("%s with %s: got %v, want %v", c.schema, c.value, got, want)
		}
	}
}

func TestSchemaMistakes(t *testing.T) {
	t.Parallel()
	for schema, want := range map[string]string{
		"{type: text}":                               `"text" is no type`,
		"{type: string, pattern: '('}":               "no regular expression",
		"{type: integer, minimum: a}":                "must be a number",
		"{type: object, properties: []}":             "must be a mapping",
		"{type: object, properties: {a: {type: 5}}}": "properties.a.type must be a text",
	} {
		v := parseView(t, schema)
		readSchema(v, false)
		if err := manifest.Join(*v.problems); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", schema, err, want)
		}
	}
}
