package javascript

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// show writes what was extracted, one import a line.
func show(f *imports.File) string {
	var out []string
	for _, i := range f.Imports {
		out = append(out, strings.Join(strings.Fields(fmt.Sprintf("%d %s %s %s %s", i.Line, i.Kind, i.Specifier, strings.Join(i.Names, ","), i.Exotic)), " "))
	}
	for _, line := range f.Open {
		out = append(out, fmt.Sprintf("%d open", line))
	}
	if f.Problem != "" {
		out = append(out, fmt.Sprintf("%d %s", f.Line, f.Problem))
	}
	return strings.Join(out, "\n")
}

func TestExtract(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ src, want string }{
		"imports":            {"import 'a'\nimport b from 'b'\nimport * as c from \"c\"\nimport d, {e as f, default as g} from 'd';import {} from 'h'", "1 static a\n2 static b default\n3 static c *\n4 static d default,e,default\n4 static h"},
		"attributes":         {"import j from './j.json' with {type: 'json'}\nimport defer * as ns from 'k'\n", "1 static ./j.json default\n2 static k default,*"},
		"types":              {"import type A from 'a'\nimport type {B} from 'b'\nimport {type C, type D as E} from 'c'\nimport {type F, g} from 'd'\nimport type * as T from 'e'", "1 type-only a default\n2 type-only b B\n3 type-only c C,D\n4 static d F,g\n5 type-only e *"},
		"a name type":        {"import type from 'a'\nimport type, {b} from 'b'\nimport {type} from 'c'\nimport {type as x} from 'd'\nimport type from from 'e'\nimport {type as as y} from 'f'", "1 static a default\n2 static b default,b\n3 static c type\n4 static d type\n5 type-only e default\n6 type-only f as"},
		"exports":            {"export {a} from 'a'\nexport * from 'b'\nexport * as c from 'c'\nexport type {D} from 'd'\nexport {x}\nexport type E = import('e').F\nexport {type G} from 'g'\nexport * as 'h h' from 'h'", "1 reexport a a\n2 reexport b *\n3 reexport c *\n4 type-reexport d D\n6 dynamic e\n7 type-reexport g G\n8 reexport h *"},
		"no re-exports":      {"export default from\nexport const a = 1\nexport {b}\n'from'", ""},
		"require":            {"const a = require('a'), b = require(`b`)\nrequire('c').d()\nx.require('no')\n[...require('e')]\nrequire(name)\nrequire(`f/${g}`)\nrequire.resolve('h')", "1 require a\n1 require b\n2 require c\n4 require e\n5 open\n6 open"},
		"import equals":      {"import a = require('a')\nimport type b = require('b')\nimport c = D.E\nexport import f = require('f')", "1 require a import-equals\n2 type-only b import-equals\n4 require f import-equals"},
		"dynamic":            {"const a = await import('a')\nimport(/* webpackChunkName: 'x' */ 'b')\nimport(c)\nlet d: typeof import('d')\nimport.meta.url\nimport('e', {with: {}})", "1 dynamic a\n2 dynamic b\n4 type-only d\n6 dynamic e\n3 open"},
		"not code":           {"// import 'a'\n/* import 'b'\n*/ const s = \"import 'c'\", t = `\nimport 'd'\n${require('e')} import 'f'`\nimport 'g'", "5 require e\n6 static g"},
		"nested templates":   {"`${`${require('a')}`} ${ {b: `}`} }`; require('c')", "1 require a\n1 require c"},
		"regexp":             {"const a = /['\"`]/, b = x / require('b') / 2\nif (a) /require('no')/.test(b)\nf(c) / require('d')\nreturn /[/'\"]/; require('e')", "1 require b\n3 require d\n4 require e"},
		"jsx":                {"const a = <p className=\"it's\">don't `x` {require('a')} <b c={<i>'</i>}/> // no comment {import('d')}</p>\nimport e from 'e'", "1 require a\n1 dynamic d\n2 static e default"},
		"jsx or types":       {"const f = <T,>(x: T) => x\nconst g = <T extends U>(x) => require('g')\nconst h = a < b && c > require('h')\nreturn <></>", "2 require g\n3 require h"},
		"fragments":          {"f(<>it's <A.B x:y='1' {...require('p')}>{/* it's */}</A.B></>, require('q'))", "1 require p\n1 require q"},
		"directives":         {"#!/usr/bin/env node\n// a\n/// <reference path=\"./a.d.ts\" />\n/// <reference types='node' />\nimport 'b'\n/// <reference path=\"no\" />", "3 type-only ./a.d.ts triple-slash-file\n4 type-only node triple-slash-type\n5 static b"},
		"line ends":          {"\xef\xbb\xbfimport a from 'a'\r\nimport {\r\n  b,\r\n} from 'b'\r\n", "1 static a default\n2 static b b"},
		"open ends":          {"import a from 'a'\nconst x = 'it is\nimport b from 'b'\n`\n/*", "1 static a default\n3 static b default\n4 a template is not closed"},
		"members":            {"a.import('no')\na?.require('no')\nthis.#require('no')\n({import: 1}).import", ""},
		"parted dots":        {"[.\u00a0..require('a')]", "1 require a"},
		"a comment":          {"import a from 'a' /*", "1 static a default\n1 a comment is not closed"},
		"division of braces": {"const a = {b: 1}\n/require('no')/g\nlet c = ++d / 2 / require('e')", "3 require e"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := show(extractJSX([]byte(tt.src))); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestPlainTypeScript(t *testing.T) {
	t.Parallel()
	src := "const a = <string>require('a')\nconst b = <T>(x: T) => import('b')\n"
	if got, want := show(extractPlain([]byte(src))), "1 require a\n2 dynamic b"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestScripts(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ src, want string }{
		"vue":    {"<template>\n  <p>it's</p>\n</template>\n<script lang=\"ts\">\nimport a from 'a'\n</script>\n<script setup>\nimport b from 'b'\n</script>\n<style>@import 'no'</style>", "5 static a default\n8 static b default"},
		"astro":  {"---\nimport A from './a.astro'\n---\n<A>don't</A>\n<script>import('b')</script>", "2 static ./a.astro default\n5 dynamic b"},
		"none":   {"<p>import 'a'</p>", ""},
		"cut":    {"<script>import 'a'", "1 static a"},
		"no tag": {"<script", ""},
	} {
		if got := show(extractScripts([]byte(tt.src))); got != tt.want {
			t.Errorf("%s: got:\n%s\nwant:\n%s", name, got, tt.want)
		}
	}
}

// TestHostile: whatever is nested or left open, extraction ends, and does not take the square of the size: that would run into
// the limit of the test run.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, unit := range map[string]string{
		"braces": "{", "parentheses": "(", "templates": "`${", "elements": "<a>", "attributes": "<a b={", "slashes": "/", "quotes": "'\"`", "imports": "import{", "clause": "import a,",
		"exports": "export{", "nul": "\x00", "comments": "/*", "words": "require(", "wide": "\u2028", "tags": "<script>",
	} {
		src := []byte(strings.Repeat(unit, 2<<20/len(unit)))
		extractJSX(src)
		extractPlain(src)
		extractScripts(src)
	}
}

