package index_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/change/index"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/risk"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

type fixture struct {
	ctx   context.Context
	repo  *git.Repo
	store *change.Store
	path  string
	log   []string
	x     *index.Index
	n     int
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	dir := t.TempDir()
	f := &fixture{ctx: context.Background(), path: filepath.Join(dir, "state", "changes.db")}
	repo, err := git.InitBare(f.ctx, filepath.Join(dir, "kernel.git"), git.InitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { repo.Close() })
	f.repo, f.store = repo, change.NewStore(repo, repo, change.Options{})
	return f
}

// start opens the index (again) and brings it up to date.
func (f *fixture) start(t testing.TB) {
	t.Helper()
	f.close(t)
	x, err := index.Open(f.ctx, f.path, f.store, func(line string) { f.log = append(f.log, line) })
	if err != nil {
		t.Fatal(err)
	}
	f.x = x
	t.Cleanup(func() { x.Close() })
	f.sync(t)
}

func (f *fixture) close(t testing.TB) {
	t.Helper()
	if f.x != nil {
		if err := f.x.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func (f *fixture) sync(t testing.TB) {
	t.Helper()
	if err := f.x.Sync(f.ctx); err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) head(t testing.TB) git.OID {
	t.Helper()
	f.n++
	tree, err := f.repo.WriteTree(f.ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	who := git.Signature{Name: "a", Email: "a@example.com", When: noon.Add(time.Duration(f.n) * time.Second)}
	id, err := f.repo.WriteCommit(f.ctx, git.NewCommit{Tree: tree, Author: who, Committer: who, Message: "work"})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (f *fixture) open(t testing.TB, agent string) change.Change {
	t.Helper()
	head := f.head(t)
	c, err := f.store.Create(f.ctx, "agent:"+agent, change.Operation{Time: noon.Add(time.Duration(f.n) * time.Minute),
		Body: change.Opening{Target: "main", Head: head, Agent: agent, Alias: "I-" + agent}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (f *fixture) add(t testing.TB, c change.Change, actor string, bodies ...change.Body) change.Change {
	t.Helper()
	for _, body := range bodies {
		f.n++
		var err error
		c, err = f.store.Append(f.ctx, c, []change.Operation{{Time: noon.Add(time.Duration(f.n) * time.Minute), Actor: actor, Body: body}})
		if err != nil {
			t.Fatalf("%s: %v", body.Kind(), err)
		}
	}
	return c
}

// ask brings a change before the operator.
func (f *fixture) ask(t testing.TB, c change.Change, level risk.Level) change.Change {
	t.Helper()
	head, base := c.State.Head(), c.State.Head()
	return f.add(t, c, "kernel:gate", change.CheckStart{Head: head, Base: base, Attempt: 1},
		change.Assessed{Head: head, Base: base, Attempt: 1, Digest: "d", Decision: gate.Hold, Level: level},
		change.Asked{Head: head, Cause: "c", Reasons: []string{"approve it"}})
}

func (f *fixture) names(t testing.TB, rows []index.Row, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, r := range rows {
		out = append(out, r.Origin.Agent+":"+string(r.Status))
	}
	return strings.Join(out, " ")
}

func (f *fixture) list(t testing.TB, q index.Query) string {
	t.Helper()
	rows, err := f.x.List(f.ctx, q)
	return f.names(t, rows, err)
}

func TestIndexFollowsGit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a, b := f.open(t, "a"), f.open(t, "b")
	f.start(t)
	if got := f.list(t, index.Query{}); got != "b:opened a:opened" {
		t.Errorf("list: %s", got)
	}
	a = f.ask(t, a, risk.High)
	b = f.ask(t, b, risk.Critical)
	c := f.ask(t, f.open(t, "c"), risk.High)
	f.sync(t)
	rows, err := f.x.Inbox(f.ctx)
	if got := f.names(t, rows, err); got != "b:needs-operator a:needs-operator c:needs-operator" {
		t.Errorf("inbox: %s", got)
	}
	if rows[0].Tip != b.Tip || rows[0].Asks[0].Reasons[0] != "approve it" {
		t.Errorf("row: %+v", rows[0])
	}
	c = f.add(t, c, "operator:ada", change.GivenUp{})
	if err := f.x.Put(f.ctx, c); err != nil {
		t.Fatal(err)
	}
	if got := f.list(t, index.Query{Statuses: []change.Status{change.Abandoned, change.Merged}}); got != "c:abandoned" {
		t.Errorf("list of closed: %s", got)
	}
	if err := f.store.Archive(f.ctx, noon, []change.Change{c}); err != nil {
		t.Fatal(err)
	}
	f.sync(t)
	if got := f.list(t, index.Query{}); got != "b:needs-operator a:needs-operator" {
		t.Errorf("list after archiving: %s", got)
	}
	if got := f.list(t, index.Query{Archived: true, Agent: "c"}); got != "c:abandoned" {
		t.Errorf("list of the archive: %s", got)
	}
	for _, name := range []string{a.ID, a.ID[:8], "I-a"} {
		if row, err := f.x.Find(f.ctx, name); err != nil || row.ID != a.ID {
			t.Errorf("find %s: %v", name, err)
		}
	}
	missing := (*change.NotFoundError)(nil)
	if _, err := f.x.Find(f.ctx, "I-z"); !errors.As(err, &missing) {
		t.Errorf("find what is not there: %v", err)
	}
	c = f.add(t, c2(t, f, c.ID), "person:bob", change.Comment{Text: "pity"})
	f.sync(t)
	if got := f.list(t, index.Query{Agent: "c"}); got != "c:abandoned" {
		t.Errorf("list after it came out of the archive: %s", got)
	}
}

func c2(t testing.TB, f *fixture, id string) change.Change {
	t.Helper()
	c, err := f.store.Load(f.ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestIndexIsACache: whatever happens to the file, the answers are those of git.
func TestIndexIsACache(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.ask(t, f.open(t, "a"), risk.High)
	gone := f.add(t, f.open(t, "b"), "operator:ada", change.GivenUp{})
	if err := f.store.Archive(f.ctx, noon, []change.Change{gone}); err != nil {
		t.Fatal(err)
	}
	f.start(t)
	want := f.list(t, index.Query{Archived: true})
	for name, spoil := range map[string]struct {
		do     func()
		silent bool
	}{
		"deleted":   {func() { remove(t, f.path) }, true},
		"no SQLite": {func() { write(t, f.path, []byte("not a database, but long enough to look like one at first sight")) }, false},
		"empty":     {func() { write(t, f.path, nil) }, true},
		"torn":      {func() { tear(t, f.path) }, false},
		"version":   {func() { sqlite(t, f.path, "PRAGMA user_version = 99") }, false},
		"stale":     {func() { sqlite(t, f.path, "UPDATE changes SET tip = 'x', state = '{}'; UPDATE archives SET tip = 'x'") }, true},
		"lies":      {func() { sqlite(t, f.path, "DROP TABLE changes; CREATE TABLE changes (id TEXT)") }, false},
	} {
		f.close(t)
		f.log = nil
		spoil.do()
		f.start(t)
		if got := f.list(t, index.Query{Archived: true}); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		if silent := len(f.log) == 0; silent != spoil.silent {
			t.Errorf("%s: logged %q", name, f.log)
		}
	}
	info, err := os.Stat(f.path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestIndexReportsBrokenChanges(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good, bad := f.open(t, "a"), f.open(t, "b")
	ref := "refs/adamant/changes/" + bad.ID[:2] + "/" + bad.ID + "/meta"
	if err := f.repo.UpdateRefs(f.ctx, []git.RefUpdate{{Name: ref, Old: bad.Tip, New: good.Tip}}); err != nil {
		t.Fatal(err)
	}
	f.start(t)
	f.sync(t)
	broken, err := f.x.Broken(f.ctx)
	if err != nil || len(broken) != 1 || broken[0].Ref != ref || f.list(t, index.Query{}) != "a:opened" {
		t.Fatalf("broken %v, %v; list %s", broken, err, f.list(t, index.Query{}))
	}
	if err := f.repo.UpdateRefs(f.ctx, []git.RefUpdate{{Name: ref, Old: good.Tip, New: bad.Tip}}); err != nil {
		t.Fatal(err)
	}
	f.sync(t)
	if broken, err := f.x.Broken(f.ctx); err != nil || len(broken) != 0 || f.list(t, index.Query{}) != "b:opened a:opened" {
		t.Errorf("mended: %v, %v; list %s", broken, err, f.list(t, index.Query{}))
	}
}

func remove(t testing.TB, path string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	remove(t, path)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// tear overwrites the middle of the file.
func tear(t testing.TB, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(data); i++ {
		data[i] = byte(i * 7)
	}
	write(t, path, data)
}

// BenchmarkRebuild indexes 5,000 changes of 8 operations each from nothing; BenchmarkLoad reads one of them.
func BenchmarkRebuild(b *testing.B) {
	f := newFixture(b)
	ids := f.fill(b, 5000)
	outer := b
	b.Run("rebuild", func(b *testing.B) {
		for b.Loop() {
			f.close(b)
			remove(b, f.path)
			f.start(outer)
		}
	})
	b.Run("sync", func(b *testing.B) {
		for b.Loop() {
			f.sync(b)
		}
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			f.close(b)
			f.start(outer)
		}
	})
	b.Run("inbox", func(b *testing.B) {
		for b.Loop() {
			if rows, err := f.x.Inbox(f.ctx); err != nil || len(rows) == 0 {
				b.Fatal(len(rows), err)
			}
		}
	})
	b.Run("load", func(b *testing.B) {
		for b.Loop() {
			if _, err := f.store.Load(f.ctx, ids[0]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("append", func(b *testing.B) {
		for b.Loop() {
			if _, err := f.store.Add(f.ctx, ids[1], []change.Operation{{Time: noon, Actor: "person:bob", Body: change.Comment{Text: "hm"}}}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// fill makes changes by git fast-import, for speed.
func (f *fixture) fill(b *testing.B, n int) []string {
	b.Helper()
	head := f.head(b)
	var stream bytes.Buffer
	ids := make([]string, n)
	mark := 0
	for i := range n {
		bodies := []change.Body{change.Opening{Target: "main", Head: head, Agent: "a", Push: fmt.Sprint(i)}, change.CheckStart{Head: head, Base: head, Attempt: 1},
			change.Assessed{Head: head, Base: head, Attempt: 1, Digest: "d", Decision: gate.Hold, Level: risk.High}, change.Comment{Text: fmt.Sprint(i)},
			change.Comment{Text: "b"}, change.Comment{Text: "c"}, change.Comment{Text: "d"}, change.Asked{Head: head, Cause: "c", Reasons: []string{"approve it"}}}
		if i%10 != 0 {
			bodies[7] = change.Comment{Text: "e"}
		}
		for k, body := range bodies {
			actor := "kernel:gate"
			p, err := change.NewPack(uint64(k+1), []change.Operation{{Time: noon, Actor: actor, Body: body}})
			if err != nil {
				b.Fatal(err)
			}
			if k == 0 {
				ids[i] = p.Digest
			}
			mark++
			fmt.Fprintf(&stream, "blob\nmark :%d\ndata %d\n%s\n", mark, len(p.Bytes), p.Bytes)
			fmt.Fprintf(&stream, "commit refs/adamant/changes/%s/%s/meta\ncommitter a <a@example.com> 1772452800 +0000\ndata 1\nx\nM 100644 :%d ops\n", ids[i][:2], ids[i], mark)
		}
		fmt.Fprintf(&stream, "reset refs/adamant/changes/%s/%s/ps/1\nfrom %s\n\n", ids[i][:2], ids[i], head)
	}
	cmd := exec.Command("git", "fast-import", "--quiet", "--force")
	cmd.Dir, cmd.Stdin = f.repo.GitDir(), &stream
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("fast-import: %v: %s", err, out)
	}
	return ids
}

func TestRowIsJSON(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.open(t, "a")
	f.start(t)
	rows, err := f.x.List(f.ctx, index.Query{})
	if err != nil {
		t.Fatal(err)
	}
	c := c2(t, f, rows[0].ID)
	got, err1 := json.Marshal(rows[0].State)
	want, err2 := json.Marshal(c.State)
	if err1 != nil || err2 != nil || string(got) != string(want) {
		t.Errorf("the row says\n%s\ngit says\n%s", got, want)
	}
}
