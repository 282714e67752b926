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
	for _, p := range r.Warnings {
		if p.Code != verify.LogLags { // the daemon writes to its ledger until it ends
			t.Errorf("%+v", p)
		}
	}
	if r.Commits != 6 || r.Landings < 5 || r.Bundles != 12 || r.Log == 0 || r.Root == "" {
		t.Errorf("%+v", r)
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
