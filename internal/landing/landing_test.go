package landing_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/landing"
	"github.com/adamant-os/adamant/internal/leaktest"
	"github.com/adamant-os/adamant/internal/ratchet"
)

func TestMain(m *testing.M) { leaktest.Main(m) }

var now = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

// lab is a repository to land on, and a judge that assesses what is there.
type lab struct {
	*gittest.Repo
	t     *testing.T
	repo  *git.Repo
	marks []ratchet.Mark
	twist func(*gate.Assessment)
}

func newLab(t *testing.T, format string) *lab {
	t.Helper()
	l := &lab{Repo: gittest.New(t), t: t}
	if format == "sha256" {
		if err := os.RemoveAll(filepath.Join(l.Dir, ".git")); err != nil {
			t.Fatal(err)
		}
		l.Git("init", "-q", "-b", "main", "--object-format=sha256", ".")
	}
	l.Write("a.txt", lines("a", 20))
	l.Write("b.txt", lines("b", 20))
	l.Commit("start")
	repo, err := git.Open(t.Context(), l.Dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := repo.Close(); err != nil {
			t.Error(err)
		}
	})
	l.repo = repo
	return l
}

func lines(word string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s %d\n", word, i)
	}
	return b.String()
}

func (l *lab) tip() git.OID { return git.OID(l.Git("rev-parse", "main")) }

// change makes a branch of two commits and returns the item that lands it.
func (l *lab) change(name string, edit func()) landing.Item {
	l.t.Helper()
	l.Branch(name)
	l.Commit("work in progress")
	edit()
	head := l.Commit(name)
	l.Git("switch", "-q", "main")
	return landing.Item{Change: strings.Repeat("ab", 8) + name, Head: git.OID(head), Title: name, Body: "Why " + name + ".",
		Author: git.Signature{Name: "Coder", Email: "coder@example.com", When: now.Add(-time.Hour)}, Trailers: landing.Trailers{Task: "T-1", Agent: "coder-1", Model: "m", Feature: "F"}}
}

// judge answers as the gate does, without its findings.
func (l *lab) judge(ctx context.Context, base git.OID, item landing.Item) (*gate.Assessment, error) {
	merged, err := l.repo.Merge(ctx, base, item.Head)
	if err != nil {
		return nil, err
	}
	diff, err := l.repo.Diff(ctx, base, merged.Tree, git.DiffOptions{NoRenames: true})
	if err != nil {
		return nil, err
	}
	a := &gate.Assessment{Base: string(base), Head: string(item.Head), MergedTree: string(merged.Tree), Marks: l.marks,
		Digest: "d-" + string(base[:8]) + "-" + string(item.Head[:8]), EffectiveDiff: fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, diff))), Merge: gate.Merge{Mode: gate.ModeAuto}}
	if l.twist != nil {
		l.twist(a)
	}
	return a, nil
}

func (l *lab) compose(items ...landing.Item) (*landing.Composition, error) {
	return landing.Compose(l.t.Context(), l.repo, l.tip(), items, landing.Options{Judge: l.judge, Committer: git.Signature{Name: "adamant", Email: "adamant@example.com", When: now}, Sign: stamp{}})
}

func (l *lab) mustCompose(items ...landing.Item) *landing.Composition {
	l.t.Helper()
	c, err := l.compose(items...)
	if err != nil {
		l.t.Fatal(err)
	}
	l.Git("fsck", "--strict", "--no-dangling", string(c.Tip()))
	return c
}

// stamp signs with a fixed text.
type stamp struct{}

func (stamp) Sign(context.Context, []byte) ([]byte, error) {
	return []byte("-----BEGIN SSH SIGNATURE-----\nc2lnbmF0dXJl\n-----END SSH SIGNATURE-----\n"), nil
}

func mark(rule, scope string, n int) ratchet.Mark {
	m := ratchet.Mark{Rule: rule, Version: "1", Scopes: map[string]ratchet.Units{}}
	m.Add(scope, strings.Repeat("f0", 16), n)
	return m
}

