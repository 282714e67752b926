package git_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
)

func TestEachCommitAndLookupEach(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	g := gittest.New(t)
	g.Write("a.txt", "one\n")
	first := git.OID(g.Commit("first"))
	g.Remove("a.txt")
	g.Write("b.txt", "two\n")
	second := git.OID(g.Commit("second"))
	repo, err := git.Open(ctx, g.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	gone := git.OID(strings.Repeat("1", len(first)))
	var subjects []string
	err = repo.EachCommit(ctx, []git.OID{second, gone, first}, func(i int, c git.Commit, err error) error {
		var missing *git.MissingError
		if i == 1 && !errors.As(err, &missing) {
			t.Errorf("a missing commit: %v", err)
		}
		subjects = append(subjects, c.Subject())
		return nil
	})
	if got := strings.Join(subjects, ","); err != nil || got != "second,,first" {
		t.Errorf("read %q, %v", got, err)
	}
	found, err := repo.LookupEach(ctx, []git.OID{second, gone, first}, "a.txt")
	if err != nil || found[0] != "" || found[1] != "" || found[2] == "" {
		t.Errorf("found %q, %v", found, err)
	}
	if _, err := repo.LookupEach(ctx, []git.OID{"HEAD"}, "a.txt"); err == nil {
		t.Error("a name that is no object name was taken")
	}
}
