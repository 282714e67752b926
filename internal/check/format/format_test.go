package format

import (
	"go/format"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/check/builtin/builtintest"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/source"
)

const goodGo = "package a\n\n// A adds.\nfunc A(x, y int) int {\n\treturn x + y\n}\n"

func TestNewFiles(t *testing.T) {
	t.Parallel()
	marker := strings.Repeat("<", 7) + " ours\na\n=======\nb\n" + strings.Repeat(">", 7) + " theirs\n"
	tests := []struct{ name, path, text, want string }{
		{"good Go", "a.go", goodGo, ""},
		{"bad Go", "a.go", "package a\n\nfunc A(x,y int) {}\n", "3:1 gofmt"},
		{"broken Go", "a.go", "package a\n\nfunc A( {}\n", "3:9 go-syntax"},
		{"broken Go as a fixture", "testdata/a.go", "package a\n\nfunc A( {}\n", ""},
		{"empty Go", "a.go", "", ""},
		{"good JSON", "a.json", "{\"a\": [1, 2]}\n", ""},
		{"bad JSON", "a.json", "{\n  \"a\": [1,]\n}\n", "2:11 json"},
		{"short JSON", "a.json", "{\n  \"a\": [1\n", "2:10 json"},
		{"comments in JSON", "a.json", "// x\n{}\n", "1:1 json"},
		{"comments where they may be", "tsconfig.json", "{\n  // x\n  \"a\": \"//\", /* y */\n}\n", ""},
		{"still broken with comments", "tsconfig.json", "{\n  // x\n  \"a\" 1\n}\n", "3:7 json"},
		{"template", "a.json", "{\"a\": {{ .X }} }\n", ""},
		{"good YAML", "a.yaml", "a: 1\n---\nb: *x\n", "0:0 yaml"},
		{"two documents", "a.yaml", "a: 1\n---\nb: 2\n", ""},
		{"bad YAML", "a.yml", "a: 1\n b: 2\n", "2:0 yaml"},
		{"alias bomb", "a.yml", "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c,*c]\n", ""},
		{"chart template", "templates/a.yaml", "a: {{ .Values.x }}\n", ""},
		{"conflict", "a.txt", "x\n" + marker, "2:1 conflict-marker"},
		{"heading line", "a.rst", "Title\n=======\n", ""},
		{"trailing space", "a.txt", "x \ny\t\nz\n", "1:2 trailing-space, 2:2 trailing-space"},
		{"hard break in Markdown", "a.md", "x  \ny\n", ""},
		{"no final newline", "a.txt", "x\ny", "2:2 final-newline"},
		{"mixed endings", "a.txt", "x\r\ny\nz\r\n", "2:2 line-endings"},
		{"CRLF throughout", "a.txt", "x\r\ny\r\n", ""},
		{"binary", "a.bin", "x \x00 \n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := places(builtintest.Run(t, Check{}, nil, map[string]string{tt.path: tt.text}), tt.path); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func places(result builtin.Result, path string) string {
	var got []string
	for _, place := range builtintest.Places(result) {
		got = append(got, strings.TrimPrefix(strings.Replace(place, "format/", "", 1), path+":"))
	}
	return strings.Join(got, ", ")
}

func TestChangedFiles(t *testing.T) {
	t.Parallel()
	old := "func  Old() {}\n" // not formatted
	tests := []struct {
		name, path, base, merged string
		want, state              string
	}{
		{"old fault elsewhere", "a.go", goodGo + "\n" + old, strings.Replace(goodGo, "x + y", "y + x", 1) + "\n" + old, "", facts.Passed},
		{"fault on a changed line", "a.go", goodGo, strings.Replace(goodGo, "x + y", "x +  y", 1), "5:1 gofmt", facts.Failed},
		{"old fault touched", "a.go", goodGo + "\n" + old, goodGo + "\n// Old is.\n" + old, "9:1 gofmt", facts.Passed},
		{"alignment left by a deletion", "a.go", "package a\n\ntype T struct {\n\ta    int\n\tlong int\n}\n", "package a\n\ntype T struct {\n\ta    int\n}\n", "4:1 gofmt", facts.Failed},
		{"declaration in a raw string", "a.go", "package a\n", "package a\n\nvar x = `\nfunc y\n`\n", "", facts.Passed},
		{"brace lost", "a.go", goodGo, strings.Replace(goodGo, "}\n", "", 1), "6:1 go-syntax", facts.Failed},
		{"old white space", "a.txt", "x \n", "x \ny\n", "", facts.Passed},
		{"new white space", "a.txt", "x \n", "x \ny \n", "2:2 trailing-space", facts.Passed},
		{"JSON was broken before", "a.json", "{,}\n", "{,} \n", "1:2 json, 1:4 trailing-space", facts.Passed},
		{"JSON broken now", "a.json", "{}\n", "{,}\n", "1:2 json", facts.Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			result := builtintest.Run(t, Check{}, map[string]string{tt.path: tt.base}, map[string]string{tt.path: tt.merged})
			if got := places(result, tt.path); got != tt.want || result.State != tt.state {
				t.Errorf("got %q %s, want %q %s", got, result.State, tt.want, tt.state)
			}
		})
	}
}

func TestEditorconfig(t *testing.T) {
	t.Parallel()
	config := "root = true\n[*]\nend_of_line = lf\ncharset = utf-8\ninsert_final_newline = false\n[*.{md,txt}]\ntrim_trailing_whitespace = true\n" +
		"[lib/**.js]\nindent_style = tab\n[{a,b}.py]\nindent_style = space\n"
	base := map[string]string{".editorconfig": config, "sub/.editorconfig": "[*]\nend_of_line = unset\n"}
	tests := []struct{ path, text, want string }{
		{"a.md", "x \n", "1:2 trailing-space"},
		{"a.c", "x", ""},
		{"a.c", "x\r\n", "1:2 line-endings"},
		{"sub/a.c", "x\r\n", ""},
		{"a.c", "\xef\xbb\xbfx\n", "1:1 charset"},
		{"lib/x/a.js", "  x\n", "1:1 indentation"},
		{"lib/x/a.js", "/*\n * x\n */\n", ""},
		{"a.js", "  x\n", ""},
		{"x/b.py", "\tx\n", "1:1 indentation"},
		{"x/c.py", "\tx\n", ""},
	}
	for _, tt := range tests {
		merged := map[string]string{tt.path: tt.text}
		for p, text := range base {
			merged[p] = text
		}
		if got := places(builtintest.Run(t, Check{}, base, merged), tt.path); got != tt.want {
			t.Errorf("%s %q: got %q, want %q", tt.path, tt.text, got, tt.want)
		}
	}
	if got := places(builtintest.Run(t, Check{}, nil, map[string]string{".editorconfig": config, "a.md": "x \n"}), "a.md"); got != "" {
		t.Errorf("the branch's own .editorconfig was used: %s", got)
	}
}

func TestGlob(t *testing.T) {
	t.Parallel()
	tests := []struct {
		glob, path string
		want       bool
	}{
		{"*", "a/b", true}, {"*.go", "a/b.go", true}, {"/*.go", "a/b.go", false}, {"a/*.go", "a/b.go", true}, {"a/*.go", "a/c/b.go", false},
		{"a/**", "a/b/c", true}, {"?.c", "b.c", true}, {"[ab].c", "c.c", false}, {"[!ab].c", "c.c", true}, {"{x,y{1,2}}.c", "y2.c", true},
		{"{1..3}.c", "2.c", true}, {"{1..3}.c", "4.c", false}, {"{one}.c", "{one}.c", true}, {"a.c", "axc", false}, {`\*.c`, "*.c", true},
	}
	for _, tt := range tests {
		re, err := compileGlob(tt.glob)
		if err != nil || re.MatchString(tt.path) != tt.want {
			t.Errorf("%s on %s: want %v, %v", tt.glob, tt.path, tt.want, err)
		}
	}
}

func TestGeneratedFilesAreLeftAlone(t *testing.T) {
	t.Parallel()
	in := builtintest.Input(nil, map[string]string{"a.go": "package  a\n"})
	in.Files[0].Class = source.ClassGenerated
	if result, err := (Check{}).Run(t.Context(), in); err != nil || len(result.Merged) != 0 {
		t.Errorf("got %v, %v", result.Merged, err)
	}
}

// TestDeclarationsAgreeWithGofmt fails when a declaration of formatted source is judged unformatted on its own. The source
// is adamant's.
func TestDeclarationsAgreeWithGofmt(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "*", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal("no Go source: ", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if formatted, err := format.Source(text); err != nil || !slices.Equal(formatted, text) {
			continue
		}
		if fault := judgeGo(text, []byte("package other\n")); fault != nil {
			t.Errorf("%s: %+v", file, *fault)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("a.go", []byte(goodGo), []byte("package a\n"))
	f.Add("a.json", []byte("{\"a\": // x\n1,}"), []byte(""))
	f.Add("tsconfig.json", []byte("{\"a\": /* x */ 1,}"), []byte("{}"))
	f.Add("a.yaml", []byte("a: &b [*b]\n---\n- x"), []byte("a: 1"))
	f.Fuzz(func(t *testing.T, path string, text, other []byte) {
		in := builtintest.Input(map[string]string{path: string(other)}, map[string]string{path: string(text)})
		if _, err := (Check{}).Run(t.Context(), in); err != nil {
			if _, unread := builtin.Unread(err); !unread {
				t.Fatal(err)
			}
		}
	})
}

func FuzzEditorconfig(f *testing.F) {
	f.Add([]byte("root=true\n[{a,b{1..3}}.[!c]]\nindent_style=tab\n"))
	f.Fuzz(func(_ *testing.T, text []byte) {
		for _, s := range parseStyle(text).sections {
			s.pattern.MatchString("a/b.c")
		}
	})
}