func TestBatchIsARowOfCommitsWithOneParent(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, format)
			one := l.change("one", func() { l.Write("a.txt", "new\n"+lines("a", 20)) })
			two := l.change("two", func() { l.Write("a.txt", lines("a", 20)+"last\n") })
			base := l.tip()
			c := l.mustCompose(one, two)
			if got := l.Git("rev-list", "--parents", string(base)+".."+string(c.Tip())); got != fmt.Sprintf("%s %s\n%s %s", c.Commits[1].OID, c.Commits[0].OID, c.Commits[0].OID, base) {
				t.Errorf("history:\n%s", got)
			}
			if got := l.Git("show", string(c.Tip())+":a.txt"); got+"\n" != "new\n"+lines("a", 20)+"last\n" {
				t.Errorf("a.txt:\n%s", got)
			}
			want := "one\n\nWhy one.\n\nChange-Id: " + one.Change + "\nTask: T-1\nAgent: coder-1\nModel: m\nAssessment: " + c.Commits[0].Assessment + "\nFeature: F\n\n"
			if got := l.Git("log", "-1", "--format=%B", string(c.Commits[0].OID)) + "\n"; got != want {
				t.Errorf("message:\n%q\nwant\n%q", got, want)
			}
			if got := l.Git("log", "-1", "--format=%an %ae %aI|%cn %ce %cI", string(c.Tip())); got != "Coder coder@example.com 2026-11-02T11:00:00+00:00|adamant adamant@example.com 2026-11-02T12:00:00+00:00" {
				t.Errorf("people: %s", got)
			}
			if got := l.Git("cat-file", "commit", string(c.Tip())); !strings.Contains(got, "gpgsig") {
				t.Errorf("not signed:\n%s", got)
			}
			if l.tip() != base {
				t.Error("main moved")
			}
			k := c.Landing([]git.RefUpdate{{Name: "refs/adamant/x"}})
			if k.Main.Old != base || k.Main.New != c.Tip() || len(k.Changes) != 2 || len(k.Updates) != 1 {
				t.Errorf("landing: %+v", k)
			}
		})
	}
}

func TestMarksAndNothingElse(t *testing.T) {
	t.Parallel()
	l := newLab(t, "sha1")
	l.Write(ratchet.PathOf("lint/old"), string(mark2("lint/old", 5)))
	l.Commit("marks")
	item := l.change("fix", func() { l.Write("b.txt", "fixed\n") })
	l.marks = []ratchet.Mark{mark("lint/old", "app", 4), mark("lint/new", "app", 1)}
	c := l.mustCompose(item)
	if got := l.Git("diff", "--name-status", string(c.Commits[0].Base), string(c.Tip())); got != "A\t.adamant/ratchets/lint/new.json\nM\t.adamant/ratchets/lint/old.json\nM\tb.txt" {
		t.Errorf("changed:\n%s", got)
	}
	if got := l.Git("show", string(c.Tip())+":.adamant/ratchets/lint/old.json") + "\n"; got != string(l.marks[0].Encode()) {
		t.Errorf("mark:\n%s", got)
	}
}

func mark2(rule string, n int) []byte { return mark(rule, "app", n).Encode() }

func TestRefusals(t *testing.T) {
	t.Parallel()
	other := strings.Repeat("1", 40)
	cases := map[string]struct {
		edit  func(*lab)
		onto  func(*lab) // what lands on main meanwhile
		twist func(*gate.Assessment)
		marks []ratchet.Mark
		code  landing.Code
		says  string
	}{
		"conflict":        {edit: func(l *lab) { l.Write("a.txt", "mine\n") }, onto: func(l *lab) { l.Write("a.txt", "theirs\n") }, code: landing.CodeConflict, says: "merge conflict"},
		"empty":           {edit: func(l *lab) { l.Write("a.txt", "same\n") }, onto: func(l *lab) { l.Write("a.txt", "same\n") }, code: landing.CodeEmpty, says: "already"},
		"other base":      {twist: func(a *gate.Assessment) { a.Base = other }, code: landing.CodeAssessment, says: "not about"},
		"other head":      {twist: func(a *gate.Assessment) { a.Head = other }, code: landing.CodeAssessment, says: "not about"},
		"other tree":      {twist: func(a *gate.Assessment) { a.MergedTree = other }, code: landing.CodeAssessment, says: "not about"},
		"no digest":       {twist: func(a *gate.Assessment) { a.Digest = "" }, code: landing.CodeAssessment, says: "no assessment"},
		"denied":          {twist: func(a *gate.Assessment) { a.Merge.Mode = gate.ModeNone }, code: landing.CodeDenied, says: "refuses"},
		"mark on file":    {edit: func(l *lab) { l.Write(".adamant/ratchets", "a file\n") }, marks: []ratchet.Mark{mark("r", "s", 1)}, code: landing.CodeMarks, says: "no folder"},
		"mark on dir":     {edit: func(l *lab) { l.Write(".adamant/ratchets/r.json/x", "a file\n") }, marks: []ratchet.Mark{mark("r", "s", 1)}, code: landing.CodeMarks, says: "is a folder"},
		"mark of no rule": {marks: []ratchet.Mark{mark("", "s", 1)}, code: landing.CodeMarks, says: "no file"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, "sha1")
			edit := c.edit
			if edit == nil {
				edit = func(l *lab) { l.Write("b.txt", "b\n") }
			}
			item := l.change("it", func() { edit(l) })
			if c.onto != nil {
				c.onto(l)
				l.Commit("meanwhile")
			}
			l.twist, l.marks = c.twist, c.marks
			_, err := l.compose(item)
			var refusal *landing.Refusal
			if !errors.As(err, &refusal) || refusal.Code != c.code || refusal.Change != item.Change || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("got %v, want %s: %s", err, c.code, c.says)
			}
			if c.code == landing.CodeConflict && (len(refusal.Conflicts) != 1 || refusal.Conflicts[0].Path != "a.txt") {
				t.Errorf("conflicts: %v", refusal.Conflicts)
			}
		})
	}
}

