package verify_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
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
	if r.Commits != 6 || r.Landings < 5 || r.Bundles != 9 || r.Log == 0 || r.Root == "" {
		t.Errorf("%+v", r)
	}
}

// TestClone verifies what a clone has synced, from where the operator likes to begin, and again with what it saw.
func TestClone(t *testing.T) {
	t.Parallel()
	f := history(t)
	dir := t.TempDir()
	if _, err := runGit(f.dir, "clone", "-q", f.house.clone(), dir); err != nil {
		t.Fatal(err)
	}
	repo, err := git.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	if r := run(t, dir, verify.Options{}); len(r.Failures) != 1 || r.Failures[0].Code != verify.LedgerMissing {
		t.Errorf("before anything was synced: %v", r.Failures)
	}
	for _, name := range []string{"adamant", "mirror"} {
		if _, err := kernel.SyncFrom(t.Context(), repo, name, f.house.git()); err != nil {
			t.Fatal(err)
		}
		first := run(t, dir, verify.Options{Remote: name})
		if !first.Holds() || first.Commits != 6 || first.Remote != name {
			t.Errorf("%s: %+v", name, first)
		}
		if again := run(t, dir, verify.Options{Remote: name, Memory: first.Memory}); !again.Holds() {
			t.Errorf("%s again: %v", name, again.Failures)
		}
		from, err := repo.Resolve(t.Context(), kernel.RemoteMain(name)+"~2")
		if err != nil {
			t.Fatal(err)
		}
		if late := run(t, dir, verify.Options{Remote: name, From: from}); !late.Holds() || late.Commits != 2 || late.Bundles != 5 {
			t.Errorf("%s from %s: %+v", name, from, late)
		}
	}
	choice := (*verify.ChoiceError)(nil)
	if _, err := verify.Run(t.Context(), repo, verify.Options{}); !errors.As(err, &choice) || len(choice.Remotes) != 2 {
		t.Errorf("with two remotes: %v", err)
	}
}

// TestMemory keeps what was seen in a file.
func TestMemory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "adamant", "seen.json")
	if m, err := verify.ReadMemory(file); err != nil || len(m.Views) != 0 {
		t.Errorf("nothing was kept: %v, %v", m, err)
	}
	was := verify.Memory{Views: map[string]verify.Sight{"": {Main: "abc", Root: "def", RootVersion: 2, Log: &verify.LogMark{Origin: "o", Size: 3, Root: "00"}}}}
	if err := verify.WriteMemory(file, was); err != nil {
		t.Fatal(err)
	}
	is, err := verify.ReadMemory(file)
	if err != nil || is.Views[""].Main != "abc" || is.Views[""].RootVersion != 2 || is.Views[""].Log.Size != 3 {
		t.Errorf("%+v, %v", is, err)
	}
	for _, text := range []string{"", "{", `{"v":2}`} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := verify.ReadMemory(file); err == nil || !strings.Contains(err.Error(), "remove "+file) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestMainSeen: what was on main once stays on it.
func TestMainSeen(t *testing.T) {
	t.Parallel()
	f := history(t)
	seen := verify.Sight{Main: git.OID(strings.Repeat("ab", 20))}
	r := run(t, f.house.git(), verify.Options{Memory: verify.Memory{Views: map[string]verify.Sight{"": seen}}})
	if len(r.Failures) != 1 || r.Failures[0].Code != verify.MainRewritten {
		t.Errorf("%v", r.Failures)
	}
}

// TestAllHolds verifies the summaries, too.
func TestAllHolds(t *testing.T) {
	t.Parallel()
	r := run(t, history(t).house.git(), verify.Options{All: true})
	if !r.Holds() || r.Bundles != 15 {
		t.Errorf("%d bundles, %v", r.Bundles, r.Failures)
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
