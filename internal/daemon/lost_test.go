package daemon

import (
	"errors"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

// TestTellLost has a daemon write an operation and die before its line is in the ledger. The next one writes the line, once.
func TestTellLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.edit("add", "docs/a.md", "# A\n", "A page")
	id := h.push(h.writer("ada"), "HEAD")
	id = h.await(id, change.Merged).ID
	h.down()
	tip := h.comment(id)
	before := h.ledger("change.comment")
	for range 2 {
		h.up()
		h.down()
	}
	found := h.entries("change.comment")
	if before != 0 || len(found) != 1 || found[0]["tip"] != string(tip) {
		t.Errorf("%d lines before, then %v; want one of %s", before, found, tip)
	}
	if n := h.ledger("change.land"); n != 1 {
		t.Errorf("%d lines say that it landed", n)
	}
}

// comment adds to a change while no daemon runs, and tells nobody.
func (h *house) comment(id string) git.OID {
	h.t.Helper()
	repo, err := git.Open(h.t.Context(), h.clone.Dir)
	if err != nil {
		h.t.Fatal(err)
	}
	k, err := kernel.Create(h.t.Context(), h.dir, repo, kernel.Options{})
	if err := errors.Join(err, repo.Close()); err != nil {
		h.t.Fatal(err)
	}
	if _, err := k.Acquire(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	c, err := change.NewStore(k.Repo(), k, change.Options{}).Add(h.t.Context(), id, []change.Operation{{Time: time.Now().UTC(), Actor: change.Actor, Body: change.Comment{Text: "written and not told"}}})
	if err := errors.Join(err, k.Close()); err != nil {
		h.t.Fatal(err)
	}
	return c.Tip
}
