package graph

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// versions are the contents that a file of the wandering tree may have; every language is there, and every manifest.
var versions = map[string][]string{
	"go.mod":                   {"module example.org/m\n", "module example.org/n\nreplace example.org/m => ./b\n", "module ("},
	"b/go.mod":                 {"module example.org/m/b\n"},
	"a/a.go":                   {"package a\nimport \"example.org/m/b\"\n", "package a\nimport \"fmt\"\n//go:embed *.txt\nvar s string\n", "package documentation\n", "package ("},
	"b/b.go":                   {"package b\nimport \"example.org/m/a\"\n", "package b\n"},
	"b/b_test.go":              {"package b\nimport \"example.org/m/c\"\n"},
	"c/c.go":                   {"package c\nimport \"example.org/n/b\"\n"},
	"a/x.txt":                  {"x", "y"},
	"package.json":             {`{"name": "top", "imports": {"#i": "./web/b.ts"}, "dependencies": {"react": "*"}}`, `{"name": "top", "imports": {"#i": "./web/c.vue"}}`, `{`},
	"lib/package.json":         {`{"name": "lib", "main": "./dist/index.js"}`, `{"name": "lib", "exports": {".": "./src/other.ts"}}`, `{"name": "@x/c"}`},
	"lib/src/index.ts":         {"export * from './other'\n", "import 'top'\n"},
	"lib/src/other.ts":         {"import type { A } from '../../web/a'\n", ""},
	"lib/dist/index.js":        {"require('./other')\n"},
	"base.json":                {`{"compilerOptions": {"paths": {"@x/*": ["./web/*"]}}}`, `{"compilerOptions": {"baseUrl": "lib"}}`},
	"web/tsconfig.json":        {`{"extends": "../base.json"}`, `{"references": [{"path": "./tsconfig.b.json"}]}`},
	"web/tsconfig.b.json":      {`{"compilerOptions": {"baseUrl": "."}}`, `{"extends": "./tsconfig.json"}`},
	"web/a.ts":                 {"import './b'; import '@x/c'; import 'react'; import '#i'; import 'lib'\n", "import 'b'; import x = require('../lib')\n", "import '"},
	"web/b.ts":                 {"import('./a')\n", "import(x)\n", "export {} from '../link'\n"},
	"web/b/index.ts":           {"import '..'\n"},
	"web/b.js":                 {"import './linked/a'\n"},
	"web/c.vue":                {"<script>\nimport './a'\n</script>\n"},
	"py/pyproject.toml":        {"[project]\n"},
	"py/setup.py":              {"import pkg.m\n", "import os\n"},
	"py/src/pkg/__init__.py":   {"from . import m\n", ""},
	"py/src/pkg/m.py":          {"from pkg import *\n", "import linked\n"},
	"py/src/pkg/m/__init__.py": {""},
	"tools/run.py":             {"import pkg.m, odd\nfrom py.src.pkg import m\n", "import importlib\nimportlib.import_module(x)\n"},
	"j/A.java":                 {"package j;\nclass A { B b; }\n", "package k;\nimport j.*;\nclass A { B b; K c; }\n", "package j;\nclass C {}\n"},
	"j/B.java":                 {"package j;\nclass B { A a; }\n", "package k;\nclass B {}\nclass K {}\n"},
	"j/K.kt":                   {"package j\nimport k.B\nfun f(a: A) {}\n", "package k\nclass K\n"},
	"Cargo.toml":               {"[package]\nname = \"r\"\n[dependencies]\ns = { path = \"s\" }\n", "[package]\nname = \"r\"\n"},
	"s/Cargo.toml":             {"[package]\nname = \"s\"\n", "[package]\nname = \"t\"\n"},
	"src/lib.rs":               {"mod x;\nuse s::f;\nuse x::y::Z;\n", "mod z;\npub mod y { pub mod x; }\n"},
	"src/x.rs":                 {"pub mod y;\nuse crate::z;\n", "include_str!(\"../a/x.txt\");\n"},
	"src/x/y.rs":               {"use super::y;\n", "use t::f;\n"},
	"src/z.rs":                 {"use crate::x::y;\n"},
	"s/src/lib.rs":             {"pub mod f;\n", "pub fn f() {}\n"},
	"s/src/f.rs":               {""},
	"p/a.proto":                {"import \"b.proto\";\n", "import \"q/b.proto\";\nimport \"google/x.proto\";\n"},
	"q/b.proto":                {"message M {}\n", "import \"p/a.proto\";\n"},
	"q/buf.yaml":               {"version: v2\n"},
	"tf/main.tf":               {"module \"m\" {\n  source = \"./m\"\n}\n", "locals {\n  a = file(\"../a/x.txt\")\n}\n"},
	"tf/m/main.tf":             {"module \"r\" {\n  source = \"hashicorp/x/aws\"\n}\n"},
	"tf/m/terragrunt.hcl":      {"terraform {\n  source = \"../m\"\n}\n"},
	"Dockerfile":               {"FROM a\nCOPY web /w\n", "FROM a\nCOPY src/x.rs a/x.txt /w/\n"},
	"app/Dockerfile":           {"FROM b\nCOPY x.txt /\n", "FROM b\nCOPY web/*.ts /\n"},
	"app/x.txt":                {"x"},
	"compose.yaml":             {"services:\n  a:\n    build: ./app\n", "services:\n  a:\n    build:\n      context: ./a\n      dockerfile: ../app/Dockerfile\n"},
	".github/workflows/ci.yml": {"jobs:\n  a:\n    steps:\n      - uses: ./act\n      - run: tools/run.py web/a.ts\n", "jobs:\n  a:\n    steps:\n      - run: x\n        working-directory: lib\n"},
	"act/action.yml":           {"runs:\n  using: node20\n  main: ../web/b.js\n"},
	"catalog-info.yaml":        {"kind: Component\nmetadata:\n  name: a\nspec:\n  dependsOn: [b]\n", "kind: Component\nmetadata:\n  name: c\n"},
	"svc/catalog-info.yaml":    {"kind: Component\nmetadata:\n  name: b\nspec:\n  dependsOn: [c]\n", "kind: [\n"},
	"m.c":                      {"#include \"b.h\"\n#include <lib/c.h>\n", "#include X\n"},
	"inc/lib/c.h":              {"#include \"../b.h\"\n", ""},
	"inc/b.h":                  {""},
	"other/b.h":                {"#include \"m.c\"\n"},
	"link.ts":                  {"-> web/a.ts", "-> lib/src/other.ts", "import './web/a'\n"},
	"web/linked":               {"-> ../lib/src", "-> ../web", "-> /etc", "-> linked"},
	"linked.py":                {"-> py/src/pkg/m.py", "-> nowhere.py"},
	"gone.h":                   {"-> inc/b.h"},
	"tools/odd.py":             {"-> ../a/x.txt"},
}

