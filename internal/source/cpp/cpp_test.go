package cpp

import (
	"fmt"
	"strings"
	"testing"
)

func TestExtract(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ src, want string }{
		"forms":    {"#include <a.h>\n # include \"b/c.h\" // why\n#import \"d.h\"\n#include_next <e.h>\n#include CONFIG\n", "1 a.h system;2 b/c.h;3 d.h;4 e.h system;open 5"},
		"not code": {"/* #include <no>\n#include <no>\n*/ int x;\nchar *s = \"\\\n#include <no>\";\n// \\\n#include <no>\n#include <yes>", "8 yes system"},
		"raw":      {"auto s = R\"x(\n#include <no>\n)\" )x\"; int n = 1'000;\n#include <yes>\n", "4 yes system"},
		"broken":   {"#include\n#include \"\n#include <>\n#\n/*", "open 0"},
	} {
		f := Extract([]byte(tt.src))
		var got []string
		for _, i := range f.Imports {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%d %s %s", i.Line, i.Specifier, i.Exotic)))
		}
		for _, line := range f.Open {
			got = append(got, fmt.Sprintf("open %d", line))
		}
		if name == "broken" {
			if len(f.Imports)+len(f.Open) != 0 || f.Line != 5 {
				t.Errorf("broken: %+v", f)
			}
			continue
		}
		if s := strings.Join(got, ";"); s != tt.want {
			t.Errorf("%s: got %s, want %s", name, s, tt.want)
		}
	}
}

func FuzzExtract(f *testing.F) {
	f.Add([]byte("#include <a>\nR\"x(\n)x\" '\\'' /*"))
	f.Fuzz(func(t *testing.T, src []byte) {
		lines := int32(strings.Count(string(src), "\n") + 1)
		for _, i := range Extract(src).Imports {
			if i.Line < 1 || i.Line > lines {
				t.Errorf("import %+v in a text of %d lines", i, lines)
			}
		}
	})
}
