package facts

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/git"
)

// TestSideFindsEveryPath looks files up by their spelling, however odd their names are.
func TestSideFindsEveryPath(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.SampledFrom([]string{"a", "b", "/", `"`, `\`, "\xff", "\n", "é", "!", "~"})
		name := rapid.Map(rapid.SliceOfN(part, 1, 5), func(parts []string) string { return strings.Join(parts, "") })
		names := rapid.SliceOfDistinct(name, rapid.ID[string]).Draw(t, "names")
		slices.Sort(names)
		var entries []git.Entry
		for _, n := range names {
			entries = append(entries, git.Entry{Path: n, OID: git.OID("of " + n)})
		}
		side := newSide(nil, "", 0, entries, nil)
		var spelt []string
		for _, n := range names {
			spelt = append(spelt, SpellPath(n))
			if e, ok := side.Entry(SpellPath(n)); !ok || e.Path != n {
				t.Fatalf("%q is found as %q, %v", n, e.Path, ok)
			}
		}
		slices.Sort(spelt)
		if !slices.Equal(side.Paths(), spelt) {
			t.Fatalf("paths %q, want %q", side.Paths(), spelt)
		}
		other := name.Draw(t, "other")
		if e, ok := side.Entry(other); ok && SpellPath(e.Path) != other {
			t.Fatalf("%q finds %q", other, e.Path)
		}
	})
}

// TestSideLastOfTwo: a broken tree names a path twice.
func TestSideLastOfTwo(t *testing.T) {
	t.Parallel()
	side := &Side{entries: []git.Entry{{Path: "a", OID: "1"}, {Path: "a", OID: "2"}, {Path: "b", OID: "3"}}}
	if e, ok := side.Entry("a"); !ok || e.OID != "2" {
		t.Errorf("found %+v, %v", e, ok)
	}
}
