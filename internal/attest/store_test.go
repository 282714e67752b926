package attest

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/git"
)

func newRepo(t *testing.T, format string) *git.Repo {
	t.Helper()
	repo, err := git.InitBare(t.Context(), filepath.Join(t.TempDir(), "kernel.git"), git.InitOptions{Format: format})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := repo.Close(); err != nil {
			t.Error(err)
		}
	})
	return repo
}

func newStore(t *testing.T) (*Store, *git.Repo) {
	t.Helper()
	repo := newRepo(t, "")
	return NewStore(repo, repo, Options{Now: func() time.Time { return time.Unix(1_790_000_000, 0) }}), repo
}

// digestOf is a digest for tests: 64 hex digits that begin with a number.
func digestOf(n int) string { return fmt.Sprintf("%02x%062d", n%256, n) }

func bundleOf(t *testing.T, note string, digests ...string) []byte {
	t.Helper()
	s := Statement{Type: StatementType, PredicateType: "https://example.com/note", Predicate: json.RawMessage(`{"note":"` + note + `"}`)}
	for _, d := range digests {
		s.Subject = append(s.Subject, Subject{Digest: map[string]string{SHA256: d}})
	}
	text, err := s.Text()
	if err != nil {
		t.Fatal(err)
	}
	return []byte(`{"dsseEnvelope":{"payload":"` + base64.StdEncoding.EncodeToString(text) + `","payloadType":"` + PayloadType + `","signatures":[]}}`)
}

func collect(t *testing.T, repo *git.Repo, digest string) []string {
	t.Helper()
	var out []string
	for b, err := range Read(t.Context(), repo, Ref, digest) {
		if err != nil {
			t.Fatal(err)
		}
		s, err := Unwrap(b.Data)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, fmt.Sprintf("%d %s %s", b.Seq, b.Kind, s.Predicate))
	}
	return out
}

func TestPutAndRead(t *testing.T) {
	t.Parallel()
	s, repo := newStore(t)
	a, b := digestOf(1), digestOf(2)
	if got := collect(t, repo, a); got != nil {
		t.Errorf("an empty store holds %v", got)
	}
	must(t, s.Put(t.Context(), bundleOf(t, "one", a, b), nil, KindProvenance))
	must(t, s.Put(t.Context(), bundleOf(t, "two", a), nil, KindSBOM))
	must(t, s.Put(t.Context(), bundleOf(t, "three", a), []string{b}, KindVEX)) // kept where the caller says
	if got, want := collect(t, repo, a), []string{`1 provenance {"note":"one"}`, `2 sbom {"note":"two"}`}; !slices.Equal(got, want) {
		t.Errorf("a has %q, want %q", got, want)
	}
	if got, want := collect(t, repo, b), []string{`1 provenance {"note":"one"}`, `2 vex {"note":"three"}`}; !slices.Equal(got, want) {
		t.Errorf("b has %q, want %q", got, want)
	}
	if out, err := exec.CommandContext(t.Context(), "git", "--git-dir="+repo.GitDir(), "fsck", "--strict").CombinedOutput(); err != nil || strings.Contains(string(out), "error") {
		t.Errorf("git fsck: %v\n%s", err, out)
	}
	list, err := List(t.Context(), repo, Ref)
	must(t, err)
	if len(list) != 4 || list[0].Subject != a || list[3].Seq != 2 {
		t.Errorf("List says %v", list)
	}
}

func TestPutTwiceIsOnce(t *testing.T) {
	t.Parallel()
	s, repo := newStore(t)
	bundle := bundleOf(t, "one", digestOf(1))
	must(t, s.Put(t.Context(), bundle, nil, KindOther))
	before, err := repo.Ref(t.Context(), Ref)
	must(t, err)
	must(t, s.Put(t.Context(), bundle, nil, KindOther))
	after, err := repo.Ref(t.Context(), Ref)
	must(t, err)
	if before != after || len(collect(t, repo, digestOf(1))) != 1 {
		t.Errorf("the same bundle moved the reference from %s to %s", before, after)
	}
}

// TestPutIsABatch: one commit for all, and nothing when one cannot be put.
func TestPutIsABatch(t *testing.T) {
	t.Parallel()
	s, repo := newStore(t)
	items := []Item{{Bundle: bundleOf(t, "one", digestOf(1)), Kind: KindOther}, {Bundle: []byte("no bundle"), Kind: KindOther}}
	if err := s.PutAll(t.Context(), items); err == nil {
		t.Fatal("text was taken for a bundle")
	}
	if tip, err := repo.Ref(t.Context(), Ref); err != nil || tip != "" {
		t.Fatalf("half a batch is at %s (%v)", tip, err)
	}
	items[1].Bundle = bundleOf(t, "two", digestOf(2))
	must(t, s.PutAll(t.Context(), items))
	tip, err := repo.Ref(t.Context(), Ref)
	must(t, err)
	c, err := repo.Commit(t.Context(), tip)
	must(t, err)
	if len(c.Parents) != 0 || !strings.HasPrefix(c.Message, "2 attestations\n") {
		t.Errorf("the batch is %+v", c)
	}
}