// describe writes everything that a snapshot says.
func describe(s *Snapshot) string {
	var b strings.Builder
	for id := range ID(s.Graph.Len()) {
		n := *s.Graph.Node(id)
		fmt.Fprintf(&b, "%+v %s\n", n, s.PackageOf(&n))
		for e := range s.Graph.In(id) {
			fmt.Fprintf(&b, "  < %d %d\n", e.From, e.Line)
		}
	}
	for _, e := range s.Graph.Edges() {
		fmt.Fprintf(&b, "%+v\n", e)
	}
	for _, link := range slices.Sorted(maps.Keys(s.Links)) {
		fmt.Fprintf(&b, "%s -> %s\n", link, s.Links[link])
	}
	fmt.Fprintf(&b, "%+v\n", s.Problems)
	return b.String()
}

// wander changes a few files of a tree: other contents, new ones, and ones that are gone.
func wander(r *rand.Rand, paths []string, tree files) files {
	out := maps.Clone(tree)
	for range 1 + r.IntN(3) {
		p := paths[r.IntN(len(paths))]
		if _, ok := out[p]; ok && r.IntN(3) == 0 {
			delete(out, p)
			continue
		}
		out[p] = versions[p][r.IntN(len(versions[p]))]
	}
	return out
}

// TestIncrementalIsFull: whatever was kept of the trees before, a tree's graph is the one that nothing kept would give.
func TestIncrementalIsFull(t *testing.T) {
	t.Parallel()
	const walks, sequences, steps = 8, 150, 5
	all := slices.Sorted(maps.Keys(versions))
	plain := slices.DeleteFunc(slices.Clone(all), func(p string) bool { return strings.HasPrefix(versions[p][0], "-> ") })
	var done sync.WaitGroup
	for walk := range uint64(walks) {
		done.Go(func() {
			folder := t.TempDir()
			for seed := range uint64(sequences) {
				r := rand.New(rand.NewPCG(walk, seed))
				tree, paths := files{}, all
				if seed%2 == 1 { // a tree with symlinks is more careful
					paths = plain
				}
				for _, p := range paths {
					if r.IntN(4) > 0 {
						tree[p] = versions[p][r.IntN(len(versions[p]))]
					}
				}
				cache := keepAll(t, folder)
				for step := range steps {
					if r.IntN(2) == 0 { // another process: what is kept comes from the folder
						cache = keepAll(t, folder)
					}
					opt := Options{Languages: Languages(), Test: func(p string) bool { return strings.HasPrefix(p, "tools/") }}
					want, got := mustRead(t, tree, opt, nil), mustRead(t, tree, opt, cache)
					if a, b := describe(got), describe(want); a != b {
						t.Errorf("walk %d, sequence %d, step %d: incremental\n%s\nfull\n%s", walk, seed, step, a, b)
						return
					}
					tree = wander(r, paths, tree)
				}
			}
		})
	}
	done.Wait()
}

