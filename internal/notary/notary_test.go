package notary

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/trust"
)

const digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// newKernel is a kernel of a repository with one commit.
func newKernel(t testing.TB) string {
	t.Helper()
	ctx := t.Context()
	repo, err := git.InitBare(ctx, filepath.Join(t.TempDir(), "shop.git"), git.InitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	who := git.Signature{Name: "a", Email: "a@example.org", When: time.Unix(1e9, 0)}
	tree, err := repo.WriteTree(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	commit, err := repo.WriteCommit(ctx, git.NewCommit{Tree: tree, Author: who, Committer: who, Message: "start\n"})
	if err != nil {
		t.Fatal(err)
	}
	if err := repo.UpdateRefs(ctx, []git.RefUpdate{{Name: kernel.RefMain, New: commit}}); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "k")
	k, err := kernel.Create(ctx, dir, repo, kernel.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func open(t testing.TB, dir string) *Local {
	t.Helper()
	l, err := Open(t.Context(), dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func newNotary(t testing.TB) (l *Local, dir string) {
	t.Helper()
	dir = newKernel(t)
	if _, err := trust.Init(Folder(dir), trust.Options{Repository: "shop"}); err != nil {
		t.Fatal(err)
	}
	return open(t, dir), dir
}

func statement(digest string) json.RawMessage {
	return json.RawMessage(`{"_type":"` + attest.StatementType + `","subject":[{"digest":{"sha256":"` + digest + `"}}],"predicateType":"https://slsa.dev/provenance/v1","predicate":{}}`)
}

// What is signed is in the ledger, in the log, and kept where it was asked to be; all of it survives the next start.
func TestSignAlone(t *testing.T) {
	t.Parallel()
	l, dir := newNotary(t)
	blob, err := l.Sign(t.Context(), Blob{As: "operator/ada", SHA256: digest, Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	if blob.Identity != "https://adamant.dev/id/shop/operator/ada" || blob.Issuer != "https://adamant.dev/issuer/shop" {
		t.Errorf("%+v", blob)
	}
	if _, err := l.Attest(t.Context(), Statement{As: "builder/workstation/local", Statement: statement(digest), Kind: "provenance"}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Attest(t.Context(), Statement{As: "operator/ada", Statement: statement(digest)}); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	l = open(t, dir)
	kept, err := attest.List(t.Context(), l.kernel.Repo(), attest.Ref)
	if err != nil || len(kept) != 2 || kept[0].Subject != digest {
		t.Errorf("kept: %+v, %v", kept, err)
	}
	logged, builds := 0, 0
	sources, err := ledger.Sources(t.Context(), l.kernel.Repo())
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range ledger.ReadAll(t.Context(), l.kernel.Repo(), sources) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == "trust.logged" {
			logged++
		}
		if e.Kind == KindBuilt && strings.Contains(string(e.Body), digest) && e.Actor == "builder/workstation/local" {
			builds++
		}
	}
	if builds != 1 {
		t.Errorf("%d builds on record, want the one whose provenance is kept", builds)
	}
	if logged != 3 || l.log.Size() < 3 {
		t.Errorf("%d entries in the ledger, %d leaves", logged, l.log.Size())
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	l, _ := newNotary(t)
	before := l.log.Size()
	for _, as := range []string{"", "gate", "agent/coder", "builder/dedicated/b", "builder/other/b", "operator", "operator/../gate", "https://adamant.dev/id/other/operator/ada"} {
		var refused *RefusedError
		if _, err := l.Sign(t.Context(), Blob{As: as, SHA256: digest}); !errors.As(err, &refused) {
			t.Errorf("blob as %q: %v", as, err)
		}
		if _, err := l.Attest(t.Context(), Statement{As: as, Statement: statement(digest)}); !errors.As(err, &refused) {
			t.Errorf("statement as %q: %v", as, err)
		}
	}
	for _, bad := range []string{"", digest[1:], digest + "00", strings.ToUpper(digest), "x" + digest[1:]} {
		var refused *RefusedError
		if _, err := l.Sign(t.Context(), Blob{As: "operator/ada", SHA256: bad}); !errors.As(err, &refused) {
			t.Errorf("digest %q: %v", bad, err)
		}
	}
	for _, bad := range []string{"", "{}", string(bytes.Replace(statement(digest), []byte("sha256"), []byte(""), 1)), string(statement("zz"))} {
		var refused *RefusedError
		if _, err := l.Attest(t.Context(), Statement{As: "operator/ada", Statement: json.RawMessage(bad)}); !errors.As(err, &refused) {
			t.Errorf("statement %q: %v", bad, err)
		}
	}
	if l.log.Size() != before {
		t.Error("something refused is in the log")
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// TestCertify: a dedicated builder's provenance is signed as that builder, kept and on record; nobody else's is.
func TestCertify(t *testing.T) {
	t.Parallel()
	l, _ := newNotary(t)
	forge := trust.Builder("shop", trust.BuilderDedicated, "forge")
	certified, err := l.Certify(t.Context(), forge, statement(digest))
	if err != nil || certified.Identity != forge.String() {
		t.Fatalf("%+v, %v", certified, err)
	}
	kept, err := attest.List(t.Context(), l.kernel.Repo(), attest.Ref)
	if err != nil || len(kept) != 1 || kept[0].Subject != digest {
		t.Errorf("kept: %+v, %v", kept, err)
	}
	var last ledger.Entry
	sources, err := ledger.Sources(t.Context(), l.kernel.Repo())
	if err != nil {
		t.Fatal(err)
	}
	for e, err := range ledger.ReadAll(t.Context(), l.kernel.Repo(), sources) {
		if err != nil {
			t.Fatal(err)
		}
		last = e
	}
	if last.Kind != KindBuilt || last.Actor != "builder/dedicated/forge" || !strings.Contains(string(last.Body), digest) {
		t.Errorf("last on record: %s by %s: %s", last.Kind, last.Actor, last.Body)
	}
	for _, who := range []trust.Identity{trust.Builder("shop", trust.BuilderWorkstation, "local"), trust.Operator("shop", "ada"), {}} {
		var refused *RefusedError
		if _, err := l.Certify(t.Context(), who, statement(digest)); !errors.As(err, &refused) {
			t.Errorf("as %s: %v", who, err)
		}
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := newKernel(t)
	if _, err := Open(t.Context(), dir, time.Now); !errors.Is(err, ErrNoKeys) {
		t.Errorf("no keys: %v", err)
	}
	l, held := newNotary(t)
	var by *kernel.HeldError
	if _, err := Open(t.Context(), held, time.Now); !errors.As(err, &by) {
		t.Errorf("held: %v", err)
	}
	if err := l.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(Folder(held), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), held, time.Now); !errors.Is(err, trust.ErrExposed) {
		t.Errorf("readable by others: %v", err)
	}
}

// BenchmarkAttest is the whole way of one signature: ledger commit, log, timestamp. go test -bench Attest -benchtime 100x ./internal/notary
func BenchmarkAttest(b *testing.B) {
	l, _ := newNotary(b)
	for b.Loop() {
		if _, err := l.Attest(b.Context(), Statement{As: "operator/ada", Statement: statement(digest)}); err != nil {
			b.Fatal(err)
		}
	}
	if err := l.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
}
