package git_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
)

// TestNamesChecked reads an object that was replaced on the disk: git believes it, and a checked repository does not.
func TestNamesChecked(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("a", "one\n")
	r.Write("b", "two\n")
	r.Commit("start")
	a, b := r.Git("rev-parse", "HEAD:a"), r.Git("rev-parse", "HEAD:b")
	file := func(id string) string { return filepath.Join(r.Dir, ".git", "objects", id[:2], id[2:]) }
	data, err := os.ReadFile(file(b))
	if err == nil {
		err = errors.Join(os.Remove(file(a)), os.WriteFile(file(a), data, 0o444))
	}
	if err != nil {
		t.Fatal(err)
	}
	read := func(options ...git.Option) error {
		repo, err := git.Open(t.Context(), r.Dir, options...)
		if err != nil {
			t.Fatal(err)
		}
		defer repo.Close()
		if got := repo.BlobName([]byte("one\n")); string(got) != a {
			t.Errorf("the blob is called %s, git calls it %s", got, a)
		}
		_, err = repo.Blob(t.Context(), git.OID(a), 100)
		return err
	}
	if err := read(); err != nil {
		t.Errorf("unchecked: %v", err)
	}
	var corrupt *git.CorruptError
	if err := read(git.WithNamesChecked()); !errors.As(err, &corrupt) || corrupt.OID != git.OID(a) {
		t.Errorf("checked: %v", err)
	}
}
