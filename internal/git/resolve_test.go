package git

import (
	"errors"
	"os"
	"strings"
	"testing"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.commit("first", "dir/f", "1\n")
	second := f.commit("second thing", "dir/f", "2\n")
	f.git("tag", "-a", "-m", "t", "v1", string(first))
	f.git("tag", "light", string(first))
	f.git("branch", "a/b", string(first))
	r := f.open()
	for rev, want := range map[string]OID{
		"HEAD": second, "@": second, "main": second, "HEAD~1": first, "main^": first, "v1": first, "light": first,
		"refs/heads/a/b": first, "a/b": first, string(second): second, string(first[:8]): first,
		"HEAD^{/first}": first, ":/second thing": second, "main@{0}": second, "heads/main": second, "v1^{commit}": first,
	} {
		if got, err := r.Resolve(t.Context(), rev); err != nil || got != want {
			t.Errorf("%q: %s, %v", rev, got, err)
		}
	}
	tree := f.rev("HEAD^{tree}")
	for rev, want := range map[string]OID{"HEAD": tree, string(second): tree, string(tree): tree, "HEAD:dir": f.rev("HEAD:dir"), "v1": f.rev("v1^{tree}")} {
		if got, err := r.ResolveTree(t.Context(), rev); err != nil || got != want {
			t.Errorf("tree of %q: %s, %v", rev, got, err)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.commit("first", "f", "1\n")
	f.commit("second", "f", "2\n")
	f.git("tag", "main", string(first)) // a tag that would win over the branch
	f.git("tag", "file", string(f.rev("HEAD:f")))
	f.git("update-ref", "refs/remotes/origin/next", "HEAD")
	f.git("branch", "origin/next", string(first)) // a branch that would win over the remote's
	r := f.open()
	missing := []string{"nope", "HEAD~9", "HEAD:none", strings.Repeat("a", 40), "a..b", "HEAD^{/nothing}", "main missing", "x blob 12"}
	for _, rev := range missing {
		var gone *MissingError
		if _, err := r.Resolve(t.Context(), rev); !errors.As(err, &gone) || gone.Rev != rev {
			t.Errorf("%q: %v", rev, err)
		}
	}
	bad := []string{"", "-x", "--output=/tmp/x", "--end-of-options", "HEAD\n", "HEAD\nmain", "a\x00b", "a\tb", strings.Repeat("x", 5000),
		"main", "main~0", "main:f", "main^{tree}", "origin/next", string(f.rev("HEAD:f")), string(f.rev("HEAD^{tree}")), "file", "HEAD:f"}
	for _, rev := range bad {
		if _, err := r.Resolve(t.Context(), rev); !errors.Is(err, ErrBadRevision) {
			t.Errorf("%q: %v", rev, err)
		}
	}
	if _, err := r.Resolve(t.Context(), "refs/heads/main"); err != nil {
		t.Errorf("the full name: %v", err)
	}
}

// TestHostileOIDs gives things to every call that takes an object name which are none.
func TestHostileOIDs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	good := f.commit("one", "f", "1\n")
	r := f.open()
	ctx := t.Context()
	for _, bad := range []OID{"--output=x", "HEAD", "-p", good[:20], good + "0", OID(strings.ToUpper(string(good))), "x\n", OID(strings.Repeat("g", 40))} {
		calls := map[string]error{}
		_, calls["Commit"] = r.Commit(ctx, bad)
		_, calls["Blob"] = r.Blob(ctx, bad, 10)
		_, calls["Tree"] = r.Tree(ctx, bad)
		_, calls["Diff"] = r.Diff(ctx, good, bad, DiffOptions{})
		_, calls["MergeBases"] = r.MergeBases(ctx, bad, good)
		_, calls["IsAncestor"] = r.IsAncestor(ctx, good, bad)
		_, calls["Merge"] = r.Merge(ctx, good, bad)
		_, calls["Lookup"] = r.Lookup(ctx, bad, "f")
		_, calls["Count"] = r.Count(ctx, LogOptions{From: bad})
		_, calls["Count not"] = r.Count(ctx, LogOptions{From: good, Not: []OID{bad}})
		for _, err := range r.Log(ctx, LogOptions{From: bad}) {
			calls["Log"] = err
		}
		for name, err := range calls {
			if err == nil {
				t.Errorf("%s took %q", name, bad)
			}
		}
	}
}

func TestEmptyRepository(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := f.open()
	ctx := t.Context()
	if name, err := r.HeadBranch(ctx); name != "main" || !errors.Is(err, ErrEmpty) {
		t.Errorf("HeadBranch: %q, %v", name, err)
	}
	if _, err := r.Resolve(ctx, "HEAD"); !errors.Is(err, ErrEmpty) {
		t.Errorf("Resolve: %v", err)
	}
	if _, err := r.DefaultBranch(ctx); !errors.Is(err, ErrEmpty) {
		t.Errorf("DefaultBranch: %v", err)
	}
	f.write("f", "1\n")
	if dirty := must[Dirty](t)(r.Changed(ctx)); dirty != (Dirty{Untracked: 1}) {
		t.Errorf("Changed: %+v", dirty)
	}
	snap := must[OID](t)(r.Snapshot(ctx, Worktree))
	if commit := must[Commit](t)(r.Commit(ctx, snap)); len(commit.Parents) != 0 {
		t.Errorf("parents %v", commit.Parents)
	}
	if files := must[[]Entry](t)(r.Tree(ctx, snap)); len(files) != 1 {
		t.Errorf("files %v", files)
	}
}

func TestHeadBranch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "f", "1\n")
	r := f.open()
	if name := must[string](t)(r.HeadBranch(t.Context())); name != "main" {
		t.Errorf("branch %q", name)
	}
	f.git("checkout", "-q", "--detach")
	if name := must[string](t)(r.HeadBranch(t.Context())); name != "" {
		t.Errorf("detached: %q", name)
	}
	f.git("checkout", "-q", "--orphan", "new/one")
	if name, err := r.HeadBranch(t.Context()); name != "new/one" || !errors.Is(err, ErrEmpty) {
		t.Errorf("unborn: %q, %v", name, err)
	}
}

