package git_test

import (
	"errors"
	"testing"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
)

func TestBlame(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("a b.txt", "one\ntwo, a longer line so that the rename is found\nthree, another long one\n")
	first := r.Commit("first")
	r.Git("mv", "a b.txt", "c.txt")
	r.Write(".gitattributes", "*.txt textconv=evil diff=evil\n")
	r.Git("config", "diff.evil.textconv", "false")
	r.Commit("moved")
	r.Write("c.txt", "zero\none\ntwo, a longer line so that the rename is found\nthree, another long one\n")
	last := r.Commit("last")
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	at := git.OID(last)
	for line, want := range map[int]git.Blame{
		1: {Commit: at, Path: "c.txt", Line: 1, Text: "zero"},
		2: {Commit: git.OID(first), Path: "a b.txt", Line: 1, Text: "one"},
		3: {Commit: git.OID(first), Path: "a b.txt", Line: 2, Text: "two, a longer line so that the rename is found"},
	} {
		if got, err := repo.Blame(t.Context(), at, "c.txt", line); err != nil || got != want {
			t.Errorf("line %d: got %+v, %v", line, got, err)
		}
	}
	for _, bad := range []struct {
		path string
		line int
	}{{"c.txt", 0}, {"c.txt", 5}, {"none.txt", 1}, {"", 1}, {"-h", 1}} {
		_, err := repo.Blame(t.Context(), at, bad.path, bad.line)
		if none := (*git.LineError)(nil); !errors.As(err, &none) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := repo.Blame(t.Context(), git.OID("-h"), "c.txt", 1); err == nil {
		t.Error("a name that is none was taken")
	}
}
