package check

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/adamant-os/adamant/internal/exectest"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// needIsolation fails, rather than skips, where the system refuses namespaces and ADAMANT_TEST_ISOLATION does not say that
// this is known: a guard that nobody tests is none.
func needIsolation(t *testing.T) {
	t.Helper()
	has := newSandbox(t).Report()
	if has.Net && has.PID && has.Mount {
		return
	}
	if os.Getenv("ADAMANT_TEST_ISOLATION") == "none" {
		t.Skip("LEFT OUT: this system allows no namespaces, and ADAMANT_TEST_ISOLATION=none says that this is known")
	}
	t.Fatalf("this system allows only %+v; set ADAMANT_TEST_ISOLATION=none to test without", has)
}

// sleepers start processes that want to live on: one ignores SIGTERM, one leaves the group, one is forked twice and leaves
// the session too. Each is a copy of sleep under a name that can be looked for.
const sleepers = `
cp "$(command -v sleep)" "$PWD/MARK"
sh -c 'trap "" TERM; "$PWD/MARK" 300; "$PWD/MARK" 300' &
setsid "$PWD/MARK" 300 </dev/null >/dev/null 2>&1 &
(setsid sh -c 'trap "" TERM HUP; "$PWD/MARK" 300 & wait; "$PWD/MARK" 300' </dev/null >/dev/null 2>&1 &) 
while [ $(pgrep -c -x MARK) -lt 3 ]; do sleep 0.02; done
echo up
`

// alive counts the processes of the whole machine whose program is named mark.
func alive(t *testing.T, mark string) int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, entry := range entries {
		if _, err := strconv.Atoi(entry.Name()); err != nil {
			continue
		}
		name, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "comm"))
		if err == nil && strings.TrimSpace(string(name)) == mark {
			n++
		}
	}
	return n
}

