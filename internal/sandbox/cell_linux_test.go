package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestExit(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	for script, want := range map[string]Exit{
		"true":                             {},
		"exit 7":                           {Code: 7},
		"kill -9 $$":                       {Code: -1, Signal: "SIGKILL"},
		"kill -TERM $$":                    {Code: -1, Signal: "SIGTERM"},
		"sleep 300 & setsid sleep 300 & :": {}, // what it leaves behind is killed
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			if exit, out := sh(t, s, Spec{Identity: slot(t, 200)}, script); exit != want {
				t.Errorf("%+v, want %+v: %s", exit, want, out)
			}
		})
	}
}

func TestStreams(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	var out, errs bytes.Buffer
	p, err := s.Start(t.Context(), Spec{
		Argv: []string{"/bin/sh", "-c", `cat; echo "$0 $PWD $ONLY" >/dev/stderr; cat </dev/stdin >/dev/stdout; exit 3`}, Dir: "/tmp", Env: []string{"ONLY=this"},
		Identity: slot(t, 201), Stdin: strings.NewReader(strings.Repeat("x", 1<<20)), Stdout: &out, Stderr: &errs,
	})
	if err != nil {
		t.Fatal(err)
	}
	exit, err := p.Wait()
	if err != nil || exit.Code != 3 || out.Len() != 1<<20 {
		t.Errorf("%+v %v, %d bytes", exit, err, out.Len())
	}
	if want := "/bin/sh /tmp this\n"; errs.String() != want {
		t.Errorf("stderr %q, want %q", errs.String(), want)
	}
}

// TestFileStreams: a file is given as it is, so that a terminal stays one.
func TestFileStreams(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p, err := newSandbox(t).Start(t.Context(), Spec{Argv: []string{"/bin/echo", "hello"}, Dir: "/", Identity: slot(t, 202), Stdout: file})
	if err != nil {
		t.Fatal(err)
	}
	if exit, err := p.Wait(); err != nil || exit != (Exit{}) {
		t.Error(exit, err)
	}
	if text, err := os.ReadFile(file.Name()); err != nil || string(text) != "hello\n" {
		t.Errorf("%q %v", text, err)
	}
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	for name, want := range map[string]string{
		"no-such-program": "no-such-program is not installed (not found in PATH)",
		"/no/such":        "/no/such does not exist",
		"/etc/passwd":     "/etc/passwd is not an executable file",
		"/usr":            "/usr is not an executable file",
	} {
		var missing *NotFoundError
		_, err := s.Start(t.Context(), Spec{Argv: []string{name}, Dir: "/", Env: []string{"PATH=/usr/bin"}, Identity: slot(t, 203)})
		if !errors.As(err, &missing) || missing.Reason != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
	if _, err := s.Start(t.Context(), Spec{Dir: "/", Identity: slot(t, 203)}); err == nil {
		t.Error("a Spec without a program is accepted")
	}
}

func TestSpecsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	serve := func(net.Listener) {}
	for name, spec := range map[string]Spec{
		"a relative source":        {Mounts: []Mount{{Source: "x", Target: "/x"}}},
		"a relative target":        {Mounts: []Mount{{Source: "/usr", Target: "x"}}},
		"a target with dots":       {Mounts: []Mount{{Source: "/usr", Target: "/x/../usr"}}},
		"the root as target":       {Mounts: []Mount{{Source: "/usr", Target: "/"}}},
		"no such source":           {Mounts: []Mount{{Source: "/no/such", Target: "/x"}}},
		"a file on a folder":       {Mounts: []Mount{{Source: "/etc/passwd", Target: "/usr"}}},
		"a folder on a file":       {Mounts: []Mount{{Source: "/usr", Target: "/etc/passwd"}}},
		"below a read-only mount":  {Mounts: []Mount{{Source: "/usr", Target: "/usr/no/such"}}},
		"the host's network":       {Network: NetworkHost},
		"nested and minimal":       {Nested: true},
		"hide and minimal":         {Hide: []string{"/x"}},
		"root's powers":            {Keep: true},
		"a forward to anywhere":    {Forward: []Forward{{Listen: "0.0.0.0:80", Serve: serve}}},
		"a forward without a port": {Forward: []Forward{{Listen: "127.0.0.1:0", Serve: serve}}},
		"a forward by name":        {Forward: []Forward{{Listen: "localhost:80", Serve: serve}}},
		"a forward to nothing":     {Forward: []Forward{{Listen: "127.0.0.1:80"}}},
		"a forward to two":         {Forward: []Forward{{Listen: "127.0.0.1:80", Serve: serve, Socket: "/x"}}},
		"one address twice":        {Forward: []Forward{{Listen: "127.0.0.1:8080", Serve: serve}, {Listen: "127.0.0.1:8080", Serve: serve}}},
		"no such folder to be in":  {Dir: "/no/such"},
	} {
		spec.Identity, spec.Argv = slot(t, 204), []string{"/bin/true"}
		p, err := s.Start(t.Context(), spec)
		if err == nil {
			t.Errorf("%s: accepted", name)
			_, _ = p.Wait()
		}
	}
	if os.Geteuid() == 0 {
		if _, err := s.Start(t.Context(), Spec{Argv: []string{"/bin/true"}, Dir: "/"}); err == nil {
			t.Error("an agent runs as root")
		}
	}
}

