package java

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
		line := fmt.Sprintf("%d %s %s", i.Line, i.Kind, i.Specifier)
		if len(i.Names) > 0 {
			line += " " + strings.Join(i.Names, ",")
		}
		if i.Exotic != "" {
			line += " (" + i.Exotic + ")"
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
		"head":        {"/* c */ @A package a . b;\nimport c.D;\nimport static e.F.g;\nimport static e.F.*;\nimport h.i.*;\n", "package a.b\n1 same-package A\n2 static c.D\n3 static e.F g (static)\n4 static e.F * (static)\n5 static h.i *"},
		"types":       {"public class A<T extends B> extends C implements D { E e; class F {} F f; }\ninterface G {}\nenum H { I }\nrecord J(K k) {}\n@interface L {}", "1 same-package T\n1 same-package B\n1 same-package C\n1 same-package D\n1 same-package E\n3 same-package I\n4 same-package K\n1 export class A\n2 export interface G\n3 export enum H\n4 export record J\n5 export interface L"},
		"once":        {"import a.B;\nclass C { B b; D d; D e; x.y.Z z; x.y.Z w; this.f.G; h.I(); j().K; int record = 1; }", "1 static a.B\n2 same-package D\n2 static x.y.Z (qualified)\n2 static h.I (qualified)\n2 export class C"},
		"not code":    {"// import a.B;\nString s = \"import c.D; E\" + 'F' + '\\'' + '\"';\nvar t = \"\"\"\n  G \\\"\"\" \"H\"\n \"\"\";\nI i; /* J */", "2 same-package String\n6 same-package I"},
		"reflection":  {"Class.forName(\"a.B\");\nClass.forName(name);\nClass.forName(\"a.\" + b);\nC.class.getName();", "1 dynamic a.B\n4 same-package C\n2 open\n3 open"},
		"module":      {"import x.Y;\nopen module a.b {\n requires transitive c.d;\n requires static e;\n exports f.g to h;\n provides i.J with k.L;\n}", "1 static x.Y\n3 module c.d (requires)\n4 module e (requires)\n6 static i.J (qualified)\n6 static k.L (qualified)\n2 export module a.b"},
		"line ends":   {"\xef\xbb\xbfpackage a;\rimport b.C; // d\rimport e.F;\r\nimport g.H;", "package a\n2 static b.C\n3 static e.F\n4 static g.H"},
		"open text":   {"import a.B;\nString s = \"x\nC c;", "1 static a.B\n2 same-package String\n3 same-package C\n2 a string is not closed"},
		"open block":  {"A a;\n\"\"\" B", "1 same-package A\n2 a string is not closed"},
		"open remark": {"A a;\n\n/* B", "1 same-package A\n3 a comment is not closed"},
		"broken":      {"package;\nimport;\nimport static;\nimport a.;\nclass { }\nimport b.C", "4 static a\n6 static b.C"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := show(Extract([]byte(tt.src))); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestExtractKotlin(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ src, want string }{
		"head":      {"@file:JvmName(\"X\")\npackage a.b\n\nimport c.D\nimport c.e as f\nimport `in`.g.*\n", "package a.b\n1 same-package JvmName\n4 static c.D\n5 static c.e\n6 static in.g *"},
		"top level": {"fun <T : A> B.f(c: D) = g(1)\nval h = 1\nvar B<C>.i: Int = 2\nobject O { fun inside() {} }\ntypealias T = U\nenum class V\n", "1 same-package B\n1 same-package D\n1 same-package g\n3 same-package Int\n5 same-package U\n1 export func f\n2 export var h\n3 export var i\n4 export object O\n5 export typealias T\n6 export class V"},
		"texts":     {"val a = \"x ${f(\"}\", \"${B}\")} y\" + C\nval b = \"\"\"\n \\ ${D} \"\"\"\"\nval c = E /* /* */ F */\nG", "1 same-package C\n4 same-package E\n5 same-package G\n1 export var a\n2 export var b\n4 export var c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := show(ExtractKotlin([]byte(tt.src))); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestExtractHostile(t *testing.T) {
	t.Parallel()
	const n = 100_000
	importstest.Fast(t, map[string]string{
		"braces":    strings.Repeat("{", n),
		"templates": strings.Repeat("\"${", n),
		"blocks":    strings.Repeat("\"\"\"${", n),
		"dots":      strings.Repeat("a.", n),
		"import":    "import " + strings.Repeat("a.", n),
		"generics":  "fun " + strings.Repeat("<", n),
		"fun":       strings.Repeat("fun ", n),
		"comments":  strings.Repeat("/*", n),
		"quotes":    strings.Repeat("'", n),
		"back":      strings.Repeat("`", n),
		"one line":  strings.Repeat("import a.B;C d=e.F();", n*5),
		"nul":       strings.Repeat("\x00", n),
		"utf-16":    "\xff\xfei\x00m\x00p\x00o\x00r\x00t\x00",
	}, Extract, ExtractKotlin)
}

func FuzzExtract(f *testing.F) {
	importstest.Fuzz(f, Extract, "package a; import static b.C.*; class D { E e = f.G(); } Class.forName(\"x\") '\\'' /* */ \"\"\"\n\"\"\"", "fun <T> A.b() = \"${c(\"d\")}\"\rmodule a { requires b; } `x`")
}

func FuzzExtractKotlin(f *testing.F) {
	importstest.Fuzz(f, ExtractKotlin, "package a; import static b.C.*; class D { E e = f.G(); } Class.forName(\"x\") '\\'' /* */ \"\"\"\n\"\"\"", "fun <T> A.b() = \"${c(\"d\")}\"\rmodule a { requires b; } `x`")
}

func TestResolve(t *testing.T) {
	t.Parallel()
	files := importstest.Of(map[string]string{
		"app/src/main/java/a/Main.java":         "package a;\nimport b.*;\nimport static c.Tools.help;\nimport c.Outer.Inner;\nimport java.util.List;\nimport org.x.Y;\nimport org.z.*;\nimport b.Generated;\nclass Main { Mate m; One o; Two t; d.e.Far f; x.y.Not n; String s; }",
		"app/src/main/java/a/Mate.java":         "package a; class Mate { Main m; Second s; }\nclass Second {}",
		"app/src/main/java/a/package-info.java": "@Mark package a;",
		"app/src/main/java/a/Mark.java":         "package a; @interface Mark {}",
		"app/src/test/java/a/MainTest.java":     "package a; class MainTest { Main m; Class c = Class.forName(\"b.One\"); }",
		"lib/b/One.java":                        "package b; public class One { Two t; }",
		"lib/b/Two.java":                        "package b; public class Two {}",
		"lib/b/Three.java":                      "package b; public class Three {}",
		"c/Tools.java":                          "package c; class Tools {}",
		"c/Outer.java":                          "package c; class Outer { class Inner {} }",
		"de/Far.java":                           "package d.e; class Far {}",
		"jvm/k/Plain.kt":                        "package k\nclass Plain\nfun greet() {}",
		"ios/k/Plain.kt":                        "package k\nclass Plain",
		"jvm/main.kt":                           "import k.greet\nimport k.Plain\nimport a.Main\nimport kotlin.math.max",
		"jvm/k/Other.kt":                        "package k\nval x = greet() + Plain()",
		"m/module-info.java":                    "module m { requires n; requires java.base; }",
		"n/module-info.java":                    "module n { }",
		"None.java":                             "class None { Beside b; }",
		"Beside.java":                           "class Beside {}",
	}, Languages()...)
	r, _ := newResolver(files)
	importstest.Suite(t, Languages(), files.Files)
	for from, want := range map[string]string{
		"app/src/main/java/a/Main.java":         "lib/b/One.java lib/b/Two.java c/Tools.java c/Outer.java std:java.util java:org.x java:org.z ?b.Generated app/src/main/java/a/Mate.java de/Far.java",
		"app/src/main/java/a/Mate.java":         "app/src/main/java/a/Main.java",
		"app/src/main/java/a/package-info.java": "app/src/main/java/a/Mark.java",
		"app/src/test/java/a/MainTest.java":     "app/src/main/java/a/Main.java lib/b/One.java",
		"lib/b/One.java":                        "lib/b/Two.java",
		"jvm/main.kt":                           "jvm/k/Plain.kt jvm/k/Plain.kt app/src/main/java/a/Main.java std:kotlin.math",
		"jvm/k/Other.kt":                        "jvm/k/Plain.kt jvm/k/Plain.kt",
		"m/module-info.java":                    "n/module-info.java java:java.base",
		"None.java":                             "Beside.java",
	} {
		if got := files.Edges(r, from); got != want {
			t.Errorf("%s needs %s, want %s", from, got, want)
		}
	}
}
