//go:build clis

package interop

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/acp"
	"github.com/adamant-os/adamant/internal/agent/claude"
	"github.com/adamant-os/adamant/internal/agent/codex"
	"github.com/adamant-os/adamant/internal/agent/pi"
	"github.com/adamant-os/adamant/internal/mcp"
	"github.com/adamant-os/adamant/internal/sandbox"
)

func TestMain(m *testing.M) {
	sandbox.Init() // this binary is also the first process of the sandboxes
	os.Exit(m.Run())
}

const (
	repo = "/work/repo"
	home = "/work/home"
)

// cli is an agent that is run.
type cli struct {
	name    string // of its transcripts: runner/version, or acp/agent-version
	runner  agent.Runner
	program string
	args    []string
	api     string
	mcp     bool // it takes the control plane's tools
	shell   bool // it has a shell and no tool to edit
	own     bool // it is adamant's own agent: nothing is installed
}

func clis() []cli {
	return []cli{
		{name: "claude/2.1.330", runner: claude.New(), program: "claude", api: agent.Anthropic, mcp: true},
		{name: "codex/0.169.0", runner: codex.New(), program: "codex", api: agent.OpenAIResponses, mcp: true, shell: true},
		{name: "pi/0.73.1", runner: pi.New(), program: "pi", api: agent.OpenAIChat},
		{name: "acp/claude-agent-acp-0.49.0", runner: acp.New(), program: "claude-agent-acp", api: agent.Anthropic, mcp: true},
		{name: "acp/opencode-1.18.33", runner: acp.New(), program: "opencode", args: []string{"acp"}, api: agent.OpenAIChat, mcp: true},
	}
}

// outcome is how an attempt ended.
type outcome struct {
	exit     sandbox.Exit
	events   []agent.Event
	tree     map[string]string
	stderr   string
	raw      []byte
	requests int
	finished []string // what the control plane was told
	took     time.Duration
	ended    chan struct{}
}

func (o outcome) text() string {
	var b strings.Builder
	for _, e := range o.events {
		if line := agent.Render(e); line != "" && e.Kind != agent.Unknown {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

func (o outcome) last(kind agent.Kind) (agent.Event, bool) {
	for i := len(o.events) - 1; i >= 0; i-- {
		if o.events[i].Kind == kind {
			return o.events[i], true
		}
	}
	return agent.Event{}, false
}

// slots gives each attempt a user of its own.
var slots atomic.Int64

// run makes one attempt in the real sandbox. The tree it starts from has greet.txt. The attempt is terminated after patience.
func run(t *testing.T, c cli, model *model, patience time.Duration) outcome {
	t.Helper()
	id, err := sandbox.Slot(int(slots.Add(1)))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	open(t, dir)
	checkout(t, filepath.Join(dir, "repo"))
	a := agent.Attempt{Task: "t1", ID: "a1", Name: "coder", Role: "coder", Model: "scripted-model",
		API: c.api, Context: 200000, Prompt: "Make greet.txt say good day and add NEW.md.", Repo: repo, Home: home, Endpoint: agent.Endpoint, Token: model.token}
	if !c.own {
		a.Command = append([]string{program(t, c.program)}, c.args...)
	}
	launch, err := c.runner.Prepare(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "home"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "home"), launch.Files)
	give(t, id, filepath.Join(dir, "repo"), filepath.Join(dir, "home"))

	o := outcome{ended: make(chan struct{})}
	desk := &desk{}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p, spoken := start(t, ctx, c, a, launch, id, dir, desk.behind(model), &o)
	began := time.Now()
	timer := time.AfterFunc(patience, func() { _ = p.Terminate(context.Background()) })
	defer timer.Stop()
	spoken()
	<-o.ended
	o.took = time.Since(began)
	model.release()
	o.tree = readTree(t, filepath.Join(dir, "repo"))
	o.requests, o.finished = model.count(), desk.told()
	record(t, c, bytes.ReplaceAll(o.raw, []byte(model.token), []byte("TOKEN")))
	return o
}

// start runs the launch; spoken waits for the end of the agent's words.
func start(t *testing.T, ctx context.Context, c cli, a agent.Attempt, l agent.Launch, id sandbox.Identity, dir string, h http.Handler, o *outcome) (*sandbox.Process, func()) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.New(ctx, sandbox.Options{Self: self})
	if err != nil {
		t.Fatal(err)
	}
	mounts := []sandbox.Mount{{Source: filepath.Join(dir, "repo"), Target: repo, Writable: true}, {Source: filepath.Join(dir, "home"), Target: home, Writable: true}}
	for _, m := range l.Mounts {
		mounts = append(mounts, sandbox.Mount{Source: m.Source, Target: m.Target})
	}
	stdout, stdoutW := io.Pipe()
	stdin, stdinW := io.Pipe()
	var in io.Reader = bytes.NewReader(l.Stdin)
	dialogue, speaks := c.runner.(agent.Dialogue)
	if speaks {
		in = stdin
	}
	errs := &buffer{}
	p, err := s.Start(ctx, sandbox.Spec{Argv: l.Argv, Dir: repo, Env: l.Env, Stdin: in, Stdout: stdoutW, Stderr: errs, Mounts: mounts, Identity: id,
		Forward: []sandbox.Forward{{Listen: "127.0.0.1:8787", Serve: func(l net.Listener) { _ = http.Serve(l, h) }}}})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		o.exit, err = p.Wait()
		if err != nil {
			t.Logf("wait: %v", err)
		}
		stdoutW.Close()
		stdin.Close()
		close(o.ended)
	}()
	kept := &buffer{}
	said := io.TeeReader(stdout, kept)
	emit := func(e agent.Event) { o.events = append(o.events, e) }
	return p, func() {
		if speaks {
			if err := dialogue.Converse(ctx, a, stdinW, said, emit); err != nil {
				t.Logf("converse: %v", err)
			}
			_ = p.Terminate(ctx)
		} else if err := c.runner.Parse(said, emit); err != nil {
			t.Errorf("parse: %v", err)
		}
		_, _ = io.Copy(io.Discard, said)
		o.stderr, o.raw = errs.String(), []byte(kept.String())
	}
}

