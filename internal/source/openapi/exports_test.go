package openapi

import (
	"strconv"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source/exports/exportstest"
)

func TestExports(t *testing.T) {
	t.Parallel()
	doc := func(body string) string { return "openapi: 3.1.0\n" + body }
	get := func(rest string) string { return doc("paths:\n  /pets/{id}:\n    get:\n" + rest) }
	schema := func(body string) string {
		return doc("components:\n  schemas:\n    Pet: " + body + "\npaths:\n  /p:\n    post:\n      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}\n      responses: {'200': {content: {application/json: {schema: {type: array, items: {$ref: '#/components/schemas/Pet'}}}}}}\n")
	}
	exportstest.Edits(t, Exports(), "api/openapi.yaml", map[string]exportstest.Edit{
		"equal":                 {get("      summary: a\n"), get("      summary: b\n"), ""},
		"name of a parameter":   {get("      operationId: a\n"), strings.ReplaceAll(get("      operationId: a\n"), "{id}", "{pet}"), ""},
		"operation gone":        {get("      responses: {'200': {}}\n"), doc("paths: {}\n"), "removed!~ GET /pets/{}: it is gone"},
		"operation new":         {doc("paths: {}\n"), get("      parameters: [{in: query, name: a, required: true}]\n"), "added GET /pets/{}"},
		"operationId":           {get("      operationId: a\n"), get("      operationId: b\n"), "changed! GET /pets/{}: its operationId is another one: clients that are generated call it by that"},
		"parameter gone":        {get("      parameters: [{in: query, name: a}]\n"), get("      summary: a\n"), "removed!~ GET /pets/{} query a: it is gone"},
		"parameter required":    {get("      parameters: [{in: query, name: a}]\n"), get("      parameters: [{in: query, name: a, required: true}, {in: header, name: b, required: true}, {in: query, name: c}]\n"), "added!~ GET /pets/{} header b: it is required: what clients send lacks it\nchanged!~ GET /pets/{} query a: it is required now\nadded GET /pets/{} query c"},
		"type":                  {get("      parameters: [{in: query, name: a, schema: {type: string}}]\n"), get("      parameters: [{in: query, name: a, schema: {type: integer, format: int32}}]\n"), "changed!~ GET /pets/{} query a: its type was string and is integer int32"},
		"fewer values":          {get("      parameters: [{in: query, name: a, schema: {type: string, enum: [b, c]}}]\n"), get("      parameters: [{in: query, name: a, schema: {type: string, enum: [b]}}]\n"), "changed!~ GET /pets/{} query a: it takes fewer values than before"},
		"more values":           {get("      parameters: [{in: query, name: a, schema: {type: string, enum: [b]}}]\n"), get("      parameters: [{in: query, name: a, schema: {type: string, enum: [b, c]}}]\n"), "changed GET /pets/{} query a: it takes more than before"},
		"answer gone":           {get("      responses: {'200': {}, '404': {}}\n"), get("      responses: {'201': {}}\n"), "removed!~ GET /pets/{} 200: it is gone\nadded GET /pets/{} 201"},
		"field of an object":    {schema("{type: object, properties: {a: {type: string}, b: {type: string}}}"), schema("{type: object, required: [a], properties: {a: {type: string}}}"), "changed POST /p 200[].a: it is always there now\nremoved!~ POST /p 200[].b: it is gone\nchanged!~ POST /p body.a: it is required now\nremoved!~ POST /p body.b: it is gone"},
		"version 2":             {"swagger: '2.0'\nbasePath: /v1\npaths: {/a: {post: {parameters: [{in: body, name: x, schema: {properties: {b: {type: string}}}}]}}}\n", "swagger: '2.0'\nbasePath: /v2\npaths: {/a: {post: {parameters: [{in: body, name: x, schema: {required: [b], properties: {b: {type: string}}}}]}}}\n", "changed!~ POST /a body.b: it is required now\nchanged? basePath: everything has another address"},
		"a reference to itself": {schema("{properties: {a: {$ref: '#/components/schemas/Pet'}}}"), schema("{properties: {a: {$ref: '#/components/schemas/Pet'}}}"), ""},
		"values of an answer":   {schema("{properties: {a: {type: string, enum: [b]}}}"), schema("{properties: {a: {type: string, enum: [b, c]}}}"), "changed? POST /p 200[].a: it can have values that clients do not know\nchanged POST /p body.a: it takes more than before"},
		"broken":                {get(""), "openapi: 3.0.0\n\tx", "unread api/openapi.yaml: a tab cannot indent; use spaces"},
		"no OpenAPI":            {"a: openapi\n", "b: openapi\n", ""},
	})
}

