package daemon

import (
	"iter"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/tlog"
	"github.com/adamant-os/adamant/internal/tlog/projection"
	"github.com/adamant-os/adamant/internal/trust"
)

// publishedLog checks the log that a clone would get; ok is false while there is none.
func (h *house) publishedLog(key tlog.Key) (report projection.Report, ok bool) {
	h.t.Helper()
	ctx := h.t.Context()
	fail := func(err error) {
		if err != nil {
			h.t.Fatal(err)
		}
	}
	repo, err := git.Open(ctx, filepath.Join(h.dir, "kernel.git"))
	fail(err)
	defer func() { fail(repo.Close()) }()
	head, err := repo.Ref(ctx, kernel.RefLog)
	fail(err)
	if head == "" {
		return report, false
	}
	tree, err := tlog.NewTree(ctx, repo, head)
	fail(err)
	verifiers, err := key.Verifiers()
	fail(err)
	reader, err := tlog.NewReader(ctx, tree, verifiers...)
	fail(err)
	sources, err := ledger.Sources(ctx, repo)
	fail(err)
	var streams []iter.Seq2[ledger.Entry, error]
	for _, s := range sources {
		streams = append(streams, ledger.ReadFrom(ctx, repo, s))
	}
	report, err = projection.Check(ctx, reader, streams...)
	fail(err)
	return report, true
}

// TestTransparencyLog makes the log of a daemon that gets its keys while it runs: all of the ledger is in it, from the first entry, and
// what happens while it ends, too.
func TestTransparencyLog(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url := h.writer("ada")
	h.edit("one", "docs/a.md", "# A\n\nA word.\n", "A word")
	h.await(h.push(url, "HEAD", "topic=a"), change.Merged)
	if h.clone.Git("--git-dir", filepath.Join(h.dir, "kernel.git"), "for-each-ref", kernel.RefLog) != "" {
		t.Fatal("there is a log, and there are no keys")
	}
	authority, err := trust.Init(trustFolder(h.dir), trust.Options{Repository: "sample"})
	if err != nil {
		t.Fatal(err)
	}
	h.edit("two", "docs/b.md", "# B\n\nA word.\n", "B word")
	h.await(h.push(url, "HEAD", "topic=b"), change.Merged)
	h.until("the log is published", func() bool {
		report, ok := h.publishedLog(authority.LogKey())
		return ok && report.Size > 0
	})
	h.call("POST", api.PathPause, "", api.Reason{Reason: "at the end"}, &api.Pause{})
	h.down()
	report, ok := h.publishedLog(authority.LogKey())
	if !ok || report.Lag != 0 {
		t.Errorf("after the end: %+v", report)
	}
	h.up()
	for _, p := range h.status().Problems {
		if strings.Contains(p.Where, "log") {
			t.Errorf("after the start: %+v", p)
		}
	}
}
