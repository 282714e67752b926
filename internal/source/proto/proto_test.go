package proto

import (
	"fmt"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports"
	"github.com/adamant-os/adamant/internal/source/imports/importstest"
)

// show writes what was extracted, one thing a line.
func show(f *imports.File) string {
	var out []string
	if f.Package != "" {
		out = append(out, "package "+f.Package)
	}
	for _, i := range f.Imports {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", i.Line, i.Kind, i.Specifier, i.Exotic)))
	}
	for _, e := range f.Exports {
		out = append(out, fmt.Sprintf("%d %s %s", e.Line, e.Kind, e.Name))
	}
	if f.Problem != "" {
		out = append(out, fmt.Sprintf("%d %s", f.Line, f.Problem))
	}
	return strings.Join(out, "\n")
}

func TestExtract(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ src, want string }{
		"imports":  {"\xef\xbb\xbfsyntax = \"proto3\";\npackage a.b; // c\nimport \"d.proto\";\nimport public 'e/f.proto';\nimport weak \"g.proto\";\nimport option \"h.proto\";", "package a.b\n3 include d.proto\n4 reexport e/f.proto\n5 include g.proto weak\n6 include h.proto option"},
		"declared": {"message A {\n message B { string message = 1; C service = 2; }\n enum D { E = 0; }\n oneof x { message m = 3; }\n}\nservice F {\n rpc G(A) returns (stream A);\n rpc H(A) returns (A) { option x = {a: 1}; }\n}\nextend I { J k = 1; }\nenum L { M = 1 [x = {}]; }", "1 message A\n2 message A.B\n3 enum A.D\n6 service F\n7 rpc F.G\n8 rpc F.H\n11 enum L"},
		"not code": {"/* import \"a\";\n*/ option x = \"import \\\"b\\\";\";\n// import \"c\";\r\nimport \"d\";\r\n", "4 include d"},
		"broken":   {"import\nimport ;\nimport \"\";\nimport \"a;\nimport \"b\";\nmessage {\n}\n", "4 a string is not closed"},
		"open":     {"import \"a\";\n/* ", "1 include a\n2 a comment is not closed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := show(Extract([]byte(tt.src))); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestExtractHostile(t *testing.T) {
	t.Parallel()
	const n = 100_000
	importstest.Fast(t, map[string]string{
		"nested":   strings.Repeat("message A {", n),
		"closed":   strings.Repeat("}", n),
		"comments": strings.Repeat("/*", n),
		"quotes":   strings.Repeat("\"", n),
		"one line": strings.Repeat("import \"a\"; message A {}", n*4),
		"name":     "message " + strings.Repeat("a.", n) + strings.Repeat("{ message A", n),
		"nul":      strings.Repeat("\x00", n),
	}, Extract)
}

func FuzzExtract(f *testing.F) {
	importstest.Fuzz(f, Extract, "import public \"a\"; package b; message C { rpc d (e) {} } /* */ // \n'\\''")
}

func TestResolve(t *testing.T) {
	t.Parallel()
	r, _ := newResolver(importstest.Of(importstest.Listed("a/api/x/one.proto", "a/api/x/two.proto", "a/buf.yaml", "b/proto/y/three.proto", "c/deep/z/four.proto", "c/other/z/five.proto",
		"d/other/z/five.proto", "three.proto"), Language()))
	for _, tt := range []struct{ from, name, want string }{
		{"a/api/x/one.proto", "x/two.proto", "a/api/x/two.proto"},
		{"a/api/x/one.proto", "two.proto", "a/api/x/two.proto"},
		{"a/api/x/one.proto", "api/x/two.proto", "a/api/x/two.proto"},
		{"b/proto/y/three.proto", "x/one.proto", "a/api/x/one.proto"},
		{"a/api/x/one.proto", "y/three.proto", "b/proto/y/three.proto"},
		{"a/api/x/one.proto", "z/four.proto", "c/deep/z/four.proto"},
		{"a/api/x/one.proto", "z/five.proto", "proto:z"},
		{"a/api/x/one.proto", "google/protobuf/any.proto", "proto:google/protobuf"},
		{"a/api/x/one.proto", "../../../../three.proto", "three.proto"},
		{"a/api/x/one.proto", "nowhere.proto", ""},
		{"a/api/x/one.proto", "/", ""},
	} {
		got := ""
		for _, to := range r.Resolve(tt.from, nil, &imports.Import{Specifier: tt.name}) {
			got += to.Path + to.External
		}
		if got != tt.want {
			t.Errorf("%s in %s leads to %q, want %q", tt.name, tt.from, got, tt.want)
		}
	}
}
