package git

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// fork makes two branches from one base and returns their tips.
func (f *fixture) fork(base, main, side []string) (OID, OID) {
	f.t.Helper()
	start := f.commit("base", base...)
	f.git("checkout", "-q", "-b", "side")
	theirs := f.commit("side", side...)
	f.git("checkout", "-q", "-B", "main", string(start))
	return f.commit("main", main...), theirs
}

func TestMergeClean(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	main, side := f.fork([]string{"f", lines(40, nil)}, []string{"f", lines(40, map[int]string{2: "m"})}, []string{"f", lines(40, map[int]string{35: "s"}), "n", "n\n"})
	r := f.open()
	result := must[MergeResult](t)(r.Merge(t.Context(), main, side))
	f2 := f.at(filepath.Dir(f.dir) + "/merged")
	f.git("worktree", "add", "-q", "--detach", "../merged", "main")
	f2.git("merge", "-q", "-m", "m", "side")
	if want := f2.rev("HEAD^{tree}"); result.Tree != want || len(result.Bases) != 1 {
		t.Errorf("tree %s, want %s, bases %v", result.Tree, want, result.Bases)
	}
	f.git("worktree", "remove", "--force", "../merged")
	id := must[OID](t)(r.Lookup(t.Context(), result.Tree, "f"))
	if data := must[[]byte](t)(r.Blob(t.Context(), id, 10000)); string(data) != lines(40, map[int]string{2: "m", 35: "s"}) {
		t.Errorf("merged file %q", data)
	}
}

// TestNothingWritten runs every call and compares the repository byte by byte, times included.
func TestNothingWritten(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	main, side := f.fork([]string{"f", lines(40, nil)}, []string{"f", lines(40, map[int]string{2: "m"})}, []string{"f", lines(40, map[int]string{35: "s"})})
	f.write("staged", "s\n")
	f.git("add", "staged")
	f.write("f", "changed\n")
	f.write("untracked", "u\n")
	before := state(t, f.dir)
	r := f.open()
	everything(t, r, main, side)
	if after := state(t, f.dir); after != before {
		t.Errorf("before\n%s\nafter\n%s", before, after)
	}
}

// everything makes every call on a repository. What the calls return is tested elsewhere.
func everything(t *testing.T, r *Repo, main, side OID) {
	t.Helper()
	ctx := t.Context()
	ignore := func(...any) {}
	for _, rev := range []string{"HEAD", "main", string(main), strings.Repeat("e", 40), "eeeeeeee", "main:g", "origin/side:g"} {
		ignore(r.Resolve(ctx, rev))
		ignore(r.ResolveTree(ctx, rev))
	}
	ignore(r.DefaultBranch(ctx))
	ignore(r.HeadBranch(ctx))
	ignore(r.Remotes(ctx))
	ignore(r.Config(ctx, "user.name"))
	ignore(r.Blob(ctx, OID(strings.Repeat("e", r.hexLen())), 100))
	ignore(r.Tree(ctx, main))
	ignore(r.Diff(ctx, main, side, DiffOptions{Hunks: true}))
	ignore(r.Merge(ctx, main, side))
	ignore(r.IsAncestor(ctx, main, side))
	ignore(r.Snapshot(ctx, Staged))
	ignore(r.Changed(ctx))
	ignore(r.Count(ctx, LogOptions{From: main}))
	for range r.Log(ctx, LogOptions{From: main, Changes: ChangesNumstat, Renames: true}) {
	}
	if snap, err := r.Snapshot(ctx, Worktree); err == nil {
		ignore(r.Diff(ctx, main, snap, DiffOptions{Hunks: true}))
		ignore(r.Checkout(ctx, snap, filepath.Join(realTemp(t), "out"), CheckoutOptions{WithGit: true}))
	}
	ignore(r.Checkout(ctx, main, filepath.Join(realTemp(t), "out"), CheckoutOptions{}))
}

