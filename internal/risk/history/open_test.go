package history

import (
	"context"
	"encoding/binary"
	"hash/crc32"
	"os"
	"path/filepath"
	"testing"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/leaktest"
	"github.com/adamant-os/adamant/internal/risk"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

// seal gives data a right checksum.
func seal(data []byte) []byte {
	if len(data) < 4 {
		return data
	}
	body := data[:len(data)-4]
	return binary.LittleEndian.AppendUint32(append([]byte{}, body...), crc32.Checksum(body, castagnoli()))
}

func open(t *testing.T, r *gittest.Repo) *git.Repo {
	t.Helper()
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = repo.Close() })
	return repo
}

func look(t *testing.T, repo *git.Repo, tip string, opt Options) View {
	t.Helper()
	v, err := Open(context.Background(), repo, git.OID(tip), opt)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestOpenGoesOn(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("a.go", "package a\n")
	first := r.Commit("start")
	repo, opt := open(t, r), Options{CacheDir: t.TempDir(), Warn: func(err error) { t.Error(err) }}
	if v := look(t, repo, first, opt); v.Changes() != 1 {
		t.Errorf("%d changes", v.Changes())
	}
	r.Write("a.go", "package a // b\n")
	second := r.Commit("fix it")
	v := look(t, repo, second, opt)
	if p := past(t, v.History([]string{"a.go"}, ""), "a.go"); p.Prior != 2 || p.Fixes != 1 {
		t.Errorf("%+v", p)
	}
	if again := look(t, repo, first, opt); again.Changes() != 1 {
		t.Errorf("looking back: %d changes", again.Changes())
	}
}

func TestOpenOnAnotherBranchAndAfterARewrite(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("a.go", "1\n")
	r.Commit("one")
	r.Write("a.go", "2\n")
	main := r.Commit("two")
	r.Git("switch", "-q", "-c", "side", "HEAD~1")
	r.Write("b.go", "1\n")
	side := r.Commit("side")
	r.Git("switch", "-q", "--orphan", "other")
	r.Write("c.go", "1\n")
	other := r.Commit("rewritten")
	repo, opt := open(t, r), Options{CacheDir: t.TempDir(), Warn: func(err error) { t.Error(err) }}
	for _, want := range []struct {
		tip     string
		changes int
	}{{main, 2}, {side, 2}, {other, 1}, {main, 2}} {
		v := look(t, repo, want.tip, opt)
		if v.Changes() != want.changes || v.index.Tip() != git.OID(want.tip) {
			t.Errorf("%s: %d changes, tip %s", want.tip, v.Changes(), v.index.Tip())
		}
	}
}

func TestMergesCountOnce(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("a.go", "1\n")
	r.Commit("start")
	r.Branch("feature")
	r.Write("b.go", "1\n")
	r.Commit("work")
	r.Write("b.go", "2\n")
	r.Commit("fix work")
	r.Git("switch", "-q", "main")
	r.Git("merge", "-q", "--no-ff", "-m", "Merge feature", "feature")
	v := look(t, open(t, r), r.Git("rev-parse", "HEAD"), Options{})
	if p := past(t, v.History([]string{"b.go"}, ""), "b.go"); v.Changes() != 2 || p.Prior != 1 {
		t.Errorf("%d changes, b.go %+v", v.Changes(), p)
	}
}

func TestDamagedCacheIsBuiltAnew(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("a.go", "1\n")
	tip := r.Commit("start")
	repo, warned := open(t, r), 0
	opt := Options{CacheDir: t.TempDir(), Warn: func(error) { warned++ }}
	look(t, repo, tip, opt)
	file := cacheFile(repo, opt.CacheDir)
	if err := os.WriteFile(file, []byte("adamhis1 nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if v := look(t, repo, tip, opt); v.Changes() != 1 || warned != 1 {
		t.Errorf("%d changes, %d warnings", v.Changes(), warned)
	}
	if _, err := load(file); err != nil {
		t.Errorf("the cache was not mended: %v", err)
	}
}

func TestCacheThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("a.go", "1\n")
	tip := r.Commit("start")
	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	warned := 0
	opt := Options{CacheDir: filepath.Join(blocked, "cache"), Warn: func(error) { warned++ }}
	if v := look(t, open(t, r), tip, opt); v.Changes() != 1 || warned == 0 {
		t.Errorf("%d changes, %d warnings: it must work without, and say so", v.Changes(), warned)
	}
}

func TestWalk(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("auth/a.go", "package auth\n\nfunc Login(name string) bool {\n\treturn name != \"\"\n}\n")
	r.Commit("start")
	r.Write("README.md", "# Hello\n")
	r.Commit("docs: say hello")
	r.Git("mv", "auth/a.go", "auth/b.go")
	tip := r.Commit("move")
	var rows []Row
	for row, err := range Walk(t.Context(), open(t, r), git.OID(tip), 0, Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if len(rows) != 3 || rows[0].Rating.Level != risk.High || rows[1].Rating.Level != risk.Trivial {
		t.Fatalf("%+v", rows)
	}
	if f := rows[0].Features; f.Files != 1 || f.Lines != 3 || f.Identifiers == 0 || rows[0].Rating.Score <= 0 {
		t.Errorf("first change: %+v, score %d", f, rows[0].Rating.Score)
	}
	if f := rows[2].Features; f.Lines != 0 {
		t.Errorf("a move adds no code: %+v", f)
	}
	count := 0
	for range Walk(t.Context(), open(t, r), git.OID(tip), 2, Options{}) {
		count++
	}
	if count != 2 {
		t.Errorf("the newest 2 changes are %d", count)
	}
}

// A clone may lack objects: the change is still there, and says what was not looked at.
func TestWalkWithoutAnObject(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("a.go", "package a\n")
	r.Write("b.go", "package b\n")
	r.Commit("start")
	r.Write("a.go", "package a\n\nvar A = 1\n")
	r.Write("b.go", "package b\n\nvar B = 1\n")
	tip := r.Commit("more")
	blob := r.Git("rev-parse", "HEAD:b.go")
	if err := os.Remove(filepath.Join(r.Dir, ".git", "objects", blob[:2], blob[2:])); err != nil {
		t.Fatal(err)
	}
	var last Row
	for row, err := range Walk(t.Context(), open(t, r), git.OID(tip), 0, Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		last = row
	}
	if last.Missing != 1 || last.Features.Files != 1 || last.Rating.Level < risk.Medium {
		t.Errorf("%+v", last)
	}
}