func TestPutRefuses(t *testing.T) {
	t.Parallel()
	s, _ := newStore(t)
	good := bundleOf(t, "one", digestOf(1))
	for name, item := range map[string]Item{
		"a kind that is a path":         {Bundle: good, Kind: "../x"},
		"no kind":                       {Bundle: good},
		"a kind in capitals":            {Bundle: good, Kind: "SBOM"},
		"an empty bundle":               {Kind: KindOther},
		"a subject that is a path":      {Bundle: good, Kind: KindOther, Subjects: []string{"../../../../../../../../../../../../../../x"}},
		"a subject in capitals":         {Bundle: good, Kind: KindOther, Subjects: []string{strings.ToUpper(strings.Repeat("ab", 32))}},
		"a short subject":               {Bundle: good, Kind: KindOther, Subjects: []string{"abcdef"}},
		"a blob's bundle without place": {Bundle: []byte(`{"messageSignature":{}}`), Kind: KindSignature},
	} {
		if err := s.PutAll(t.Context(), []Item{item}); err == nil {
			t.Errorf("%s was put", name)
		}
	}
	must(t, s.Put(t.Context(), []byte(`{"messageSignature":{}}`), []string{digestOf(9)}, KindSignature))
}

// stolen is a reference that somebody else moves n times just before the store does.
type stolen struct {
	*git.Repo
	thief *Store
	t     *testing.T
	n     int
	note  string
}

func (r *stolen) UpdateRefs(ctx context.Context, updates []git.RefUpdate) error {
	if r.n--; r.n >= 0 {
		must(r.t, r.thief.Put(ctx, bundleOf(r.t, fmt.Sprint(r.note, r.n), digestOf(1)), nil, KindOther))
	}
	return r.Repo.UpdateRefs(ctx, updates)
}

func TestPutBesideAnother(t *testing.T) {
	t.Parallel()
	thief, repo := newStore(t)
	s := NewStore(repo, &stolen{Repo: repo, thief: thief, t: t, n: 3}, Options{})
	must(t, s.Put(t.Context(), bundleOf(t, "ours", digestOf(1)), nil, KindOther))
	got := collect(t, repo, digestOf(1))
	if len(got) != 4 || got[3] != `4 other {"note":"ours"}` {
		t.Errorf("the store holds %q", got)
	}
	s = NewStore(repo, &stolen{Repo: repo, thief: thief, t: t, n: putTries + 1, note: "theirs again "}, Options{})
	moved := (*git.RefMovedError)(nil)
	if err := s.Put(t.Context(), bundleOf(t, "too late", digestOf(1)), nil, KindOther); !errors.As(err, &moved) {
		t.Errorf("a reference that never stands still gives %v", err)
	}
}

// TestForeignTrees: a tree that no store writes is an error to readers and writers, never passed over.
func TestForeignTrees(t *testing.T) {
	t.Parallel()
	d := digestOf(1)
	for name, path := range map[string]string{
		"a file at the root":     "readme",
		"another folder":         "ff/" + d + "/0001-other.json",
		"no digest":              "aa/aa/0001-other.json",
		"a file for a folder":    d[:2] + "/" + d,
		"no number":              d[:2] + "/" + d + "/other.json",
		"number nought":          d[:2] + "/" + d + "/0000-other.json",
		"another spelling":       d[:2] + "/" + d + "/1-other.json",
		"another extension":      d[:2] + "/" + d + "/0001-other.txt",
		"a folder for a file":    d[:2] + "/" + d + "/0001-other.json/x",
		"a kind that is no word": d[:2] + "/" + d + "/0001-Other.json",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, repo := newStore(t)
			plant(t, repo, path)
			malformed := (*MalformedError)(nil)
			if _, err := List(t.Context(), repo, Ref); !errors.As(err, &malformed) {
				t.Errorf("List says %v", err)
			}
			if !strings.HasPrefix(path, d[:2]+"/"+d+"/") {
				return
			}
			if _, err := Of(t.Context(), repo, Ref, d); !errors.As(err, &malformed) {
				t.Errorf("Of says %v", err)
			}
			if err := s.Put(t.Context(), bundleOf(t, "one", d), nil, KindOther); !errors.As(err, &malformed) {
				t.Errorf("Put says %v", err)
			}
		})
	}
}

