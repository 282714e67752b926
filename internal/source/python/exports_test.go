package python

import (
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source/exports/exportstest"
)

func TestExports(t *testing.T) {
	t.Parallel()
	exportstest.Edits(t, Exports(), "pkg/a.py", map[string]exportstest.Edit{
		"equal":                {"def a(x: int) -> str:\n    return 1\n", "# b\ndef a(x):\n    pass\n", ""},
		"gone":                 {"def a(): pass\nb = 1\nclass C: pass\n_d = 1\n", "", "removed! C: it is gone\nremoved! a: it is gone\nremoved! b: it is gone"},
		"new":                  {"", "def a(): pass\n", "added a"},
		"hidden now":           {"def a(): pass\n", "def _a(): pass\n", "removed! a: it is gone"},
		"optional argument":    {"def a(x): pass\n", "def a(x, y=1, *, z=2): pass\n", "changed a: it can be called in more ways"},
		"required argument":    {"def a(x): pass\n", "def a(x, y): pass\n", "changed! a: it needs an argument y"},
		"required by name":     {"def a(x): pass\n", "def a(x, *, y): pass\n", "changed! a: it needs an argument y"},
		"renamed argument":     {"def a(x): pass\n", "def a(y): pass\n", "changed! a: it no longer takes an argument x"},
		"by place only":        {"def a(x, /): pass\n", "def a(y, /): pass\n", "changed a: it can be called in more ways"},
		"became by name only":  {"def a(x, y=1): pass\n", "def a(x, *, y=1): pass\n", "changed! a: argument y must be given by name"},
		"order":                {"def a(x, y): pass\n", "def a(y, x): pass\n", "changed! a: argument x stands in another place"},
		"no default":           {"def a(x=1): pass\n", "def a(x): pass\n", "changed! a: argument x can no longer be left out"},
		"any name":             {"def a(x=1): pass\n", "def a(**k): pass\n", "changed! a: argument x must be given by name"},
		"any name, by name":    {"def a(*, x=1): pass\n", "def a(**k): pass\n", "changed? a: argument x is one of any name"},
		"no more any":          {"def a(*x, **y): pass\n", "def a(**y): pass\n", "changed! a: it no longer takes any number of arguments"},
		"coroutine":            {"def a(): pass\n", "async def a(): pass\n", "changed! a: it became a coroutine, or stopped to be one"},
		"all":                  {"__all__ = ['a']\ndef a(): pass\ndef b(): pass\n", "__all__ = ['b']\ndef a(): pass\ndef b(): pass\n", "added b"},
		"not in all":           {"__all__ = ('a',)\ndef a(): pass\ndef b(): pass\n", "__all__ = ('a',)\ndef a(): pass\n", ""},
		"computed all":         {"__all__ = x.__all__ + ['a']\na = 1\nb = 1\n", "__all__ = x.__all__\n", "removed? a: it may come from __all__ is computed\nremoved? b: it may come from __all__ is computed"},
		"methods":              {"class A:\n    def b(self, x): pass\n    def _c(self): pass\n    d: int = 1\n    @property\n    def e(self): pass\n    @staticmethod\n    def f(x): pass\n    def __init__(self, y): pass\n", "class A:\n    def b(self, x, y): pass\n    def __init__(self): pass\n", "changed! A.__init__: it no longer takes an argument y\nchanged! A.b: it needs an argument y\nremoved! A.d: it is gone\nremoved! A.e: it is gone\nremoved! A.f: it is gone"},
		"class gone":           {"class A:\n    def b(self): pass\n", "", "removed! A: it is gone"},
		"inherited here":       {"class B:\n    pass\nclass A(B):\n    def b(self): pass\n", "class B:\n    def b(self): pass\nclass A(B):\n    pass\n", "added B.b"},
		"inherited from there": {"class A:\n    def b(self): pass\n", "from x import B\nclass A(B):\n    pass\n", "changed A: it inherits from more\nremoved? A.b: it may be inherited from B"},
		"not inherited":        {"from x import B\nclass A(B):\n    def b(self): pass\n", "from x import B\nclass A(B):\n    pass\n", "removed! A.b: it is gone"},
		"other base":           {"class A(ValueError): pass\n", "class A(KeyError): pass\n", "changed? A: it no longer inherits from ValueError"},
		"moved and imported":   {"def a(x): pass\nclass B:\n    def c(self): pass\n", "from .d import a, B\n", ""},
		"made when asked":      {"a = 1\n", "def __getattr__(name): pass\n", "removed? a: it may come from __getattr__"},
		"star":                 {"a = 1\n", "from .b import *\n", "removed? a: it may come from from ... import *"},
		"conditional":          {"try:\n    import json\nexcept ImportError:\n    json = None\nif x:\n    def a(): pass\nelse:\n    def a(): pass\n", "def a(): pass\n", "removed! json: it is gone"},
		"one of two":           {"if x:\n    def a(y): pass\nelse:\n    def a(y, z): pass\n", "def a(y): pass\n", ""},
		"main":                 {"if __name__ == '__main__':\n    a = 1\n", "", ""},
		"property to method":   {"class A:\n    @property\n    def b(self): pass\n", "class A:\n    def b(self): pass\n", "changed! A.b: it was a attribute and is a method"},
		"function to class":    {"def a(): pass\n", "class a: pass\n", "changed? a: it was a func and is a class"},
		"overloads":            {"@overload\ndef a(x: int): ...\n@overload\ndef a(x: str, y): ...\ndef a(x, y=1): pass\n", "def a(x, y=1): pass\n", ""},
		"assignments":          {"a = b = 1\nc, d = 2, 3\ne: int\nf.g = 1\nh[0] = 1\ni += 1\n", "", "removed! a: it is gone\nremoved! b: it is gone\nremoved! c: it is gone\nremoved! d: it is gone\nremoved! e: it is gone"},
		"in functions":         {"def a():\n    b = 1\n    def c(): pass\n    class D: pass\n", "def a(): pass\n", ""},
		"type variables":       {"T = TypeVar('T')\nP = t.ParamSpec('P')\n", "", ""},
		"for types":            {"if t.TYPE_CHECKING:\n    from x import A\n    B = int\n", "", "removed! B: it is gone"},
		"decorated":            {"@command\ndef a(x): pass\n", "@command\ndef a(y): pass\n", ""},
		"not code":             {"'''\ndef a(): pass\n'''\n# b = 1\n", "", ""},
	})
}