func TestHeadOnMissingCommit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "f", "1\n")
	if err := os.WriteFile(f.path(".git/HEAD"), []byte(strings.Repeat("1", 40)+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	var gone *MissingError
	if _, err := f.open().Resolve(t.Context(), "HEAD"); !errors.As(err, &gone) {
		t.Errorf("error %v", err)
	}
}

func TestBranches(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "f", "1\n")
	for _, step := range []struct{ command, landing, current string }{
		{"branch topic/a", "main", "main"},
		{"checkout -q topic/a", "main", "topic/a"},
		{"checkout -q --detach", "main", ""},
		{"symbolic-ref HEAD refs/heads/unborn", "main", ""},
	} {
		f.git(strings.Fields(step.command)...)
		landing, current, err := f.open().Branches(t.Context())
		if err != nil || landing != step.landing || current != step.current {
			t.Errorf("after %s: %q, %q, %v; want %q and %q", step.command, landing, current, err, step.landing, step.current)
		}
	}
}

func TestDefaultBranch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "f", "1\n")
	f.git("branch", "trunk")
	check := func(g *fixture, want string) {
		t.Helper()
		if got, err := g.open().DefaultBranch(t.Context()); err != nil || got != want {
			t.Errorf("default branch %q, %v; want %q", got, err, want)
		}
	}
	check(f, "main")
	f.git("symbolic-ref", "HEAD", "refs/heads/trunk")
	f.git("clone", "-q", ".", "../clone")
	clone := f.at(f.dir + "/../clone")
	check(clone, "trunk")
	clone.git("checkout", "-q", "--detach")
	clone.git("branch", "-D", "trunk")
	check(clone, "origin/trunk")
	f.git("branch", "-D", "main")
	check(f, "trunk")
	f.git("checkout", "-q", "--detach")
	if got, err := f.open().DefaultBranch(t.Context()); err == nil {
		t.Errorf("nothing to choose from, but %q", got)
	}
	if remotes := must[[]string](t)(clone.open().Remotes(t.Context())); len(remotes) != 1 || remotes[0] != "origin" {
		t.Errorf("remotes %q", remotes)
	}
	if url, ok, err := clone.open().Config(t.Context(), "remote.origin.url"); err != nil || !ok || url == "" {
		t.Errorf("url %q, %v, %v", url, ok, err)
	}
	if _, ok, err := clone.open().Config(t.Context(), "remote.none.url"); err != nil || ok {
		t.Errorf("unset setting: %v, %v", ok, err)
	}
	if _, _, err := clone.open().Config(t.Context(), "--get-all"); err == nil {
		t.Error("an option passed for a key")
	}
}
