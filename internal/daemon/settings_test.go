package daemon

import (
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

// TestSettings completes what adamant.yaml leaves out, and freezes by a window that it cannot read.
func TestSettings(t *testing.T) {
	t.Parallel()
	s, err := newSettings(manifest.RepositorySpec{Queue: manifest.Queue{Slots: 3, MaxDepth: 2, Attempts: 4, Runs: 6, ArchiveAfter: 7}, Mirror: &manifest.Mirror{Remote: "/x", Every: "5m"}}, 0)
	if opt := s.options(9); err != nil || opt.Slots != 3 || opt.Depth != 2 || opt.Epoch != 9 || s.rules != (change.Rules{Attempts: 4, Runs: 6}) ||
		s.archive != 7*24*time.Hour || s.every != 5*time.Minute {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = newSettings(manifest.RepositorySpec{Queue: manifest.Queue{Slots: 3}}, 5); err != nil || s.slots != 5 || s.archive != 30*24*time.Hour || s.every != time.Minute {
		t.Errorf("%+v, %v", s, err)
	}
	s, err = newSettings(manifest.RepositorySpec{Queue: manifest.Queue{Freeze: []manifest.Freeze{{Name: "x", From: "noon"}}}}, 0)
	if err == nil || len(s.freeze(time.Now())) != 1 {
		t.Errorf("a window that cannot be read freezes nothing: %v", err)
	}
}

// TestConfigurationIsReadAgain takes a freeze window and the number of attempts from main, while it runs.
func TestConfigurationIsReadAgain(t *testing.T) {
	t.Parallel()
	var c clock
	h := newHouse(t, func(h *house) {
		c.set(h)
		h.clone.Write(".adamant/adamant.yaml", config+"  queue: {attempts: 1, freeze: [{name: stocktaking, from: 2020-01-01, to: 2100-01-01}]}\n")
		h.clone.Commit("freeze")
	})
	if s := h.status(); s.Frozen == nil || s.Frozen.Name != "stocktaking" {
		t.Fatalf("frozen %+v", s.Frozen)
	}
	url := h.writer("ada")
	h.edit("bad", "broken", "", "Break it")
	bad := h.push(url, "HEAD", "topic=bad")
	h.await(bad, change.Suspended) // after one attempt
	h.edit("words", "docs/a.md", "# A\n\nA word.\n", "A word")
	id := h.push(url, "HEAD", "topic=words")
	h.await(id, change.Queued)
	if h.main("docs/a.md") != "" {
		t.Fatal("it landed in the window")
	}
	h.edit("thaw", ".adamant/adamant.yaml", config, "Thaw")
	h.clone.Git("push", "-q", h.kernelGit(), "HEAD:refs/heads/main") // past the gate, while it runs
	c.ahead.Store(int64(2 * resync))
	h.edit("more", "docs/b.md", "# B\n\nB word.\n", "B word")
	h.clone.Git("rebase", "-q", "thaw")
	more := h.push(url, "HEAD", "topic=more")
	h.until("main's move is noticed", func() bool { return h.status().Frozen == nil })
	h.await(id, change.Merged)
	h.await(more, change.Merged)
	var left desk.Change
	h.call("GET", desk.PathChange, bad, nil, &left)
	if left.Status != string(change.Suspended) {
		t.Errorf("the bad one is %s", left.Status)
	}
}