func TestExportsOfPackages(t *testing.T) {
	t.Parallel()
	exportstest.Edits(t, Exports(), "pkg/__init__.py", map[string]exportstest.Edit{
		"re-exports":  {"from .a import b as c, d\nfrom x import y\nimport z as z\n", "", "removed! c: it is gone\nremoved! d: it is gone\nremoved! z: it is gone"},
		"to a module": {"from .a import b\n", "def b(): pass\n", ""},
	})
}

func TestScope(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{"a/b.py": "public", "a/_b.py": "repository", "_a/b.py": "repository", "a/__init__.py": "public", "tests/a.py": "repository"} {
		if got := scopeOf(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

func TestExportsHostile(t *testing.T) {
	t.Parallel()
	const n = 100_000
	var deep strings.Builder
	for i := range 3000 {
		deep.WriteString(strings.Repeat(" ", i) + "class A:\n")
	}
	exportstest.Hostile(t, Exports(), "a.py", map[string]string{
		"deep":       deep.String(),
		"params":     "def a(" + strings.Repeat("x, ", n) + "): pass",
		"brackets":   strings.Repeat("(", n),
		"names":      strings.Repeat("a, ", n) + "b = 1",
		"assigned":   strings.Repeat("a = ", n),
		"bases":      strings.Repeat("class A(A):\n    def b(self): pass\n", n),
		"decorators": strings.Repeat("@a\n", n) + "def b(): pass",
		"all":        "__all__ = [" + strings.Repeat("'a', ", n) + "]",
		"one name":   strings.Repeat("def a(): pass\n", n),
	})
}

func FuzzExports(f *testing.F) {
	exportstest.Fuzz(f, Exports(), "pkg/__init__.py", "from .a import (b, c as d)\n__all__ = ['e'] + f\nclass G(H, metaclass=I):\n    @property\n    def j(self, /, k: l = 1, *m, n, **o): pass\n    p: q = r\n",
		"if a:\n    b = c, d = e\nelse:\n    async def f(*, g): pass\nimport h.i as j\nfrom . import *\ndef __getattr__(k): pass\n")
}