func TestConflictBetweenBatchMembersNamesTheSecond(t *testing.T) {
	t.Parallel()
	l := newLab(t, "sha1")
	one := l.change("one", func() { l.Write("a.txt", "one\n") })
	two := l.change("two", func() { l.Write("a.txt", "two\n") })
	_, err := l.compose(one, two)
	var refusal *landing.Refusal
	if !errors.As(err, &refusal) || refusal.Change != two.Change || refusal.Code != landing.CodeConflict {
		t.Fatal(err)
	}
}

// Renames, modes, symlinks, submodules and deletions land as they are.
func TestKindsOfEntries(t *testing.T) {
	t.Parallel()
	l := newLab(t, "sha1")
	one := l.change("kinds", func() {
		l.Git("mv", "a.txt", "dir/../moved.txt")
		l.Git("update-index", "--chmod=+x", "b.txt")
		if err := os.Chmod(filepath.Join(l.Dir, "b.txt"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("b.txt", filepath.Join(l.Dir, "link")); err != nil {
			t.Fatal(err)
		}
	})
	l.Branch("sub")
	l.Git("update-index", "--add", "--cacheinfo", "160000,"+strings.Repeat("5", 40)+",module")
	l.Git("commit", "-q", "-m", "sub")
	sub := one
	sub.Change, sub.Head = "sub", git.OID(l.Git("rev-parse", "HEAD"))
	l.Git("reset", "-q", "--hard", "main") // the submodule's folder
	l.Git("switch", "-q", "main")
	l.Write("a.txt", "first\n"+lines("a", 20))
	l.Commit("edited meanwhile")
	c := l.mustCompose(one, sub)
	want := "100755 b.txt\n120000 link\n160000 module\n100644 moved.txt"
	if got := l.Git("ls-tree", "--format=%(objectmode) %(path)", string(c.Tip())); got != want {
		t.Errorf("tree:\n%s\nwant\n%s", got, want)
	}
	if got := l.Git("show", string(c.Tip())+":moved.txt"); !strings.HasPrefix(got, "first\n") {
		t.Error("the edit did not follow the rename")
	}
}

func TestChangedTellsAnotherEffect(t *testing.T) {
	t.Parallel()
	l := newLab(t, "sha1")
	item := l.change("it", func() { l.Write("a.txt", lines("a", 20)+"mine\n") })
	proven := l.mustCompose(item)
	l.Write("b.txt", "another lane\n")
	l.Commit("another lane")
	if got := l.mustCompose(item).Changed(proven); got != "" {
		t.Errorf("another lane landed: %q changed", got)
	}
	l.Write("a.txt", lines("a", 20)+"mine\n") // a part of it lands otherwise
	l.Write("c.txt", "c\n")
	l.Commit("same place")
	two := l.change("two", func() { l.Write("a.txt", "top\n"+lines("a", 20)+"mine\n") })
	two.Change = item.Change
	if got := l.mustCompose(two).Changed(proven); got != item.Change {
		t.Errorf("the same place changed: got %q", got)
	}
}

func TestNothingToCompose(t *testing.T) {
	t.Parallel()
	l := newLab(t, "sha1")
	if _, err := l.compose(); err == nil {
		t.Error("no changes: no error")
	}
	item := l.change("it", func() { l.Write("a.txt", "x\n") })
	if _, err := landing.Compose(t.Context(), l.repo, l.tip(), []landing.Item{item}, landing.Options{}); err == nil {
		t.Error("no judge: no error")
	}
}
