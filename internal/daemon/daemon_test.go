package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/document/kustomize"
	"github.com/adamant-os/adamant/internal/door"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/leaktest"
	"github.com/adamant-os/adamant/internal/operator/desk"
	"github.com/adamant-os/adamant/internal/sandbox"
	"github.com/adamant-os/adamant/internal/task"
)

func TestMain(m *testing.M) {
	sandbox.Init()
	kustomize.Init()
	if text := os.Getenv(asDaemon); text != "" {
		os.Exit(daemonProcess(text))
	}
	if len(os.Args) == 3 && os.Args[1] == "hook" {
		err := door.RunHook(context.Background(), os.Args[2], door.HookEnv{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv})
		if err != nil {
			if !errors.Is(err, door.ErrRefused) {
				fmt.Fprintln(os.Stderr, "adamant:", err)
			}
			os.Exit(1)
		}
		os.Exit(0)
	}
	leaktest.Main(m)
}

// house is a clone, its kernel and a daemon on it.
type house struct {
	t      *testing.T
	clone  *gittest.Repo
	dir    string // kernel
	state  string
	at     Addresses
	client *desk.Client
	stop   func()
	now    func() time.Time
	log    *slog.Logger

	workforce func(context.Context) (task.Workforce, error)
	kernel    *kernel.Kernel // while it is up
}

const config = `apiVersion: adamant.dev/v1
kind: Repository
metadata: {name: sample}
spec:
  phase: 3
  checks:
    - {name: test, kind: unit, command: ["test ! -e broken"]}
`

// newHouse starts a daemon on a small repository, after prepare had its way with it.
func newHouse(t *testing.T, prepare ...func(*house)) *house {
	t.Helper()
	clone := gittest.New(t)
	clone.Write(".adamant/adamant.yaml", config)
	clone.Write("README.md", "# Sample\n\nA sample.\n")
	clone.Write("src/add.py", "def add(a, b):\n    return a + b\n")
	clone.Commit("start")
	dir, err := os.MkdirTemp("", "adamant") // short: a socket lies in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	h := &house{t: t, clone: clone, dir: filepath.Join(dir, "sample"), state: t.TempDir(), now: time.Now}
	for _, p := range prepare {
		p(h)
	}
	h.up()
	t.Cleanup(func() { h.down() })
	return h
}

func (h *house) up() {
	h.t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(h.t.Context()))
	repo, err := git.Open(ctx, h.clone.Dir)
	if err != nil {
		h.t.Fatal(err)
	}
	k, err := kernel.Create(ctx, h.dir, repo, kernel.Options{})
	if err := errors.Join(err, repo.Close()); err != nil {
		h.t.Fatal(err)
	}
	h.kernel = k
	self, err := os.Executable()
	if err != nil {
		h.t.Fatal(err)
	}
	ready, ended := make(chan Addresses, 1), make(chan error, 1)
	log := h.log
	if testing.Verbose() && log == nil {
		log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
	}
	go func() {
		ended <- Run(ctx, Config{Kernel: k, Name: "sample", State: h.state, Places: judge.Places{Cache: h.t.TempDir(), State: h.state, Data: h.t.TempDir()},
			Hook: []string{self, "hook"}, Version: "test", Getenv: os.Getenv, Now: func() time.Time { return h.now() }, Log: log,
			Workforce: h.workforce, Ready: func(a Addresses) { ready <- a }})
	}()
	select {
	case err := <-ended:
		h.t.Fatalf("the daemon ended at once: %v", err)
	case h.at = <-ready:
	}
	h.client = desk.NewClient(h.at.Socket).Within(hang)
	h.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			h.t.Errorf("the daemon ended with %v", err)
		}
	}
}

func (h *house) down() {
	if h.stop != nil {
		h.stop()
	}
	h.stop = nil
}

// call asks the daemon.
func (h *house) call(method, path, id string, in, out any) {
	h.t.Helper()
	if err := h.client.Call(h.t.Context(), method, path, id, in, out); err != nil {
		h.t.Fatalf("%s %s %s: %v", method, path, id, err)
	}
}

// token is the URL of the door with a new token in it.
func (h *house) token(g door.Grant) string {
	h.t.Helper()
	g.Expires = time.Now().Add(time.Hour)
	var made api.NewToken
	h.call("POST", api.PathTokens, "", g, &made)
	return strings.Replace(h.at.Door, "http://", "http://x:"+made.Token+"@", 1)
}

