package check

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/exectest"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/leaktest"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Init() // this binary is also the first process of the sandboxes that tests open
	leaktest.Main(m)
}

// tree is a git tree in memory. A value that starts with "-> " is a symlink.
type tree map[string]string

func hash(content string) git.OID {
	sum := sha1.Sum([]byte(content))
	return git.OID(hex.EncodeToString(sum[:]))
}

func (t tree) ID() string {
	var all strings.Builder
	for _, path := range slices.Sorted(maps.Keys(t)) {
		fmt.Fprintf(&all, "%q %q\n", path, t[path])
	}
	return string(hash(all.String()))
}

func (t tree) Files(context.Context) ([]git.Entry, error) {
	var entries []git.Entry
	for _, path := range slices.Sorted(maps.Keys(t)) {
		entries = append(entries, git.Entry{Path: path, Mode: git.ModeFile, OID: hash(t[path])})
	}
	return entries, nil
}

func (t tree) Blob(_ context.Context, oid git.OID) ([]byte, error) {
	for _, content := range t {
		if hash(content) == oid {
			return []byte(content), nil
		}
	}
	return nil, fmt.Errorf("no blob %s", oid)
}

func (t tree) Checkout(_ context.Context, dir string) error {
	for path, content := range t {
		file := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if target, ok := strings.CutPrefix(content, "-> "); ok {
			if err := os.Symlink(target, file); err != nil {
				return err
			}
			continue
		}
		mode := os.FileMode(0o644)
		if strings.HasPrefix(content, "#!") {
			mode = 0o755
		}
		if err := exectest.WriteFile(file, []byte(content), mode); err != nil {
			return err
		}
	}
	return nil
}

// newRunner is a runner with folders of its own, isolated as far as this system allows.
func newRunner(t *testing.T) *Runner {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cache, err := OpenCache(filepath.Join(dir, "cache"), filepath.Join(dir, "secret"), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return &Runner{
		Scratch: filepath.Join(dir, "scratch"), State: filepath.Join(dir, "state"), Cache: cache, Path: os.Getenv("PATH"), Home: os.Getenv("HOME"),
		Getenv: os.Getenv, Self: self, Engine: "test", Jobs: 2, Now: time.Now,
	}
}

// unguarded is the same runner where the system has no isolation to give.
func unguarded(t *testing.T) *Runner {
	r := newRunner(t)
	r.Self = ""
	return r
}

// both runs a test with and without isolation.
func both(t *testing.T, test func(t *testing.T, r *Runner)) {
	t.Helper()
	t.Run("isolated", func(t *testing.T) { t.Parallel(); test(t, newRunner(t)) })
	t.Run("open", func(t *testing.T) { t.Parallel(); test(t, unguarded(t)) })
}

func sh(script string) manifest.Check {
	return manifest.Check{Name: "test", Kind: "custom", Command: []string{script}}
}

// runOne runs one check and returns its evidence and findings.
func runOne(t *testing.T, r *Runner, c manifest.Check, job Job) (facts.Evidence, []finding.Finding) {
	t.Helper()
	evidence, findings, err := r.Run(t.Context(), []manifest.Check{c}, job)
	if err != nil {
		t.Fatal(err)
	}
	return evidence[0], findings
}

func wantState(t *testing.T, e facts.Evidence, state, reason string) {
	t.Helper()
	if e.State != state || !strings.Contains(e.Reason, reason) {
		t.Errorf("state %s (%s), want %s (%s)", e.State, e.Reason, state, reason)
	}
}

// logOf is what the check named test printed.
func logOf(t *testing.T, r *Runner) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(r.State, "logs", "test.log"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
