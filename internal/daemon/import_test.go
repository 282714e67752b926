package daemon

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/daemon/api"
)

// TestImport says what importing would do and does nothing, then does it once, and gives a branch that moved a patch set.
func TestImport(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.edit("words", "docs/a.md", "# A\n\nA word.\n", "A word")
	h.edit("bad", "broken", "", "Break it")
	h.clone.Git("branch", "-q", "old", "main")
	does := func(in api.Import) string {
		t.Helper()
		in.Source = filepath.Join(h.clone.Dir, ".git")
		var out api.Imported
		h.call("POST", api.PathImport, "", in, &out)
		var text []string
		for _, b := range out.Branches {
			text = append(text, b.Branch+":"+b.Does)
		}
		return strings.Join(text, " ")
	}
	if got := does(api.Import{}); got != "bad:open main:skip old:skip words:open" {
		t.Fatalf("dry run: %s", got)
	}
	var all api.Changes
	h.call("GET", api.PathChanges+"?all=true", "", nil, &all)
	if len(all.Changes) != 0 {
		t.Fatal("the dry run opened changes")
	}
	if got := does(api.Import{Branches: []string{"words", "bad"}, Do: true}); got != "bad:open words:open" {
		t.Fatalf("import: %s", got)
	}
	h.call("GET", api.PathChanges+"?all=true", "", nil, &all)
	ids := map[string]string{}
	for _, c := range all.Changes {
		ids[c.Title] = c.ID
	}
	h.await(ids["A word"], change.Merged)
	h.await(ids["Break it"], change.Rejected)
	h.clone.Git("fetch", "-q", h.kernelGit(), "main")
	if got := does(api.Import{Branches: []string{"bad"}, Do: true}); got != "bad:skip" {
		t.Errorf("again: %s", got)
	}
	h.edit("bad", "docs/b.md", "# B\n\nB word.\n", "Mend it")
	if got := does(api.Import{Branches: []string{"bad"}, Do: true}); got != "bad:patch-set" {
		t.Errorf("moved: %s", got)
	}
	h.await(ids["Break it"], change.Merged)
	if err := h.client.Call(t.Context(), "POST", api.PathImport, "", api.Import{Source: h.clone.Dir, Branches: []string{"nobody"}}, &api.Imported{}); err == nil {
		t.Error("a branch that is not there was imported")
	}
}