// plant makes Ref a commit with one file.
func plant(t *testing.T, repo *git.Repo, path string) {
	t.Helper()
	ctx := t.Context()
	oid, err := repo.WriteBlob(ctx, []byte("{}"))
	must(t, err)
	mode := git.ModeFile
	parts := strings.Split(path, "/")
	for _, name := range slices.Backward(parts) {
		oid, err = repo.WriteTree(ctx, []git.Entry{{Path: name, Mode: mode, OID: oid}})
		must(t, err)
		mode = git.ModeTree
	}
	who := git.Signature{Name: "x", Email: "x", When: time.Unix(1, 0)}
	commit, err := repo.WriteCommit(ctx, git.NewCommit{Tree: oid, Author: who, Committer: who, Message: "x"})
	must(t, err)
	must(t, repo.UpdateRefs(ctx, []git.RefUpdate{{Name: Ref, New: commit}}))
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	s, repo := newStore(t)
	must(t, s.Put(t.Context(), bundleOf(t, "one", digestOf(1)), nil, KindOther))
	tip, err := repo.Ref(t.Context(), Ref)
	must(t, err)
	must(t, repo.UpdateRefs(t.Context(), []git.RefUpdate{{Name: "refs/adamant-remote/origin/attestations", New: tip},
		{Name: "refs/adamant-remote/origin/ledger/k-1", New: tip}, {Name: "refs/adamant-remote/origin/tasks/attestations", New: tip}}))
	got, err := Places(t.Context(), repo)
	must(t, err)
	if want := []string{"refs/adamant-remote/origin/attestations", Ref}; !slices.Equal(got, want) {
		t.Errorf("Places says %q, want %q", got, want)
	}
}

// elsewhere is a store's reference under another name, so that many stores share a repository.
type elsewhere struct {
	*git.Repo
	name string
}

func (e elsewhere) Ref(ctx context.Context, _ string) (git.OID, error) {
	return e.Repo.Ref(ctx, e.name)
}

func (e elsewhere) UpdateRefs(ctx context.Context, updates []git.RefUpdate) error {
	updates[0].Name = e.name
	return e.Repo.UpdateRefs(ctx, updates)
}

// TestStoreKeepsAll: whatever is put in whatever order, each bundle is under each of its subjects once, in the order of putting,
// and the history only grows.
func TestStoreKeepsAll(t *testing.T) {
	t.Parallel()
	repo, n := newRepo(t, "sha256"), 0 // the other tests use the other format
	rapid.Check(t, func(rt *rapid.T) {
		n++
		keepsAll(t, rt, elsewhere{repo, fmt.Sprint("refs/test/", n)})
	})
}

func keepsAll(t *testing.T, rt *rapid.T, refs elsewhere) {
	s := NewStore(refs.Repo, refs, Options{})
	want := map[string][]string{}
	for i := range rapid.IntRange(1, 2).Draw(rt, "batches") {
		var items []Item
		for j := range rapid.IntRange(1, 3).Draw(rt, "items") {
			note := fmt.Sprint(refs.name, " ", i, ".", j)
			var digests []string
			for _, n := range rapid.SliceOfNDistinct(rapid.IntRange(0, 5), 1, 3, rapid.ID[int]).Draw(rt, "subjects") {
				digests = append(digests, digestOf(n))
				want[digestOf(n)] = append(want[digestOf(n)], note)
			}
			items = append(items, Item{Bundle: bundleOf(t, note, digests...), Kind: KindOther})
		}
		before, err := refs.Ref(t.Context(), Ref)
		must(t, err)
		must(t, s.PutAll(t.Context(), items))
		after, err := refs.Ref(t.Context(), Ref)
		must(t, err)
		if before == "" {
			continue
		}
		if c, err := refs.Commit(t.Context(), after); err != nil || !slices.Equal(c.Parents, []git.OID{before}) {
			rt.Fatalf("%s does not continue %s (%v)", after, before, err)
		}
	}
	for digest, notes := range want {
		var got []string
		for b, err := range Read(t.Context(), refs.Repo, refs.name, digest) {
			must(t, err)
			statement, err := Unwrap(b.Data)
			must(t, err)
			got = append(got, fmt.Sprintf("%d %s", b.Seq, statement.Predicate))
		}
		for i, note := range notes {
			notes[i] = fmt.Sprintf(`%d {"note":"%s"}`, i+1, note)
		}
		if !slices.Equal(got, notes) {
			rt.Fatalf("%s has %q, want %q", digest, got, notes)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