func TestMergeShortcuts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	old := f.commit("one", "f", "1\n")
	tip := f.commit("two", "f", "2\n")
	tree := f.rev("HEAD^{tree}")
	r := f.open()
	for _, pair := range [][2]OID{{old, tip}, {tip, old}, {tip, tip}} {
		result := must[MergeResult](t)(r.Merge(t.Context(), pair[0], pair[1]))
		if result.Tree != tree || len(result.Bases) != 1 {
			t.Errorf("%v: %+v", pair, result)
		}
	}
	for _, c := range []struct {
		a, b OID
		want bool
	}{{old, tip, true}, {tip, old, false}, {tip, tip, true}} {
		if got := must[bool](t)(r.IsAncestor(t.Context(), c.a, c.b)); got != c.want {
			t.Errorf("IsAncestor(%s, %s) = %v", c.a, c.b, got)
		}
	}
}

func TestMergeConflicts(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name             string
		base, main, side []string
		mainGone         string
		want             []Conflict
	}{
		{"contents", []string{"f", "1\n"}, []string{"f", "2\n"}, []string{"f", "3\n"}, "", []Conflict{{"f", "contents"}}},
		{"binary", []string{"f", "a\x00"}, []string{"f", "b\x00"}, []string{"f", "c\x00"}, "", []Conflict{{"f", "binary"}}},
		{"add/add", []string{"x", "1\n"}, []string{"f", "2\n"}, []string{"f", "3\n"}, "", []Conflict{{"f", "contents"}}},
		{"modify/delete", []string{"f", "1\n"}, nil, []string{"f", "3\n"}, "f", []Conflict{{"f", "modify/delete"}}},
		{"two odd paths", []string{"a\nb", "1\n", "c\td\xff", "1\n"}, []string{"a\nb", "2\n", "c\td\xff", "2\n"}, []string{"a\nb", "3\n", "c\td\xff", "3\n"}, "",
			[]Conflict{{"a\nb", "contents"}, {"c\td\xff", "contents"}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			start := f.commit("base", c.base...)
			side := f.commit("side", c.side...)
			f.git("checkout", "-q", "-B", "main", string(start))
			if c.mainGone != "" {
				f.remove(c.mainGone)
			}
			main := f.commit("main", c.main...)
			r := f.open()
			result, err := r.Merge(t.Context(), main, side)
			if !errors.Is(err, ErrConflict) || result.Tree != "" || !reflect.DeepEqual(result.Conflicts, c.want) {
				t.Errorf("%+v, %v", result, err)
			}
		})
	}
}

func TestMergeFileDirectoryConflict(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	main, side := f.fork([]string{"x", "1\n"}, []string{"p", "file\n"}, []string{"p/q", "inside\n"})
	result, err := f.open().Merge(t.Context(), main, side)
	if !errors.Is(err, ErrConflict) || len(result.Conflicts) != 1 || result.Conflicts[0].Kind != "file/directory" {
		t.Errorf("%+v, %v", result, err)
	}
}

// TestMergeIgnoresAttributes is trap 4: a union merge declared by the worktree, by the tree or in info/attributes settles
// conflicts in one clone and not in another.
func TestMergeIgnoresAttributes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	union := "* merge=union\n"
	main, side := f.fork([]string{"f", "1\n", ".gitattributes", union}, []string{"f", "1\nm\n"}, []string{"f", "1\ns\n"})
	f.write(".git/info/attributes", union)
	f.write(".config/git/attributes", union)
	if _, err := f.command("merge-tree", "--write-tree", string(main), string(side)).Output(); err != nil {
		t.Fatalf("plain git does not follow the attribute here: %v", err)
	}
	bare := f.at(filepath.Dir(f.dir) + "/bare.git")
	f.git("clone", "-q", "--bare", ".", "../bare.git")
	for _, g := range []*fixture{f, bare} {
		if result, err := g.open().Merge(t.Context(), main, side); !errors.Is(err, ErrConflict) {
			t.Errorf("%s: %+v, %v", g.dir, result, err)
		}
	}
}

