package proto

import (
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source/exports"
	"github.com/adamant-os/adamant/internal/source/exports/exportstest"
)

func TestExports(t *testing.T) {
	t.Parallel()
	edits := map[string]exportstest.Edit{}
	for name, e := range map[string]exportstest.Edit{
		"equal":             {"message A { string b = 1; }", "// c\nmessage A { optional string b = 1 [deprecated = true]; }", ""},
		"field gone":        {"message A { string b = 1; }", "message A { }", "removed!~ p.A.b: it is gone, and its number is not reserved"},
		"field reserved":    {"message A { string b = 7; string c = 2; }", "message A { reserved 2, 5 to 9; reserved \"b\"; }", "removed! p.A.b: it is gone; its number is reserved\nremoved! p.A.c: it is gone; its number is reserved"},
		"field renamed":     {"message A { string b = 1; }", "message A { string c = 1; }", "removed! p.A.b: it is called p.A.c"},
		"number":            {"message A { string b = 1; }", "message A { string b = 2; }", "changed!~ p.A.b: its number was 1 and is 2"},
		"type":              {"message A { string b = 1; int32 c = 2; }", "message A { int32 b = 1; int64 c = 2; }", "changed!~ p.A.b: its type was string and is int32\nchanged! p.A.c: its type was int32 and is int64, which looks the same on the wire"},
		"same type":         {"message A { B b = 1; }\nmessage B {}", "message A { .p.B b = 1; }\nmessage B {}", ""},
		"repeated":          {"message A { string b = 1; }", "message A { repeated string b = 1; }", "changed!~ p.A.b: it was single and is repeated"},
		"oneof":             {"message A { string b = 1; }", "message A { oneof c { string b = 1; int32 d = 2; } }", "changed! p.A.b: it belongs to another oneof, or to none\nadded p.A.d"},
		"new field":         {"message A { }", "message A { string b = 1; map<string, B> c = 2; required int32 d = 3; }", "added p.A.b\nadded p.A.c\nadded!~ p.A.d: it is required: what old programs send lacks it"},
		"message gone":      {"message A { message B { string c = 1; } }", "message A { }", "removed!~ p.A.B: it is gone"},
		"message new":       {"", "message A { string b = 1; }", "added p.A"},
		"enum":              {"enum A { B = 0; C = -1; D = 2; }", "enum A { B = 0; E = -1; }", "removed! p.A.C: it is called p.A.E\nremoved!~ p.A.D: it is gone, and its number is not reserved"},
		"rpc":               {"service A { rpc B(C) returns (D); rpc E(C) returns (D) { option x = { a: 1 }; } }", "service A { rpc B(C) returns (stream D) {} }", "changed!~ p.A.B: it takes or returns another message\nremoved!~ p.A.E: it is gone"},
		"group":             {"message A { optional group B = 1 { string c = 2; } }", "message A { optional group B = 1 { } }", "removed!~ p.A.B.c: it is gone, and its number is not reserved"},
		"extend":            {"extend q.A { string b = 100; }", "", "removed!~ p.extend q.A.b: it is gone, and its number is not reserved"},
		"options are not":   {"option a = { b: 1 };\nmessage A { option c = 1; }", "message A { }", ""},
		"names of keywords": {"message A { string message = 1; enum reserved = 2; rpc option = 3; }", "message A { string message = 1; rpc option = 3; }", "removed!~ p.A.reserved: it is gone, and its number is not reserved"},
	} {
		edits[name] = exportstest.Edit{"package p;\n" + e[0], "package p;\n" + e[1], e[2]}
	}
	edits["package"] = exportstest.Edit{"package p;\nmessage A {}", "package q;\nmessage A {}", "removed!~ p.A: it is gone\nadded q.A"}
	exportstest.Edits(t, Exports(), "x.proto", edits)
}

func TestExportsMovedToAnotherFile(t *testing.T) {
	t.Parallel()
	d := exports.Diff([]exports.Language{Exports()}, []exports.File{
		{OldPath: "a.proto", Path: "a.proto", Before: []byte("package p; message A { string b = 1; } message C {}"), After: []byte("package p; message C {}")},
		{Path: "b.proto", After: []byte("package p; message A { string b = 1; }")},
	}, nil)
	if got := exportstest.Show(d); got != "" {
		t.Errorf("a message that moved is a change: %s", got)
	}
}

func TestExportsHostile(t *testing.T) {
	t.Parallel()
	const n = 100_000
	exportstest.Hostile(t, Exports(), "a.proto", map[string]string{
		"nested":   strings.Repeat("message A {", n),
		"fields":   "message A {" + strings.Repeat("string b = 1;", n),
		"reserved": "message A { reserved " + strings.Repeat("1 to 2,", n) + "; " + strings.Repeat("string b = 9;", n),
		"types":    "message A { " + strings.Repeat("a.", n) + " b = 1; }",
		"options":  "option a = " + strings.Repeat("{", n),
		"rpc":      "service A {" + strings.Repeat("rpc B(C) returns (D);", n),
	})
}

func FuzzExports(f *testing.F) {
	exportstest.Fuzz(f, Exports(), "a.proto", "package p; message A { oneof b { string c = 1; } map<int32, D> e = 2 [f = {g: 1}]; reserved 3, 4 to max; group H = 5 { } }",
		"service A { rpc B(stream .p.C) returns (D) { option e = {}; } } enum F { G = -1; } extend H.I { repeated J k = 1; }")
}