// newSandbox is what a runner locks its checks into here.
func newSandbox(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	s, err := sandbox.New(t.Context(), sandbox.Options{Self: newRunner(t).Self, Weaker: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// launchScript runs a shell script in a box of its own; said is told what it prints.
func launchScript(ctx context.Context, t *testing.T, script string, said func(string)) (outcome, *transcript, error) {
	t.Helper()
	r := newRunner(t)
	b, err := newBox(filepath.Join(t.TempDir(), "box"))
	if err != nil {
		t.Fatal(err)
	}
	log := newTranscript(logHalf)
	end, err := launch(ctx, newSandbox(t), &session{
		Argv: []string{"sh", "-c", script}, Dir: b.tree(), Box: b.path, Env: []string{"PATH=" + r.Path, "HOME=" + b.home()},
	}, io.MultiWriter(log, told(said)), log)
	return end, log, err
}

// told is a writer that tells what is written.
type told func(string)

func (t told) Write(p []byte) (int, error) {
	t(string(p))
	return len(p), nil
}

// markOf is a name for processes of this test alone: another run of it, as TestWithoutRoot is, looks for its own.
func markOf(kind string) string { return kind + strconv.Itoa(os.Getpid()) }

func TestNothingOutlivesACommand(t *testing.T) {
	t.Parallel()
	mark := markOf("left-")
	end, log, err := launchScript(t.Context(), t, strings.ReplaceAll(sleepers, "MARK", mark), func(string) {})
	if err != nil || end != (outcome{}) {
		t.Fatalf("%+v %v\n%s", end, err, log.Bytes())
	}
	if n := alive(t, mark); n > 0 {
		t.Errorf("%d processes outlive the command", n)
	}
}

func TestTimeoutKillsEverything(t *testing.T) {
	t.Parallel()
	mark := markOf("late-")
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	begin := time.Now()
	_, log, err := launchScript(ctx, t, strings.ReplaceAll("trap '' TERM\n"+sleepers+"sleep 300 & wait; sleep 300", "MARK", mark), func(text string) {
		if strings.Contains(text, "up\n") { // its time is over when there is something to kill, however long that took
			cancel(context.DeadlineExceeded)
		}
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want the deadline\n%s", err, log.Bytes())
	}
	if n := alive(t, mark); n > 0 {
		t.Errorf("%d processes outlive the timeout", n)
	}
	if took := time.Since(begin); took > 4*time.Minute {
		t.Errorf("it took %s", took)
	}
}

func TestCancelStopsTheRun(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, r *Runner) {
		ctx, cancel := context.WithCancel(t.Context())
		r.Progress = func(e Event) {
			if e.Step == "run" {
				time.AfterFunc(300*time.Millisecond, cancel)
			}
		}
		evidence, _, err := r.Run(ctx, []manifest.Check{sh("sleep 300")}, Job{Merged: tree{"a": "b"}})
		if !errors.Is(err, context.Canceled) || evidence != nil {
			t.Errorf("%v %v, want no evidence and context.Canceled", evidence, err)
		}
		if left, err := os.ReadDir(r.Scratch); err != nil || len(left) > 0 {
			t.Errorf("the run left %v behind (%v)", left, err)
		}
	})
}

// TestNetworkIsCut connects to a listener on the host's loopback, which is the nearest thing a network has.
func TestNetworkIsCut(t *testing.T) {
	t.Parallel()
	needIsolation(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	connect := "exec 3<>/dev/tcp/127.0.0.1/" + port
	c := manifest.Check{Name: "test", Kind: "custom", Command: []string{"bash", "-c", connect}}
	files := tree{"a": "b"}

	e, _ := runOne(t, newRunner(t), c, Job{Merged: files})
	wantState(t, e, facts.Failed, "refused")
	if e.Network != "none" {
		t.Errorf("network %q, want none", e.Network)
	}
	e, _ = runOne(t, unguarded(t), c, Job{Merged: files})
	wantState(t, e, facts.Passed, "")
	if e.Network != "open" {
		t.Errorf("network %q, want open", e.Network)
	}
	t.Run("own loopback works", func(t *testing.T) {
		c := manifest.Check{Name: "test", Kind: "custom", Command: []string{"ping", "-c", "1", "-W", "2", "127.0.0.1"}}
		if _, err := exec.LookPath("ping"); err != nil {
			c.Command = []string{"bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/9 || test $? = 1; grep -q lo: /proc/net/dev"}
		}
		e, _ := runOne(t, newRunner(t), c, Job{Merged: files})
		wantState(t, e, facts.Passed, "")
	})
	t.Run("setup has it", func(t *testing.T) {
		c := sh("cat fetched")
		c.Setup = []string{"bash -c '" + connect + "' && echo it >fetched"}
		e, _ := runOne(t, newRunner(t), c, Job{Merged: files})
		wantState(t, e, facts.Passed, "")
	})
}

// TestTheHostIsOutOfReach tries what a check that wants to cheat, now or for later changes, would try.
func TestTheHostIsOutOfReach(t *testing.T) {
	t.Parallel()
	needIsolation(t)
	r, home, planted := outsideTemp(t)
	for _, err := range []error{
		os.MkdirAll(filepath.Join(home, ".ssh"), 0o700), os.WriteFile(filepath.Join(home, ".ssh/id"), []byte("private-key"), 0o600),
		os.WriteFile(filepath.Join(home, ".netrc"), []byte("netrc-secret"), 0o600), os.MkdirAll(filepath.Join(r.State, "setup"), 0o700),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	kernel := filepath.Join(filepath.Dir(home), "kernel")
	if err := errors.Join(os.Mkdir(kernel, 0o755), os.WriteFile(filepath.Join(kernel, "ledger_key"), []byte("kernel-key"), 0o644)); err != nil {
		t.Fatal(err)
	}
	r.Home, r.Hide = home, []string{kernel}
	key := filepath.Join(r.Cache.state, "check-cache.key")
	for name, attempt := range map[string]string{
		"read the cache's key":        "test ! -e " + key,
		"list the cache":              "test ! -e " + r.Cache.dir + " || test -z \"$(ls -A " + r.Cache.dir + ")\"",
		"see setup results":           "test ! -e " + r.State + "/setup",
		"read ssh keys":               "! cat " + home + "/.ssh/id",
		"read the kernel's keys":      "! cat " + kernel + "/ledger_key",
		"read .netrc":                 "! grep -q netrc-secret " + home + "/.netrc",
		"write outside the box":       "touch " + planted + " || true",
		"write below /tmp":            "touch /tmp/x && touch \"$TMPDIR/x\" && touch \"$HOME/x\"",
		"remount":                     "! mount -o remount,rw / 2>/dev/null",
		"uncover":                     "! umount " + r.Cache.state + " 2>/dev/null",
		"see the runner":              "test ! -e /proc/" + strconv.Itoa(os.Getpid()) + "/exe",
		"trace the guardian":          "! readlink /proc/1/fd/3 && ! cat /proc/1/environ 2>/dev/null",
		"answer for the guardian":     "! sh -c 'echo {} >/proc/1/fd/3' 2>/dev/null",
		"enter the host's namespaces": "! nsenter -t 1 -n true 2>/dev/null; ! nsenter --net=/proc/1/ns/net true 2>/dev/null",
		"see other checks":            "test $(ls " + r.Scratch + "/* | wc -l) -le 1",
		"ignore file modes":           "echo x >f && chmod 400 f && ! (echo y >f) 2>/dev/null",
		"make core dumps":             "test $(ulimit -c) = 0",
	} {
		t.Run(name, func(t *testing.T) {
			c := sh(attempt)
			e, _ := runOne(t, r, c, Job{Merged: tree{"a": "b"}})
			if e.State != facts.Passed {
				t.Errorf("%s: %s\n%s", e.State, e.Reason, logOf(t, r))
			}
		})
	}
	if _, err := os.Stat(planted); err == nil {
		t.Error("a check wrote outside of its box")
	}
}

// outsideTemp is a runner whose folders, and a home, are not below /tmp, which no check sees anyway.
func outsideTemp(t *testing.T) (r *Runner, home, planted string) {
	t.Helper()
	base, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(base, 0o700); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp(base, "adamant-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	r, home = newRunner(t), filepath.Join(dir, "home")
	r.Scratch, r.State = filepath.Join(dir, "scratch"), filepath.Join(dir, "state")
	if r.Cache, err = OpenCache(filepath.Join(dir, "cache"), filepath.Join(dir, "secret"), 1<<20); err != nil {
		t.Fatal(err)
	}
	return r, home, filepath.Join(dir, "planted")
}

// TestSocketsOfDaemonsAreHidden: a socket in /run leads to a network as well as a network does.
func TestSocketsOfDaemonsAreHidden(t *testing.T) {
	t.Parallel()
	needIsolation(t)
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: only root can put a socket into /run")
	}
	path := "/run/adamant-test-" + strconv.Itoa(os.Getpid()) + ".sock"
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	c := sh("! test -e " + path)
	c.Setup = []string{"test -e " + path}
	e, _ := runOne(t, newRunner(t), c, Job{Merged: tree{"a": "b"}})
	wantState(t, e, facts.Passed, "")
}

// TestWithoutRoot runs the tests of isolation as another user when this one is root: capabilities differ.
func TestWithoutRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // the tests above ran without root
	}
	dir := t.TempDir()
	for d := dir; d != os.TempDir() && d != "/"; d = filepath.Dir(d) {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	binary, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "test")
	if err := exectest.WriteFile(path, binary, 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-test.run", "Nothing|Network|Host|TestEnvironment|TestDescriptors|SetupIsShared", "-test.v")
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir, "ADAMANT_TEST_ISOLATION=" + os.Getenv("ADAMANT_TEST_ISOLATION")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: TestNetworkIsCut") && os.Getenv("ADAMANT_TEST_ISOLATION") == "" {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestCacheOnAFullDisk: the result stands, the operator is told, and no half entry stays behind.
func TestCacheOnAFullDisk(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("LEFT OUT: only root can mount a small disk")
	}
	r := newRunner(t)
	if err := unix.Mount("tmpfs", r.Cache.dir, "tmpfs", 0, "size=16k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(r.Cache.dir, unix.MNT_DETACH); err != nil { // at once, though a fork may still have a file of it open
			t.Error(err)
		}
	})
	full, err := os.Create(filepath.Join(r.Cache.dir, "full"))
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = full.Write(make([]byte, 4096))
	}
	full.Close()
	note := ""
	r.Progress = func(e Event) {
		if e.Step == "uncached" {
			note = e.Note
		}
	}
	e, _ := runOne(t, r, sh("true"), Job{Merged: tree{"a": "b"}})
	wantState(t, e, facts.Passed, "")
	if !strings.Contains(note, "no space left") {
		t.Errorf("told %q", note)
	}
	if left := entries(t, r.Cache); len(left) > 0 {
		t.Errorf("%v stays behind", left)
	}
}

// BenchmarkOverhead is what a check costs beyond its command: folder, checkout, isolation, log, result.
func BenchmarkOverhead(b *testing.B) {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	for _, name := range []string{"isolated", "open"} {
		b.Run(name, func(b *testing.B) {
			dir := b.TempDir()
			r := &Runner{Scratch: filepath.Join(dir, "scratch"), State: filepath.Join(dir, "state"), Path: os.Getenv("PATH"), Self: self, Now: time.Now}
			if name == "open" {
				r.Self = ""
			}
			for b.Loop() {
				if _, _, err := r.Run(b.Context(), []manifest.Check{sh("true")}, Job{Merged: tree{"a": "b"}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
