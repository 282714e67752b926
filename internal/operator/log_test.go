package operator

import (
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/risk"
)

// The ledger on disk gives the same authority back, for every kind of key.
func TestLedgerLog(t *testing.T) {
	t.Parallel()
	dir := gittest.New(t).Dir
	repo, err := git.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	writer, err := ledger.Open(t.Context(), repo, repo, "daemon", ledger.Options{Delay: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	k := newKernel(t)
	open := func() {
		k.Authority, err = Open(t.Context(), LedgerLog{Repo: repo, Writer: writer}, Options{Now: k.clock.now, Secrets: k.files, Page: "http://localhost:4000"})
		if err != nil {
			t.Fatal(err)
		}
	}
	open()
	a, b := newSecurityKey(t, 5), newBrowser(t, 5)
	id, _ := k.first(a)
	got, err := k.enrol(b, func(text string) desk.Proof { return by(id, a, text) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := k.approve(got.Key.ID, b, waiting(risk.Critical)); err != nil {
		t.Fatal(err)
	}
	open()
	ops, _ := k.Operators(t.Context())
	if len(k.Problems()) != 0 || len(ops.Keys) != 2 || len(k.Approvals("c1")) != 1 || !k.Approvals("c1")[0].MFA {
		t.Errorf("problems %v, keys %+v, approvals %+v", k.Problems(), ops, k.Approvals("c1"))
	}
	if err := (LedgerLog{Repo: repo}).Append(t.Context(), Entry{Kind: KindFailed}); err == nil {
		t.Error("a ledger for reading was written")
	}
	if err := writer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}
