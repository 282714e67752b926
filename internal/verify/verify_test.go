package verify_test

import (
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/verify"
)

// TestHistoryHolds finds nothing against what a real daemon did.
func TestHistoryHolds(t *testing.T) {
	t.Parallel()
	f := history(t)
	r := run(t, f.house.git(), verify.Options{})
	for _, p := range r.Failures {
		t.Errorf("%+v", p)
	}
	if r.Commits != 5 || r.Landings < 4 {
		t.Errorf("%d commits in %d landings", r.Commits, r.Landings)
	}
}

// run verifies a repository.
func run(t testing.TB, dir string, opt verify.Options) *verify.Report {
	t.Helper()
	repo, err := git.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	opt.Now = time.Now()
	r, err := verify.Run(t.Context(), repo, opt)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
