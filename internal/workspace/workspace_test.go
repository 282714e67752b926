package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/kernel"
)

// lab is a held kernel, made from a small clone, and a store of workspaces.
type lab struct {
	t      testing.TB
	clone  *gittest.Repo
	kernel *kernel.Kernel
	store  *Store
	base   git.OID
}

// newLab makes a kernel whose main has the files that write writes.
func newLab(t testing.TB, limits Limits, write func(*gittest.Repo)) *lab {
	t.Helper()
	clone := gittest.New(t)
	write(clone)
	l := &lab{t: t, clone: clone, base: git.OID(clone.Commit("first"))}
	l.hold(clone.Dir, limits)
	return l
}

func (l *lab) hold(from string, limits Limits) {
	l.t.Helper()
	ctx := l.t.Context()
	repo, err := git.Open(ctx, from)
	l.check(err)
	l.kernel, err = kernel.Create(ctx, filepath.Join(l.t.TempDir(), "kernel"), repo, kernel.Options{})
	l.check(errors.Join(err, repo.Close()))
	l.t.Cleanup(func() {
		if err := l.kernel.Close(); err != nil {
			l.t.Error(err)
		}
	})
	_, err = l.kernel.Acquire(ctx)
	l.check(err)
	l.store, err = Open(Config{Dir: filepath.Join(l.t.TempDir(), "workspaces"), Kernel: l.kernel, Limits: limits})
	l.check(err)
	l.t.Cleanup(func() { // agents close folders, which stops t.TempDir
		if err := removeContents(l.store.dir); err != nil {
			l.t.Error(err)
		}
	})
}

func (l *lab) check(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

func small(r *gittest.Repo) {
	r.Write("README.md", "top\n")
	r.Write("AGENTS.md", "main's\n")
	r.Write(".claude/settings.json", "{}\n")
	for _, dir := range []string{"a", "a/deep", "b", "b/deep", "c"} {
		r.Write(dir+"/one.txt", dir+" one\n")
		r.Write(dir+"/two.txt", dir+" two\n")
	}
	if err := os.Symlink("one.txt", filepath.Join(r.Dir, "a", "link")); err != nil {
		panic(err)
	}
	r.Write("a/run.sh", "#!/bin/sh\n")
	if err := os.Chmod(filepath.Join(r.Dir, "a/run.sh"), 0o755); err != nil {
		panic(err)
	}
}

func (l *lab) create(r Request) *Workspace {
	l.t.Helper()
	if r.Task == "" {
		r.Task = "t1"
	}
	if r.Base == "" {
		r.Base = l.base
	}
	w, err := l.store.Create(l.t.Context(), r)
	l.check(err)
	return w
}

// git runs plain git in a workspace as its agent would, with main.git where the host has it.
func (l *lab) git(w *Workspace, args ...string) string {
	l.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "safe.directory=*"}, args...)...)
	cmd.Dir = w.path("repo")
	objects := filepath.Join(l.kernel.Main().CommonDir(), "objects")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + l.t.TempDir(), "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_ALTERNATE_OBJECT_DIRECTORIES=" + objects + ":" + w.path("extra.git/objects")}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		l.t.Fatalf("git %q: %v\n%s", args, err, stderr.String())
	}
	return strings.TrimSuffix(string(out), "\n")
}

func (l *lab) exists(w *Workspace, name string, want bool) {
	l.t.Helper()
	_, err := os.Lstat(w.path(filepath.Join("repo", name)))
	if got := err == nil; got != want {
		l.t.Errorf("%s exists = %v, want %v (%v)", name, got, want, err)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	l := newLab(t, Limits{}, small)
	w := l.create(Request{Cone: []string{"a/deep", "c/"}})
	for name, want := range map[string]bool{"README.md": true, "a/one.txt": true, "a/deep/two.txt": true, "c/one.txt": true, "b": false, "b/deep": false} {
		l.exists(w, name, want)
	}
	if got := l.git(w, "status", "--porcelain"); got != "" {
		t.Errorf("a fresh workspace is not clean:\n%s", got)
	}
	if got := l.git(w, "ls-files", "--sparse"); !strings.Contains(got, "\nb/\n") {
		t.Errorf("the index is not sparse: %q", got)
	}
	if got := l.git(w, "log", "--format=%s %D"); got != "first HEAD -> work, main" {
		t.Errorf("log: %s", got)
	}
	if got := l.git(w, "sparse-checkout", "list"); got != ".claude\na/deep\nc" {
		t.Errorf("cone: %s", got)
	}
	if got := l.git(w, "fsck", "--full"); got != "" {
		t.Errorf("fsck: %s", got)
	}
	pin, err := l.kernel.Ref(t.Context(), w.Pin())
	if l.check(err); pin != l.base {
		t.Errorf("pin = %q", pin)
	}
}

// TestCreateAsGit compares the whole checkout with git's own.
func TestCreateAsGit(t *testing.T) {
	t.Parallel()
	l := newLab(t, Limits{}, small)
	for _, cone := range [][]string{nil, {"a"}, {"a/deep"}, {"nowhere"}, {"b", "c"}} {
		w := l.create(Request{Task: "t" + strings.NewReplacer("/", "", "nowhere", "n").Replace(strings.Join(cone, "")), Cone: cone})
		index := l.git(w, "ls-files", "-t", "--stage", "--sparse")
		files := listing(t, w.path("repo"))
		l.git(w, "read-tree", "--empty")
		for _, entry := range strings.Split(files, "\n") {
			if name := strings.Fields(entry)[0]; name != "" {
				l.check(os.RemoveAll(w.path(filepath.Join("repo", strings.Split(name, "/")[0]))))
			}
		}
		l.git(w, "read-tree", "-mu", "HEAD")
		if got := l.git(w, "ls-files", "-t", "--stage", "--sparse"); got != index {
			t.Errorf("cone %q: git's index:\n%s\nours:\n%s", cone, got, index)
		}
		l.check(errors.Join(os.MkdirAll(w.path("repo/.codex"), 0o755), os.MkdirAll(w.path("repo/.cursor"), 0o755), os.MkdirAll(w.path("repo/.gemini"), 0o755), os.MkdirAll(w.path("repo/.claude"), 0o755)))
		if got := listing(t, w.path("repo")); got != files {
			t.Errorf("cone %q: git's files:\n%s\nours:\n%s", cone, got, files)
		}
	}
}

// listing is every file of a checkout with its mode and what is in it.
func listing(t testing.TB, dir string) string {
	var lines []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == ".git" && d.IsDir() {
			return fs.SkipDir
		}
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		text, _ := os.ReadFile(path)
		lines = append(lines, fmt.Sprintf("%s %v %q", rel, info.Mode(), text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

func removeContents(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, removeAll(filepath.Join(dir, e.Name())))
	}
	return err
}
