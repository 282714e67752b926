package api

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/source"
	"github.com/adamant-os/adamant/internal/source/exports"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// tree is a few files in memory.
type tree map[string]string

func (t tree) Entries() []graph.Entry {
	var out []graph.Entry
	for _, p := range slices.Sorted(maps.Keys(t)) {
		out = append(out, graph.Entry{Path: p, Blob: p + " " + t[p]})
	}
	return out
}

func (t tree) Blobs(_ context.Context, oids []string, fn func(int, []byte, error) error) error {
	for i, oid := range oids {
		_, text, _ := strings.Cut(oid, " ")
		if err := fn(i, []byte(text), nil); err != nil {
			return err
		}
	}
	return nil
}

func (t tree) world(tb testing.TB) *World {
	tb.Helper()
	snapshot, err := graph.Read(tb.Context(), t, graph.Options{Languages: graph.Languages()})
	if err != nil {
		tb.Fatal(err)
	}
	return &World{
		Graph: snapshot, Paths: slices.Sorted(maps.Keys(t)),
		Read: func(p string) ([]byte, error) {
			text, ok := t[p]
			if !ok {
				return nil, fs.ErrNotExist
			}
			return []byte(text), nil
		},
		Class: func(p string) string {
			language, _ := source.Classify(p, nil, nil)
			return language
		},
	}
}

// inUse judges the change from one tree to another.
func inUse(t *testing.T, before, after tree) string {
	t.Helper()
	var files []exports.File
	var gone []string
	paths := map[string]bool{}
	for p := range before {
		paths[p] = true
	}
	for p := range after {
		paths[p] = true
	}
	for _, p := range slices.Sorted(maps.Keys(paths)) {
		old, had := before[p]
		now, has := after[p]
		f := exports.File{Before: []byte(old), After: []byte(now)}
		if had {
			f.OldPath = p
		}
		if has {
			f.Path = p
		} else {
			gone = append(gone, p)
		}
		if old != now || had != has {
			files = append(files, f)
		}
	}
	rest := func(dir string) []exports.Source {
		var out []exports.Source
		for p, text := range after {
			if path.Dir(p) == dir && before[p] == text {
				out = append(out, exports.Source{Path: p, Data: []byte(text)})
			}
		}
		return out
	}
	d := exports.Diff(Languages(), files, rest)
	found, err := InUse(t.Context(), after.world(t), d, gone, func() (*World, error) { return before.world(t), nil })
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range found {
		out = append(out, fmt.Sprintf("%s %s:%d", strings.TrimPrefix(f.Rule, "api/"), f.Path, f.Line))
	}
	return strings.Join(out, "\n")
}

