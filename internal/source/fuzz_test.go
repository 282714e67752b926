package source

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// languages lists every language that has a lexer.
func languages() []string {
	var list []string
	for name := range grammars {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// FuzzEffect: no input panics; an edit undone is the same edit; nothing is nothing.
func FuzzEffect(f *testing.F) {
	for i, c := range effectCases {
		f.Add(uint8(i), strings.ReplaceAll(c.before, "|", "\n"), strings.ReplaceAll(c.after, "|", "\n"))
	}
	names := languages()
	f.Fuzz(func(t *testing.T, n uint8, before, after string) {
		language := names[int(n)%len(names)]
		a, b := []byte(before), []byte(after)
		forth, back := Effect(language, ClassSource, a, b), Effect(language, ClassSource, b, a)
		if forth != back {
			t.Fatalf("%s: %s one way, %s the other", language, forth, back)
		}
		if e := Effect(language, ClassSource, a, a); e != EffectNone {
			t.Fatalf("%s: an unchanged file is %s", language, e)
		}
		if e := Effect(language, ClassDoc, a, b); e != Effect(language, ClassDoc, b, a) {
			t.Fatalf("%s: documentation: %s one way only", language, e)
		}
	})
}

// FuzzLex: tokens cover the file in order, without overlap, and lines never go back.
func FuzzLex(f *testing.F) {
	for i, c := range effectCases {
		f.Add(uint8(i), strings.ReplaceAll(c.after, "|", "\n"))
	}
	names := languages()
	f.Fuzz(func(t *testing.T, n uint8, data string) {
		language := names[int(n)%len(names)]
		s := lex(language, []byte(data))
		end, line := int32(0), int32(1)
		for i, tok := range s.tokens {
			if tok.start < end || tok.end < tok.start || int(tok.end) > len(data) {
				t.Fatalf("%s: token %d is %d to %d behind %d", language, i, tok.start, tok.end, end)
			}
			if want := int32(1 + strings.Count(data[:tok.start], "\n")); tok.line != want {
				t.Fatalf("%s: token %d %q is said to be on line %d, is on %d", language, i, s.text(tok), tok.line, want)
			}
			end, line = tok.end, max(line, tok.line)
		}
	})
}

// FuzzAnalyse: no input panics, and a file compared with itself has no differences.
func FuzzAnalyse(f *testing.F) {
	for i, c := range analysisCases {
		f.Add(uint8(i), c.data)
		f.Add(uint8(slices.Index(languages(), "go")), "Fail") // the last token is empty
	}
	names := languages()
	f.Fuzz(func(t *testing.T, n uint8, data string) {
		language := names[int(n)%len(names)]
		for _, class := range []string{ClassSource, ClassTest} {
			a := Analyse(language, class, "a", []byte(data))
			d := Compare(a, a, nil)
			if len(d.ImportsAdded)+len(d.ImportsRemoved)+len(d.ExportsAdded)+len(d.ExportsChanged)+len(d.TestsRemoved)+len(d.TestsEmptied)+len(d.SuppressionsAdded)+len(d.SkipsAdded) > 0 {
				t.Fatalf("%s: differs from itself: %+v", language, d)
			}
			Compare(nil, a, nil)
			Compare(a, nil, nil)
		}
		x := NewIndex(language, []byte(data))
		for line := -1; line < 20; line++ {
			x.Symbol(line)
			x.Line(line)
		}
	})
}

// FuzzAttributes: no input panics, and no attribute takes code out of the classes that are looked at.
func FuzzAttributes(f *testing.F) {
	f.Add("*.go linguist-documentation linguist-generated binary\n", "a/b.go")
	f.Add("[attr]x binary\n\"a b\" x -text\n/a/** !x\n[a-z]*?\\\\ y=z\n", "a b")
	f.Fuzz(func(t *testing.T, data, path string) {
		attrs := ParseAttributes(".gitattributes", []byte(data))
		_, plain := Classify(path, nil, nil)
		if _, class := Classify(path, nil, attrs); rank(class) < rank(plain) {
			t.Fatalf("%q: from %s to %s", path, plain, class)
		}
	})
}

// hostileUnits are what an attacker would repeat.
var hostileUnits = []string{"(", "{", "[", "<a>", "`${", "\"${", "/*", "//", "\"", "'", "\"\"\"", "<", "{\n", "if a:\n ", "a:\n- ", "- ", "<<A\n", "$(", "\\", "#", "a b ", "\x00", "\r", "<!--", "r#", "$$",
	"{{", "f{\"", "a=b;", "/", "<a b='", "*", "\t", " \n", "|\n", "nolint ", "it('a',()=>{", "it('a',", "func T(){", "message A {", "pub fn a(", "@Test(", "public a(", "import {", "import ", "export const a=",
	"type A struct{", "#[test]", "#[test]fn a ", "def a(", "__all__", "-- ", "&a [*a,", "? ", "!a ", "? {", "[/", "class A{", "func (", "use ", "$a$", "test.each`", "export function a", "rpc a "}

// TestHostile: nothing panics, and everything ends. make test-interop looks at how the time grows.
func TestHostile(t *testing.T) {
	t.Parallel()
	for _, language := range languages() {
		for _, unit := range hostileUnits {
			hostile(language, strings.Repeat(unit, 1+3000/len(unit)))
		}
	}
}

func hostile(language, data string) {
	b := []byte(data)
	Effect(language, ClassSource, b, append(bytes.Clone(b), '\n'))
	a := Analyse(language, ClassTest, "a", b)
	Compare(a, a, nil)
	NewIndex(language, b).Line(1)
}

// TestTenMegabytes: one line of 10 MB is code, soon.
func TestTenMegabytes(t *testing.T) {
	t.Parallel()
	data := bytes.Repeat([]byte("a = b + c; "), 10<<20/11)
	for _, language := range []string{"go", "javascript", "python", "yaml", "shell", "html"} {
		if e := Effect(language, ClassSource, data, append(bytes.Clone(data), ' ')); e != EffectCode {
			t.Errorf("%s: %s", language, e)
		}
		a := Analyse(language, ClassSource, "a", data)
		if e := EffectOf(a, Analyse(language, ClassSource, "a", data[1:])); e != EffectCode {
			t.Errorf("%s: %s", language, e)
		}
	}
}
