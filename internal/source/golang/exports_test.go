package golang

import (
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source/exports/exportstest"
)

func TestExports(t *testing.T) {
	t.Parallel()
	edits := map[string]exportstest.Edit{}
	for name, e := range map[string]exportstest.Edit{
		"equal":                 {"func A(x int) error", "// A\nfunc A(y int) (err error)", ""},
		"gone":                  {"func A()\nfunc b()", "", "removed! A: it is gone"},
		"new":                   {"", "func A()", "added A"},
		"parameter":             {"func A(x int)", "func A(x int, y ...string)", "changed! A: its type is another one"},
		"type parameter's name": {"func A[K any](k K) []K", "func A[V any](v V) []V", ""},
		"constraint":            {"func A[K any](k K)", "func A[K comparable](k K)", "changed! A: its type is another one"},
		"any":                   {"func A(x interface{})", "func A(x any)", ""},
		"import by another name": {"import c \"context\"\nfunc A(x c.Context)", "import \"context\"\nfunc A(x context.Context)",
			""},
		"another package":             {"import \"a/v1\"\nfunc A(x a.T)", "import \"a/v2\"\nfunc A(x a.T)", "changed! A: its type is another one"},
		"method":                      {"type T struct{}\nfunc (t T) A()", "type T struct{}\nfunc (t *T) A()", "changed! T.A: its type is another one"},
		"method of a value":           {"type T struct{}\nfunc (t *T) A()", "type T struct{}\nfunc (x T) A()", "changed T.A: its receiver is no pointer any more"},
		"generic receiver":            {"type T[K any] struct{}\nfunc (t T[K]) A(k K)", "type T[V any] struct{}\nfunc (t T[V]) A(v V)", ""},
		"field":                       {"type T struct{ A, B int; c int }", "type T struct{ A int; d int }", "removed! T.B: it is gone"},
		"field's type":                {"type T struct{ A int `x` }", "type T struct{ A string }", "changed! T.A: its type is another one"},
		"type gone":                   {"type T struct{ A int }\nfunc (T) B()", "", "removed! T: it is gone"},
		"type new":                    {"", "type T struct{ A int }\nfunc (T) B()", "added T"},
		"promoted":                    {"type T struct{ e }\nfunc (T) A()\ntype e struct{}", "type T struct{ e }\ntype e struct{}\nfunc (e) A()", ""},
		"promoted from another":       {"type T struct{}\nfunc (T) A()", "import \"x\"\ntype T struct{ *x.E }", "removed? T.A: it may come from x.E, which is embedded now\nadded T.E"},
		"promoted before":             {"import \"x\"\ntype T struct{ x.E }\nfunc (T) A()", "import \"x\"\ntype T struct{ x.E }", "removed! T.A: it is gone"},
		"interface grows":             {"type I interface{ A() }", "type I interface{ A(); B() }", "added! I.B: who implements the interface lacks the method"},
		"sealed interface grows":      {"type I interface{ A(); x() }", "type I interface{ A(); B(); x() }", "added I.B"},
		"interface shrinks":           {"type I interface{ A(); B() }", "type I interface{ A() }", "removed! I.B: it is gone"},
		"union":                       {"type I interface{ ~int | ~string }", "type I interface{ ~int }", "changed! I: its type is another one"},
		"alias of its own":            {"type T struct{ A int }", "type T = U\ntype U struct{ A int }", "changed T: it is another name of U\nadded U"},
		"alias of another's":          {"type T struct{ A int }\nfunc (T) B()", "import \"x\"\ntype T = x.T", "changed? T: it is another name of x.T, which was not compared"},
		"alias before":                {"import \"x\"\ntype T = x.T", "type T struct{ A int }", "changed! T: it is another type: struct struct"},
		"another kind":                {"type T struct{}", "type T interface{}", "changed! T: it was a struct and is a interface"},
		"named type":                  {"type T int", "type T int64", "changed! T: its type is another one"},
		"value":                       {"const A = 1", "const A = 2", "changed A: its value is another one"},
		"value's type":                {"const A = 1", "const A = \"x\"", "changed! A: its type is another one"},
		"iota":                        {"const ( A = iota; B )", "const ( A = iota; C; B )", "changed B: its value is another one\nadded C"},
		"constants of a type":         {"type T int\nconst ( A T = iota; B )", "type T int\nconst ( A T = iota; B )", ""},
		"variable":                    {"var A = errors.New(\"x\")", "var A = fmt.Errorf(\"x\")", "changed A: it is made in another way; its type is not written"},
		"variable's type":             {"var A = &T{}\ntype T struct{}", "var A = T{}\ntype T struct{}", "changed! A: its type is another one"},
		"hidden":                      {"type t struct{ A int }\nfunc (t) B()\nvar c = 1", "type t struct{}", ""},
		"func to var":                 {"func A()", "var A = func() {}", "changed! A: it was a func and is a var"},
		"anonymous struct":            {"var A struct{ B int }", "var A struct{ B, C int }", "changed! A: its type is another one"},
		"order of an anonymous union": {"func A(x interface{ B(); C() })", "func A(x interface{ C(); B() })", ""},
		"broken":                      {"func A()", "func A(\n", "unread p/x.go: expected ')', found 'EOF'"},
	} {
		edits[name] = exportstest.Edit{"package p\n" + e[0], "package p\n" + e[1], e[2]}
	}
	exportstest.Edits(t, Exports(), "p/x.go", edits)
}

func TestSurfaceOfWhatIsNoPackage(t *testing.T) {
	t.Parallel()
	for path, src := range map[string]string{"a_test.go": "package a\nfunc A()", "_a.go": "package a\nfunc A()", "cmd.go": "package main\nfunc A()"} {
		if s := Surface("x/"+path, []byte(src)); s != nil {
			t.Errorf("%s offers %+v", path, s.Symbols)
		}
	}
}

func TestExportsHostile(t *testing.T) {
	t.Parallel()
	const n = 50_000
	exportstest.Hostile(t, Exports(), "p/x.go", map[string]string{
		"structs in structs": "package p\ntype T " + strings.Repeat("struct{ A ", n) + strings.Repeat("}", n),
		"pointers":           "package p\nvar A " + strings.Repeat("*", n) + "int",
		"names of one type":  "package p\nfunc F(" + strings.Repeat("a, ", n) + "b struct{ " + strings.Repeat("C, ", n) + "D int })",
		"constants":          "package p\nconst ( A = iota" + strings.Repeat("+iota", n) + "\n" + strings.Repeat("B\n", n) + ")",
		"one name":           "package p\n" + strings.Repeat("func A(int)\n", n),
		"embedded":           "package p\n" + strings.Repeat("type T struct{ T }\n", n) + strings.Repeat("func (T) A()\n", n),
		"open":               "package p\nfunc A(" + strings.Repeat("(", n),
		"functions":          "package p\nvar A " + strings.Repeat("func(", n),
	})
}

func FuzzExports(f *testing.F) {
	exportstest.Fuzz(f, Exports(), "p/x.go", "package p\ntype T[K any] struct{ *E; A, b map[string]chan<- K }\nfunc (t *T[K]) M(x ...K) (a, b error)",
		"package p\nimport . \"x\"\ntype I interface{ ~int | U; M() }\nconst ( A, B = iota, 1<<iota; C, D )\nvar E = &F{}\ntype G = H")
}