func TestInUse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before tree
		edit   map[string]string // "" takes a file away
		want   string
	}{
		"imported":              {tree{"a.ts": "export const x = 1", "b.ts": "import { x } from './a'\nx"}, map[string]string{"a.ts": "export const y = 1"}, "removed-in-use b.ts:1"},
		"renamed on import":     {tree{"a.ts": "export const x = 1", "b.ts": "import { x as z } from './a'\nz"}, map[string]string{"a.ts": ""}, "removed-in-use b.ts:1"},
		"the consumer follows":  {tree{"a.ts": "export const x = 1", "b.ts": "import { x } from './a'"}, map[string]string{"a.ts": "export const y = 1", "b.ts": "import { y } from './a'"}, ""},
		"another of that name":  {tree{"a.ts": "export const x = 1", "b.ts": "import { x } from './c'\nimport './a'", "c.ts": "export const x = 1"}, map[string]string{"a.ts": "export const y = 1"}, ""},
		"by namespace":          {tree{"a.ts": "export const x = 1", "b.ts": "import * as a from './a'\na.x\n// a.x\n'a.x'"}, map[string]string{"a.ts": "export const y = 1"}, "removed-in-use b.ts:2"},
		"over a re-export":      {tree{"a.ts": "export const x = 1", "i.ts": "export * from './a'", "b.ts": "import { x } from './i'"}, map[string]string{"a.ts": "export const y = 1"}, "removed-in-use b.ts:1"},
		"moved, re-exported":    {tree{"a.ts": "export const x = 1", "b.ts": "import { x } from './a'"}, map[string]string{"a.ts": "export { x } from './c'", "c.ts": "export const x = 1"}, ""},
		"not known":             {tree{"a.ts": "export const x = 1", "b.ts": "import { x } from './a'"}, map[string]string{"a.ts": "export * from './c'", "c.ts": "export const x = 1"}, ""},
		"required":              {tree{"a.js": "exports.x = 1", "b.js": "const { x } = require('./a')\nconst a = require('./a')\na.x()"}, map[string]string{"a.js": "exports.y = 1"}, "removed-in-use b.js:1\nremoved-in-use b.js:3"},
		"a member":              {tree{"a.ts": "export class A { x() {} }", "b.ts": "import { A } from './a'\nnew A().x()"}, map[string]string{"a.ts": "export class A { }"}, ""},
		"called with less":      {tree{"a.ts": "export function x(p: number) {}", "b.ts": "import { x } from './a'\nx(1)\nx(...y)"}, map[string]string{"a.ts": "export function x(p: number, q: number) {}"}, "changed-in-use b.ts:2"},
		"called with what fits": {tree{"a.ts": "export function x(p: number) {}", "b.ts": "import { x } from './a'\nx(1, 2)"}, map[string]string{"a.ts": "export function x(p: number, q: number) {}"}, ""},
		"a file is gone":        {tree{"a.ts": "export const x = 1", "b.ts": "import { x } from './a'"}, map[string]string{"a.ts": "-"}, "removed-in-use b.ts:1"},
		"a file became another": {tree{"a.ts": "export const x = 1", "b.ts": "import { x } from './a'"}, map[string]string{"a.ts": "-", "a/index.ts": "export const x = 1"}, ""},
		"python":                {tree{"p/__init__.py": "", "p/a.py": "def x(): pass\n", "p/b.py": "from .a import x\nfrom p import a\na.x()\nimport p.a\np.a.x()\n"}, map[string]string{"p/a.py": "y = 1\n"}, "removed-in-use p/b.py:1\nremoved-in-use p/b.py:3\nremoved-in-use p/b.py:5"},
		"python, of the package": {tree{"p/__init__.py": "from .j import r\nz = 1\n", "p/j.py": "r = 1\nq = 1\n", "t.py": "import p\nfrom p import j, z\np.r\nj.q\n"}, map[string]string{"p/__init__.py": "r = 2\n", "p/j.py": "q = 1\n"},
			"removed-in-use t.py:2"},
		"python, tried": {tree{"a.py": "def x(): pass\n", "b.py": "try:\n    from a import x\nexcept ImportError:\n    x = None\n"}, map[string]string{"a.py": "y = 1\n"}, ""},
		"python, over a package": {tree{"p/__init__.py": "from .a import x\n", "p/a.py": "def x(): pass\n", "b.py": "from p import x\n"}, map[string]string{"p/a.py": "y = 1\n"},
			"removed-in-use b.py:1\nremoved-in-use p/__init__.py:1"},
		"python, arguments": {tree{"a.py": "def x(p, q=1): pass\nclass C:\n    def __init__(self): pass\n", "b.py": "from a import x, C\nx(1, q=2)\nx(1)\nx(*y)\nC()\n"}, map[string]string{"a.py": "def x(p): pass\nclass C:\n    def __init__(self, z): pass\n"},
			"changed-in-use b.py:2\nchanged-in-use b.py:5"},
		"go":              {tree{"go.mod": "module m.dev/m\n", "a/a.go": "package a\nfunc X() {}\nfunc Y() {}", "b/b.go": "package b\nimport c \"m.dev/m/a\"\nfunc F() { c.X(); c.Y() }"}, map[string]string{"a/a.go": "package a\nfunc Y() {}"}, "removed-in-use b/b.go:3"},
		"go, another tag": {tree{"go.mod": "module m.dev/m\n", "a/a.go": "package a\nfunc X() {}", "a/a_linux.go": "package a\nfunc X() {}", "b/b.go": "package b\nimport \"m.dev/m/a\"\nfunc F() { a.X() }"}, map[string]string{"a/a.go": "package a"}, ""},
		"proto":           {tree{"a.proto": "package p; message X {} message Y {}", "b.proto": "import \"a.proto\"; package q; message Z { p.X x = 1; }"}, map[string]string{"a.proto": "package p; message Y {}"}, "removed-in-use b.proto:1"},
		"new alone":       {tree{"a.ts": "", "b.ts": "import { x } from './a'"}, map[string]string{"a.ts": "export const x = 1"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			after := maps.Clone(tt.before)
			for p, text := range tt.edit {
				if after[p] = text; text == "-" {
					delete(after, p)
				}
			}
			if got := inUse(t, tt.before, after); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	w := tree{
		"api/openapi.yaml": "openapi: 3.0.0\npaths: {/pets: {get: {operationId: listPets}}}\n",
		"web/a.ts":         "fetch('/v1/pets')\nclient.listPets() // listPets\n",
		"p/a.proto":        "package p; message X { string y = 1; }", "p/b.proto": "import \"p/a.proto\"; package p; message Z { X x = 1; }",
		"go.mod": "module m.dev/m\n", "g/g.go": "package g\ntype T struct{}\nfunc (T) Do() {}", "h/h.go": "package h\nimport \"m.dev/m/g\"\nfunc f(t g.T) { t.Do() }",
	}.world(t)
	for symbol, want := range map[string]string{
		"listPets":  "1: text web/a.ts:1 /v1/pets; text web/a.ts:2 listPets",
		"GET /pets": "1: text web/a.ts:1 /v1/pets; text web/a.ts:2 listPets",
		"p.X":       "1: name p/b.proto:1 X",
		"T.Do":      "1: member h/h.go:3 t.Do",
		"g:T":       "1: name g/g.go:3 T; name h/h.go:3 g.T",
		"h:T":       "0: ",
	} {
		found, err := Find(t.Context(), w, symbol)
		if err != nil {
			t.Fatal(err)
		}
		var uses []string
		for _, u := range found.Uses {
			uses = append(uses, fmt.Sprintf("%s %s:%d %s", u.Kind, u.Path, u.Line, u.Text))
		}
		if got := fmt.Sprintf("%d: %s", len(found.Definitions), strings.Join(uses, "; ")); got != want {
			t.Errorf("%s: got %s, want %s", symbol, got, want)
		}
	}
}

func TestScope(t *testing.T) {
	t.Parallel()
	w := tree{
		"package.json": `{"name": "x", "exports": {".": "./dist/index.js", "./sub": {"import": "./dist/sub.mjs"}}}`,
		"src/index.ts": "export { a } from './a'\nimport { b } from './b'\nexport { b }\nimport './c'", "src/sub.mts": "export * from './d'",
		"src/a.ts": "", "src/b.ts": "", "src/c.ts": "", "src/d.ts": "",
		"app/package.json": `{"private": true, "main": "m.js"}`, "app/m.js": "",
		"py/pyproject.toml": "", "py/x.py": "", "scripts.py": "",
	}.world(t)
	var d exports.Delta
	for _, at := range []string{"src/index.ts a", "src/a.ts a", "src/a.ts hidden", "src/b.ts b", "src/c.ts c", "src/d.ts d", "app/m.js m", "py/x.py x", "scripts.py s"} {
		p, name, _ := strings.Cut(at, " ")
		language := "javascript"
		if strings.HasSuffix(p, ".py") {
			language = "python"
		}
		d.Changes = append(d.Changes, exports.Change{Language: language, Path: p, Name: name, Breaking: true, Scope: exports.Public})
	}
	Scope(importsTree{w}, nil, &d)
	var public []string
	for _, c := range d.Changes {
		if c.Scope == exports.Public {
			public = append(public, c.Path+" "+c.Name)
		}
	}
	if got := strings.Join(public, ", "); got != "src/index.ts a, src/a.ts a, src/b.ts b, src/d.ts d, py/x.py x" {
		t.Errorf("public: %s", got)
	}
}

// importsTree shows a world to resolution.
type importsTree struct{ *World }

func (t importsTree) Paths() []string               { return t.World.Paths }
func (t importsTree) Has(p string) bool             { return slices.Contains(t.World.Paths, p) }
func (t importsTree) Read(p string) ([]byte, error) { return t.World.Read(p) }
func (t importsTree) File(string) *imports.File     { return nil }
func (t importsTree) Real(p string) string {
	if t.Has(p) {
		return p
	}
	return ""
}
