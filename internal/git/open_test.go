package git

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenKinds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "a/b/c", "c\n")
	f.git("worktree", "add", "-q", "-b", "side", "../linked")
	f.git("clone", "-q", "--bare", ".", "../bare.git")
	f.git("init", "-q", "--separate-git-dir", "../apart.git", "../split")
	parent := filepath.Dir(f.dir)
	cases := []struct{ name, dir, root, gitDir, commonDir string }{
		{"top", f.dir, f.dir, f.path(".git"), f.path(".git")},
		{"below", f.path("a/b"), f.dir, f.path(".git"), f.path(".git")},
		{"linked", parent + "/linked", parent + "/linked", f.path(".git/worktrees/linked"), f.path(".git")},
		{"bare", parent + "/bare.git", "", parent + "/bare.git", parent + "/bare.git"},
		{"inside bare", parent + "/bare.git/refs", "", parent + "/bare.git", parent + "/bare.git"},
		{"separate", parent + "/split", parent + "/split", parent + "/apart.git", parent + "/apart.git"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := f.at(c.dir).open()
			if r.Root() != c.root || r.GitDir() != c.gitDir || r.CommonDir() != c.commonDir {
				t.Errorf("root %q, git dir %q, common dir %q", r.Root(), r.GitDir(), r.CommonDir())
			}
			if r.Bare() != (c.root == "") || r.Shallow() || r.Partial() || r.ObjectFormat() != "sha1" {
				t.Errorf("bare %v, shallow %v, partial %v, %s", r.Bare(), r.Shallow(), r.Partial(), r.ObjectFormat())
			}
			if c.name != "separate" {
				must[OID](t)(r.Resolve(t.Context(), "HEAD"))
			}
		})
	}
}

