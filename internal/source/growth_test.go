package source

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestGrow(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		before, after string
		want          Growth
	}{
		"nothing":           {"a = 1\n", "a = 1\n", Growth{}},
		"new file":          {"", "if a && b {\n\tf(x)\n}\n", Growth{Lines: 2, Identifiers: 5, Characters: 15, Conditions: 2, Places: 1}},
		"indented anew":     {"f(x)\ng(y)\n", "if a {\n\tf(x)\n\tg(y)\n}\n", Growth{Lines: 1, Identifiers: 2, Characters: 6, Conditions: 1, Places: 1}},
		"moved":             {"f(x)\ng(y)\n", "g(y)\nf(x)\n", Growth{}},
		"blank and comment": {"a\n", "a\n\n// more if && text\n# text\n * text\n", Growth{}},
		"preprocessor":      {"", "#include <x.h>\n", Growth{Lines: 1, Identifiers: 3, Characters: 14, Places: 1}},
		"a pointer":         {"", "*p = 1;\n", Growth{Lines: 1, Identifiers: 1, Characters: 7, Places: 1}},
		"quoted words":      {"", "x := \"if a && b\"\n", Growth{Lines: 1, Identifiers: 1, Characters: 16, Places: 1}},
		"open quote":        {"", "fn f<'a>() {}\n", Growth{Lines: 1, Identifiers: 3, Characters: 13, Places: 1}},
		"said twice":        {"a()\n", "a()\na()\n", Growth{Lines: 1, Identifiers: 1, Characters: 3, Places: 1}},
		"gone":              {"a()\nb()\n", "b()\n", Growth{Gone: 1}},
		"two places":        {"a()\nb()\nc()\n", "x()\nb()\ny()\n", Growth{Lines: 2, Gone: 2, Identifiers: 2, Characters: 6, Places: 2}},
		"no final newline":  {"a()", "a()\nb()", Growth{Lines: 1, Identifiers: 1, Characters: 3, Places: 1}},
		"carriage returns":  {"a()\nb()\n", "a()\r\nb()\r\n", Growth{}},
		"trailing comment":  {"", "a() // if b\n", Growth{Lines: 1, Identifiers: 1, Characters: 11, Places: 1}},
		"optional chain":    {"", "a?.b ?? c ? d : e\n", Growth{Lines: 1, Identifiers: 5, Characters: 17, Conditions: 2, Places: 1}},
		"file deleted":      {"a()\n", "", Growth{Gone: 1}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := Grow([]byte(test.before), []byte(test.after)); got != test.want {
				t.Errorf("got  %+v\nwant %+v", got, test.want)
			}
		})
	}
}

// Lines that both sides share may stand anywhere: they never count.
func TestGrowIgnoresSharedLines(t *testing.T) {
	t.Parallel()
	line := rapid.SampledFrom([]string{"a()", "b(c)", "if d {", "}", "", "// e", "f = \"g\""})
	rapid.Check(t, func(t *rapid.T) {
		before := rapid.SliceOf(line).Draw(t, "before")
		after := rapid.SliceOf(line).Draw(t, "after")
		shared := strings.Join(rapid.SliceOf(line).Draw(t, "shared"), "\n") + "\n"
		text := func(l []string) []byte { return []byte(strings.Join(l, "\n") + "\n") }
		plain := Grow(text(before), text(after))
		padded := Grow(append([]byte(shared), text(before)...), append(text(after), shared...))
		plain.Places, padded.Places = 0, 0 // where they stand is what differs
		if plain != padded {
			t.Fatalf("plain %+v, padded %+v", plain, padded)
		}
	})
}

func FuzzGrow(f *testing.F) {
	f.Add([]byte("a\nb\n"), []byte("b\n\xff'\\"))
	f.Add([]byte("#"), []byte("?"))
	f.Fuzz(func(t *testing.T, before, after []byte) {
		g := Grow(before, after)
		if g.Lines < 0 || g.Gone < 0 || g.Places > g.Lines || g.Characters > len(after) || (g.Lines == 0) != (g.Characters == 0) {
			t.Fatalf("%+v", g)
		}
		if back := Grow(after, before); back.Lines != g.Gone || back.Gone != g.Lines {
			t.Fatalf("there %+v, back %+v", g, back)
		}
	})
}
