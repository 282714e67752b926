package check

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// counting counts how often a runner really runs something.
func counting(r *Runner) *atomic.Int32 {
	var runs atomic.Int32
	r.Progress = func(e Event) {
		if e.Step == "run" {
			runs.Add(1)
		}
	}
	return &runs
}

// entries are the files of a cache.
func entries(t *testing.T, c *Cache) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(c.dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// TestCacheKey changes one thing at a time and looks whether the check runs again.
func TestCacheKey(t *testing.T) {
	t.Setenv("ADAMANT_TEST_VALUE", "one")
	files := tree{"a.go": "a", "b.txt": "b"}
	check := manifest.Check{Name: "test", Kind: "custom", Command: []string{"true"}, PassEnv: []string{"ADAMANT_TEST_VALUE"}}
	for name, test := range map[string]struct {
		change func(c *manifest.Check, j *Job, r *Runner)
		again  bool
	}{
		"nothing":     {func(*manifest.Check, *Job, *Runner) {}, false},
		"a file":      {func(_ *manifest.Check, j *Job, _ *Runner) { j.Merged = tree{"a.go": "A", "b.txt": "b"} }, true},
		"the command": {func(c *manifest.Check, _ *Job, _ *Runner) { c.Command = []string{":"} }, true},
		"the timeout": {func(c *manifest.Check, _ *Job, _ *Runner) { c.Timeout = "1m" }, true},
		"a variable":  {func(c *manifest.Check, _ *Job, _ *Runner) { c.Env = map[string]string{"A": "b"} }, true},
		"a passed variable": {func(_ *manifest.Check, _ *Job, r *Runner) {
			r.Getenv = func(string) string { return "two" }
		}, true},
		"the engine":    {func(_ *manifest.Check, _ *Job, r *Runner) { r.Engine = "next" }, true},
		"the isolation": {func(_ *manifest.Check, _ *Job, r *Runner) { r.Self = "" }, true},
		"base":          {func(_ *manifest.Check, j *Job, _ *Runner) { j.Base = tree{"x": "y"} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunner(t)
			runs := counting(r)
			runOne(t, r, check, Job{Merged: files})
			c, j := check, Job{Merged: files}
			test.change(&c, &j, r)
			e, _ := runOne(t, r, c, j)
			want, source := int32(1), facts.SourceCache
			if test.again {
				want, source = 2, facts.SourceLocal
			}
			if r.Self == "" && runs.Load() == 1 && name == "the isolation" && !isolated(t) {
				return // there is no isolation to be had here, so nothing changed
			}
			if runs.Load() != want || e.Source != source || e.Digest == "" {
				t.Errorf("%d runs, source %s, digest %q; want %d and %s", runs.Load(), e.Source, e.Digest, want, source)
			}
		})
	}
}

// TestCachedPassNeedsNothing: what passed without network is answered without a folder and without finding out what the
// system isolates. Whether a failure stands is asked of the system.
func TestCachedPassNeedsNothing(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]bool{"true": true, "false": false} {
		r := newRunner(t)
		job := Job{Merged: tree{"a": "b"}}
		first, _ := runOne(t, r, sh(command), job)
		if first.Network != networkNone {
			continue // nothing is isolated here
		}
		r.Scratch = filepath.Join(t.TempDir(), "file", "scratch")
		if err := os.WriteFile(filepath.Dir(r.Scratch), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		evidence, _, err := r.Run(t.Context(), []manifest.Check{sh(command)}, job)
		if got := err == nil && evidence[0].Source == facts.SourceCache; got != want {
			t.Errorf("%s: %+v, %v; want an answer without a scratch folder: %v", command, evidence, err, want)
		}
	}
}

// isolated tells whether the system has more to give than process groups.
func isolated(t *testing.T) bool {
	s, err := sandbox.New(t.Context(), sandbox.Options{Self: newRunner(t).Self, Weaker: true})
	return err == nil && s.Report() != sandbox.Report{Cgroup: "none"}
}

func TestCacheByInputs(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	runs := counting(r)
	c := sh("true")
	c.Inputs = []string{"*.go"}
	runOne(t, r, c, Job{Merged: tree{"a.go": "a", "b.txt": "b"}})
	runOne(t, r, c, Job{Merged: tree{"a.go": "a", "b.txt": "other"}})
	if runs.Load() != 1 {
		t.Errorf("%d runs although no input changed", runs.Load())
	}
	runOne(t, r, c, Job{Merged: tree{"a.go": "A", "b.txt": "other"}})
	runOne(t, r, c, Job{Merged: tree{"c.go": "A", "b.txt": "other"}})
	if runs.Load() != 3 {
		t.Errorf("%d runs, want one for each set of inputs", runs.Load())
	}
}

// TestWhatIsCached: passes and failures are; errors, absences and timeouts are tried again.
func TestWhatIsCached(t *testing.T) {
	t.Parallel()
	for command, cached := range map[string]bool{"true": true, "false": true, "no-such-tool-of-ours": false, "kill -9 $$": false, "sleep 60": false} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			r := newRunner(t)
			c := sh(command)
			if command == "sleep 60" {
				c.Timeout = "50ms"
			}
			first, _ := runOne(t, r, c, Job{Merged: tree{"a": "b"}})
			second, _ := runOne(t, r, c, Job{Merged: tree{"a": "b"}})
			if (second.Source == facts.SourceCache) != cached {
				t.Errorf("%s came from %s the second time", first.State, second.Source)
			}
			if second.State != first.State || second.Reason != first.Reason {
				t.Errorf("first %s (%s), then %s (%s)", first.State, first.Reason, second.State, second.Reason)
			}
		})
	}
}

