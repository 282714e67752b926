package rust

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
	for _, i := range f.Imports {
		line := fmt.Sprintf("%d %s %s", i.Line, i.Kind, i.Specifier)
		if len(i.Names) > 0 {
			line += " " + strings.Join(i.Names, ",")
		}
		if i.Exotic != "" {
			line += fmt.Sprintf(" %q", i.Exotic)
		}
		out = append(out, line)
	}
	for _, e := range f.Exports {
		out = append(out, fmt.Sprintf("%d export %s %s", e.Line, e.Kind, e.Name))
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
		"modules":      {"mod a;\npub mod b;\npub(crate) mod r#type;\nmod c { mod d; mod e { mod f; } }\nmod g;", "1 module a\n2 module b\n3 module type\n4 module c::d\n4 module c::e::f\n5 module g\n2 export module b"},
		"paths":        {"#[path = \"x/y.rs\"]\nmod a;\n#[cfg_attr(unix, path = \"u.rs\")]\n#[cfg_attr(windows, path = \"w.rs\")]\npub mod imp;\nmod c;", "2 module a \"x/y.rs\"\n5 module imp \"\\nu.rs\\nw.rs\"\n6 module c\n5 export module imp"},
		"uses":         {"use a::b;\nuse a::{b, c::{self, d as e}, f::*};\npub use ::g;\npub(crate) use self::h::{i};\nuse {j::k, l};\nuse m as _;", "1 static a b\n2 static a b\n2 static a::c\n2 static a::c d\n2 static a::f *\n3 reexport ::g\n4 reexport self::h i\n5 static j k\n5 static l\n6 static m"},
		"lines":        {"use a::{\n  b, // no\n  /* /* no */\n */ c,\n};\nuse d::e;", "2 static a b\n4 static a c\n6 static d e"},
		"inside":       {"mod t {\n use super::*;\n use super::super::a;\n use self::b::c;\n mod u { use super::super::d::e; use super::x::y; }\n}\nuse t::f;\nuse super::z;", "2 static self *\n3 static super a\n4 static self::t::b c\n5 static self::d e\n5 static self::t::x y\n7 static self::t f\n8 static super z"},
		"macros":       {"cfg_x! { mod a; pub use b::c; }\nmacro_rules! m { ($n:ident) => { use $crate::d::e; mod $n; use $n::f; $crate::g::h() } }", "1 module a\n1 reexport b c\n2 static crate::d e\n2 static crate::g h \"path\"\n2 export macro m"},
		"code":         {"fn f() { crate::a::b::<T>(); x::y::Z; T::a(); self::c::d!(); q.r::<S>(); <T as U>::v::w; mem::swap() }\nlet _ = crate::a::b;", "1 static crate::a b \"path\"\n1 static x::y Z \"path\"\n1 static self::c d \"path\"\n1 static mem swap \"path\""},
		"no code":      {"// use a;\nlet x = \"use b;\"; r#\"use c; \" mod d;\"#; b\"mod e;\"; 'a'; '\\''; '\"'; b'\"';\nfn f<'a>(x: &'a str) {}\nuse g;\n/* mod h; */ r\"\\\"; use i;", "4 static g\n5 static i"},
		"crates":       {"extern crate a;\npub extern crate b as c;\nextern crate self as d;\nextern \"C\" { fn x(); }\nuse e;", "1 static ::a\n2 reexport ::b\n5 static e"},
		"includes":     {"include!(\"a.rs\");\n#[doc = include_str!(\"../b.md\")]\nlet x = include_bytes!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/c\"));\ninclude!(concat!(env!(\"OUT_DIR\"), \"/d\"));\nuse e;", "1 include a.rs\n2 embed ../b.md\n3 embed /c \"manifest\"\n5 static e\n4 open"},
		"exports":      {"pub fn a() {}\npub(crate) fn b() {}\npub const fn c() {}\npub unsafe extern \"C\" fn d() {}\npub struct E { pub f: G }\npub static mut H: I = 1;\npub trait J {}\npub type K = L;\npub const M: N = 1;\nfn o() {}", "1 export func a\n3 export func c\n4 export func d\n5 export struct E\n6 export var H\n7 export trait J\n8 export type K\n9 export const M"},
		"bounds":       {"fn f() -> impl A + use<'a> {}\nuse b;", "2 static b"},
		"bom and crlf": {"\xef\xbb\xbfuse a;\r\nmod b;\r\n", "1 static a\n2 module b"},
		"open comment": {"use a;\n/* mod b;", "1 static a\n2 a comment is not closed"},
		"open string":  {"use a;\n\nlet x = \"mod b;\n", "1 static a\n3 a string is not closed"},
		"open raw":     {"use a;\nr##\"x\"#", "1 static a\n2 a string is not closed"},
		"broken":       {"use a::{b, c::; mod d;\nuse ::;\nuse {{{;\nuse e::f", "1 static a b\n1 module d\n4 static e f"},
		"nothing":      {"mod\npub\nuse", ""},
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
		"braces":     strings.Repeat("{", n),
		"use":        "use " + strings.Repeat("a::{", n),
		"use braces": "use " + strings.Repeat("{", n) + strings.Repeat("}", n),
		"segments":   "use " + strings.Repeat("a::", n) + "b;",
		"code":       strings.Repeat("a::", n) + "b",
		"modules":    strings.Repeat("mod a {", n),
		"comments":   strings.Repeat("/*", n),
		"attributes": strings.Repeat("#[path = \"a\"]", n) + "mod x;",
		"brackets":   "#" + strings.Repeat("[", n),
		"hashes":     strings.Repeat("r#", n),
		"quotes":     strings.Repeat("'", n),
		"dollars":    "use " + strings.Repeat("$", n),
		"one line":   strings.Repeat("use a::b;x::y::z();", n*5),
		"nul":        strings.Repeat("\x00", n),
		"utf-16":     "\xff\xfeu\x00s\x00e\x00 \x00a\x00;\x00",
	}, Extract)
}

