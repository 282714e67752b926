package git

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// changed takes a snapshot and returns its diff against HEAD.
func changed(t *testing.T, f *fixture, kind SnapshotKind, options ...Option) []string {
	t.Helper()
	r := f.open(options...)
	id := must[OID](t)(r.Snapshot(t.Context(), kind))
	return brief(must[[]FileChange](t)(r.Diff(t.Context(), f.rev("HEAD"), id, DiffOptions{})))
}

func TestSnapshot(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	head := f.commit("one", "staged", "1\n", "changed", "1\n", "deleted", "1\n", "both", "1\n", "file", "f\n", "dir/a", "a\n", "dir/b", "b\n", ".gitignore", "*.log\n")
	f.write("staged", "2\n")
	f.write("both", "2\n")
	f.git("add", "staged", "both")
	f.write("both", "3\n")
	f.write("changed", "2\n")
	f.remove("deleted")
	f.remove("file")
	f.write("file/inside", "i\n")
	f.remove("dir")
	f.write("dir", "d\n")
	f.write("new", "n\n")
	f.write("x.log", "ignored\n")
	f.write("excluded", "x\n")
	f.write("mine", "x\n")
	f.write(".git/info/exclude", "excluded\n")
	must[struct{}](t)(struct{}{}, os.MkdirAll(filepath.Join(f.home, ".config/git"), 0o755))
	must[struct{}](t)(struct{}{}, os.WriteFile(filepath.Join(f.home, ".config/git/ignore"), []byte("mine\n"), 0o644))
	equal(t, changed(t, f, Staged), []string{`M "both" +1 -1`, `M "staged" +1 -1`})
	equal(t, changed(t, f, Worktree), []string{`M "both" +1 -1`, `M "changed" +1 -1`, `D "deleted" +0 -1`, `A "dir" +1 -0`, `D "dir/a" +0 -1`,
		`D "dir/b" +0 -1`, `D "file" +0 -1`, `A "file/inside" +1 -0`, `A "new" +1 -0`, `M "staged" +1 -1`})
	r := f.open()
	if dirty := must[Dirty](t)(r.Changed(t.Context())); dirty != (Dirty{Staged: 2, Modified: 6, Untracked: 3}) || !dirty.Any() {
		t.Errorf("%+v", dirty)
	}
	id := must[OID](t)(r.Snapshot(t.Context(), Worktree))
	commit := must[Commit](t)(r.Commit(t.Context(), id))
	if !reflect.DeepEqual(commit.Parents, []OID{head}) || commit.Author != commit.Committer || !commit.Author.When.Equal(time.Unix(0, 0)) {
		t.Errorf("%+v", commit)
	}
	if again := must[OID](t)(f.open().Snapshot(t.Context(), Worktree)); again != id {
		t.Errorf("the same content gave %s and %s", id, again)
	}
	f.git("add", "-A")
	if tree := OID(f.git("write-tree")); tree != commit.Tree {
		t.Errorf("git add --all gives the tree %s, the snapshot %s", tree, commit.Tree)
	}
}

func TestSnapshotBare(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "--bare")
	if _, err := f.open().Snapshot(t.Context(), Staged); !errors.Is(err, ErrBare) {
		t.Errorf("error %v", err)
	}
}

func TestSnapshotUnmerged(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.fork([]string{"a\nb", "1\n", "c", "1\n"}, []string{"a\nb", "2\n", "c", "2\n"}, []string{"a\nb", "3\n", "c", "3\n"})
	if err := f.command("merge", "-q", "side").Run(); err == nil {
		t.Fatal("no conflict")
	}
	for _, kind := range []SnapshotKind{Staged, Worktree} {
		var unmerged *UnmergedError
		if _, err := f.open().Snapshot(t.Context(), kind); !errors.As(err, &unmerged) || !reflect.DeepEqual(unmerged.Paths, []string{"a\nb", "c"}) {
			t.Errorf("error %v", err)
		}
	}
}

// TestSnapshotIndexOfHook reads the index that git commit --only gives to its hooks.
func TestSnapshotIndexOfHook(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "a", "1\n", "b", "1\n")
	f.write("a", "2\n")
	f.git("add", "a")
	data := must[[]byte](t)(os.ReadFile(f.path(".git/index")))
	must[struct{}](t)(struct{}{}, os.WriteFile(f.path(".git/next-index-1.lock"), data, 0o644))
	f.git("reset", "-q")
	equal(t, changed(t, f, Staged), nil)
	equal(t, changed(t, f, Staged, WithIndex(".git/next-index-1.lock")), []string{`M "a" +1 -1`})
	equal(t, changed(t, f, Staged, WithIndex("")), nil)
}

// TestSnapshotRacy changes a file to one of equal size in the second in which the index was written: only the time of the
// index tells git that it must look at the content.
func TestSnapshotRacy(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "f", "aaaa\n")
	same := time.Now().Add(-time.Hour).Truncate(time.Second)
	must[struct{}](t)(struct{}{}, os.Chtimes(f.path("f"), same, same))
	f.git("-c", "core.trustctime=false", "update-index", "--refresh")
	f.git("config", "core.trustctime", "false")
	f.git("config", "core.checkStat", "minimal")
	must[struct{}](t)(struct{}{}, os.WriteFile(f.path("f"), []byte("bbbb\n"), 0o644))
	must[struct{}](t)(struct{}{}, os.Chtimes(f.path("f"), same, same))
	must[struct{}](t)(struct{}{}, os.Chtimes(f.path(".git/index"), same, same))
	equal(t, changed(t, f, Worktree), []string{`M "f" +1 -1`})
}

