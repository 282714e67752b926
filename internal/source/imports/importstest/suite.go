package importstest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// Suite checks what every language of one family promises, on a tree of its files that import one another. Manifests and what
// else resolution looks at may be among them.
func Suite(t *testing.T, languages []imports.Language, files map[string]string) {
	t.Helper()
	s := suite{Of(files, languages...)}
	t.Run("declared", s.declared)
	t.Run("extraction", s.extraction)
	t.Run("surface", s.surface)
	t.Run("resolution", s.resolution)
	t.Run("paths", s.paths)
}

type suite struct{ Tree }

func (s suite) declared(t *testing.T) {
	for _, l := range s.Languages {
		if l.Name == "" || l.Version < 1 || l.Match == nil || l.Extract == nil || l.Resolver == nil {
			t.Errorf("%+v lacks a name, a version or a function", l)
		}
		if l.Family != s.Languages[0].Family {
			t.Errorf("%s and %s are of two families", l.Name, s.Languages[0].Name)
		}
		if !slices.ContainsFunc(s.Paths(), l.Match) {
			t.Errorf("no file of the tree is %s's: it is not tested", l.Name)
		}
	}
}

// extraction is sound on every file, whole or cut anywhere.
func (s suite) extraction(t *testing.T) {
	for _, p := range s.Paths() {
		_, l := s.extract(p)
		if l == nil {
			continue
		}
		text := s.Files[p]
		for end := 0; end <= len(text); end++ {
			sound(t, l.Extract, []byte(text[:end]))
		}
		for _, bad := range []string{"\xef\xbb\xbf" + text, strings.ReplaceAll(text, "\n", "\r\n"), strings.ReplaceAll(text, "\n", "\r"),
			strings.ReplaceAll(text, " ", "\x00"), text + "\xc3\x28\xff"} {
			sound(t, l.Extract, []byte(bad))
		}
	}
}

// surface has no lines: a file that moved down shows the same.
func (s suite) surface(t *testing.T) {
	for _, p := range s.Paths() {
		f, l := s.extract(p)
		if l == nil || l.Surface == nil {
			continue
		}
		seen := l.Surface(f)
		for i := range f.Imports {
			f.Imports[i].Line += 7
		}
		for i := range f.Exports {
			f.Exports[i].Line += 7
		}
		f.Open, f.Problem, f.Line = append(f.Open, 9), "another", 9
		if moved := l.Surface(f); !reflect.DeepEqual(moved, seen) {
			t.Errorf("%s shows %+v, and %+v further down", p, seen, moved)
		}
	}
}

// watched notes what a resolver asks of other files.
type watched struct {
	Tree
	asked bool
}

func (w *watched) File(p string) *imports.File {
	w.asked = true
	return w.Tree.File(p)
}

// all resolves every file of the family.
func (s suite) all(t *testing.T, tree imports.Tree, files Tree, backwards bool) map[string]string {
	t.Helper()
	r, _ := s.Languages[0].Resolver(tree)
	paths := files.Paths()
	if backwards {
		slices.Reverse(paths)
	}
	out := map[string]string{}
	for _, p := range paths {
		f, _ := files.extract(p)
		if f == nil {
			continue
		}
		var text strings.Builder
		for i := range f.Imports {
			for _, to := range r.Resolve(p, f, &f.Imports[i]) {
				if n := boolCount(to.Path != "", to.Package != "", to.External != ""); n != 1 {
					t.Errorf("%s: %+v leads to %d things: %+v", p, f.Imports[i], n, to)
				}
				if to.Path != "" && !files.Has(to.Path) {
					t.Errorf("%s: %+v leads to %s, which is not there", p, f.Imports[i], to.Path)
				}
				fmt.Fprintf(&text, "%d %+v\n", i, to)
			}
		}
		out[p] = text.String()
	}
	return out
}

func boolCount(list ...bool) int {
	n := 0
	for _, b := range list {
		if b {
			n++
		}
	}
	return n
}

// resolution gives the same in any order, and sees nothing of other files but their surface.
func (s suite) resolution(t *testing.T) {
	w := &watched{Tree: s.Tree}
	first := s.all(t, w, s.Tree, false)
	if again := s.all(t, w, s.Tree, true); !maps.Equal(again, first) {
		t.Errorf("asked in another order:\n%v\nwant\n%v", again, first)
	}
	surfaced := slices.ContainsFunc(s.Languages, func(l imports.Language) bool { return l.Surface != nil })
	if w.asked != surfaced {
		t.Errorf("it asks for other files: %v, and has a Surface: %v", w.asked, surfaced)
	}
}

// paths: without a file, or with one more, that the family does not see, everything else resolves as before.
func (s suite) paths(t *testing.T) {
	sees := s.Languages[0].Sees
	if sees == nil {
		return
	}
	for _, p := range append(s.Paths(), "README.md", "a.go", "b/c.txt", "x.json") {
		if sees(p) {
			continue
		}
		other := Of(maps.Clone(s.Files), s.Languages...)
		if _, there := other.Files[p]; there {
			delete(other.Files, p)
		} else {
			other.Files[p] = "x"
		}
		with, without := s.all(t, s.Tree, s.Tree, false), s.all(t, other, other, false)
		delete(with, p)
		if !maps.Equal(with, without) {
			t.Errorf("%s, which it does not see, makes a difference:\n%v\n%v", p, with, without)
		}
	}
}
