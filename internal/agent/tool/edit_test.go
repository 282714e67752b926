package tool

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func open(t testing.TB, files map[string]string) *Folder {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func content(t testing.TB, f *Folder, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(f.Dir(), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestReplace(t *testing.T) {
	t.Parallel()
	file := "package x\n\nfunc A() int {\n\treturn 1\n}\n\nfunc B() int {\n\treturn 1\n}\n"
	for name, c := range map[string]struct {
		file, old, text string
		all             bool
		want, wantErr   string
	}{
		"once":               {file: file, old: "A() int {\n\treturn 1", text: "A() int {\n\treturn 2", want: strings.Replace(file, "return 1", "return 2", 1)},
		"deletes":            {file: "a\nb\nc\n", old: "b\n", want: "a\nc\n"},
		"all":                {file: file, old: "return 1", text: "return 2", all: true, want: strings.ReplaceAll(file, "return 1", "return 2")},
		"twice":              {file: file, old: "return 1", text: "return 2", wantErr: "occurs 2 times, at lines 4, 8"},
		"overlapping":        {file: "aaa", old: "aa", text: "b", wantErr: "occurs 2 times, at lines 1, 1"},
		"empty":              {file: file, wantErr: "use write"},
		"same":               {file: file, old: "A", text: "A", wantErr: "the same"},
		"spaces for tabs":    {file: file, old: "func A() int {\n    return 1\n}", text: "x", wantErr: "only white space differs: line 4 is \"\\treturn 1\" and not \"    return 1\""},
		"a word differs":     {file: file, old: "func A() int64 {\n\treturn 1\n}", text: "x", wantErr: "line 3 is \"func A() int {\" and not \"func A() int64 {\""},
		"alike":              {file: "the quick brown fox jumps\nb\n", old: "the quick brown cat jumps", text: "x", wantErr: "line 1 is \"the quick brown fox jumps\""},
		"nothing alike":      {file: file, old: "zebra crossing", text: "x", wantErr: "nothing in the file is like it"},
		"with line numbers":  {file: file, old: "    4\treturn 1", text: "x", wantErr: "line numbers, which read adds"},
		"done already":       {file: "x = 2\n", old: "x = 1", text: "x = 2", wantErr: "new is there already, at line 1"},
		"crlf":               {file: "a\r\nb\r\nc\r\n", old: "a\nb\n", text: "a\nB\n", want: "a\r\nB\r\nc\r\n"},
		"crlf asked":         {file: "a\r\nb\r\n", old: "a\r\nb", text: "a\r\nB", want: "a\r\nB\r\n"},
		"mixed line ends":    {file: "a\r\nb\nc\n", old: "b\nc", text: "d\ne", want: "a\r\nd\ne\n"},
		"old ends elsewhere": {file: "a\nb", old: "a\nb\n", text: "x", wantErr: "the ends of old differ"},
		"in an empty file":   {file: "", old: "a", text: "x", wantErr: "nothing in the file is like it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _, err := replace(c.file, c.old, c.text, c.all)
			switch {
			case c.wantErr == "" && (err != nil || got != c.want):
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			case c.wantErr != "" && (err == nil || !strings.Contains(err.Error(), c.wantErr)):
				t.Errorf("error %v; want %q", err, c.wantErr)
			}
		})
	}
}

// The error shows the lines as they are, so that the next call can copy them.
func TestEditShowsTheNearestLines(t *testing.T) {
	t.Parallel()
	f := open(t, map[string]string{"a.go": "package a\n\nfunc Sum(a, b int) int {\n\treturn a + b\n}\n"})
	_, err := f.Edit("a.go", "func Sum(a, b int) int {\n  return a+b\n}", "x", false)
	if err == nil || !strings.Contains(err.Error(), "    4\t\treturn a + b\n") {
		t.Errorf("error: %v", err)
	}
	text, err := f.Edit("a.go", "\treturn a + b", "\tsum := a + b\n\treturn sum", false)
	if err != nil || !strings.Contains(text, "    4\t\tsum := a + b\n    5\t\treturn sum\n") {
		t.Errorf("%s, %v", text, err)
	}
}

// A unique passage is replaced there and nowhere else; whatever is refused leaves the file as it was.
func TestReplaceProperties(t *testing.T) {
	t.Parallel()
	word := rapid.StringMatching(`[ab\t \n]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		before, old, text, after := word.Draw(t, "before"), word.Draw(t, "old"), word.Draw(t, "new"), word.Draw(t, "after")
		file := before + old + after
		got, count, err := replace(file, old, text, false)
		switch n := occurrences(file, old); {
		case old == "" || old == text || n != 1:
			if err == nil {
				t.Fatalf("%q in %q was replaced", old, file)
			}
		case err != nil || count != 1 || got != before+text+after:
			t.Fatalf("%q, %d, %v; want %q", got, count, err, before+text+after)
		}
		if all, n, err := replace(file, old, text, true); err == nil && (all != strings.ReplaceAll(file, old, text) || n != strings.Count(file, old)) {
			t.Fatalf("all: %q, %d", all, n)
		}
	})
}

// FuzzReplace: no panic, no change without success, and an edit can be undone where its text is unique.
func FuzzReplace(f *testing.F) {
	f.Add("a\nb\nc\n", "b", "d", false)
	f.Add("a\r\nb\r\n", "a\nb", "x", false)
	f.Add("\xff\x00", "\xff", "", true)
	f.Add("x\n\ty\n", "x\n  y", "z", false)
	f.Fuzz(func(t *testing.T, file, old, text string, all bool) {
		got, count, err := replace(file, old, text, all)
		if err != nil {
			if err.Error() == "" || got != "" {
				t.Fatalf("%q with an error", got)
			}
			return
		}
		if count < 1 || got == file {
			t.Fatalf("%q: %d places and no change", file, count)
		}
		_ = around(file, got)
		if all || text == "" || strings.Contains(file, "\r") || strings.Contains(old+text, "\r") || occurrences(got, text) != 1 {
			return
		}
		if back, _, err := replace(got, text, old, false); err != nil || back != file {
			t.Fatalf("%q became %q and back %q, %v", file, got, back, err)
		}
	})
}
