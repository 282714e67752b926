package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/leaktest"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Init() // this binary is also the first process of the sandboxes that builds run in
	if name := os.Getenv(probeVariable); name != "" {
		probe(name) // and what some of them run
	}
	if os.Getenv(keyringVariable) == "new" {
		fmt.Fprintln(os.Stderr, joinKeyring()) // it only returns when it fails
		os.Exit(1)
	}
	leaktest.Main(m)
}

// shared is a folder of builders for all tests, which stays: its caches take a minute to fill, and are by digest of what is in them.
var shared = sync.OnceValues(func() (string, error) {
	dir := os.Getenv("ADAMANT_TEST_BUILDS")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(cache, "adamant-test", "builds")
	}
	return dir, os.MkdirAll(dir, 0o700)
})

// whole is a sandbox with everything.
func whole(t testing.TB) *sandbox.Sandbox {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("ADAMANT_TEST_ISOLATION") == "none" {
		t.Skip("LEFT OUT: ADAMANT_TEST_ISOLATION=none says that this system allows no sandbox")
	}
	s, err := sandbox.New(t.Context(), sandbox.Options{Self: self})
	if err != nil {
		t.Fatalf("%v; set ADAMANT_TEST_ISOLATION=none to leave these tests out", err)
	}
	return s
}

// project is a repository with one commit, and a builder for it.
type project struct {
	*Builder
	commit git.OID
	repo   *git.Repo
}

// newProject commits files and makes a builder whose sandbox is box; nil: the real one.
func newProject(t testing.TB, files map[string]string, box Sandbox) *project {
	t.Helper()
	r := gittest.New(t)
	for path, text := range files {
		if target, ok := strings.CutPrefix(text, "-> "); !ok {
			r.Write(path, text)
		} else if err := os.Symlink(target, filepath.Join(r.Dir, path)); err != nil {
			t.Fatal(err)
		}
	}
	p := &project{commit: git.OID(r.Commit("one"))}
	var err error
	if p.repo, err = git.Open(context.WithoutCancel(t.Context()), r.Dir); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.repo.Close() })
	if box == nil {
		box = whole(t)
	}
	dir, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	if p.Builder, err = New(Options{Source: p.repo, Dir: dir, Sandbox: box, Path: os.Getenv("PATH"), Now: time.Now}); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *project) job(target manifest.Build) Job {
	return Job{Repository: "sample", Commit: p.commit, Ref: "refs/heads/main", Target: target, Invocation: "test"}
}

// build builds and returns the record with the folder of artifacts.
func (p *project) mustBuild(t testing.TB, target manifest.Build) (*Record, string) {
	t.Helper()
	dir := t.TempDir()
	record, err := p.Build(t.Context(), p.job(target), dir)
	if err != nil {
		var failed *FailedError
		if errors.As(err, &failed) {
			t.Fatalf("%v\n%s", err, failed.Log)
		}
		t.Fatal(err)
	}
	return record, dir
}

func custom(script string) manifest.Build {
	return manifest.Build{Name: "sample", Kind: "custom", Command: []string{script}}
}

func read(t testing.TB, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// probeVariable names the attack that this program plays, inside of a build.
const probeVariable = "ADAMANT_TEST_PROBE"

// keyringVariable is "new" where this program must first give itself a session keyring, and "joined" once it has one.
const keyringVariable = "ADAMANT_TEST_KEYRING"