// TestCacheIsNotBelieved damages an entry in every way and wants it gone and the check run again.
func TestCacheIsNotBelieved(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(t *testing.T, r *Runner, path string, data []byte) []byte{
		"one bit": func(_ *testing.T, _ *Runner, _ string, d []byte) []byte { d[len(d)-3] ^= 1; return d },
		"cut off": func(_ *testing.T, _ *Runner, _ string, d []byte) []byte { return d[:len(d)/2] },
		"empty":   func(*testing.T, *Runner, string, []byte) []byte { return nil },
		"no HMAC": func(_ *testing.T, _ *Runner, _ string, d []byte) []byte { return d[bytes.IndexByte(d, '\n')+1:] },
		"turned to pass": func(_ *testing.T, _ *Runner, _ string, d []byte) []byte {
			return bytes.Replace(d, []byte("failed"), []byte("passed"), 1)
		},
		"huge": func(*testing.T, *Runner, string, []byte) []byte { return make([]byte, maxEntry+2) },
		"another key's entry": func(t *testing.T, r *Runner, path string, _ []byte) []byte {
			runOne(t, r, sh("true"), Job{Merged: tree{"a": "b"}})
			for _, other := range entries(t, r.Cache) {
				if other != path {
					data, err := os.ReadFile(other)
					if err != nil {
						t.Fatal(err)
					}
					return data
				}
			}
			t.Fatal("there is no other entry")
			return nil
		},
		"another machine's": func(t *testing.T, _ *Runner, path string, d []byte) []byte {
			other, err := OpenCache(t.TempDir(), t.TempDir(), 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			return other.seal(filepath.Base(path), d[bytes.IndexByte(d, '\n')+1:])
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRunner(t)
			job := Job{Merged: tree{"a": "b"}}
			runOne(t, r, sh("false"), job)
			path := entries(t, r.Cache)[0]
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damage(t, r, path, data), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, ok := r.Cache.get(filepath.Base(path), time.Now()); ok {
				t.Error("a damaged entry is believed")
			}
			if _, err := os.Stat(path); err == nil {
				t.Error("a damaged entry stays")
			}
			e, _ := runOne(t, r, sh("false"), job)
			if e.State != facts.Failed || e.Source != facts.SourceLocal {
				t.Errorf("%s from %s", e.State, e.Source)
			}
		})
	}
}

func TestCacheEvictsTheOldest(t *testing.T) {
	t.Parallel()
	c, err := OpenCache(t.TempDir(), t.TempDir(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 10 {
		key := strings.Repeat(strconv.Itoa(i), 64)
		if err := c.put(key, bytes.Repeat([]byte("x"), 150)); err != nil {
			t.Fatal(err)
		}
		at := begin.Add(time.Duration(i) * time.Second)
		if _, ok := c.get(key, at); !ok {
			t.Fatalf("entry %d is gone at once", i)
		}
		if i > 0 { // the first one is used all the time
			if _, ok := c.get(strings.Repeat("0", 64), at); !ok {
				t.Fatalf("the entry in use is evicted after %d", i)
			}
		}
	}
	if left := entries(t, c); len(left) != 4 {
		t.Errorf("%d entries are left, want the 4 that fit", len(left))
	}
	if _, ok := c.get(strings.Repeat("1", 64), begin); ok {
		t.Error("the oldest entry is still there")
	}
}

func TestCacheKeyFile(t *testing.T) {
	t.Parallel()
	state := t.TempDir()
	first, err := OpenCache(t.TempDir(), state, 1)
	if err != nil {
		t.Fatal(err)
	}
	second, err := OpenCache(t.TempDir(), state, 1)
	if err != nil || !bytes.Equal(first.secret, second.secret) {
		t.Errorf("the second opening has another key (%v)", err)
	}
	key := filepath.Join(state, "check-cache.key")
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file %v %v", info.Mode(), err)
	}
	if err := os.Chmod(key, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCache(t.TempDir(), state, 1); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read gives %v", err)
	}
	if err := os.WriteFile(key, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(key, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCache(t.TempDir(), state, 1); err == nil || !strings.Contains(err.Error(), "not a key") {
		t.Errorf("a short key gives %v", err)
	}
}

// TestCacheThatCannotBeWritten: the result stands and the operator is told. The folder is a file, since root may write
// where nobody else may.
func TestCacheThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	r := newRunner(t)
	r.Cache.dir = filepath.Join(t.TempDir(), "file")
	r.State = r.Cache.dir
	if err := os.WriteFile(r.Cache.dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var told []string
	r.Progress = func(e Event) {
		if e.Step == "uncached" || e.Step == "unlogged" {
			told = append(told, e.Step)
		}
	}
	e, _ := runOne(t, r, sh("true"), Job{Merged: tree{"a": "b"}})
	wantState(t, e, facts.Passed, "")
	if strings.Join(told, " ") != "uncached unlogged" {
		t.Errorf("told %q", told)
	}
}