func FuzzExtract(f *testing.F) {
	importstest.Fuzz(f, Extract, "#[path = \"a\"] mod b; pub use c::{self, d as e, *}; mod f { use super::g; } r#\"x\"# 'a' /* */ include!(\"x\");", "use $crate::{::a, {b}};extern crate x; a::b::<C>::d; '\\")
}

func TestResolve(t *testing.T) {
	t.Parallel()
	files := importstest.Of(map[string]string{
		"Cargo.toml":                 "[workspace]\nmembers = [\"*\"]\n[workspace.dependencies]\nshared = { path = \"libs/shared-kit\", package = \"shared-kit\" }\n",
		"app/Cargo.toml":             "[package]\nname = \"my-app\"\n[dependencies]\nshared.workspace = true\nother = { path = \"../other\", package = \"other-crate\" }\nserde = \"1\"\n[[bin]]\nname = \"tool\"\npath = \"cmd/tool.rs\"\n",
		"app/src/lib.rs":             "pub mod a;\nmod b;\nmod nowhere;\n#[path = \"elsewhere.rs\"] mod c;\nuse crate::a::deep::Thing;\nuse shared::x::Y;\nuse other::Z;\nuse serde::de;\nuse std::mem;\nuse mem::swap;\nenum E {}\nuse E::*;",
		"app/src/a.rs":               "pub mod deep;\nuse super::b::f;\nuse self::deep::g;\nuse deep::h;\nuse super::super::i;",
		"app/src/a/deep.rs":          "use super::Up;\nuse crate::c::d;\nfn f() { serde::x::y(); my_app::z(); unknown::w(); }",
		"app/src/b/mod.rs":           "mod inner;\nmod body { mod leaf; }\n",
		"app/src/b/inner.rs":         "use super::body::leaf::x;\nuse super::body::y;",
		"app/src/b/body/leaf.rs":     "use super::super::inner;",
		"app/src/elsewhere.rs":       "mod below;",
		"app/src/below.rs":           "include_str!(\"../README.md\"); include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/README.md\"));",
		"app/README.md":              "",
		"app/src/main.rs":            "use my_app::a::deep;\nuse crate::x;",
		"app/cmd/tool.rs":            "mod part;\nuse my_app::E;",
		"app/cmd/part.rs":            "",
		"app/tests/one.rs":           "mod common;\nuse my_app::b::inner::q;",
		"app/tests/two.rs":           "mod common;",
		"app/tests/common/mod.rs":    "use super::z;\nuse crate::y;",
		"app/build.rs":               "use std::env;",
		"libs/shared-kit/Cargo.toml": "[package]\nname = \"shared-kit\"\n[lib]\nname = \"shared\"\n",
		"libs/shared-kit/src/lib.rs": "pub mod x;",
		"libs/shared-kit/src/x.rs":   "",
		"other/Cargo.toml":           "[package]\nname = \"other-crate\"\n[lib]\npath = \"root.rs\"\n",
		"other/root.rs":              "use old::style;\nmod old;",
		"other/old.rs":               "",
		"loose/alone.rs":             "mod gone;\nuse crate::x;\nuse shared::x;",
		"bad/Cargo.toml":             "[package\n",
	}, Language())
	r, problems := newResolver(files)
	importstest.Suite(t, []imports.Language{Language()}, files.Files)
	if len(problems) != 1 || problems[0].Path != "bad/Cargo.toml" || problems[0].Line != 1 {
		t.Errorf("problems %+v, want one at bad/Cargo.toml:1", problems)
	}
	for from, want := range map[string]string{
		"app/src/lib.rs":          "app/src/a.rs app/src/b/mod.rs ?nowhere app/src/elsewhere.rs app/src/a/deep.rs libs/shared-kit/src/x.rs other/root.rs cargo:serde std:std",
		"app/src/a.rs":            "app/src/a/deep.rs app/src/b/mod.rs app/src/a/deep.rs app/src/a/deep.rs app/src/lib.rs",
		"app/src/a/deep.rs":       "app/src/a.rs app/src/elsewhere.rs cargo:serde app/src/lib.rs",
		"app/src/b/mod.rs":        "app/src/b/inner.rs app/src/b/body/leaf.rs",
		"app/src/b/inner.rs":      "app/src/b/body/leaf.rs app/src/b/mod.rs",
		"app/src/b/body/leaf.rs":  "app/src/b/inner.rs",
		"app/src/elsewhere.rs":    "app/src/below.rs",
		"app/src/below.rs":        "app/README.md app/README.md",
		"app/src/main.rs":         "app/src/a/deep.rs",
		"app/cmd/tool.rs":         "app/cmd/part.rs app/src/lib.rs",
		"app/tests/one.rs":        "app/tests/common/mod.rs app/src/b/inner.rs",
		"app/tests/common/mod.rs": "app/tests/one.rs app/tests/two.rs app/tests/one.rs app/tests/two.rs",
		"app/build.rs":            "std:std",
		"other/root.rs":           "other/old.rs other/old.rs",
		"loose/alone.rs":          "?gone libs/shared-kit/src/x.rs",
	} {
		if got := files.Edges(r, from); got != want {
			t.Errorf("%s needs %s, want %s", from, got, want)
		}
	}
}

func TestResolveEndless(t *testing.T) {
	t.Parallel()
	files := importstest.Of(map[string]string{"Cargo.toml": "[package]\nname = \"a\"\n", "src/lib.rs": "#[path = \"lib.rs\"] mod a;\nuse crate::a::a::a::b;"}, Language())
	r, _ := newResolver(files)
	importstest.Suite(t, []imports.Language{Language()}, files.Files)
	if got := files.Edges(r, "src/lib.rs"); got != "" {
		t.Errorf("a module of itself needs %s", got)
	}
}
