// Package importstest is what every language of the graph is tested with: a tree in memory, the conformance suite that all of them
// run, and the checks of hostile texts. It is for tests only.
package importstest

import (
	"cmp"
	"errors"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// Tree is a tree in memory: paths and contents. A content that begins with "-> " is a symlink to a file beside it.
type Tree struct {
	Files     map[string]string
	Languages []imports.Language // that File reads; others have none
}

// Of makes a tree that one family of languages reads.
func Of(files map[string]string, languages ...imports.Language) Tree { return Tree{files, languages} }

// Paths implements imports.Tree.
func (t Tree) Paths() []string { return slices.Sorted(maps.Keys(t.Files)) }

// Has implements imports.Tree.
func (t Tree) Has(p string) bool { return t.Real(p) != "" }

// Real implements imports.Tree.
func (t Tree) Real(p string) string {
	for range len(t.Files) + 1 {
		text, ok := t.Files[p]
		if !ok {
			return ""
		}
		to, linked := strings.CutPrefix(text, "-> ")
		if !linked {
			return p
		}
		p = path.Join(path.Dir(p), to)
	}
	return ""
}

// Read implements imports.Tree.
func (t Tree) Read(p string) ([]byte, error) {
	if text, ok := t.Files[p]; ok {
		return []byte(text), nil
	}
	return nil, errors.New(p + " is not in the tree")
}

// File implements imports.Tree: the surface of what a language reads.
func (t Tree) File(p string) *imports.File {
	f, l := t.extract(p)
	if f == nil || l.Surface == nil {
		return nil
	}
	return l.Surface(f)
}

func (t Tree) extract(p string) (*imports.File, *imports.Language) {
	text, ok := t.Files[p]
	if !ok || strings.HasPrefix(text, "-> ") {
		return nil, nil
	}
	for i := range t.Languages {
		if t.Languages[i].Match(p) {
			return t.Languages[i].Extract([]byte(text)), &t.Languages[i]
		}
	}
	return nil, nil
}

// Edges writes what a file needs, in the order of its imports: paths, packages, names outside, and "?" with the specifier of
// what leads nowhere. What leads to the file itself is left out.
func (t Tree) Edges(r imports.Resolver, from string) string {
	f, _ := t.extract(from)
	var out []string
	for i := range f.Imports {
		targets := r.Resolve(from, f, &f.Imports[i])
		for _, to := range targets {
			if name := cmp.Or(to.Path, to.Package, to.External); name != from {
				out = append(out, name)
			}
		}
		if len(targets) == 0 {
			out = append(out, "?"+f.Imports[i].Specifier)
		}
	}
	return strings.Join(out, " ")
}

// Fast extracts each text, which must take a moment only.
func Fast(t *testing.T, texts map[string]string, extract ...func([]byte) *imports.File) {
	t.Helper()
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			for _, e := range extract {
				e([]byte(text))
			}
			if took := time.Since(start); took > 2*time.Minute {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// Fuzz feeds extraction: every import has a specifier and a line of the text, and the same text gives the same.
func Fuzz(f *testing.F, extract func([]byte) *imports.File, seeds ...string) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, src []byte) { sound(t, extract, src) })
}

func sound(t *testing.T, extract func([]byte) *imports.File, src []byte) {
	t.Helper()
	lines := int32(strings.Count(string(src), "\n") + strings.Count(string(src), "\r") + 1)
	given := slices.Clone(src)
	file := extract(src)
	for _, i := range file.Imports {
		if i.Line < 1 || i.Line > lines || i.Specifier == "" {
			t.Errorf("import %+v in a text of %d lines", i, lines)
		}
	}
	for _, e := range file.Exports {
		if e.Line < 1 || e.Line > lines || e.Name == "" {
			t.Errorf("symbol %+v in a text of %d lines", e, lines)
		}
	}
	if file.Line < 0 || file.Line > lines || file.Line > 0 && file.Problem == "" {
		t.Errorf("problem %q at line %d of %d", file.Problem, file.Line, lines)
	}
	if !slices.Equal(src, given) {
		t.Error("extraction changed the text")
	}
	if again := extract(given); !reflect.DeepEqual(again, file) {
		t.Errorf("the same text gave\n%+v, then\n%+v", file, again)
	}
}

// Listed makes empty files of paths.
func Listed(paths ...string) map[string]string {
	out := map[string]string{}
	for _, p := range paths {
		out[p] = ""
	}
	return out
}