// TestMergeIgnoresSettings is trap 4 again: settings that give another tree.
func TestMergeIgnoresSettings(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	start := f.commit("base", "old/a", lines(20, nil), "old/b", lines(20, map[int]string{1: "b"}))
	f.git("checkout", "-q", "-b", "side")
	side := f.commit("side", "old/new", "new\n")
	f.git("checkout", "-q", "-B", "main", string(start))
	f.git("mv", "old", "dir")
	main := f.commit("main")
	outcome := func() string {
		result, err := f.open().Merge(t.Context(), main, side)
		if err != nil && !errors.Is(err, ErrConflict) {
			t.Fatal(err)
		}
		return string(result.Tree) + " " + kinds(result.Conflicts)
	}
	want := outcome()
	plain := func() string {
		out, _ := f.command("merge-tree", "--write-tree", string(main), string(side)).Output()
		return string(out)
	}
	before := plain()
	for _, setting := range [][2]string{{"merge.directoryRenames", "false"}, {"merge.renames", "false"}, {"diff.renames", "false"}, {"merge.conflictStyle", "diff3"}, {"merge.renormalize", "true"}} {
		f.git("config", setting[0], setting[1])
		f.git("config", "--global", setting[0], setting[1])
	}
	if plain() == before {
		t.Fatal("the settings do not change what plain git does")
	}
	if got := outcome(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func kinds(conflicts []Conflict) string {
	var out []string
	for _, c := range conflicts {
		out = append(out, c.Path+"="+c.Kind)
	}
	return strings.Join(out, ",")
}

// TestMergeCrissCross is trap 3: the same two trees, with histories that differ, merge differently.
func TestMergeCrissCross(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a, b := f.fork([]string{"f", lines(30, nil)}, []string{"f", lines(30, map[int]string{5: "m"})}, []string{"f", lines(30, map[int]string{25: "s"})})
	both := must[MergeResult](t)(f.open().Merge(t.Context(), a, b)).Tree
	f.git("checkout", "-q", "main")
	f.git("merge", "-q", "-m", "ab", string(b))
	ab := f.commit("ab2", "f", lines(30, map[int]string{5: "m", 15: "ab", 25: "s"}))
	f.git("checkout", "-q", "-B", "side", string(b))
	f.git("merge", "-q", "-m", "ba", string(a))
	ba := f.commit("ba2", "g", "g\n")
	r := f.open()
	result := must[MergeResult](t)(r.Merge(t.Context(), ab, ba))
	if len(result.Bases) != 2 || result.Bases[0] >= result.Bases[1] {
		t.Errorf("bases %v", result.Bases)
	}
	if changes := must[[]FileChange](t)(r.Diff(t.Context(), both, result.Tree, DiffOptions{})); len(changes) != 2 {
		t.Errorf("%v", brief(changes))
	}
}

func TestMergeUnrelated(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.commit("one", "f", "1\n")
	f.git("checkout", "-q", "--orphan", "other")
	b := f.commit("two", "f", "2\n")
	r := f.open()
	if bases, err := r.MergeBases(t.Context(), a, b); err != nil || bases == nil || len(bases) != 0 {
		t.Errorf("bases %v, %v", bases, err)
	}
	if _, err := r.Merge(t.Context(), a, b); !errors.Is(err, ErrUnrelated) || errors.Is(err, ErrConflict) {
		t.Errorf("merge: %v", err)
	}
}

// drop removes a loose object.
func (f *fixture) drop(id OID) {
	f.t.Helper()
	if err := os.Remove(f.path(".git/objects/" + string(id[:2]) + "/" + string(id[2:]))); err != nil {
		f.t.Fatal(err)
	}
}

// TestMergeMissing is trap 5: git 2.39 answers a missing object with the exit code of a conflict.
func TestMergeMissing(t *testing.T) {
	t.Parallel()
	edit := [][]string{{"d/f", lines(40, nil)}, {"d/f", lines(40, map[int]string{2: "m"})}, {"d/f", lines(40, map[int]string{35: "s"})}}
	for _, what := range []string{"side", "side^{tree}", "side:d", "side:d/f", "side~1", "side~1^{tree}", "side~1:d/f", "main:d"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			main, side := f.fork(edit[0], edit[1], edit[2])
			f.drop(f.rev(what))
			result, err := f.open().Merge(t.Context(), main, side)
			var gone *MissingError
			if !errors.As(err, &gone) || errors.Is(err, ErrConflict) || result.Tree != "" {
				t.Errorf("%+v, %v", result, err)
			}
		})
	}
	t.Run("would be clean", func(t *testing.T) { // the side seems to delete a file that main left alone
		t.Parallel()
		f := newFixture(t)
		main, side := f.fork([]string{"d/f", "1\n"}, []string{"new", "n\n"}, []string{"d/f", "2\n"})
		f.drop(f.rev("side^{tree}"))
		result, err := f.open().Merge(t.Context(), main, side)
		var gone *MissingError
		if !errors.As(err, &gone) || result.Tree != "" {
			t.Errorf("%+v, %v", result, err)
		}
	})
	f := newFixture(t)
	tip := f.commit("one", "f", "1\n")
	nowhere := OID(strings.Repeat("d", 40))
	var gone *MissingError
	if bases, err := f.open().MergeBases(t.Context(), tip, nowhere); !errors.As(err, &gone) || gone.Rev != string(nowhere) {
		t.Errorf("MergeBases: %v, %v", bases, err)
	}
	if _, err := f.open().IsAncestor(t.Context(), nowhere, tip); !errors.As(err, &gone) {
		t.Errorf("IsAncestor: %v", err)
	}
}

