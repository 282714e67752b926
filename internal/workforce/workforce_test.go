package workforce

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/agent/builtin"
	"github.com/adamant-os/adamant/internal/agent/loop"
	"github.com/adamant-os/adamant/internal/agent/runners"
	"github.com/adamant-os/adamant/internal/gateway"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/leaktest"
	"github.com/adamant-os/adamant/internal/mcp"
	"github.com/adamant-os/adamant/internal/persona"
	"github.com/adamant-os/adamant/internal/sandbox"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/thought"
	"github.com/adamant-os/adamant/internal/workspace"
)

// The test's own executable is the sandbox's first process and the builtin agent inside it.
func TestMain(m *testing.M) {
	sandbox.Init()
	if len(os.Args) > 1 && os.Args[1] == builtin.Verb {
		status, err := loop.Main(context.Background(), os.Stdin, os.Stdout)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		os.Exit(status)
	}
	leaktest.Main(m)
}

// shop is a workforce of a small repository.
type shop struct {
	t      *testing.T
	clone  *gittest.Repo
	kernel *kernel.Kernel
	force  *Workforce
	main   git.OID
}

const scripted = `apiVersion: adamant.dev/v1
kind: Agent
metadata: {name: NAME}
spec:
  role: ROLE
  runner: script
  budget: {wall: 30m}
`

func agentFile(name, role, text string) string {
	return strings.NewReplacer("NAME", name, "ROLE", role).Replace(text)
}

// openShop makes a kernel with personas and starts a workforce on it.
func openShop(t *testing.T, config gateway.Config, write func(*gittest.Repo)) *shop {
	t.Helper()
	if problem := sandboxProblem(t); problem != "" {
		t.Skip("LEFT OUT: no sandbox here: " + problem)
	}
	clone := gittest.New(t)
	clone.Write("README.md", "# Shop\n")
	clone.Write("src/a.txt", "one\n")
	clone.Write(persona.Folder+"/hand.yaml", agentFile("hand", "coder", scripted))
	clone.Write(persona.Folder+"/eye.yaml", agentFile("eye", "reviewer", scripted))
	if write != nil {
		write(clone)
	}
	s := &shop{t: t, clone: clone, main: git.OID(clone.Commit("first"))}
	ctx := t.Context()
	repo, err := git.Open(ctx, clone.Dir)
	s.must(err)
	s.kernel, err = kernel.Create(ctx, filepath.Join(t.TempDir(), "kernel"), repo, kernel.Options{})
	s.must(errors.Join(err, repo.Close()))
	_, err = s.kernel.Acquire(ctx)
	s.must(err)
	spaces, err := workspace.Open(workspace.Config{Dir: filepath.Join(t.TempDir(), "work"), Kernel: s.kernel})
	s.must(err)
	self, err := os.Executable()
	s.must(err)
	box, err := sandbox.New(ctx, sandbox.Options{Self: self})
	s.must(err)
	registry, err := runners.Registry(self)
	s.must(err)
	s.force, err = New(ctx, Config{Kernel: s.kernel, Workspaces: spaces, Sandbox: box, Runners: registry, Gateway: config,
		Desk: func(task.Attempt, func(context.Context) (git.OID, error)) mcp.Tools { return mcp.Tools{} }})
	s.must(err)
	t.Cleanup(func() {
		s.force.Close()
		s.must(s.kernel.Close())
	})
	return s
}

func sandboxProblem(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	_, err = sandbox.New(t.Context(), sandbox.Options{Self: self})
	if missing := (*sandbox.UnavailableError)(nil); errors.As(err, &missing) {
		return missing.Error()
	}
	return ""
}

func (s *shop) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// taskID is a made-up id of a task.
func taskID(n int) string { return fmt.Sprintf("%08x%056x", n+1, n+1) }

// attempt is the first attempt of a task.
func (s *shop) attempt(n int, agent, role, prompt string) task.Attempt {
	return task.Attempt{ID: task.AttemptID(taskID(n), 1), Task: taskID(n), N: 1, Role: role, Agent: agent, Title: "Change a", Prompt: prompt,
		Main: s.main, Base: s.main, Epoch: s.kernel.Epoch()}
}

// steps are a prompt for the script runner.
func steps(lines ...string) string {
	return "Do it.\n\n```script\n" + strings.Join(lines, "\n") + "\n```\n"
}