// slowly extracts token by token.
func slowly(src []byte, jsx bool) *imports.File {
	r := &reader{scanner: newScanner(src, jsx), file: &imports.File{}}
	r.run(func() {})
	return r.file
}

// TestSkim: what is skimmed is what is read token by token.
func TestSkim(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{"import", "export", "require", "imports", "requir", "typeof ", "if", "return ", "a", "'b'", "\"c", "`", "${",
			"}", "{", "(", ")", "[", "]", "<", ">", "</", "/>", "/", "//", "/*", "*/", ".", "...", "..", "?.", ".5", "0x1e+", "\\", "#", " ", "\n", "\r\n", "\u2028", "é", "\xc2",
			";", "=", "=>", "*", " from ", ",", "\x00"}), 0, 60).Draw(t, "parts")
		src := []byte(strings.Join(parts, ""))
		for _, jsx := range []bool{false, true} {
			if got, want := show(extract(src, jsx)), show(slowly(src, jsx)); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		}
	})
}

func FuzzExtract(f *testing.F) {
	f.Add([]byte("import a, {type b} from 'c'; <p x={`${require(\"d\")}`}>'</p> / /[/]/ export * from `e`"))
	f.Add([]byte("a.b...require('x') typeof import('y') .5.e+1 if (a) /x/ { } </a> // \u2028 \n /* \n */ #x \\u0041 ${ `${{}}`"))
	f.Fuzz(func(t *testing.T, src []byte) {
		lines := int32(strings.Count(string(src), "\n") + 1)
		for _, jsx := range []bool{false, true} {
			if got, want := show(extract(src, jsx)), show(slowly(src, jsx)); got != want {
				t.Errorf("skimmed:\n%s\ntoken by token:\n%s", got, want)
			}
		}
		for _, extract := range []func([]byte) *imports.File{extractJSX, extractPlain, extractScripts} {
			for _, i := range extract(src).Imports {
				if i.Line < 1 || i.Line > lines {
					t.Errorf("import %+v in a text of %d lines", i, lines)
				}
			}
		}
	})
}
