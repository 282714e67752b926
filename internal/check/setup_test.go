package check

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
)

// setups counts how often a setup really runs.
func setups(r *Runner) *atomic.Int32 {
	var n atomic.Int32
	r.Progress = func(e Event) {
		if e.Step == "setup" {
			n.Add(1)
		}
	}
	return &n
}

func withSetup(command string, setup ...string) manifest.Check {
	c := sh(command)
	c.Setup, c.SetupInputs = setup, []string{"lock"}
	return c
}

func TestSetupIsShared(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, r *Runner) {
		n := setups(r)
		r.Cache = nil
		c := withSetup(`test "$(cat deps/got)" = "lock1 base" && test "$(cat "$HOME/.tool")" = home && test -x deps/bin && test -L deps/link && ! test -e deps/code && echo spoilt >deps/got`,
			`mkdir deps && echo "$(cat lock) $(cat code)" >deps/got && printf '#!/bin/sh\n' >deps/bin && chmod +x deps/bin && ln -s got deps/link`,
			`echo home >"$HOME/.tool"; mkdir -p "$HOME/ro/sub"; echo x >"$HOME/ro/sub/f"; chmod -R a-w "$HOME/ro"`)
		base := tree{"lock": "lock1", "code": "base", "dir/keep": "x"}
		changed := tree{"lock": "lock1", "code": "changed", "dir/keep": "x"}
		for i, merged := range []tree{base, changed, changed} {
			e, _ := runOne(t, r, c, Job{Merged: merged, Base: base})
			if e.State != facts.Passed {
				t.Fatalf("run %d: %s %s\n%s", i, e.State, e.Reason, logOf(t, r))
			}
		}
		if n.Load() != 1 {
			t.Errorf("setup ran %d times", n.Load())
		}
	})
}

// TestSetupOfAChangeIsItsOwn: a change that touches setup's inputs gets a setup made from its own tree, and what it makes
// is used for no other tree.
func TestSetupOfAChangeIsItsOwn(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	r.Cache = nil
	n := setups(r)
	c := withSetup("cat made", `echo "made by $(cat code)" >made`)
	base := tree{"lock": "1", "code": "base"}
	for _, test := range []struct {
		merged tree
		want   string
		runs   int32
	}{
		{tree{"lock": "2", "code": "evil"}, "made by evil", 1},
		{tree{"lock": "2", "code": "good"}, "made by good", 2},
		{tree{"lock": "2", "code": "evil"}, "made by evil", 2},
		{tree{"lock": "1", "code": "evil"}, "made by base", 3},
	} {
		e, _ := runOne(t, r, c, Job{Merged: test.merged, Base: base})
		if e.State != facts.Passed || !strings.Contains(logOf(t, r), test.want) || n.Load() != test.runs {
			t.Errorf("%v: %s, %d setups, want %q and %d\n%s", test.merged, e.State, n.Load(), test.want, test.runs, logOf(t, r))
		}
	}
}

func TestSetupThatFails(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		setup         string
		merged        tree
		state, reason string
	}{
		"fails":         {setup: "echo oh; exit 4", state: facts.Errored, reason: `setup: "echo oh; exit 4" failed (exit status 4): oh`},
		"not installed": {setup: "pnpm-of-ours install", state: facts.Unavailable, reason: "is not installed"},
		"a hint":        {setup: "PATH=/nowhere; pnpm install", state: facts.Unavailable, reason: "corepack"},
		"a file stands where setup made a folder": {
			setup: "mkdir deps && echo x >deps/x", merged: tree{"lock": "1", "deps": "file"}, state: facts.Errored, reason: "does not fit into the merged tree",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRunner(t)
			base := tree{"lock": "1"}
			if test.merged == nil {
				test.merged = base
			}
			e, _ := runOne(t, r, withSetup("true", test.setup), Job{Merged: test.merged, Base: base})
			wantState(t, e, test.state, test.reason)
			if left, err := filepath.Glob(filepath.Join(r.State, "setup", "*")); err != nil || len(left) > 1 || len(left) == 1 && test.merged.ID() == base.ID() {
				t.Errorf("a failed setup left %v", left)
			}
		})
	}
}

// TestSetupDoesNotFollowLinks: the merged tree turns the folder that setup's result belongs in into a link out of the
// checkout; nothing may be written through it.
func TestSetupDoesNotFollowLinks(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	outside := t.TempDir()
	c := withSetup("true", "mkdir deps && echo x >deps/x")
	e, _ := runOne(t, r, c, Job{Merged: tree{"lock": "1", "deps": "-> " + outside}, Base: tree{"lock": "1"}})
	wantState(t, e, facts.Errored, "does not fit into the merged tree")
	if left, err := os.ReadDir(outside); err != nil || len(left) > 0 {
		t.Errorf("setup wrote %v outside (%v)", left, err)
	}
}

func TestPruneSetups(t *testing.T) {
	t.Parallel()
	folder, now := t.TempDir(), time.Now()
	for i := range keepSetups + 4 {
		path := filepath.Join(folder, string(rune('a'+i)))
		if err := os.Mkdir(path, 0o700); err != nil {
			t.Fatal(err)
		}
		used := now.Add(-time.Duration(i) * setupInUseFor / 10)
		if i >= keepSetups+2 { // two that nobody used for long
			used = now.Add(-2 * setupInUseFor)
		}
		if err := os.Chtimes(path, used, used); err != nil {
			t.Fatal(err)
		}
	}
	if err := pruneSetups(folder, now); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(folder)
	if err != nil || len(left) != keepSetups+2 {
		t.Errorf("%d results are left, want the newest %d and two in use (%v)", len(left), keepSetups, err)
	}
}
