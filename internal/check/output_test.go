package check

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

// TestTranscript writes in pieces of any size and compares with the plain definition: first half, last half, and what is
// left out between them.
func TestTranscript(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		half := rapid.IntRange(1, 20).Draw(t, "half")
		pieces := rapid.SliceOf(rapid.SliceOfN(rapid.Byte(), 0, 50)).Draw(t, "pieces")
		log := newTranscript(half)
		var all []byte
		for _, piece := range pieces {
			all = append(all, piece...)
			if n, err := log.Write(piece); n != len(piece) || err != nil {
				t.Fatal(n, err)
			}
		}
		want := all
		if left := len(all) - 2*half; left > 0 {
			want = fmt.Appendf(bytes.Clone(all[:half]), "\n[adamant: %d bytes left out]\n", left)
			want = append(want, all[len(all)-half:]...)
		}
		if got := log.Bytes(); !bytes.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

func TestHugeOutput(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, r *Runner) {
		c := sh("echo begin; head -c 30000000 /dev/zero | tr '\\0' x; echo; echo end")
		e, _ := runOne(t, r, c, Job{Merged: tree{"a": "b"}})
		wantState(t, e, facts.Passed, "")
		log := logOf(t, r)
		if len(log) > 2*logHalf+100 || !strings.HasPrefix(log, "begin\n") || !strings.HasSuffix(log, "\nend\n") || !strings.Contains(log, "bytes left out") {
			t.Errorf("a log of %d bytes that begins %.20q and ends %.20q", len(log), log, log[len(log)-20:])
		}
	})
}

func TestHugeReport(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]manifest.Check{
		"stdout": {Command: []string{fmt.Sprintf("head -c %d /dev/zero", maxReport+1)}, Reports: []manifest.Report{{Format: "junit", Path: "stdout"}}},
		"file":   {Command: []string{fmt.Sprintf("truncate -s %d r.xml", maxReport+1)}, Reports: []manifest.Report{{Format: "junit", Path: "r.xml"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.Name = "test"
			e, _ := runOne(t, newRunner(t), c, Job{Merged: tree{"a": "b"}})
			wantState(t, e, facts.Errored, fmt.Sprintf("more than %d bytes", maxReport))
		})
	}
}

func TestOverlay(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	for name, test := range map[string]struct {
		files tree
		edits []Overlay
		want  map[string]string // path to content; a symlink to "-> target", an absent file to ""
		fails bool
	}{
		"replace":                {tree{"a": "new"}, []Overlay{restore("a", "old")}, map[string]string{"a": "old"}, false},
		"restore in a folder":    {tree{"a": "new"}, []Overlay{restore("x/y/z", "old")}, map[string]string{"x/y/z": "old"}, false},
		"delete":                 {tree{"a": "new"}, []Overlay{{Path: "a", Delete: true}}, map[string]string{"a": ""}, false},
		"file became a folder":   {tree{"a/b": "new"}, []Overlay{restore("a", "old"), {Path: "a/b", Delete: true}}, map[string]string{"a": "old"}, false},
		"folder became a file":   {tree{"a": "new"}, []Overlay{restore("a/b", "old"), {Path: "a", Delete: true}}, map[string]string{"a/b": "old"}, false},
		"file became a link":     {tree{"a": "-> " + outside + "/x"}, []Overlay{restore("a", "old")}, map[string]string{"a": "old"}, false},
		"folder became a link":   {tree{"a": "-> " + outside}, []Overlay{restore("a/b", "old")}, map[string]string{"a/b": "old"}, false},
		"a link is restored":     {tree{"a": "new"}, []Overlay{{Path: "a", Mode: git.ModeSymlink, Blob: hash("target")}}, map[string]string{"a": "-> target"}, false},
		"out of the checkout":    {tree{"a": "new"}, []Overlay{restore("../escaped", "old")}, nil, true},
		"submodule":              {tree{"a": "new"}, []Overlay{{Path: "s", Mode: git.ModeGitlink, Blob: "0"}}, nil, true},
		"delete what is not":     {tree{"a": "new"}, []Overlay{{Path: "nowhere/b", Delete: true}}, map[string]string{"a": "new"}, false},
		"an executable restored": {tree{"a": "new"}, []Overlay{{Path: "x", Mode: git.ModeExec, Blob: hash("old")}}, map[string]string{"x": "old"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := test.files.Checkout(t.Context(), dir); err != nil {
				t.Fatal(err)
			}
			err := overlay(dir, test.edits, map[string][]byte{string(hash("old")): []byte("old"), string(hash("target")): []byte("target")})
			if (err != nil) != test.fails {
				t.Fatalf("error %v", err)
			}
			for path, want := range test.want {
				if got := look(filepath.Join(dir, path)); got != want {
					t.Errorf("%s is %q, want %q", path, got, want)
				}
			}
		})
	}
	t.Cleanup(func() {
		if left, err := os.ReadDir(outside); err != nil || len(left) > 0 {
			t.Errorf("%v was written outside (%v)", left, err)
		}
	})
}

