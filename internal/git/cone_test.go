package git

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// forest has folders at several depths, odd names, a link, an executable and a submodule.
func forest(t testing.TB, format string) (*fixture, *Repo, OID) {
	t.Helper()
	f := newFixture(t, "--object-format="+format)
	for _, name := range []string{"top", "a/1", "a/b/2", "a/b/c/3", "a-b/4", "a.b/5", "d/e/6", "d/e f/7", "d/[x]/8", "é/9"} {
		path := filepath.Join(f.dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(name), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink("1", filepath.Join(f.dir, "a/link")), os.Chmod(filepath.Join(f.dir, "a/b/2"), 0o755)); err != nil {
		t.Fatal(err)
	}
	f.git("add", "-A")
	f.git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("1", map[string]int{"sha1": 40, "sha256": 64}[format])+",module")
	f.git("commit", "-qm", "forest")
	r, err := Open(t.Context(), f.dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return f, r, OID(f.git("rev-parse", "HEAD"))
}

// TestConeAsGit compares cones and their indexes with what git sparse-checkout makes.
func TestConeAsGit(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		f, r, head := forest(t, format)
		for _, cone := range [][]string{{"a"}, {"a/b"}, {"a/b/c", "d/e f"}, {"d/[x]"}, {"nowhere"}, {"é", "a.b"}, {"a-b"}} {
			files, err := r.Cone(t.Context(), head, cone)
			if err != nil {
				t.Fatal(err)
			}
			index, err := files.Index(format, func(Entry) FileStat { return FileStat{} })
			if err != nil {
				t.Fatal(err)
			}
			f.git("rm", "-qrf", "--cached", "module") // its folder is not there, which sparse-checkout minds
			f.git("reset", "-q", "--hard")
			f.git(append([]string{"sparse-checkout", "set", "--cone", "--sparse-index", "--skip-checks"}, cone...)...)
			want := f.git("ls-files", "--sparse", "--stage", "-z", "-t")
			if err := os.WriteFile(filepath.Join(f.dir, ".git", "index"), index, 0o644); err != nil {
				t.Fatal(err)
			}
			if got := f.git("ls-files", "--sparse", "--stage", "-z", "-t"); got != want {
				t.Errorf("%s, cone %q: git has\n%q\nwe have\n%q", format, cone, want, got)
			}
			if got, want := f.git("write-tree"), f.git("rev-parse", "HEAD^{tree}"); got != want {
				t.Errorf("%s, cone %q: the index has tree %s, want %s", format, cone, got, want)
			}
			if out, err := f.command("-c", "core.checkStat=default", "fsck", "--cache", "--no-dangling").CombinedOutput(); err != nil {
				t.Errorf("%s, cone %q: fsck: %v\n%s", format, cone, err, out)
			}
			if got := f.git("status", "--porcelain", "--ignore-submodules=all"); got != "" {
				t.Errorf("%s, cone %q: %s", format, cone, got)
			}
			f.git("sparse-checkout", "disable")
		}
	}
}

// TestConeProperties: a cone has every file or a folder above it exactly once, and every file that it names.
func TestConeProperties(t *testing.T) {
	t.Parallel()
	_, r, head := forest(t, "sha1")
	whole, err := r.Tree(t.Context(), head)
	if err != nil {
		t.Fatal(err)
	}
	all, err := r.Cone(t.Context(), head, nil)
	if err != nil || !slices.Equal(all.Entries, whole) {
		t.Fatalf("no folders: %v, %v; want %v", all, err, whole)
	}
	names := []string{"a", "a/b", "a/b/c", "a-b", "a.b", "d", "d/e", "d/e f", "d/[x]", "é", "x", "a/x"}
	rapid.Check(t, func(t *rapid.T) {
		cone := rapid.SliceOfN(rapid.SampledFrom(names), 1, 4).Draw(t, "cone")
		files, err := r.Cone(t.Context(), head, cone)
		if err != nil {
			t.Fatal(err)
		}
		entries := files.Entries
		if !slices.IsSortedFunc(entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) }) {
			t.Fatalf("not in the order of an index: %v", entries)
		}
		for _, file := range whole {
			n := 0
			for _, e := range entries {
				if e == file || e.Mode == ModeTree && strings.HasPrefix(file.Path, e.Path) {
					n++
				}
			}
			if n != 1 {
				t.Fatalf("%s is covered %d times by %v", file.Path, n, entries)
			}
		}
	})
}