// push proposes a commit and says which change it became.
func (h *house) push(url, rev string, options ...string) string {
	h.t.Helper()
	args := []string{"push"}
	for _, o := range options {
		args = append(args, "-o", o)
	}
	out, err := h.git(append(args, url, rev+":refs/for/main")...)
	if err != nil {
		h.t.Fatalf("push: %v\n%s", err, out)
	}
	for _, word := range strings.Fields(out) {
		if id := strings.Trim(word, ".,:;()"); len(id) == 16 && strings.Trim(id, "0123456789abcdef") == "" {
			return id
		}
	}
	h.t.Fatalf("the door named no change:\n%s", out)
	return ""
}

func (h *house) git(args ...string) (string, error) {
	cmd := exec.CommandContext(h.t.Context(), "git", args...)
	cmd.Dir = h.clone.Dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.clone.Dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0"}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// await waits until a change has a status.
func (h *house) await(id string, want change.Status) desk.Change {
	h.t.Helper()
	var c desk.Change
	for deadline := time.Now().Add(hang); ; {
		h.call("GET", desk.PathChange, id, nil, &c)
		if c.Status == string(want) {
			return c
		}
		if time.Now().After(deadline) {
			var s api.Status
			h.call("GET", api.PathStatus, "", nil, &s)
			var all api.Changes
			h.call("GET", api.PathChanges+"?all=true", "", nil, &all)
			h.t.Fatalf("change %s is %s, want %s\nproblems: %v\nchanges: %+v\nverdict: %s", id, c.Status, want, s.Problems, all.Changes, c.Verdict)
		}
		if err := sleep(h.t.Context(), 20*time.Millisecond); err != nil {
			h.t.Fatal(err)
		}
	}
}

// eventually asks until it is so.
func eventually(t testing.TB, within time.Duration, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(within); !so(); {
		if time.Now().After(deadline) {
			t.Fatalf("after %v: not %s", within, what)
		}
		if err := sleep(t.Context(), 50*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

// main is the file of a path on the kernel's main, "" when there is none.
func (h *house) main(path string) string {
	h.t.Helper()
	cmd := exec.CommandContext(h.t.Context(), "git", "--git-dir", filepath.Join(h.dir, "kernel.git"), "show", "main:"+path)
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return string(out)
}

// TestTrivialLands takes a change of prose from a plain git push to main, and leaves the clone alone.
func TestTrivialLands(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url := h.token(door.Grant{Role: door.RolePerson, Name: "ada", Write: true})
	h.clone.Branch("words")
	h.clone.Write("README.md", "# Sample\n\nA sample of a repository.\n")
	h.clone.Commit("Say what it is")
	id := h.push(url, "HEAD")
	h.await(id, change.Merged)
	if got := h.main("README.md"); !strings.Contains(got, "sample of a repository") {
		t.Errorf("main has %q", got)
	}
}

// edit commits a file on a new branch from main.
func (h *house) edit(branch, path, text, message string) {
	h.t.Helper()
	h.clone.Git("switch", "-q", "-C", branch, "main")
	h.clone.Write(path, text)
	h.clone.Commit(message)
}

func (h *house) writer(name string) string {
	h.t.Helper()
	return h.token(door.Grant{Role: door.RolePerson, Name: name, Write: true})
}

// TestDeniedThenMended refuses a change that breaks the tests, takes its next patch set, and lands that.
func TestDeniedThenMended(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url := h.writer("ada")
	h.edit("feature", "broken", "", "Break it")
	id := h.push(url, "HEAD", "topic=feature")
	c := h.await(id, change.Rejected)
	if v, err := c.Judged(); err != nil || v.Decision != gate.Deny {
		t.Fatalf("verdict %v, %v", v, err)
	}
	h.edit("feature", "docs/a.md", "# A\n\nAll is well.\n", "Say it")
	if again := h.push(url, "HEAD", "topic=feature"); again != id {
		t.Fatalf("the next push is change %s, want %s", again, id)
	}
	if c := h.await(id, change.Merged); c.PatchSet != 2 {
		t.Errorf("patch set %d landed, want 2", c.PatchSet)
	}
	if h.main("broken") != "" || h.main("docs/a.md") == "" {
		t.Error("main does not hold patch set 2")
	}
}

// TestPauseHolds judges while landing is paused, and lands afterwards.
func TestPauseHolds(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url := h.writer("ada")
	var p api.Pause
	h.call("POST", api.PathPause, "", api.Reason{Reason: "a look around"}, &p)
	h.edit("words", "docs/a.md", "# A\n\nA word.\n", "A word")
	id := h.push(url, "HEAD")
	h.await(id, change.Queued)
	h.down()
	h.up() // the pause is in git
	h.await(id, change.Queued)
	var s api.Status
	h.call("GET", api.PathStatus, "", nil, &s)
	if s.Paused == nil || s.Paused.Reason != "a look around" || h.main("docs/a.md") != "" {
		t.Fatalf("after a restart: paused %+v", s.Paused)
	}
	h.call("POST", api.PathResume, "", api.Reason{}, &p)
	h.await(id, change.Merged)
}

// TestCachesAreOnlyCaches deletes everything but git while changes are on their way.
func TestCachesAreOnlyCaches(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url := h.writer("ada")
	h.edit("one", "docs/a.md", "# A\n\nA word.\n", "A word")
	first := h.push(url, "HEAD", "topic=one")
	h.edit("two", "docs/b.md", "# B\n\nB word.\n", "B word")
	second := h.push(url, "HEAD", "topic=two")
	h.down()
	if err := os.RemoveAll(h.state); err != nil {
		t.Fatal(err)
	}
	h.up()
	h.await(first, change.Merged)
	h.await(second, change.Merged)
	if h.main("docs/a.md") == "" || h.main("docs/b.md") == "" {
		t.Error("main does not hold both")
	}
}

// TestRevert takes a landed change back, with a change.
func TestRevert(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.edit("words", "docs/a.md", "# A\n\nA word.\n", "A word")
	id := h.push(h.writer("ada"), "HEAD")
	h.await(id, change.Merged)
	var a desk.Answer
	h.call("POST", api.PathRevert, id, api.Reason{Reason: "not yet"}, &a)
	h.await(a.Change, change.Merged)
	h.await(id, change.Reverted)
	if h.main("docs/a.md") != "" {
		t.Error("main still holds it")
	}
}

// TestOthersStayOutside refuses what a token may not do.
func TestOthersStayOutside(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.edit("words", "docs/a.md", "# A\n\nA word.\n", "A word")
	reader := h.token(door.Grant{Role: door.RolePerson, Name: "bob"})
	for name, args := range map[string][]string{
		"no token":     {"push", h.at.Door, "HEAD:refs/for/main"},
		"reads only":   {"push", reader, "HEAD:refs/for/main"},
		"main":         {"push", h.writer("ada"), "HEAD:refs/heads/main"},
		"adamant's":    {"push", h.writer("ada"), "HEAD:refs/adamant/ledger/x"},
		"other branch": {"push", h.writer("ada"), "HEAD:refs/for/other"},
	} {
		if out, err := h.git(args...); err == nil {
			t.Errorf("%s: accepted\n%s", name, out)
		}
	}
	var all api.Changes
	h.call("GET", api.PathChanges+"?all=true", "", nil, &all)
	if len(all.Changes) != 0 {
		t.Errorf("%d changes were opened", len(all.Changes))
	}
	id := h.push(h.writer("ada"), "HEAD")
	h.edit("mine", "docs/b.md", "# B\n\nB word.\n", "B word")
	if out, err := h.git("push", "-o", "change="+id, h.writer("eve"), "HEAD:refs/for/main"); err == nil || !strings.Contains(out, "person:ada's") {
		t.Errorf("somebody else's change got a patch set: %v\n%s", err, out)
	}
	if c := h.await(id, change.Merged); c.PatchSet != 1 {
		t.Errorf("patch set %d landed", c.PatchSet)
	}
}

// TestHandMovedMain notices that somebody moved main without the gate, says so, and goes on from there.
func TestHandMovedMain(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.down()
	h.clone.Write("docs/by-hand.md", "# By hand\n\nA word.\n")
	h.clone.Commit("By hand")
	h.clone.Git("push", "-q", filepath.Join(h.dir, "kernel.git"), "HEAD:refs/heads/main")
	h.up()
	h.edit("words", "docs/a.md", "# A\n\nA word.\n", "A word")
	id := h.push(h.writer("ada"), "HEAD")
	h.await(id, change.Merged)
	if h.main("docs/by-hand.md") == "" || h.main("docs/a.md") == "" {
		t.Error("main does not hold both")
	}
	log := h.clone.Git("--git-dir", filepath.Join(h.dir, "kernel.git"), "grep", "-h", "ref.moved-by-hand", "refs/adamant/ledger/"+ledgerName(h))
	if !strings.Contains(log, `"kind":"ref.moved-by-hand"`) {
		t.Errorf("the ledger does not say so: %s", log)
	}
}

func ledgerName(h *house) string {
	refs := h.clone.Git("--git-dir", filepath.Join(h.dir, "kernel.git"), "for-each-ref", "--format=%(refname)", "refs/adamant/ledger/")
	return strings.TrimPrefix(strings.TrimSpace(refs), "refs/adamant/ledger/")
}
