package facts_test

import (
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git/gittest"
)

func limited(bytes string) string {
	return "apiVersion: adamant.dev/v1\nkind: Repository\nmetadata: {name: x}\nspec: {limits: {fileBytes: " + bytes + "}}\n"
}

// TestFileBytes reads changed files as far as base's configuration says: the change cannot widen it, and what governs is read
// all the same.
func TestFileBytes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, limit, theirs string
		size                int
		want                string
	}{
		{"default", "0", "0", 2000, ""},
		{"smaller", "1000", "0", 2000, facts.UnreadTooLarge},
		{"at the limit", "2000", "0", 2000, ""},
		{"the change's own", "1000", "100000", 2000, facts.UnreadTooLarge},
		{"larger", "7000000", "0", 6 << 20, ""},
		{"beyond the default", "0", "7000000", 6 << 20, facts.UnreadTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := gittest.New(t)
			r.Write(".adamant/adamant.yaml", limited(tt.limit))
			r.Write("catalog-info.yaml", component("a", "operator"))
			r.Write("a.txt", "x")
			r.Commit("base")
			r.Branch("change")
			r.Write(".adamant/adamant.yaml", limited(tt.theirs))
			r.Write("catalog-info.yaml", component("a", "mallory")+strings.Repeat("# long\n", 300))
			r.Write("a.txt", strings.Repeat("a", tt.size))
			r.Commit("change")
			c := collect(t, r, "change")
			if got := file(t, c.Input, "a.txt").Unread; got != tt.want {
				t.Errorf("unread is %q, want %q", got, tt.want)
			}
			if len(c.Input.Catalog.Changes) != 1 {
				t.Errorf("the catalog was not read: %+v", c.Input.Catalog)
			}
			_, merged := c.Contents()
			if _, err := merged.Read(t.Context(), "a.txt"); (err != nil) != (tt.want != "") {
				t.Errorf("reading the merged file: %v", err)
			}
			if _, err := c.Merged.Read(t.Context(), "catalog-info.yaml"); err != nil {
				t.Errorf("reading what governs: %v", err)
			}
		})
	}
}