func TestExportsHostile(t *testing.T) {
	t.Parallel()
	const n = 2000
	var schemas, paths strings.Builder
	for i := range n {
		schemas.WriteString("    S" + strings.Repeat("x", i%50) + ": {properties: {")
		for range 20 {
			schemas.WriteString("a" + strings.Repeat("b", i%30) + ": {$ref: '#/components/schemas/Sx'}, ")
		}
		schemas.WriteString("}}\n")
		paths.WriteString("  /a" + strings.Repeat("b", i%100) + ": {get: {responses: {'200': {schema: {$ref: '#/components/schemas/S'}}}}}\n")
	}
	exportstest.Hostile(t, Exports(), "openapi.yaml", map[string]string{
		"references": "openapi: 3.0.0\ncomponents:\n  schemas:\n" + schemas.String() + "paths:\n" + paths.String(),
		"deep":       "openapi: 3.0.0\npaths: {/a: {get: {responses: {'200': {schema: " + strings.Repeat("{items: ", n) + "{}" + strings.Repeat("}", n) + "}}}}}",
		"doubling":   "openapi: 3.0.0\ncomponents: {schemas: {" + doubling() + "}}\npaths: {/a: {get: {responses: {'200': {content: {j: {schema: {$ref: '#/components/schemas/A0'}}}}}}}}",
		"bushy": "openapi: 3.0.0\ncomponents: {schemas: {A: {properties: {a: {$ref: '#/components/schemas/B'}, b: {$ref: '#/components/schemas/B'}, c: {$ref: '#/components/schemas/B'}}}, B: {allOf: [{$ref: '#/components/schemas/C'}, {$ref: '#/components/schemas/D'}]}, C: {properties: {a: {$ref: '#/components/schemas/D'}, b: {$ref: '#/components/schemas/A'}}}, D: {properties: {x: {$ref: '#/components/schemas/A'}, y: {$ref: '#/components/schemas/C'}}}}}\n" +
			"paths: {/a: {get: {responses: {'200': {content: {j: {schema: {$ref: '#/components/schemas/A'}}}}}}}}",
	})
}

// doubling is a chain of schemas each of which holds the next one twice.
func doubling() string {
	var b strings.Builder
	for i := range 40 {
		next := strconv.Itoa(i + 1)
		b.WriteString("A" + strconv.Itoa(i) + ": {allOf: [{$ref: '#/components/schemas/A" + next + "'}, {$ref: '#/components/schemas/A" + next + "'}]}, ")
	}
	return b.String()
}

func FuzzExports(f *testing.F) {
	exportstest.Fuzz(f, Exports(), "openapi.yaml", "openapi: 3.0.0\npaths: {/a/{b}: {get: {parameters: [{in: path, name: b}, {$ref: '#/c'}], requestBody: {content: {d: {schema: {allOf: [{properties: {e: {items: {}}}}]}}}}}}}\nc: {in: query, name: f}\n",
		"swagger: '2.0'\npaths: {/a: {parameters: [], post: {operationId: g, responses: {default: {schema: {$ref: '#/definitions/H'}}}}}}\ndefinitions: {H: {properties: {i: {$ref: '#/definitions/H'}}}}\n")
}