func (s *shop) outcome() task.Outcome {
	s.t.Helper()
	select {
	case o := <-s.force.Done():
		return o
	case <-time.After(5 * time.Minute):
		s.t.Fatal("no attempt ended")
	}
	return task.Outcome{}
}

// TestScriptedAttempt: what lies in the checkout at the end is a commit on base, whatever else the agent did with git.
func TestScriptedAttempt(t *testing.T) {
	t.Parallel()
	s := openShop(t, gateway.Config{}, nil)
	s.must(s.force.Start(t.Context(), s.attempt(1, "hand", "coder", steps(
		`{"run": "echo two >>src/a.txt && git config core.fsmonitor /bin/false && git checkout -q -b other && git commit -qam mine"}`,
		`{"write": "src/new.txt", "text": "new\n"}`))))
	o := s.outcome()
	if o.Finish != task.FinishDone || o.Head == "" {
		t.Fatalf("%+v", o)
	}
	repo := s.kernel.Repo()
	c, err := repo.Commit(t.Context(), o.Head)
	s.must(err)
	if len(c.Parents) != 1 || c.Parents[0] != s.main || !strings.HasPrefix(c.Message, "Change a\n") || !strings.Contains(c.Message, "Agent: hand") {
		t.Errorf("commit %+v", c)
	}
	changes, err := repo.Diff(t.Context(), mustTree(t, repo, s.main), c.Tree, git.DiffOptions{})
	s.must(err)
	if len(changes) != 2 || changes[0].Path != "src/a.txt" || changes[1].Path != "src/new.txt" {
		t.Errorf("changes %+v", changes)
	}
	records, err := thought.ReadTask(t.Context(), repo, taskID(1))
	s.must(err)
	if len(records) != 1 || records[0].Action.Kind != thought.ActResult || records[0].Action.Head != string(o.Head) {
		t.Errorf("on record: %+v", records)
	}
}

// TestGoingOn: an attempt begins with the work of the one before and leaves one commit on main's, whatever main has done since.
func TestGoingOn(t *testing.T) {
	t.Parallel()
	s := openShop(t, gateway.Config{}, nil)
	s.must(s.force.Start(t.Context(), s.attempt(1, "hand", "coder", steps(`{"write": "src/new.txt", "text": "new\n"}`))))
	first := s.outcome()
	repo := s.kernel.Repo()
	somebody := git.Signature{Name: "a", Email: "a@example.com", When: time.Now()}
	tip, err := repo.WriteCommit(t.Context(), git.NewCommit{Tree: mustTree(t, repo, s.main), Parents: []git.OID{s.main}, Message: "meanwhile",
		Author: somebody, Committer: somebody})
	s.must(err)
	s.must(s.kernel.Land(t.Context(), kernel.Landing{Changes: []string{}, Main: git.RefUpdate{Name: kernel.RefMain, Old: s.main, New: tip}}))
	again := s.attempt(1, "hand", "coder", steps(`{"run": "test -f src/new.txt && echo more >>src/new.txt"}`))
	again.ID, again.N, again.Main, again.Base = task.AttemptID(taskID(1), 2), 2, tip, first.Head
	s.must(s.force.Start(t.Context(), again))
	o := s.outcome()
	if o.Finish != task.FinishDone {
		t.Fatalf("%+v", o)
	}
	c, err := repo.Commit(t.Context(), o.Head)
	s.must(err)
	changes, err := repo.Diff(t.Context(), mustTree(t, repo, s.main), c.Tree, git.DiffOptions{})
	s.must(err)
	if len(c.Parents) != 1 || c.Parents[0] != s.main || len(changes) != 1 || changes[0].Path != "src/new.txt" {
		t.Errorf("commit %+v, changes %+v", c, changes)
	}
	idle := s.attempt(1, "hand", "coder", steps(`{"run": "cat src/new.txt"}`))
	idle.ID, idle.N, idle.Main, idle.Base = task.AttemptID(taskID(1), 3), 3, tip, o.Head
	s.must(s.force.Start(t.Context(), idle))
	if o := s.outcome(); o.Head != "" || o.Finish != task.FinishFailed {
		t.Errorf("an attempt that changed nothing: %+v", o)
	}
}

