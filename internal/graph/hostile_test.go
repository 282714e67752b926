package graph

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

// wide writes text as UTF-16 with a byte order mark.
func wide(text string) string {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}

// spoil makes bad texts of one that is good, by what is wrong with them.
func spoil(text string) map[string]string {
	const deep = 100_000
	return map[string]string{
		"bom":       "\xef\xbb\xbf" + text,
		"crlf":      strings.ReplaceAll(text, "\n", "\r\n"),
		"cr":        strings.ReplaceAll(text, "\n", "\r"),
		"utf-16":    wide(text),
		"nul":       strings.ReplaceAll(text, "\n", "\x00\n\x00"),
		"no-utf-8":  text + "\xc3\x28\xff\xfe\xf0\x90",
		"empty":     "",
		"cut":       text[:len(text)/2],
		"one-line":  strings.Repeat(strings.ReplaceAll(text, "\n", " "), 1+(1<<20)/len(text)),
		"braces":    text + strings.Repeat("{", deep),
		"parens":    text + strings.Repeat("(", deep),
		"brackets":  text + strings.Repeat("[", deep),
		"generics":  text + strings.Repeat("<a", deep),
		"quotes":    text + strings.Repeat("\"", deep+1),
		"quote":     text + "\"never closed",
		"single":    text + "'never closed",
		"template":  text + strings.Repeat("`${", deep),
		"comment":   text + "/* never closed",
		"comments":  text + strings.Repeat("/*", deep),
		"docstring": text + "\"\"\"never closed",
		"heredoc":   text + "x = <<EOF\nnever closed",
		"backslash": text + strings.Repeat("\\", deep+1),
		"indented":  strings.Repeat(" ", deep) + text,
		"lines":     text + strings.Repeat("\n", deep),
	}
}

// good is one file of every language that is read, by the end of its name.
var good = map[string]string{
	"main.go":                  "package a\n\nimport \"fmt\"\n",
	"main.c":                   "#include <a.h>\n#include \"b.h\"\n",
	"main.py":                  "import a\nfrom .b import c\n",
	"main.ts":                  "import a from './b';\nconst c = require(`d`);\n",
	"main.tsx":                 "import a from './b';\nconst c = <d>{e}</d>;\n",
	"main.vue":                 "<template><a/></template>\n<script>\nimport a from './b'\n</script>\n",
	"main.rs":                  "mod a;\nuse crate::b::{c, d};\n",
	"Main.java":                "package a;\nimport b.C;\nclass Main { D d; }\n",
	"main.kt":                  "package a\nimport b.C\nval x = \"${y}\"\n",
	"main.proto":               "import \"a.proto\";\nmessage B {}\n",
	"main.tf":                  "module \"a\" {\n  source = \"./b\"\n}\n",
	"main.tf.json":             "{\"module\": {\"a\": {\"source\": \"./b\"}}}\n",
	"Dockerfile":               "FROM a\nCOPY b /c\n",
	"compose.yaml":             "services:\n  a:\n    build: ./b\n",
	"action.yml":               "runs:\n  steps:\n    - run: a/b.sh\n",
	"catalog-info.yaml":        "kind: Component\nmetadata:\n  name: a\nspec:\n  dependsOn: [b]\n",
	"package.json":             "{\"name\": \"a\", \"exports\": {\".\": \"./b.js\"}}\n",
	"tsconfig.json":            "{\"compilerOptions\": {\"paths\": {\"@/*\": [\"./*\"]}}}\n",
	"go.mod":                   "module example.org/a\n\ngo 1.26\n",
	"Cargo.toml":               "[package]\nname = \"a\"\n",
	".github/workflows/ci.yml": "jobs:\n  a:\n    uses: ./b.yml\n",
}

