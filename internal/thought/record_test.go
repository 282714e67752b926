package thought

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/check/secrets/secretstest"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/ledger"
)

func openLedger(t *testing.T) (*git.Repo, *ledger.Writer) {
	t.Helper()
	r := gittest.New(t)
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	w, err := ledger.Open(t.Context(), repo, repo, "kernel", ledger.Options{Delay: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close(t.Context()) })
	return repo, w
}

func TestRecorder(t *testing.T) {
	t.Parallel()
	repo, w := openLedger(t)
	r := NewRecorder(w, NewRedactor(), who, nil)
	secret := secretstest.Sample("gcp-api-key", 1)
	for i := range 3 {
		if err := r.Exchange(t.Context(), exchange(func(x *Exchange) { x.Seq, x.Text = i+1, "key "+secret })); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.End(t.Context(), Result{Time: time.Now(), Tree: "t", Head: "h", Files: []string{"a.go"}}); err != nil {
		t.Fatal(err)
	}
	records, err := ReadTask(t.Context(), repo, who.Task)
	if err != nil || len(records) != 4 {
		t.Fatalf("%d records, %v", len(records), err)
	}
	for i, e := range records {
		if e.Seq != i+1 || e.Line.Kind != Kind || e.Line.Actor != "agent:coder" || e.Line.Task != who.Task {
			t.Errorf("%+v", e.Line)
		}
		if strings.Contains(string(e.Line.Line()), secret) {
			t.Errorf("the ledger has the credential: %s", e.Line.Line())
		}
	}
	if got := Account(Entries(records), []Made{{who.Attempt, "h"}}, nil); got.Missing != 0 || got.Entries != 3 {
		t.Errorf("%+v", got)
	}
	if err := r.Exchange(t.Context(), exchange(nil)); !errors.Is(err, ErrEnded) {
		t.Errorf("recorded after the end: %v", err)
	}
}

// An agent whose actions cannot be recorded does not go on, and its work has no end on record.
func TestRecorderFailsClosed(t *testing.T) {
	t.Parallel()
	_, w := openLedger(t)
	r := NewRecorder(w, NewRedactor(), who, nil)
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.Exchange(t.Context(), exchange(nil)); err != nil {
		t.Fatalf("what goes wrong is the next call's error, not %v", err)
	}
	for range 2 {
		if err := r.Exchange(t.Context(), exchange(nil)); !errors.Is(err, ledger.ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
	if err := r.End(t.Context(), Result{Tree: "t", Head: "h"}); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("got %v", err)
	}
}