// open lets the sandbox's user through the folders of a test.
func open(t *testing.T, dir string) {
	t.Helper()
	for ; strings.HasPrefix(dir, os.TempDir()+"/"); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func checkout(t *testing.T, dir string) {
	t.Helper()
	write(t, dir, map[string][]byte{"greet.txt": []byte("hello world\n")})
	for _, args := range [][]string{{"init", "-q"}, {"add", "."}, {"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "start"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
}

func write(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func give(t *testing.T, id sandbox.Identity, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(name string, _ fs.DirEntry, err error) error {
			if err != nil || id == sandbox.Self() {
				return err
			}
			return os.Lchown(name, id.UID, id.GID)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// readTree is every file of a checkout outside .git.
func readTree(t *testing.T, dir string) map[string]string {
	t.Helper()
	tree := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == ".git":
			return filepath.SkipDir
		case d.IsDir():
			return nil
		}
		data, err := os.ReadFile(name)
		tree[strings.TrimPrefix(name, dir+"/")] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// record keeps the transcript as a golden file of the adapter, when asked to.
func record(t *testing.T, c cli, raw []byte) {
	if os.Getenv("ADAMANT_RECORD") == "" {
		return
	}
	runner, version, _ := strings.Cut(c.name, "/")
	if strings.HasSuffix(t.Name(), "/gateway") {
		return // without the gateway the CLI shows what it does itself
	}
	scenario := strings.ToLower(strings.NewReplacer("Test", "", "/", "-").Replace(strings.Split(t.Name(), "/")[0]))
	if parts := strings.Split(t.Name(), "/"); len(parts) > 3 {
		scenario += "-" + parts[3]
	}
	dir := filepath.Join("..", runner, "testdata", version)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, scenario+".jsonl"), raw, 0o644); err != nil {
		t.Fatal(err)
	}
}

// buffer keeps what is written by several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// desk is a control plane with one tool.
type desk struct {
	mu    sync.Mutex
	words []string
}

func (d *desk) told() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.words
}

// behind serves the desk at /mcp and the model everywhere else, for the holder of the token only.
func (d *desk) behind(m *model) http.Handler {
	tools := mcp.Handler("1", mcp.Tools{Finish: func(_ context.Context, f mcp.Finish) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.words = append(d.words, f.Summary)
		return nil
	}})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/mcp" && key(r) == m.token:
			tools.ServeHTTP(w, r)
		default:
			m.ServeHTTP(w, r)
		}
	})
}
