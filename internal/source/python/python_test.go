package python

import (
	"fmt"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// show writes what was extracted, one import a line.
func show(f *imports.File) string {
	var out []string
	for _, i := range f.Imports {
		out = append(out, strings.TrimSpace(fmt.Sprintf("%d %s %s %s", i.Line, i.Kind, i.Specifier, strings.Join(i.Names, ","))))
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
		"plain":         {"import a\nimport b.c as d, e\n", "1 static a\n2 static b.c\n2 static e"},
		"from":          {"from . import x\nfrom ..a.b import (c as d, # why\n  e,)\nfrom m import *\n", "1 static . x\n2 static ..a.b c,e\n4 static m *"},
		"joined":        {"from a \\\n  import b; import c\n", "1 static a b\n2 static c"},
		"suites":        {"try: import a\nexcept ImportError: import b\nif x:\n    def f():\n        import c\n", "1 static a\n2 static b\n5 static c"},
		"typing":        {"if TYPE_CHECKING:\n    import a\n    if x:\n        import b\nelse:\n    import c\nif typing.TYPE_CHECKING: import d\nimport e\n", "2 type-only a\n4 type-only b\n6 static c\n7 type-only d\n8 static e"},
		"strings":       {"x = 'import a'\n\"\"\"\nimport b\n\"\"\"\nr'\\''; import c\nf\"{x}\"\nimport d\n", "5 static c\n7 static d"},
		"a raw string":  {"x = r'\\\\'\nimport a\n", "2 static a"},
		"no statements": {"yield_from = x.importtools\nraise A from b\nimporting = 1\nx = [import_ for import_ in y]\n", ""},
		"brackets":      {"f(\n  a,\nimport_x\n)\nimport b\n", "5 static b"},
		"dynamic":       {"importlib.import_module('a.b')\n__import__(name)\nimport_module(f'x.{y}')\nimport_module('.c', package=__name__)\n", "1 dynamic a.b\n4 dynamic .c\n2 open\n3 open"},
		"line ends":     {"\xef\xbb\xbfimport a\r\nfrom b import \\\r\n c\r\nimport d", "1 static a\n2 static b c\n4 static d"},
		"open string":   {"import a\nx = 'no end\nimport b\ny = '''", "1 static a\n3 static b\n2 a string is not closed"},
		"cut off":       {"from a import (b,", "1 static a b"},
		"nothing":       {"from\nimport\nfrom . import\nimport ,\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := show(Extract([]byte(tt.src))); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func FuzzExtract(f *testing.F) {
	f.Add([]byte("from . import (a as b, # c\n d)\nif TYPE_CHECKING:\n\timport e\n"))
	f.Add([]byte("import_module(\"\"\"\n\\"))
	f.Fuzz(func(t *testing.T, src []byte) {
		lines := int32(strings.Count(string(src), "\n") + 1)
		for _, i := range Extract(src).Imports {
			if i.Line < 1 || i.Line > lines || i.Specifier == "" {
				t.Errorf("import %+v in a text of %d lines", i, lines)
			}
		}
	})
}