func TestIndexRefuses(t *testing.T) {
	t.Parallel()
	id := OID(strings.Repeat("1", 40))
	for name, entries := range map[string][]Entry{
		"order": {{Path: "b", Mode: ModeFile, OID: id}, {Path: "a", Mode: ModeFile, OID: id}},
		"twice": {{Path: "a", Mode: ModeFile, OID: id}, {Path: "a", Mode: ModeFile, OID: id}},
		"mode":  {{Path: "a", Mode: "x", OID: id}},
		"name":  {{Path: "a", Mode: ModeFile, OID: "x"}},
		"tree":  {{Path: "a/b", Mode: ModeFile, OID: id}},
	} {
		c := ConeFiles{Entries: entries, Trees: map[string]OID{"": id}}
		if _, err := c.Index("sha1", func(Entry) FileStat { return FileStat{} }); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestEachChange(t *testing.T) {
	t.Parallel()
	f, r, base := forest(t, "sha1")
	if err := os.Mkdir(filepath.Join(f.dir, "module"), 0o755); err != nil {
		t.Fatal(err)
	}
	f.git("mv", "a/1", "a/one")
	if err := os.WriteFile(filepath.Join(f.dir, "top"), []byte("changed\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	f.git("commit", "-qam", "second")
	head := OID(f.git("rev-parse", "HEAD"))
	var got []string
	if err := r.EachChange(t.Context(), base, head, func(c FileChange) error {
		got = append(got, fmt.Sprintf("%c %s %s %v %v", c.Status, c.Path, c.NewMode, c.Before != "", c.After != ""))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"D a/1 000000 true false", "A a/one 100644 false true", "M top 100644 true true"}; !slices.Equal(got, want) {
		t.Errorf("changes: %q", got)
	}
	stop := errors.New("enough")
	if err := r.EachChange(t.Context(), base, head, func(FileChange) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("stopped: %v", err)
	}
	missing := OID(strings.Repeat("1", 40))
	if err := r.EachChange(t.Context(), base, missing, func(FileChange) error { return nil }); !errors.As(err, new(*MissingError)) {
		t.Errorf("missing: %v", err)
	}
	var patch bytes.Buffer
	if err := r.Patch(t.Context(), base, head, false, &patch); err != nil || !strings.Contains(patch.String(), "\n+changed\n") || !strings.Contains(patch.String(), "rename to a/one\n") {
		t.Errorf("patch: %v\n%s", err, patch.String())
	}
}

// TestFetchPipe takes a reference from an upload-pack that the test starts, and from one that dies in the middle.
func TestFetchPipe(t *testing.T) {
	t.Parallel()
	f, _, head := forest(t, "sha1")
	to, err := InitBare(t.Context(), filepath.Join(realTemp(t), "to"), InitOptions{}, WithInherited(os.Stdin))
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	fetch := func(argv ...string) error {
		fromR, fromW, err1 := os.Pipe()
		toR, toW, err2 := os.Pipe()
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		cmd := f.command(argv...)
		cmd.Stdin, cmd.Stdout = toR, fromW
		err := errors.Join(cmd.Start(), fromW.Close(), toR.Close())
		if err == nil {
			err = to.FetchPipe(t.Context(), fromR, toW, []string{"+refs/heads/main:refs/adamant/x"})
		}
		err = errors.Join(err, fromR.Close(), toW.Close())
		_ = cmd.Wait() // the fetch says what is wrong
		return err
	}
	if err := fetch("upload-pack", "."); err != nil {
		t.Fatal(err)
	}
	if id, err := to.Ref(t.Context(), "refs/adamant/x"); err != nil || id != head {
		t.Errorf("fetched %q, %v", id, err)
	}
	blob := f.gitIn("x", "hash-object", "-w", "--stdin")
	tree := f.gitIn("100644 blob "+blob+"\t.git\n", "mktree")
	f.git("update-ref", "refs/heads/main", f.git("commit-tree", "-m", "bad", "-p", string(head), tree))
	if err := fetch("upload-pack", "."); err == nil || !strings.Contains(err.Error(), "hasDotgit") {
		t.Errorf("a tree with .git in it: %v", err)
	}
	if err := fetch("version"); err == nil {
		t.Error("a fetch from something else succeeded")
	}
	if err := to.FetchPipe(t.Context(), os.Stdin, os.Stdout, []string{"a..b:c"}); err == nil {
		t.Error("a bad refspec was taken")
	}
}

func FuzzReadTree(f *testing.F) {
	f.Add([]byte("100644 a\x0012345678901234567890"), "d")
	f.Add([]byte("40000 a\x0012345678901234567890120000 b\x0012345678901234567890"), "")
	f.Fuzz(func(t *testing.T, data []byte, dir string) {
		entries, err := readTree(data, 20, dir)
		for _, e := range entries {
			if len(e.OID) != 40 || len(e.Mode) < 6 || err == nil && e.Path == "" {
				t.Fatalf("%q: %+v", data, e)
			}
		}
	})
}