// keepAll is a cache that keeps the snapshot of every tree, however little it took.
func keepAll(t *testing.T, folder string) *Cache {
	cache := OpenCache(folder, func(text string) { t.Error(text) })
	cache.few = 0
	return cache
}

func mustRead(t *testing.T, tree files, opt Options, cache *Cache) *Snapshot {
	opt.Cache = cache
	s, err := Read(t.Context(), tree, opt)
	if err != nil {
		t.Error(err)
		return &Snapshot{Graph: new(Builder).Graph()}
	}
	return s
}

// TestDamagedSnapshotIsForgotten: whatever byte is wrong, the graph is right, somebody is told, and the file goes.
func TestDamagedSnapshotIsForgotten(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	opt := Options{Languages: Languages()}
	want := describe(mustRead(t, shop, opt, keepAll(t, folder)))
	kept, err := filepath.Glob(filepath.Join(folder, "snapshots", "*"))
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept %v, %v", kept, err)
	}
	good, err := os.ReadFile(kept[0])
	if err != nil {
		t.Fatal(err)
	}
	for i := snapshotHead; i < len(good); i += 7 {
		for _, bad := range [][]byte{good[:i], append(append(slices.Clone(good[:i]), good[i]^0x10), good[i+1:]...)} {
			if err := os.WriteFile(kept[0], bad, 0o600); err != nil {
				t.Fatal(err)
			}
			warned := 0
			cache := OpenCache(folder, func(string) { warned++ })
			if got := describe(mustRead(t, shop, opt, cache)); got != want || warned != 1 {
				t.Fatalf("byte %d: %d warnings, graph\n%s\nwant\n%s", i, warned, got, want)
			}
		}
	}
	if info, err := os.Stat(filepath.Join(folder, "snapshots")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v, want 0700", info.Mode(), err)
	}
}

// TestCacheIsBounded keeps the snapshots that were used last, and none of another program's.
func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	for i := range maxSnapshots + 5 {
		opt := Options{Languages: Languages(), Key: fmt.Sprint(i)}
		cache := keepAll(t, folder)
		mustRead(t, shop, opt, cache)
		if len(cache.list(keyOfOptions(opt))) != 1 {
			t.Errorf("snapshots of key %d: %v, want its own", i, cache.list(keyOfOptions(opt)))
		}
	}
	if n := len(OpenCache(folder, nil).list("")); n != maxSnapshots {
		t.Errorf("%d snapshots are kept, want %d", n, maxSnapshots)
	}
}

// TestCacheUnderConcurrency: several processes read and write one folder.
func TestCacheUnderConcurrency(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	opt := Options{Languages: Languages()}
	want := describe(mustRead(t, shop, opt, nil))
	var done sync.WaitGroup
	for range 8 {
		done.Go(func() {
			for range 20 {
				cache := keepAll(t, folder)
				if got := describe(mustRead(t, shop, opt, cache)); got != want {
					t.Errorf("got\n%s\nwant\n%s", got, want)
				}
				if err := cache.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done.Wait()
}

func FuzzDecodeState(f *testing.F) {
	s := &state{graph: new(Builder).Graph()}
	f.Add(string(encodeState(s))[snapshotHead:])
	f.Fuzz(func(_ *testing.T, body string) {
		d := decoder{data: body}
		d.entries(&state{})
		d.graph()
		d.problems()
		d.families()
		d.pairs()
	})
}
