package facts

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/waiver"
)

const goodWaiver = `apiVersion: adamant.dev/v1
kind: Waiver
metadata: {name: NAME}
spec:
  rule: team/debts
  resource: src/**
  justification: the vendor fixes it in June
  owner: operator
  approvedBy: operator
  created: 2026-11-01
  expires: 2026-12-31
`

// Every file that looks like a waiver is read or says why it is not; nothing stops the others from being read.
func TestReadWaivers(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	good := func(name string) string { return strings.Replace(goodWaiver, "NAME", name, 1) }
	r.Write(".adamant/waivers/good.yaml", good("good"))
	r.Write(".adamant/waivers/README.md", "# Waivers\n")
	r.Write(".adamant/waivers/notes", good("notes"))
	r.Write(".adamant/waivers/dates.yaml", strings.Replace(good("dates"), "2026-12-31", "soon", 1))
	r.Write(".adamant/waivers/other.yml", good("other"))
	r.Write(".adamant/waivers/LOUD.YAML", good("LOUD"))
	r.Write(".adamant/waivers/data.json", "{}")
	r.Write(".adamant/waivers/sub/deep.yaml", good("deep"))
	r.Write(".adamant/waivers/huge.yaml", good("huge")+"#"+strings.Repeat("x", 200_000))
	r.Write(".adamant/waivers/\xff.yaml", good("x"))
	r.Write(".adamant/waiver/elsewhere.yaml", good("elsewhere"))
	r.Write("waivers/root.yaml", good("root"))
	if err := os.Symlink("good.yaml", filepath.Join(r.Dir, ".adamant/waivers/link.yaml")); err != nil {
		t.Fatal(err)
	}
	r.Git("add", "-A")
	r.Git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", 40)+",.adamant/waivers/module.yaml")
	r.Git("commit", "-q", "-m", "waivers")
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	tree, err := repo.ResolveTree(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	side, err := NewSide(t.Context(), repo, tree, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	list, err := ReadWaivers(t.Context(), side, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range list {
		line := strings.TrimPrefix(w.Path, waiver.Folder)
		if len(w.Problems) > 0 {
			line += ": " + w.Problems[0].Message
		}
		got = append(got, line)
	}
	const unread = "waivers are the files .adamant/waivers/<id>.yaml; this one is not read"
	want := []string{
		"LOUD.YAML: " + unread, "data.json: " + unread,
		`dates.yaml: spec.expires cannot be "soon"; want a date as YYYY-MM-DD, or an instant as RFC 3339 with its zone, of the years 2000 to 2199`,
		"good.yaml", "huge.yaml: it is too large to be looked at", "link.yaml: a waiver must be a regular file", "module.yaml: a waiver must be a regular file",
		"other.yml: " + unread, "sub/deep.yaml: " + unread, fmt.Sprintf("%q: its name is not UTF-8", waiver.Folder+"\xff.yaml"),
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if short, err := ReadWaivers(t.Context(), side, 30); err != nil || len(short[3].Problems) == 0 {
		t.Errorf("60 days are taken where 30 are allowed: %v", err)
	}
	with, without := Governance{Waivers: list}, Governance{}
	if with.Digest() == without.Digest() {
		t.Error("a cache by digest would mix results with and without waivers")
	}
}