// TestIdentity: what is written inside belongs to the slot outside, and nobody inside is root of the host.
func TestIdentity(t *testing.T) {
	t.Parallel()
	dir, id := t.TempDir(), slot(t, 205)
	if os.Geteuid() == 0 {
		chown(t, dir, id)
	}
	exit, out := sh(t, newSandbox(t), Spec{Identity: id, Mounts: []Mount{{Source: dir, Target: "/new/place", Writable: true}}},
		"id -un && id -u && echo x >/new/place/file && ! touch /new/other 2>/dev/null")
	if exit != (Exit{}) || out != "agent\n1000\n" {
		t.Fatalf("%+v %s", exit, out)
	}
	info, err := os.Stat(filepath.Join(dir, "file"))
	if err != nil {
		t.Fatal(err)
	}
	want := uint32(os.Geteuid())
	if want == 0 {
		want = uint32(id.UID)
	}
	if uid := info.Sys().(*syscall.Stat_t).Uid; uid != want {
		t.Errorf("it belongs to %d, want %d", uid, want)
	}
}

// TestMountsInMounts: the operator's configuration lies over the task's checkout, and the checkout does not see it change.
func TestMountsInMounts(t *testing.T) {
	t.Parallel()
	dir, id := t.TempDir(), slot(t, 206)
	for name, text := range map[string]string{"repo/AGENTS.md": "mine", "repo/.claude/hook": "mine", "main/AGENTS.md": "operator's", "main/.claude/hook": "operator's"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text+"\n"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		err := filepath.WalkDir(filepath.Join(dir, "repo"), func(path string, _ os.DirEntry, err error) error {
			return errors.Join(err, os.Chown(path, id.UID, id.GID))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	exit, out := sh(t, newSandbox(t), Spec{Identity: id, Dir: "/work/repo", Mounts: []Mount{
		{Source: filepath.Join(dir, "main/AGENTS.md"), Target: "/work/repo/AGENTS.md"},
		{Source: filepath.Join(dir, "main/.claude"), Target: "/work/repo/.claude"},
		{Source: filepath.Join(dir, "repo"), Target: "/work/repo", Writable: true},
	}}, `cat AGENTS.md .claude/hook; touch new || exit 1
		(echo x >AGENTS.md || rm AGENTS.md || mv .claude away || echo x >.claude/hook || rm -r .claude || ln -f new AGENTS.md) 2>/dev/null && exit 2; exit 0`)
	if exit != (Exit{}) || out != "operator's\noperator's\n" {
		t.Errorf("%+v %s", exit, out)
	}
	for _, name := range []string{"main/AGENTS.md", "main/.claude/hook"} {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(text) != "operator's\n" {
			t.Errorf("%s is %q now (%v)", name, text, err)
		}
	}
}

// TestForward reaches a server by a listener inside, once by a socket of the host and once without.
func TestForward(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s says %s\n", r.URL.Path, body)
	})
	server := &http.Server{Handler: handler}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	t.Cleanup(func() {
		server.Close()
		serving.Wait()
	})
	served := make(chan struct{})
	spec := Spec{Identity: slot(t, 207), Forward: []Forward{
		{Listen: "127.0.0.1:8787", Socket: socket},
		{Listen: "[::1]:8788", Serve: func(l net.Listener) {
			defer close(served)
			_ = http.Serve(l, handler)
		}},
		{Listen: "127.0.0.1:8789", Socket: socket + "-none"},
	}}
	spec.Env = []string{attackVariable + "=talk"}
	spec.Mounts = []Mount{{Source: filepath.Dir(testBinary()), Target: "/program"}}
	exit, out := sh(t, newSandbox(t), spec, "/program/sandbox.test")
	if exit != (Exit{}) || out != "/a says hello\n/b says hello\ndead\n" {
		t.Errorf("%+v %s", exit, out)
	}
	<-served // the listener is closed with the sandbox
}

// talk is the program inside of TestForward.
func talk() {
	for _, url := range []string{"http://127.0.0.1:8787/a", "http://[::1]:8788/b"} {
		answer, err := http.Post(url, "text/plain", strings.NewReader("hello"))
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		_, _ = io.Copy(os.Stdout, answer.Body)
		answer.Body.Close()
	}
	if _, err := http.Get("http://127.0.0.1:8789/"); err != nil {
		fmt.Println("dead")
	}
	os.Exit(0)
}

func TestEnds(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	start := func(ctx context.Context, t *testing.T, limits Limits) *Process {
		for {
			p, err := s.Start(ctx, Spec{Argv: []string{"/bin/sleep", "300"}, Dir: "/", Identity: slot(t, 208), Limits: limits})
			switch {
			case err == nil:
				return p
			case limits.Wall == 0 || limits.Wall > time.Minute:
				t.Fatal(err)
			}
			limits.Wall *= 2 // a busy machine needs longer than that to start it
		}
	}
	for name, test := range map[string]struct {
		wall   time.Duration
		end    func(p *Process, cancel context.CancelFunc) error
		want   Cause
		signal string // SIGKILL only follows after the time of grace
	}{
		"terminate": {0, func(p *Process, _ context.CancelFunc) error { return p.Terminate(context.Background()) }, CauseTerminated, "SIGTERM"},
		"kill":      {0, func(p *Process, _ context.CancelFunc) error { return p.Kill() }, CauseTerminated, "SIGKILL"},
		"context":   {0, func(_ *Process, cancel context.CancelFunc) error { cancel(); return nil }, CauseTerminated, "SIGTERM"},
		"wall":      {200 * time.Millisecond, func(*Process, context.CancelFunc) error { return nil }, CauseWall, "SIGTERM"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			p := start(ctx, t, Limits{Wall: test.wall})
			if err := test.end(p, cancel); err != nil {
				t.Error(err)
			}
			exit, err := p.Wait()
			if err != nil || exit.Cause != test.want || exit.Signal != test.signal {
				t.Errorf("%+v %v", exit, err)
			}
			if exit2, err := p.Wait(); exit2 != exit || err != nil {
				t.Error("waiting twice gives another answer")
			}
		})
	}
	t.Run("a context that has ended", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := s.Start(ctx, Spec{Argv: []string{"/bin/true"}, Dir: "/", Identity: slot(t, 208)}); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// TestCell starts programs in one sandbox: they share processes and network, and end with it.
func TestCell(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	c, err := s.Open(t.Context(), Spec{Identity: slot(t, 209)})
	if err != nil {
		t.Fatal(err)
	}
	server, err := c.Start(Command{Argv: []string{"/bin/sh", "-c", "trap 'exit 9' TERM; echo up >/tmp/up; while :; do sleep 0.05; done"}, Dir: "/", Env: []string{"PATH=/bin"}})
	if err != nil {
		t.Fatal(err)
	}
	client, err := c.Start(Command{Argv: []string{"/bin/sh", "-c", "while ! test -e /tmp/up; do sleep 0.02; done; kill -0 -1"}, Dir: "/", Env: []string{"PATH=/bin"}})
	if err != nil {
		t.Fatal(err)
	}
	if exit, err := client.Wait(); err != nil || exit != (Exit{}) {
		t.Errorf("%+v %v", exit, err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if exit, err := server.Wait(); err != nil || exit.Code != 9 || exit.Cause != CauseTerminated {
		t.Errorf("%+v %v", exit, err)
	}
	if _, err := c.Start(Command{Argv: []string{"/bin/true"}, Dir: "/"}); err == nil {
		t.Error("a closed cell starts programs")
	}
}

// TestMany starts sandboxes beside each other; all end, and no group is left behind.
func TestMany(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	apart(t, s)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for range 4 {
				if exit, out := sh(t, s, Spec{Identity: slot(t, 220+n)}, "echo fine"); exit != (Exit{}) || out != "fine\n" {
					t.Errorf("%+v %s", exit, out)
				}
			}
		})
	}
	all.Wait()
	if s.cgroups == nil {
		return
	}
	for _, folder := range []string{s.cgroups.memory, s.cgroups.pids} {
		left, err := filepath.Glob(filepath.Join(folder, groupPrefix+"*"))
		if err != nil || len(left) > 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
	}
}

// apart gives a sandbox groups that it shares with no other test.
func apart(t *testing.T, s *Sandbox) {
	t.Helper()
	if s.cgroups == nil {
		return
	}
	own := &cgroups{v2: s.cgroups.v2}
	for parent, folder := range map[string]*string{s.cgroups.memory: &own.memory, s.cgroups.pids: &own.pids} {
		*folder = filepath.Join(parent, fmt.Sprintf("many-%d", os.Getpid()))
		if err := os.Mkdir(*folder, 0o755); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := os.Remove(*folder); err != nil {
				t.Error(err)
			}
		})
	}
	if own.v2 {
		own.memory = own.pids // the map had one parent
		if err := writeKnob(filepath.Join(own.pids, "cgroup.subtree_control"), "+memory +pids"); err != nil {
			t.Fatal(err)
		}
	}
	s.cgroups = own
}

