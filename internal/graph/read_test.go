package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/source/golang"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// files is a tree in memory; a content that begins with "-> " is a symlink.
type files map[string]string

func (t files) Entries() []Entry {
	var out []Entry
	for _, p := range slices.Sorted(maps.Keys(t)) {
		sum := sha256.Sum256([]byte(t[p]))
		out = append(out, Entry{Path: p, Blob: hex.EncodeToString(sum[:]), Symlink: strings.HasPrefix(t[p], "-> ")})
	}
	return out
}

func (t files) Blobs(_ context.Context, oids []string, fn func(int, []byte, error) error) error {
	texts := map[string]string{}
	for _, text := range t {
		sum := sha256.Sum256([]byte(text))
		texts[hex.EncodeToString(sum[:])] = text
	}
	for i, oid := range oids {
		text, ok := texts[oid]
		err := error(nil)
		if !ok {
			err = fmt.Errorf("no blob %s", oid)
		}
		if err := fn(i, []byte(strings.TrimPrefix(text, "-> ")), err); err != nil {
			return err
		}
	}
	return nil
}

func read(t *testing.T, tree files, cache *Cache) *Snapshot {
	t.Helper()
	s, err := Read(t.Context(), tree, Options{Languages: []imports.Language{golang.Language()}, Cache: cache})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// lines writes the edges of a graph, one a line.
func lines(g *Graph) string {
	var out []string
	for _, e := range g.Edges() {
		out = append(out, fmt.Sprintf("%s %s %s:%d", g.Node(e.From).Name, e.Kind, g.Node(e.To).Name, e.Line))
	}
	return strings.Join(out, "\n")
}

var shop = files{
	"go.mod":               "module example.org/shop\n\nreplace example.org/tax => ./tax\n",
	"main.go":              "package main\n\nimport (\n\t\"fmt\"\n\t\"example.org/shop/cart\"\n\t\"example.org/tax\"\n\t\"example.org/far\"\n)\n",
	"cart/cart.go":         "package cart\n\nimport _ \"embed\"\n\n//go:embed text/*.txt hidden\nvar f string\n",
	"cart/cart_test.go":    "package cart_test\n\nimport \"example.org/shop/cart\"\n",
	"cart/text/a.txt":      "a",
	"cart/text/b.md":       "b",
	"cart/hidden/_no":      "",
	"cart/hidden/yes/x":    "",
	"tax/go.mod":           "module example.org/tax\n",
	"tax/tax.go":           "package tax\n",
	"broken/broken.go":     "package broken\n\nimport \"fmt\"\nimport (\n",
	"cart/cart_windows.go": "package cart\n\nimport \"syscall\"\n",
}

func TestReadGo(t *testing.T) {
	t.Parallel()
	s := read(t, shop, nil)
	want := `broken/broken.go static go:fmt:3
cart/cart.go embed cart/hidden/yes/x:5
cart/cart.go embed cart/text/a.txt:5
cart/cart.go same-package go:cart:0
cart/cart.go static go:embed:3
cart/cart_test.go static go:cart:3
cart/cart_test.go same-package go:cart:0
cart/cart_windows.go same-package go:cart:0
cart/cart_windows.go static go:syscall:3
main.go same-package go:.:0
main.go static go:cart:5
main.go static go:tax:6
main.go static go:example.org/far:7
main.go static go:fmt:4
tax/tax.go same-package go:tax:0
go:. member main.go:0
go:broken member broken/broken.go:0
go:cart member cart/cart.go:0
go:cart member cart/cart_windows.go:0
go:tax member tax/tax.go:0`
	want = strings.Replace(want, "broken/broken.go static", "broken/broken.go same-package go:broken:0\nbroken/broken.go static", 1)
	if got := lines(s.Graph); got != want {
		t.Errorf("edges:\n%s\nwant:\n%s", got, want)
	}
	if len(s.Problems) != 1 || s.Problems[0].Path != "broken/broken.go" || s.Problems[0].Line != 4 {
		t.Errorf("problems %+v, want one at broken/broken.go:4", s.Problems)
	}
}

func TestStoreGivesTheSame(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	var first string
	for i := range 3 {
		cache := OpenCache(folder, func(text string) { t.Error(text) })
		s := read(t, shop, cache)
		if i == 0 {
			first = lines(s.Graph)
		} else if got := lines(s.Graph); got != first || cache.extractions().dirty {
			t.Errorf("run %d (something new: %v):\n%s\nwant:\n%s", i, cache.extractions().dirty, got, first)
		}
		if err := cache.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