// TestOpenOddPath opens a repository whose path would break lists of paths that are not quoted.
func TestOpenOddPath(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(realTemp(t), "#a:b;\"c\\ \nd\u00e9*[x]")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f := (&fixture{t: t, home: realTemp(t)}).at(dir)
	f.git("init", "-q", "-b", "main")
	base := f.commit("one", "f", "1\n")
	head := f.commit("two", "f", "2\n")
	r := f.open()
	if got := must[OID](t)(r.Resolve(t.Context(), "main~1")); got != base {
		t.Errorf("main~1 is %s", got)
	}
	changes := must[[]FileChange](t)(r.Diff(t.Context(), base, head, DiffOptions{}))
	if len(changes) != 1 {
		t.Errorf("changes: %+v", changes)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "f", "1\n")
	t.Run("no repository", func(t *testing.T) {
		t.Parallel()
		_, err := open(t.Context(), realTemp(t), testEnv(f.home))
		if !errors.Is(err, ErrNotRepository) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("no folder", func(t *testing.T) {
		t.Parallel()
		if _, err := open(t.Context(), f.path("none"), testEnv(f.home)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("error %v", err)
		}
	})
	t.Run("unknown extension", func(t *testing.T) {
		t.Parallel()
		g := newFixture(t)
		g.git("config", "core.repositoryFormatVersion", "1")
		g.git("config", "extensions.surprise", "true")
		if _, err := open(t.Context(), g.dir, testEnv(g.home)); err == nil || !strings.Contains(err.Error(), "surprise") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := open(ctx, f.dir, testEnv(f.home)); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

// TestOpenOwner uses git's own way to pretend that the folder belongs to another user.
func TestOpenOwner(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "f", "1\n")
	ask := func() error {
		r := &Repo{userEnv: append(userEnv(testEnv(f.home)), "GIT_TEST_ASSUME_DIFFERENT_OWNER=1")}
		return r.discover(t.Context(), f.dir)
	}
	if err := ask(); !errors.Is(err, ErrUnsafe) || !strings.Contains(err.Error(), "safe.directory") {
		t.Errorf("a repository of another owner: %v", err)
	}
	f.git("config", "safe.directory", "*") // the repository cannot vouch for itself
	if err := ask(); !errors.Is(err, ErrUnsafe) {
		t.Errorf("a repository that declares itself safe: %v", err)
	}
	f.git("config", "--global", "safe.directory", f.dir)
	if err := ask(); err != nil {
		t.Errorf("declared safe by the user: %v", err)
	}
}

func TestCheckVersion(t *testing.T) {
	t.Parallel()
	for answer, ok := range map[string]bool{
		"git version 2.39.5\n": true, "git version 2.39.5 (Apple Git-154)\n": true, "git version 2.45.1.windows.1\n": true,
		"git version 3.0.0\n": true, "git version 2.38.9\n": false, "git version 1.99\n": false, "hub 2\n": false, "": false,
		"git version two\n": false,
	} {
		if err := checkVersion(answer); (err == nil) != ok {
			t.Errorf("%q: %v", answer, err)
		}
	}
}

func TestBareWorktreeOfBareRepository(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "f", "1\n")
	f.git("clone", "-q", "--bare", ".", "../b.git")
	b := f.at(filepath.Dir(f.dir) + "/b.git")
	b.git("worktree", "add", "-q", "../wt", "main")
	r := f.at(filepath.Dir(f.dir) + "/wt").open()
	if r.Bare() || !strings.HasSuffix(r.Root(), "/wt") {
		t.Errorf("root %q", r.Root())
	}
	must[OID](t)(r.Snapshot(t.Context(), Worktree))
}

func TestSHA256(t *testing.T) {
	t.Parallel()
	f := newFixture(t, "--object-format=sha256")
	base := f.commit("one", "f", lines(20, nil))
	f.git("checkout", "-q", "-b", "side")
	side := f.commit("side", "f", lines(20, map[int]string{2: "side"}))
	f.git("checkout", "-q", "main")
	main := f.commit("main", "f", lines(20, map[int]string{18: "main"}))
	r := f.open()
	if r.ObjectFormat() != "sha256" || len(base) != 64 {
		t.Fatalf("format %s", r.ObjectFormat())
	}
	merged := must[MergeResult](t)(r.Merge(t.Context(), main, side))
	changes := must[[]FileChange](t)(r.Diff(t.Context(), main, merged.Tree, DiffOptions{Hunks: true}))
	if len(changes) != 1 || changes[0].Added != 1 || len(changes[0].Hunks) != 1 || changes[0].Hunks[0].NewStart != 2 {
		t.Errorf("changes %+v", changes)
	}
	f.write("new", "n\n")
	snap := must[OID](t)(r.Snapshot(t.Context(), Worktree))
	if got := must[[]FileChange](t)(r.Diff(t.Context(), main, snap, DiffOptions{})); len(got) != 1 || got[0].Path != "new" {
		t.Errorf("snapshot: %+v", got)
	}
	dir := filepath.Join(realTemp(t), "out")
	if err := r.Checkout(t.Context(), snap, dir, CheckoutOptions{WithGit: true}); err != nil {
		t.Fatal(err)
	}
	if got := f.at(dir).git("status", "--porcelain"); got != "" {
		t.Errorf("status of the checkout: %s", got)
	}
	if tree := must[[]Entry](t)(r.Tree(t.Context(), r.EmptyTree())); len(tree) != 0 {
		t.Errorf("the empty tree holds %v", tree)
	}
}

func TestCloseEndsChildren(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "f", "1\n")
	r, err := open(t.Context(), f.dir, testEnv(f.home))
	if err != nil {
		t.Fatal(err)
	}
	must[OID](t)(r.Resolve(t.Context(), "HEAD"))
	child := r.refPool.idle[0].cmd
	temp := r.temp
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if child.ProcessState == nil {
		t.Error("the resident child was not waited for")
	}
	if _, err := os.Stat(temp); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("temporary folder: %v", err)
	}
	if _, err := r.Resolve(t.Context(), "HEAD"); !errors.Is(err, errClosed) {
		t.Errorf("after Close: %v", err)
	}
	var exit *exec.ExitError
	if errors.As(r.Close(), &exit) {
		t.Error("closing twice failed")
	}
}
