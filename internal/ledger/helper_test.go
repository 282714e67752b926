package ledger

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/leaktest"
	"github.com/adamant-os/adamant/internal/sshsig"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		appendForEver(dir)
	}
	leaktest.Main(m)
}

// newStore makes an empty bare repository.
func newStore(t testing.TB, format string) *git.Repo {
	t.Helper()
	repo := must(git.InitBare(t.Context(), filepath.Join(t.TempDir(), "ledger.git"), git.InitOptions{Format: format}))(t)
	t.Cleanup(func() {
		if err := repo.Close(); err != nil {
			t.Error(err)
		}
	})
	return repo
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func edKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

// signer is a key of its own for each seed.
func signer(seed byte) *sshsig.Signer {
	key, err := ssh.NewSignerFromKey(edKey(seed))
	if err != nil {
		panic(err)
	}
	return sshsig.NewSigner(key, sshsig.NamespaceGit)
}

var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// clock returns times that step by a second.
func clock() func() time.Time {
	at := start
	return func() time.Time {
		at = at.Add(time.Second)
		return at
	}
}

func options() Options { return Options{Sign: signer(1), Now: clock(), Delay: time.Hour} }

func openWriter(t testing.TB, repo *git.Repo, writer string, opt Options) *Writer {
	t.Helper()
	w := must(Open(t.Context(), repo, repo, writer, opt))(t)
	t.Cleanup(func() {
		if err := w.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return w
}

func record(kind string) Record {
	return Record{Actor: "gate", Kind: kind, Change: "c0ffee", Task: "t1", Body: map[string]any{"n": 1, "text": "a\x1b[31m<b>\u202e"}}
}

// fill writes n entries, 100 to a commit.
func fill(t testing.TB, repo *git.Repo, writer string, n int, opt Options) {
	t.Helper()
	w := must(Open(t.Context(), repo, repo, writer, opt))(t)
	for i := range n {
		must(w.Append(t.Context(), record("agent.action")))(t)
		if (i+1)%100 > 0 {
			continue
		}
		if err := w.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func source(t testing.TB, repo *git.Repo, writer string) Source {
	t.Helper()
	return Source{Writer: writer, Ref: RefPrefix + writer, Head: must(repo.Ref(t.Context(), RefPrefix+writer))(t)}
}

func verify(t testing.TB, repo *git.Repo, last Seen) Report {
	t.Helper()
	return must(Verify(t.Context(), repo, last, Policy{}))(t)
}

// content is what the tree of a ledger holds, by path.
func content(t testing.TB, repo *git.Repo, commit git.OID) map[string]string {
	t.Helper()
	files := map[string]string{}
	for _, file := range must(repo.Tree(t.Context(), commit))(t) {
		files[file.Path] = string(must(repo.Blob(t.Context(), file.OID, 1<<30))(t))
	}
	return files
}

// forge commits any files at all to a ledger and moves its reference.
func forge(t testing.TB, repo *git.Repo, ref string, files map[string]string, sign git.Signer, parents ...git.OID) git.OID {
	t.Helper()
	who := git.Signature{Name: "M", Email: "m@example.com", When: start}
	id := must(repo.WriteCommit(t.Context(), git.NewCommit{Tree: plant(t, repo, files), Parents: parents, Author: who, Committer: who, Message: "forged", Sign: sign}))(t)
	old := must(repo.Ref(t.Context(), ref))(t)
	if err := repo.UpdateRefs(t.Context(), []git.RefUpdate{{Name: ref, Old: old, New: id}}); err != nil {
		t.Fatal(err)
	}
	return id
}

// plant writes a tree with folders.
func plant(t testing.TB, repo *git.Repo, files map[string]string) git.OID {
	t.Helper()
	below, entries := map[string]map[string]string{}, []git.Entry{}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		folder, rest, nested := strings.Cut(path, "/")
		if !nested {
			entries = append(entries, git.Entry{Path: path, Mode: git.ModeFile, OID: must(repo.WriteBlob(t.Context(), []byte(files[path])))(t)})
			continue
		}
		if below[folder] == nil {
			below[folder] = map[string]string{}
		}
		below[folder][rest] = files[path]
	}
	for _, folder := range slices.Sorted(maps.Keys(below)) {
		entries = append(entries, git.Entry{Path: folder, Mode: git.ModeTree, OID: plant(t, repo, below[folder])})
	}
	return must(repo.WriteTree(t.Context(), entries))(t)
}

// pointRef sets a reference to a commit.
func pointRef(t testing.TB, repo *git.Repo, ref string, id git.OID) {
	t.Helper()
	old := must(repo.Ref(t.Context(), ref))(t)
	if err := repo.UpdateRefs(t.Context(), []git.RefUpdate{{Name: ref, Old: old, New: id}}); err != nil {
		t.Fatal(err)
	}
}

// wantAlarm checks the kind of an error.
func wantAlarm(t testing.TB, err error, kind string) {
	t.Helper()
	var found *Alarm
	if !errors.As(err, &found) || found.Kind != kind {
		t.Errorf("got %v, want the alarm %s", err, kind)
		return
	}
	if found.Do == "" || found.Place.Ref == "" {
		t.Errorf("the alarm does not say where or what to do: %+v", found)
	}
}

func readAll(t testing.TB, repo *git.Repo, filter Filter) ([]Entry, error) {
	t.Helper()
	return Collect(t.Context(), repo, filter, 0)
}