func look(path string) string {
	if target, err := os.Readlink(path); err == nil {
		return "-> " + target
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return string(text)
}

// TestSweep: the folder of a crashed run goes, that of a living one stays, and so does what is not ours.
func TestSweep(t *testing.T) {
	t.Parallel()
	scratch, now := t.TempDir(), time.Now()
	living, err := openRun(scratch, now)
	if err != nil {
		t.Fatal(err)
	}
	defer living.close()
	if err := os.Chtimes(living.path, now.Add(-time.Hour), now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	leave := func(name string, locked bool, age time.Duration) string {
		path := filepath.Join(scratch, name)
		if err := os.MkdirAll(filepath.Join(path, "box", "readonly"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(path, "box", "readonly", "f"), nil, 0o400); err != nil {
			t.Fatal(err)
		}
		if locked {
			if err := os.WriteFile(filepath.Join(path, "lock"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chmod(filepath.Join(path, "box", "readonly"), 0o500); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	crashed := leave(runPrefix+"crashed", true, time.Hour)
	earlier := leave(runPrefix+"crashed-early", false, time.Hour)
	starting := leave(runPrefix+"starting", false, 0)
	foreign := leave("somebody-elses", true, time.Hour)
	next, err := openRun(scratch, now)
	if err != nil {
		t.Fatal(err)
	}
	defer next.close()
	for path, want := range map[string]bool{crashed: false, earlier: false, starting: true, foreign: true, living.path: true, next.path: true} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s: there %t, want %t", filepath.Base(path), err == nil, want)
		}
	}
	if info, err := os.Stat(next.path); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the run's folder has mode %v (%v)", info.Mode(), err)
	}
}

func TestAffected(t *testing.T) {
	t.Parallel()
	c := sh("true")
	c.Select, c.Inputs, c.Setup = "affected", []string{"web/**"}, []string{"true"}
	for name, test := range map[string]struct {
		changed facts.File
		state   string
	}{
		"an input":              {facts.File{Path: "web/a.js"}, facts.Passed},
		"an input moved away":   {facts.File{Path: "doc/a.js", OldPath: "web/a.js"}, facts.Passed},
		"an input of its setup": {facts.File{Path: "package-lock.json"}, facts.Passed},
		"none":                  {facts.File{Path: "doc/a.md"}, facts.NotAffected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, _ := runOne(t, newRunner(t), c, Job{Merged: tree{"web/a.js": "a"}, Changed: []facts.File{test.changed}})
			if e.State != test.state {
				t.Errorf("%s (%s), want %s", e.State, e.Reason, test.state)
			}
		})
	}
	t.Run("all", func(t *testing.T) {
		t.Parallel()
		c := c
		c.Select = ""
		e, _ := runOne(t, newRunner(t), c, Job{Merged: tree{"web/a.js": "a"}, Changed: []facts.File{{Path: "doc/a.md"}}})
		wantState(t, e, facts.Passed, "")
	})
}

// TestManyChecks: answers come in the order asked, whatever order they end in, and progress one call at a time.
func TestManyChecks(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	r.Jobs = 4
	done := 0
	r.Progress = func(e Event) {
		if e.Step == "done" {
			done++ // the race detector would say
		}
	}
	var checks []manifest.Check
	for i := range 8 {
		c := sh(fmt.Sprintf("sleep 0.%d; test %d -lt 4", 8-i, i))
		c.Name = fmt.Sprintf("check-%d", i)
		checks = append(checks, c)
	}
	evidence, _, err := r.Run(t.Context(), checks, Job{Merged: tree{"a": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range evidence {
		want := facts.Passed
		if i >= 4 {
			want = facts.Failed
		}
		if e.Check != checks[i].Name || e.State != want {
			t.Errorf("place %d: %s %s", i, e.Check, e.State)
		}
	}
	if done != len(checks) {
		t.Errorf("told of %d ends", done)
	}
}