// TestSnapshotAutocrlf has a working tree as core.autocrlf=true makes it.
func TestSnapshotAutocrlf(t *testing.T) {
	t.Parallel()
	for _, scope := range []string{"--local", "--global"} {
		f := newFixture(t)
		f.commit("one", "a", "1\n2\n", "b", "1\n2\n")
		f.git("config", scope, "core.autocrlf", "true")
		for _, name := range []string{"a", "b"} {
			f.remove(name)
		}
		f.git("checkout", "-q", "--", ".")
		later := time.Now().Add(time.Hour)
		must[struct{}](t)(struct{}{}, os.Chtimes(f.path("a"), later, later)) // must be read, not only looked at
		equal(t, changed(t, f, Worktree), nil)
		f.write("b", "1\r\n2\r\n3\r\n")
		equal(t, changed(t, f, Worktree), []string{`M "b" +1 -0`})
	}
}

func TestSnapshotAttributesAreFollowed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", ".gitattributes", "* text=auto eol=crlf\n", "a", "1\n")
	f.write("a", "1\r\n2\r\n")
	equal(t, changed(t, f, Worktree), []string{`M "a" +1 -0`})
}

// TestSnapshotLFS lays content where the index has pointers, as a smudge filter does.
func TestSnapshotLFS(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	content := strings.Repeat("large ", 100)
	pointer := fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%x\nsize %d\n", sha256.Sum256([]byte(content)), len(content))
	f.commit("one", "a.bin", pointer, "b.bin", pointer, "c.bin", pointer, ".gitattributes", "*.bin filter=lfs -text\n")
	f.write("a.bin", content)
	f.write("b.bin", strings.ToUpper(content))
	equal(t, changed(t, f, Worktree), []string{`M "b.bin" +1 -3`})
	if dirty := must[Dirty](t)(f.open().Changed(t.Context())); dirty != (Dirty{Modified: 1}) {
		t.Errorf("%+v", dirty)
	}
}

func TestSnapshotSubmodules(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	lib := newFixture(t)
	lib.commit("lib", "f", "1\n")
	f.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", lib.dir, "lib")
	f.commit("one")
	sub := f.at(f.path("lib"))
	sub.write("f", "dirty\n")
	equal(t, changed(t, f, Worktree), nil)
	sub.commit("two")
	f.git("clone", "-q", lib.dir, "nested")
	equal(t, changed(t, f, Worktree), []string{`M "lib" +1 -1`, `A "nested" +1 -0`})
	if r := sub.open(); r.Root() != sub.dir {
		t.Errorf("root of the submodule %q", r.Root())
	}
	sub.write("g", "g\n")
	equal(t, changed(t, sub, Worktree), []string{`A "g" +1 -0`})
	f.git("init", "-q", "unborn")
	if _, err := f.open().Snapshot(t.Context(), Worktree); err == nil || !strings.Contains(err.Error(), "unborn") {
		t.Errorf("a nested repository without a commit: %v", err)
	}
}

// TestSnapshotSymlinks replaces a folder by a link to its twin: the tracked file behind it is gone.
func TestSnapshotSymlinks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "d/f", "1\n", "e/x", "x\n")
	f.remove("d")
	f.write("twin/f", "2\n")
	f.symlink("twin", "d")
	f.symlink("/etc", "out")
	equal(t, changed(t, f, Worktree), []string{`A "d" +1 -0`, `D "d/f" +0 -1`, `A "out" +1 -0`, `A "twin/f" +1 -0`})
}

func TestSnapshotOddIndexes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "in/a", "1\n", "out/b", "1\n", "c", "1\n")
	t.Run("split", func(t *testing.T) {
		g := f.at(realTemp(t))
		g.t = t
		g.git("clone", "-q", f.dir, "x")
		g = g.at(g.path("x"))
		g.git("update-index", "--split-index")
		g.write("c", "2\n")
		g.git("add", "c")
		equal(t, changed(t, g, Staged), []string{`M "c" +1 -1`})
		equal(t, changed(t, g, Worktree), []string{`M "c" +1 -1`})
	})
	t.Run("sparse", func(t *testing.T) {
		g := f.at(realTemp(t))
		g.t = t
		g.git("clone", "-q", f.dir, "x")
		g = g.at(g.path("x"))
		g.git("sparse-checkout", "set", "--cone", "--sparse-index", "in")
		g.write("in/new", "n\n")
		equal(t, changed(t, g, Staged), nil)
		equal(t, changed(t, g, Worktree), []string{`A "in/new" +1 -0`})
	})
	t.Run("corrupt", func(t *testing.T) {
		g := newFixture(t)
		g.commit("one", "a", "1\n")
		must[struct{}](t)(struct{}{}, os.WriteFile(g.path(".git/index"), []byte("DIRCgarbage"), 0o644))
		if _, err := g.open().Snapshot(t.Context(), Staged); err == nil {
			t.Error("a corrupt index was accepted")
		}
	})
	t.Run("partial", func(t *testing.T) {
		g := newFixture(t)
		head := g.commit("one", "a", "1\n", "b", "1\n")
		p := partial(g)
		p.git("update-index", "--index-info")
		p.gitIn(p.git("ls-tree", "-r", string(head))+"\n", "update-index", "--index-info")
		equal(t, changed(t, p, Staged), nil)
	})
}