// TestMergeBorrowed merges in a clone that borrows all its objects, over two steps and by a relative path.
func TestMergeBorrowed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	main, side := f.fork([]string{"f", lines(40, nil)}, []string{"f", lines(40, map[int]string{2: "m"})}, []string{"f", lines(40, map[int]string{35: "s"})})
	f.git("clone", "-q", "--shared", ".", "../one")
	one := f.at(filepath.Dir(f.dir) + "/one")
	one.git("clone", "-q", "--shared", ".", "../two")
	two := f.at(filepath.Dir(f.dir) + "/two")
	if err := os.WriteFile(two.path(".git/objects/info/alternates"), []byte("../../../one/.git/objects\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	must[MergeResult](t)(two.open().Merge(t.Context(), main, side))
}

// TestWithObjects reads a quarantine: objects in a folder that the repository does not know.
func TestWithObjects(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "f", "1\n")
	f.git("clone", "-q", ".", "../other")
	other := f.at(filepath.Dir(f.dir) + "/other")
	tip := other.commit("two", "f", "2\n")
	if _, err := f.open().Resolve(t.Context(), string(tip)); err == nil {
		t.Fatal("found without the quarantine")
	}
	r := f.open(WithObjects(other.path(".git/objects")))
	must[OID](t)(r.Resolve(t.Context(), string(tip)))
	must[OID](t)(r.Resolve(t.Context(), string(tip[:12])+"~1"))
	must[[]Entry](t)(r.Tree(t.Context(), tip))
}

func TestReplaceRefsHaveNoEffect(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "f", "1\n")
	tip := f.commit("two", "f", "2\n")
	f.git("replace", "HEAD", "HEAD~1")
	r := f.open()
	if commit := must[Commit](t)(r.Commit(t.Context(), tip)); commit.Subject() != "two" {
		t.Errorf("read %q", commit.Subject())
	}
	if got := must[OID](t)(r.ResolveTree(t.Context(), "HEAD")); got != OID(f.git("--no-replace-objects", "rev-parse", "HEAD^{tree}")) {
		t.Errorf("tree %s", got)
	}
}
