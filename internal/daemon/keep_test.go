package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/exectest"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

func (h *house) status() api.Status {
	h.t.Helper()
	var s api.Status
	h.call("GET", api.PathStatus, "", nil, &s)
	return s
}

// newMirroredHouse is a house whose daemon pushes to a bare repository each second.
func newMirroredHouse(t *testing.T) (h *house, remote string) {
	t.Helper()
	remote = filepath.Join(t.TempDir(), "mirror.git")
	return newHouse(t, func(h *house) {
		h.clone.Git("init", "-q", "--bare", remote)
		h.clone.Write(".adamant/adamant.yaml", config+fmt.Sprintf("  mirror: {remote: %q, every: 1s}\n", remote))
		h.clone.Commit("mirror")
	}), remote
}

// TestMirrorFollows pushes after a landing by itself and on request, records it, and says what a remote refuses.
func TestMirrorFollows(t *testing.T) {
	t.Parallel()
	h, remote := newMirroredHouse(t)
	url := h.writer("ada")
	h.edit("words", "docs/a.md", "# A\n\nA word.\n", "A word")
	h.await(h.push(url, "HEAD", "topic=a"), change.Merged)
	h.until("the mirror has it", func() bool { return h.mirrored(remote) == h.status().Main }) // at first it has nothing
	h.until("it is on record", func() bool { return h.ledger(ledger.MirrorPushed) > 0 })
	hook := filepath.Join(remote, "hooks", "pre-receive")
	if err := exectest.WriteFile(hook, []byte("#!/bin/sh\necho not today\nexit 1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	h.edit("more", "docs/b.md", "# B\n\nB word.\n", "B word")
	h.await(h.push(url, "HEAD", "topic=b"), change.Merged)
	refused := func() bool {
		for _, p := range h.status().Problems {
			if p.Where == "mirror" && strings.Contains(p.What, "did not take") {
				return true
			}
		}
		return false
	}
	h.until("the refusal is in status", refused)
	if h.ledger(ledger.MirrorRefused) == 0 {
		t.Error("the refusal is not on record")
	}
	if err := os.Remove(hook); err != nil {
		t.Fatal(err)
	}
	var m kernel.Mirror
	h.call("POST", api.PathMirror, "", api.MirrorTo{}, &m)
	if len(m.Refused) != 0 || h.clone.Git("--git-dir", remote, "rev-parse", "refs/adamant/main") != h.status().Main {
		t.Errorf("on request: %+v", m)
	}
}

// TestMirrorMovedByOthers: what somebody else forced on the mirror is left there, and announced once for each time: in the inbox, on record.
func TestMirrorMovedByOthers(t *testing.T) {
	t.Parallel()
	h, remote := newMirroredHouse(t)
	there := func(args ...string) string { return h.clone.Git(append([]string{"--git-dir", remote}, args...)...) }
	mirrored := func() bool { return there("for-each-ref", "--format=%(objectname)", kernel.RefMain) == h.status().Main }
	h.until("the mirror has main", mirrored) // a push moves one reference after the other, this one last
	record := there("for-each-ref", "--format=%(refname)", "refs/adamant/ledger/")
	forced := there("-c", "user.name=x", "-c", "user.email=x@example.com", "commit-tree", "-m", "forced", kernel.RefMain+"^{tree}")
	var m kernel.Mirror
	for i, ref := range []string{kernel.RefMain, record} {
		good := there("rev-parse", ref)
		there("update-ref", ref, forced)
		h.edit(fmt.Sprintf("words-%d", i), fmt.Sprintf("docs/%d.md", i), "# A\n\nA word.\n", "A word")
		h.await(h.push(h.writer("ada"), "HEAD", fmt.Sprintf("topic=t%d", i)), change.Merged)
		h.until("it is in the inbox", func() bool { return len(h.inbox()) == 1 })
		for range 2 {
			h.call("POST", api.PathMirror, "", api.MirrorTo{}, &m)
		}
		item := h.inbox()[0]
		if item.Status != "mirror" || !strings.Contains(item.What, ref) || there("rev-parse", ref) != forced {
			t.Errorf("%+v, and %s is at %s", item, ref, there("rev-parse", ref))
		}
		err := h.client.Call(t.Context(), "POST", desk.PathSeen, item.ID, desk.Seen{Reason: "known"}, new(desk.Answer))
		if err == nil || !strings.Contains(err.Error(), "goes away when the mirror") {
			t.Errorf("seen before it is mended: %v", err)
		}
		if n := h.ledger(kindNotified); n != i+1 {
			t.Errorf("the operator was told %d times of %d", n, i+1)
		}
		there("update-ref", ref, good)
		h.call("POST", api.PathMirror, "", api.MirrorTo{}, &m)
		if left := h.inbox(); len(left) != 0 || !mirrored() {
			t.Errorf("the mirror was mended, and the inbox has %+v", left)
		}
		ours := kernel.Refused{Ref: kernel.RefMain, Cause: kernel.CauseMoved, There: git.OID(good)}
		if foreign, err := (&Daemon{kernel: h.kernel}).isForeign(t.Context(), ours, git.OID(h.status().Main)); i == 0 && (foreign || err != nil) {
			t.Errorf("what the kernel pushed itself a moment ago is foreign: %v, %v", foreign, err)
		}
	}
}

// TestHousekeeping folds what was closed long ago, and finds it again, also when the index is deleted while it runs.
func TestHousekeeping(t *testing.T) {
	t.Parallel()
	var c clock
	h := newHouse(t, c.set)
	h.edit("words", "docs/a.md", "# A\n\nA word.\n", "A word")
	id := h.push(h.writer("ada"), "HEAD")
	h.await(id, change.Merged)
	c.ahead.Store(int64(40 * 24 * time.Hour))
	h.until("it is archived", func() bool {
		refs := h.clone.Git("--git-dir", h.kernelGit(), "for-each-ref", "refs/adamant/archive/", "refs/adamant/changes/")
		return strings.Contains(refs, "refs/adamant/archive/") && !strings.Contains(refs, id)
	})
	listed := func(when string) {
		t.Helper()
		var all, open api.Changes
		h.call("GET", api.PathChanges+"?all=true", "", nil, &all)
		h.call("GET", api.PathChanges, "", nil, &open)
		var shown desk.Change
		h.call("GET", desk.PathChange, id, nil, &shown)
		if len(all.Changes) != 1 || len(open.Changes) != 0 || shown.Status != string(change.Merged) {
			t.Errorf("%s: all %+v, open %+v, found %+v", when, all.Changes, open.Changes, shown.Status)
		}
	}
	listed("archived")
	files, err := filepath.Glob(filepath.Join(h.state, "changes.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("index %v, %v", files, err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil && !errors.Is(err, fs.ErrNotExist) { // the daemon may have seen that the first is gone
			t.Fatal(err)
		}
	}
	listed("with the index deleted")
	h.down()
	if err := os.RemoveAll(h.state); err != nil {
		t.Fatal(err)
	}
	h.up()
	listed("with the state deleted")
}
