package exports_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source/exports"
)

// lines is a language of the test: each line is "name signature"; # hides, ! is a problem.
func lines(folders bool) exports.Language {
	return exports.Language{
		Name: "lines", Folders: folders,
		Match: func(p string) bool { return strings.HasSuffix(p, ".l") },
		Unit: func(p string) string {
			if folders {
				return p[:strings.LastIndexByte(p, '/')]
			}
			return p
		},
		Read: func(p string, src []byte) *exports.Surface {
			s := &exports.Surface{}
			if strings.HasPrefix(p, "test_") {
				return nil
			}
			for i, line := range strings.Split(string(src), "\n") {
				name, sig, _ := strings.Cut(line, " ")
				hidden := strings.HasPrefix(name, "#")
				if name == "!" {
					s.Problem, s.Line = "broken", int32(i+1)
				} else if name != "" {
					s.Symbols = append(s.Symbols, exports.Symbol{Name: strings.TrimPrefix(name, "#"), Kind: "k", Signature: sig, Line: int32(i + 1), Hidden: hidden})
				}
			}
			return s
		},
		Compare: func(base, head *exports.Surface) []exports.Change {
			return exports.Variants(base, head, func(_, after *exports.Symbol) exports.Effect {
				if strings.HasPrefix(after.Signature, "ok") {
					return exports.Allows("fits")
				}
				return exports.Breaks("differs")
			}, func(s *exports.Symbol) exports.Effect {
				if s.Name == "Maybe" {
					return exports.Doubts("may be elsewhere")
				}
				return exports.Effect{}
			})
		},
		Scope: func(p string) string {
			if exports.Aside(p) {
				return exports.Repository
			}
			return exports.Public
		},
	}
}

func show(d *exports.Delta) string {
	var out []string
	for _, c := range d.Changes {
		mark := ""
		if c.Breaking {
			mark = "!"
		}
		if c.Unsure {
			mark = "?"
		}
		out = append(out, fmt.Sprintf("%s%s %s:%d %s (%s)", c.Change, mark, c.Path, c.Line, c.Name, c.Scope))
	}
	for _, u := range d.Unread {
		out = append(out, fmt.Sprintf("unread %s:%d", u.Path, u.Line))
	}
	return strings.Join(out, "\n")
}

func file(p, before, after string) exports.File {
	f := exports.File{Before: []byte(before), After: []byte(after)}
	if before != "-" {
		f.OldPath = p
	}
	if after != "-" {
		f.Path = p
	}
	return f
}

func TestDiff(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		folders bool
		files   []exports.File
		rest    string
		want    string
	}{
		"added, removed, changed": {files: []exports.File{file("a.l", "A 1\nB 1\nC 1", "B 2\nC ok\nD 1")},
			want: "removed! a.l:1 A (public)\nchanged! a.l:1 B (public)\nchanged a.l:2 C (public)\nadded a.l:3 D (public)"},
		"equal":               {files: []exports.File{file("a.l", "A 1", "\nA 1")}},
		"not known":           {files: []exports.File{file("a.l", "Maybe 1", "")}, want: "removed? a.l:1 Maybe (public)"},
		"hidden":              {files: []exports.File{file("a.l", "#A 1\nB 1", "#C 1\n#B 2")}},
		"file gone":           {files: []exports.File{file("internal/a.l", "A 1", "-")}, want: "removed! internal/a.l:1 A (repository)"},
		"file new":            {files: []exports.File{file("a.l", "-", "A 1")}, want: "added a.l:1 A (public)"},
		"renamed":             {files: []exports.File{{OldPath: "a.l", Path: "b.l", Before: []byte("A 1\nB 1"), After: []byte("A 1")}}, want: "removed! b.l:2 B (public)\nmoved b.l:1 a.l (public)"},
		"renamed to a test":   {files: []exports.File{{OldPath: "a.l", Path: "test_a.l", Before: []byte("A 1"), After: []byte("A 1")}}, want: "removed! a.l:1 A (public)"},
		"renamed, nothing in": {files: []exports.File{{OldPath: "a.l", Path: "b.l", Before: []byte("#A 1"), After: []byte("")}}},
		"from file to file": {folders: true, files: []exports.File{file("p/a.l", "A 1", ""), file("p/b.l", "", "A 1")},
			want: ""},
		"in an unchanged file": {folders: true, files: []exports.File{file("p/a.l", "A 1\nB 1", "")}, rest: "A 1", want: "removed! p/a.l:2 B (public)"},
		"unread":               {files: []exports.File{file("a.l", "A 1", "!\nB 1"), file("b.l", "A 1", "")}, want: "removed! b.l:1 A (public)\nunread a.l:1"},
		"of another language":  {files: []exports.File{file("a.x", "A 1", "")}},
		"several declarations": {files: []exports.File{file("a.l", "A 1\nA 2", "A 1")}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rest := func(string) []exports.Source {
				if tt.rest == "" {
					return nil
				}
				return []exports.Source{{Path: "p/rest.l", Data: []byte(tt.rest)}}
			}
			d := exports.Diff([]exports.Language{lines(tt.folders)}, tt.files, rest)
			if got := show(d); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestDiffIsBounded(t *testing.T) {
	t.Parallel()
	var added, gone strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&added, "A%d 1\n", i)
		fmt.Fprintf(&gone, "B%d 1\n", i)
	}
	d := exports.Diff([]exports.Language{lines(false)}, []exports.File{file("a.l", gone.String(), added.String())}, nil)
	removed := slices.DeleteFunc(slices.Clone(d.Changes), func(c exports.Change) bool { return c.Change != exports.Removed })
	if len(removed) != 3000 || len(d.Changes) != 3000 || d.Cut != 3000 {
		t.Errorf("%d changes, %d of them removals, %d cut; want all removals and no additions", len(d.Changes), len(removed), d.Cut)
	}
}

func TestAside(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{"a/internal/b.go": true, "internal/b.go": true, "cmd/x/main.go": true, "pkg/internals/x.go": false, "internal.go": false,
		"web/__tests__/a.ts": true} {
		if got := exports.Aside(path); got != want {
			t.Errorf("Aside(%s) = %v", path, got)
		}
	}
}

func TestClip(t *testing.T) {
	t.Parallel()
	if got := exports.Clip(strings.Repeat("ä", 200)); len(got) > 170 || !strings.HasSuffix(got, "ä...") {
		t.Errorf("clipped to %q", got)
	}
	if got := exports.Clip("a\xffb"); got != "a\uFFFDb" {
		t.Errorf("clipped to %q", got)
	}
}
