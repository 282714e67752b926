package git

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// collect reads a log to its end.
func collect(t *testing.T, r *Repo, opt LogOptions) []LogEntry {
	t.Helper()
	var entries []LogEntry
	for entry, err := range r.Log(t.Context(), opt) {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, entry)
	}
	return entries
}

func subjects(entries []LogEntry) string {
	var out []string
	for _, e := range entries {
		out = append(out, e.Subject())
	}
	return strings.Join(out, " ")
}

func TestLog(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	root := f.commit("root", "a", "1\n")
	f.git("checkout", "-q", "-b", "side")
	f.commit("s1", "dir/b", "1\n2\n")
	f.commit("s2", "dir/b", "1\n3\n")
	f.git("checkout", "-q", "main")
	f.commit("m1", "a", "1\n2\n")
	f.git("merge", "-q", "--no-ff", "-m", "merge", "side")
	f.git("mv", "a", "c")
	head := f.commit("move")
	f.commit("empty")
	tip := f.rev("HEAD")
	r := f.open()
	cases := []struct {
		opt  LogOptions
		want string
	}{
		{LogOptions{From: tip}, "empty move merge s2 s1 m1 root"},
		{LogOptions{From: tip, FirstParent: true}, "empty move merge m1 root"},
		{LogOptions{From: tip, FirstParent: true, Max: 2}, "empty move"},
		{LogOptions{From: tip, FirstParent: true, Max: 2, OldestFirst: true}, "move empty"},
		{LogOptions{From: tip, Not: []OID{f.rev("side")}}, "empty move merge m1"},
		{LogOptions{From: tip, Not: []OID{tip}}, ""},
		{LogOptions{From: tip, Paths: []string{"dir"}}, "s2 s1"},
		{LogOptions{From: tip, Paths: []string{"dir/*"}}, ""},
		{LogOptions{From: tip, FirstParent: true, Paths: []string{"dir"}}, "merge"},
	}
	for _, c := range cases {
		got := collect(t, r, c.opt)
		n := must[int](t)(r.Count(t.Context(), c.opt))
		if subjects(got) != c.want || n != len(got) {
			t.Errorf("%+v: %q, count %d", c.opt, subjects(got), n)
		}
	}
	entries := collect(t, r, LogOptions{From: tip, FirstParent: true, Changes: ChangesNumstat, Renames: true})
	want := [][]string{nil, {`R "c" +0 -0 from "a"`}, {`A "dir/b" +2 -0`}, {`M "a" +1 -0`}, {`A "a" +1 -0`}}
	for i, entry := range entries {
		equal(t, brief(entry.Changes), want[i])
	}
	if raw := collect(t, r, LogOptions{From: root, Changes: ChangesRaw}); raw[0].Changes[0].Added != 0 || raw[0].Changes[0].After == "" {
		t.Errorf("raw: %+v", raw[0].Changes)
	}
	if full := must[Commit](t)(r.Commit(t.Context(), head)); !reflect.DeepEqual(full, entries[1].Commit) {
		t.Errorf("log %+v, commit %+v", entries[1].Commit, full)
	}
	if empty := collect(t, r, LogOptions{From: tip, Max: 1, Changes: ChangesNumstat}); len(empty[0].Changes) != 0 {
		t.Errorf("an empty commit has %v", empty[0].Changes)
	}
}

// history imports n commits that each change one file.
func history(f *fixture, n int) OID {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "commit refs/heads/main\ncommitter A <a@b> %d +0000\ndata <<END\ncommit %d\nEND\nM 644 inline f%d\ndata <<END\n%d\nEND\n\n", 1700000000+i, i, i%10, i)
	}
	f.gitIn(b.String(), "fast-import", "--quiet")
	return f.rev("main")
}

func TestLogStopsEarly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tip := history(f, 2000)
	r := f.open()
	for _, stop := range []int{1, 255, 256, 257, 600} {
		n := 0
		for _, err := range r.Log(t.Context(), LogOptions{From: tip, Changes: ChangesNumstat}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == stop {
				break
			}
		}
		if n != stop {
			t.Errorf("%d entries, want %d", n, stop)
		}
	}
	n := 0
	for entry, err := range r.Log(t.Context(), LogOptions{From: tip, OldestFirst: true, Changes: ChangesRaw}) {
		if err != nil || entry.Subject() != fmt.Sprint("commit ", n) || len(entry.Changes) != 1 {
			t.Fatalf("entry %d: %+v, %v", n, entry, err)
		}
		if n%500 == 0 { // the Repo can be used inside
			must[Commit](t)(r.Commit(t.Context(), entry.OID))
		}
		n++
	}
	if n != 2000 {
		t.Errorf("%d entries", n)
	}
}

func TestLogMissing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tip := f.commit("one", "f", "1\n")
	r := f.open()
	var gone *MissingError
	nowhere := OID(strings.Repeat("d", 40))
	for _, opt := range []LogOptions{{From: nowhere}, {From: tip, Not: []OID{nowhere}}} {
		calls := 0
		for _, err := range r.Log(t.Context(), opt) {
			if calls++; !errors.As(err, &gone) {
				t.Errorf("%+v: %v", opt, err)
			}
		}
		if _, err := r.Count(t.Context(), opt); calls != 1 || !errors.As(err, &gone) {
			t.Errorf("%+v: %d calls, Count %v", opt, calls, err)
		}
	}
}

func TestShallowClone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.commit("one", "f", "1\n", "g", "1\n")
	f.commit("two", "f", "2\n")
	tip := f.commit("three", "f", "3\n")
	f.git("checkout", "-q", "-b", "side", "HEAD~2")
	side := f.commit("side", "g", "2\n")
	f.git("clone", "-q", "--depth=2", "--branch=main", "file://"+f.dir, "../shallow")
	s := f.at(filepath.Join(filepath.Dir(f.dir), "shallow"))
	s.git("fetch", "-q", "--depth=1", "origin", "side:side")
	r := s.open()
	if !r.Shallow() {
		t.Fatal("not seen as shallow")
	}
	entries := collect(t, r, LogOptions{From: tip, Changes: ChangesNumstat})
	if len(entries) != 2 || entries[0].Cut || !entries[1].Cut || len(entries[1].Changes) != 0 || len(entries[0].Changes) != 1 {
		t.Errorf("entries %+v", entries)
	}
	var gone *MissingError
	if _, err := r.Resolve(t.Context(), "HEAD~2"); !errors.As(err, &gone) || !gone.Shallow {
		t.Errorf("beyond the end: %v", err)
	}
	if _, err := r.Merge(t.Context(), tip, side); !errors.Is(err, ErrUnrelated) || !strings.Contains(err.Error(), "--unshallow") {
		t.Errorf("merge across the end: %v", err)
	}
	if tree := must[[]Entry](t)(r.Tree(t.Context(), tip)); len(tree) != 2 {
		t.Errorf("tree %v", tree)
	}
}