// readAll reads a tree with every language. What takes the square of a size here runs into the limit of the test run.
func readAll(t *testing.T, tree files) *Snapshot {
	t.Helper()
	s, err := Read(t.Context(), tree, Options{Languages: Languages()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestHostileContents reads every language's file, spoilt in every way: a good one beside it keeps its edges.
func TestHostileContents(t *testing.T) {
	t.Parallel()
	for name, text := range good {
		t.Run(strings.ReplaceAll(name, "/", "_"), func(t *testing.T) {
			t.Parallel()
			for wrong, bad := range spoil(text) {
				s := readAll(t, files{"bad/" + name: bad, name: bad, "good.py": "import beside\n", "beside.py": ""})
				if !strings.Contains(lines(s.Graph), "good.py static beside.py:1") {
					t.Errorf("%s %s: the edge of another file is gone", wrong, name)
				}
				for _, p := range s.Problems {
					if p.Line < 0 || int(p.Line) > strings.Count(bad, "\n")+strings.Count(bad, "\r")+1 {
						t.Errorf("%s %s: a problem at line %d", wrong, name, p.Line)
					}
				}
			}
		})
	}
}

// TestHostileLines reads one line of ten megabytes in each language.
func TestHostileLines(t *testing.T) {
	t.Parallel()
	tree := files{}
	for name, text := range good {
		line := strings.ReplaceAll(text, "\n", " ")
		tree["long/"+name] = strings.Repeat(line, 1+(10<<20)/len(line))
	}
	if s := readAll(t, tree); s.Graph.Len() == 0 {
		t.Error("the graph is empty")
	}
}

// TestHostileNames reads names that trip tools: line ends, quotes, twins that differ in case, dots, Unicode in two forms.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	tree := files{}
	for _, dir := range []string{"with space", "line\nend", "tab\there", "quote\"s'", "back\\slash", "Case", "case", "\u00e9", "e\u0301", "\u202egnp", "*[?]", "-rf",
		"$HOME", "%2e%2e", "a:b", "\xff\xfe", strings.Repeat("n", 255), strings.Repeat("d/", 500) + "d", "...", "{{x}}", "#", "@"} {
		for name, text := range good {
			tree[dir+"/"+name] = text
		}
		tree[dir+"/b.js"], tree[dir+"/b.py"], tree[dir+"/a.rs"] = "", "c = 1", ""
	}
	got := lines(readAll(t, tree).Graph)
	for _, want := range []string{"line\nend/main.py static line\nend/b.py:2", "Case/main.py static Case/b.py:2", "case/main.py static case/b.py:2",
		"with space/main.ts static with space/b.js:1", "\u00e9/main.rs module \u00e9/a.rs:1"} {
		if !strings.Contains(got, want) {
			t.Errorf("no edge %q", want)
		}
	}
}

// TestHostileLinks reads symlinks that go round, out of the tree, to themselves and through one another.
func TestHostileLinks(t *testing.T) {
	t.Parallel()
	tree := files{
		"main.py": "import real\nimport loop\nimport self\nimport out\nimport above\nimport chain0\nimport dir.mod\nimport gone\nimport nul\n",
		"main.ts": "import './loop'; import './self'; import './dir/mod'; import './around/around/around/x';",
		"main.rs": "mod loop; mod self_; mod around;",
		"real.py": "", "folder/mod.py": "", "folder/mod.ts": "",
		"loop.py": "-> pool.py", "pool.py": "-> loop.py", "self.py": "-> self.py", "loop.ts": "-> loop.ts", "self.ts": "-> ./self.ts",
		"out.py": "-> /etc/passwd", "above.py": "-> ../../../above.py", "gone.py": "-> nowhere.py", "nul.py": "-> a\x00b", "dir": "-> folder",
		"around": "-> .", "loop.rs": "-> around/loop.rs", "go.mod": "-> go.mod", "package.json": "-> .", "Cargo.toml": "-> Cargo.toml",
		"tsconfig.json": "-> around/tsconfig.json", "empty.py": "-> ",
	}
	for i := range 60 {
		tree[fmt.Sprintf("chain%d.py", i)] = fmt.Sprintf("-> chain%d.py", i+1)
	}
	got := lines(readAll(t, tree).Graph)
	for _, want := range []string{"main.py static real.py:1", "main.py static folder/mod.py:7"} {
		if !strings.Contains(got, want) {
			t.Errorf("no edge %q in\n%s", want, got)
		}
	}
	for _, never := range []string{"/etc/passwd", "above.py:", "static chain0.py"} {
		if strings.Contains(got, "main.py static "+never) {
			t.Errorf("an edge to %s", never)
		}
	}
}

// TestHostileImports reads names that lead nowhere and must not be followed for ever.
func TestHostileImports(t *testing.T) {
	t.Parallel()
	names := []string{"/", "/a/b", "//", ".", "..", "../..", "a//b", "a/../..", strings.Repeat("a/", 5000), strings.Repeat("../", 5000), "\\", "~", "%", ":"}
	tree := files{"go.mod": "module example.org/a\n", "a/package.json": "{}", "Cargo.toml": "[package]\nname = \"a\"\n[dependencies]\nb = {path = \"/\"}\nc = {path = \"../..\"}\n"}
	for i, name := range names {
		at := fmt.Sprintf("a/f%d", i)
		quoted := strings.ReplaceAll(name, "\\", "\\\\")
		tree[at+".go"] = "package a\n\nimport \"" + name + "\"\n\n//go:embed " + name + "\nvar x string\n"
		tree[at+".ts"] = "import a from '" + quoted + "';\n"
		tree[at+".py"] = "from " + strings.ReplaceAll(name, "/", ".") + " import b\n"
		tree[at+".c"] = "#include \"" + name + "\"\n#include <" + name + ">\n"
		tree[at+".rs"] = "#[path = \"" + quoted + "\"] mod b;\ninclude_str!(\"" + quoted + "\");\nuse b::c;\nuse c::d;\n"
		tree[at+".proto"] = "import \"" + quoted + "\";\n"
		tree[at+".tf"] = "module \"a\" {\n  source = \"" + quoted + "\"\n}\nx = file(\"" + quoted + "\")\n"
		tree[at+".Dockerfile"] = "FROM a\nCOPY " + name + " /b\n"
		tree[at+"/compose.yaml"] = "services: {a: {build: '" + name + "', volumes: ['" + name + ":/b']}}\n"
		tree[at+"/action.yml"] = "runs: {main: '" + name + "', steps: [{uses: '" + name + "', working-directory: '" + name + "', run: './" + name + "'}]}\n"
	}
	readAll(t, tree)
}
