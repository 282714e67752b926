package workspace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/leaktest"
	"github.com/adamant-os/adamant/internal/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Init() // this binary is also the first process of the sandboxes that tests open
	if job := os.Getenv(crashVariable); job != "" {
		fmt.Fprintln(os.Stderr, crashWork(job))
		os.Exit(1)
	}
	leaktest.Main(m)
}

// sandboxes are made once: they count their control groups by process.
var sandboxes = sync.OnceValues(func() (*sandbox.Sandbox, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return sandbox.New(context.Background(), sandbox.Options{Self: self})
})

// isolate makes real sandboxes.
func isolate(t testing.TB) *sandbox.Sandbox {
	t.Helper()
	sb, err := sandboxes()
	if err != nil {
		t.Fatalf("%v; run these tests where sandboxes can be had", err)
	}
	return sb
}

var slots atomic.Int64

// slot is an identity that no other test has.
func slot(t testing.TB) sandbox.Identity {
	t.Helper()
	id, err := slotFor(int(slots.Add(1)))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func slotFor(n int) (sandbox.Identity, error) { return sandbox.Slot(500 + n) }

// agent is somebody in a workspace's sandbox.
type agent struct {
	*lab
	sb *sandbox.Sandbox
	w  *Workspace
}

func newAgent(t testing.TB, limits Limits, r Request) *agent {
	t.Helper()
	l := newLab(t, limits, small)
	r.Identity = slot(t)
	return &agent{lab: l, sb: isolate(t), w: l.create(r)}
}

// try runs a script as the agent, in its sandbox.
func (a *agent) try(script string) (sandbox.Exit, string) {
	a.t.Helper()
	mounts, err := a.w.Mounts()
	a.check(err)
	var out bytes.Buffer
	p, err := a.sb.Start(a.t.Context(), sandbox.Spec{
		Argv: []string{"sh", "-c", script}, Dir: Repo, Stdout: &out, Stderr: &out, Mounts: mounts, Identity: a.w.Identity,
		Env: append(a.w.Env(), "PATH=/usr/local/bin:/usr/bin:/bin", "GIT_CONFIG_NOSYSTEM=1"),
	})
	a.check(err)
	exit, err := p.Wait()
	a.check(err)
	return exit, out.String()
}

// do runs a script that must succeed.
func (a *agent) do(script string) string {
	a.t.Helper()
	exit, out := a.try(script)
	if exit != (sandbox.Exit{}) {
		a.t.Fatalf("%s\nended with %+v:\n%s", script, exit, out)
	}
	return strings.TrimSuffix(out, "\n")
}

func (a *agent) pull() Result {
	a.t.Helper()
	r, err := a.w.Pull(a.t.Context(), In(a.sb))
	a.check(err)
	return r
}

// refused pulls and expects a refusal that names a path and says these words.
func (a *agent) refused(path, words string) {
	a.t.Helper()
	r, err := a.w.Pull(a.t.Context(), In(a.sb))
	var refused *RefusedError
	if !errors.As(err, &refused) {
		a.t.Fatalf("pull = %+v, %v; want a refusal", r, err)
	}
	if refused.Path != path || !strings.Contains(refused.Error(), words) || refused.Do == "" {
		a.t.Errorf("refused: %v", err)
	}
	have, err := a.kernel.Ref(a.t.Context(), a.w.Quarantine())
	if a.check(err); have != "" {
		a.t.Error("the kernel keeps a refused result")
	}
}

// files lists a result as "path=content".
func (a *agent) files(tree git.OID) map[string]string {
	a.t.Helper()
	entries, err := a.kernel.Repo().Tree(a.t.Context(), tree)
	a.check(err)
	files := map[string]string{}
	for _, e := range entries {
		data, err := a.kernel.Repo().Blob(a.t.Context(), e.OID, 1<<20)
		a.check(err)
		files[e.Path] = string(data)
	}
	return files
}

// TestPullSeesQuickEdits: an edit of the same length, in the second of the checkout, is in the result. Git compares times by the
// second, and the index that it compares with is a copy.
func TestPullSeesQuickEdits(t *testing.T) {
	t.Parallel()
	for range 3 { // an edit may come in the next second
		a := newAgent(t, Limits{}, Request{})
		name := a.w.path("repo/a/one.txt")
		a.check(os.WriteFile(name, []byte("A ONE\n"), 0o644))
		time.Sleep(1100 * time.Millisecond) // the copy of the index is of another second
		if got := a.files(a.pull().Tree)["a/one.txt"]; got != "A ONE\n" {
			t.Fatalf("a/one.txt = %q: the edit is lost", got)
		}
	}
}

func TestPull(t *testing.T) {
	t.Parallel()
	a := newAgent(t, Limits{}, Request{Cone: []string{"a", "c"}})
	if got := a.do("git diff-files --name-only"); got != ".claude/settings.json\nAGENTS.md\na/link" { // main's own copies, and links
		t.Errorf("git must read these again to see that nothing was changed:\n%s", got)
	}
	if got := a.do("git status --porcelain; git log --format=%s; cat AGENTS.md; ls"); got != "first\nmain's\nAGENTS.md\nREADME.md\na\nc" {
		t.Errorf("the agent sees:\n%s", got)
	}
	nothing := a.pull()
	if nothing.Files != 0 {
		t.Errorf("nothing was changed: %+v", nothing)
	}
	a.do("echo new > a/new.txt; echo more >> a/one.txt; rm -r c; git add -A; git commit -qm mine; echo loose > a/loose.txt")
	r := a.pull()
	files := a.files(r.Tree)
	for name, want := range map[string]string{
		"a/new.txt": "new\n", "a/one.txt": "a one\nmore\n", "a/loose.txt": "loose\n", "c/one.txt": "", "b/one.txt": "b one\n", "b/deep/two.txt": "b/deep two\n", "a/link": "one.txt",
	} {
		if files[name] != want {
			t.Errorf("%s = %q, want %q", name, files[name], want)
		}
	}
	if r.Files != 5 {
		t.Errorf("%d files changed, want 5", r.Files)
	}
	if have, err := a.kernel.Ref(t.Context(), a.w.Quarantine()); err != nil || have != r.Head {
		t.Errorf("quarantine is at %q, want %q (%v)", have, r.Head, err)
	}
	again := a.pull()
	if again.Head != r.Head {
		t.Errorf("the same content has another commit: %+v, %+v", again, r)
	}
	id, err := a.w.Commit(t.Context(), r, "Add new\n\nWhy.\nTask: forged\nAgent: forged\n", Author{Name: "coder", Email: "coder@agents.local", When: time.Unix(1700000000, 0)})
	a.check(err)
	c, err := a.kernel.Repo().Commit(t.Context(), id)
	a.check(err)
	if c.Tree != r.Tree || len(c.Parents) != 1 || c.Parents[0] != a.base || c.Author.Name != "coder" || c.Message != "Add new\n\nWhy.\n\nTask: t1\nAgent: coder\n" {
		t.Errorf("commit: %+v", c)
	}
}