func TestMemoryIsTheCause(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	without := &Sandbox{self: s.self, layers: s.layers} // no cgroup: the watcher
	for name, s := range map[string]*Sandbox{"cgroup": s, "watcher": without} {
		if name == "cgroup" && s.cgroups == nil {
			continue // an ordinary user without a delegated group; the watcher is all there is
		}
		spec := Spec{Identity: slot(t, 230), Limits: Limits{Memory: 64 << 20, Temp: 512 << 20}}
		exit, out := sh(t, s, spec, "head -c 300M /dev/zero >/dev/shm/x; sleep 60; echo survived")
		if exit.Cause != CauseMemory {
			t.Errorf("%s: %+v %s", name, exit, out)
		}
	}
}

// TestWatcherLeavesOthersAlone: without a pid namespace, as only tests have it, the first process sees every process of the machine. It
// neither adds them up nor kills what its user runs.
func TestWatcherLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Log("LEFT OUT: the mistake would kill everything that this user runs; root's run of this test has a user for it")
		return
	}
	whole := newSandbox(t)
	s := &Sandbox{self: whole.self, layers: whole.layers, without: guards{guardPID, guardView}}
	exit, out := sh(t, s, Spec{Identity: slot(t, 231), Limits: Limits{Memory: 1 << 20}}, "sleep 1; echo fine")
	if exit != (Exit{}) || out != "fine\n" {
		t.Errorf("%+v %s", exit, out)
	}
}