func mustTree(t *testing.T, repo *git.Repo, id git.OID) git.OID {
	t.Helper()
	c, err := repo.Commit(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c.Tree
}

// TestNothingIsLeft: after an attempt, its workspace, its pin and its processes are gone, and its slot is free.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	s := openShop(t, gateway.Config{}, nil)
	for n := range 3 {
		s.must(s.force.Start(t.Context(), s.attempt(n, "hand", "coder", steps(`{"run": "(setsid sleep 1000 &) ; echo x >>src/a.txt"}`))))
	}
	for range 3 {
		if o := s.outcome(); o.Finish != task.FinishDone {
			t.Errorf("%+v", o)
		}
	}
	for deadline := time.Now().Add(5 * time.Minute); len(s.force.Running()) > 0; {
		if time.Now().After(deadline) {
			t.Fatalf("still running: %+v", s.force.Running())
		}
		time.Sleep(5 * time.Millisecond)
	}
	left, err := s.force.config.Workspaces.List(t.Context())
	s.must(err)
	refs, err := s.kernel.Repo().Refs(t.Context(), kernel.PrefixPins, kernel.PrefixQuarantine)
	s.must(err)
	if len(left) != 0 || len(refs) != 0 || len(s.force.slots) != 0 {
		t.Errorf("left: %d workspaces, references %v, slots %v", len(left), refs, s.force.slots)
	}
}

// TestCancelKills: an agent that ignores SIGTERM is dead soon after it was cancelled.
func TestCancelKills(t *testing.T) {
	t.Parallel()
	s := openShop(t, gateway.Config{}, nil)
	a := s.attempt(1, "hand", "coder", steps(`{"ignore": "SIGTERM"}`, `{"run": "trap '' TERM; echo ready >src/ready; sleep 1000"}`))
	s.must(s.force.Start(t.Context(), a))
	s.must(s.force.Start(t.Context(), a)) // twice is once
	time.Sleep(500 * time.Millisecond)
	s.force.Cancel(t.Context(), "unknown-1", "nothing")
	s.force.Cancel(t.Context(), a.ID, "I changed my mind")
	began := time.Now()
	o := s.outcome()
	if o.Finish != task.FinishCancelled || o.Why != "I changed my mind" || time.Since(began) > 5*time.Minute { // it sleeps for 1000 seconds
		t.Errorf("after %s: %+v", time.Since(began), o)
	}
}

// TestFailures: what cannot be run is an outcome that says why.
func TestFailures(t *testing.T) {
	t.Parallel()
	s := openShop(t, gateway.Config{}, nil)
	for name, c := range map[string]struct {
		a    task.Attempt
		want string
	}{
		"nothing changed": {s.attempt(1, "hand", "coder", steps(`{"say": "I did it all"}`)), "nothing"},
		"no such agent":   {s.attempt(2, "ghost", "coder", steps(`{"say": "x"}`)), "ghost"},
		"no steps":        {s.attempt(3, "hand", "coder", "Do it."), "steps"},
		"no verdict":      {s.attempt(4, "eye", "reviewer", steps(`{"say": "fine"}`)), "verdict"},
		"outside":         {s.attempt(5, "hand", "coder", steps(`{"run": "ln -s /etc/passwd src/link"}`)), "src/link"},
	} {
		s.must(s.force.Start(t.Context(), c.a))
		if o := s.outcome(); o.Finish != task.FinishFailed || !strings.Contains(o.Why, c.want) {
			t.Errorf("%s: %+v, want a reason with %q", name, o, c.want)
		}
	}
}

// TestOutcomesWait: an outcome that nobody takes keeps its attempt running, and is offered still.
func TestOutcomesWait(t *testing.T) {
	t.Parallel()
	s := openShop(t, gateway.Config{}, nil)
	a := s.attempt(1, "hand", "coder", steps(`{"run": "echo x >>src/a.txt"}`))
	s.must(s.force.Start(t.Context(), a))
	time.Sleep(2 * time.Second)
	if r := s.force.Running(); len(r) != 1 || r[0].ID != a.ID || r[0].Task != a.Task {
		t.Errorf("running %+v", r)
	}
	if o := s.outcome(); o.Attempt != a.ID {
		t.Errorf("%+v", o)
	}
}
