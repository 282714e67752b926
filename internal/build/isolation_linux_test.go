package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// An assault is one probe with its stage on the host. Package sandbox shows for each guard what it alone stops; here a whole build is
// attacked, once as builds are, and once by a builder without a sandbox, where it has to get through: a probe that cannot is none.
type assault struct {
	probe string
	// prepare sets the stage and returns what the attacker knows of it.
	prepare func(t *testing.T, s *stage) (target string)
	// breached tells, from outside and after the build, whether it got through; nil: the probe's own word counts.
	breached func(t *testing.T, s *stage) bool
	caches   bool // the build is a Go build, with a cache
	apart    bool // it runs in a process of its own, see withKeyring
}

// stage is one run of an assault.
type stage struct {
	*project
	dir  string // on the host, readable for everybody
	dest string // where artifacts go
	mark string
}

func assaults() []assault {
	return []assault{
		{probe: "network", prepare: func(t *testing.T, _ *stage) string { return listen(t, "tcp", outward(t)+":0") }},
		{probe: "loopback", prepare: func(t *testing.T, _ *stage) string { return listen(t, "tcp", "127.0.0.1:0") }},
		{probe: "socket file", prepare: func(t *testing.T, s *stage) string {
			path := listen(t, "unix", filepath.Join(s.dir, "socket"))
			if err := os.Chmod(path, 0o777); err != nil {
				t.Fatal(err)
			}
			return path
		}},
		{probe: "abstract socket", prepare: func(t *testing.T, s *stage) string { return listen(t, "unix", "@"+s.mark) }},
		{probe: "host files", prepare: func(t *testing.T, s *stage) string { return secret(t, filepath.Join(s.dir, "file")) }},
		{probe: "temporary files", prepare: func(t *testing.T, s *stage) string {
			return secret(t, filepath.Join("/tmp", s.mark))
		}},
		{probe: "files of another build", prepare: otherBuild},
		{probe: "/proc", prepare: victim},
		{probe: "ptrace", prepare: victim},
		{probe: "signals", prepare: victim},
		{probe: "keyring", prepare: func(*testing.T, *stage) string { return "" }, apart: true},
		{probe: "System V shared memory", prepare: segment},
		{probe: "shared memory file", prepare: func(t *testing.T, s *stage) string { return secret(t, filepath.Join("/dev/shm", s.mark)) }},
		{probe: "inherited descriptors", prepare: descriptor},
		{probe: "fake provenance", prepare: func(_ *testing.T, s *stage) string { return s.dest + ".provenance.json" }, breached: func(_ *testing.T, s *stage) bool {
			_, err := os.Stat(s.dest + ".provenance.json")
			return err == nil
		}},
		{probe: "the builder's own files", prepare: func(_ *testing.T, s *stage) string { return filepath.Join(s.options.Dir, "cache") }},
		{probe: "poisoned cache", prepare: func(*testing.T, *stage) string { return "" }, breached: poisoned, caches: true},
		{probe: "processes left behind", prepare: func(t *testing.T, s *stage) string {
			t.Cleanup(func() { end(t, s.mark) })
			return s.mark
		}, breached: func(t *testing.T, s *stage) bool { return len(alive(t, s.mark)) > 0 }},
	}
}

// TestIsolation runs every assault against a build as it is, and against one without a sandbox.
func TestIsolation(t *testing.T) {
	t.Parallel()
	repo, commit := hostile(t)
	real := whole(t)
	tried := map[string]bool{}
	for _, a := range assaults() {
		tried[a.probe] = true
		t.Run(a.probe, func(t *testing.T) {
			t.Parallel()
			if a.apart && os.Getenv(keyringVariable) == "" {
				withKeyring(t, a.probe)
				return
			}
			if said, through := a.run(t, repo, commit, real); through {
				t.Errorf("BREACH: %s", said)
			} else {
				t.Log(said)
			}
			if said, through := a.run(t, repo, commit, bare(t)); !through {
				t.Errorf("it fails even without a sandbox, so it proves nothing: %s", said)
			}
			if readKey("") == nil && os.Getenv(keyringVariable) == "" {
				t.Error("a thread of the tests has the keyring: it cannot outlive this test")
			}
		})
	}
	for name := range probes {
		if !tried[name] {
			t.Errorf("nobody tries %q", name)
		}
	}
}

// TestIsolationWithoutRoot runs all of it again as nobody, when this is root.
func TestIsolationWithoutRoot(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		return // the test above ran so
	}
	dir := open0755(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "build.test") // copied by another process: a file that is open here for writing could not be started
	if out, err := exec.Command("install", "-m", "755", self, path).CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, "-test.v", "-test.run", "^TestIsolation$|^TestBuild|^TestConcurrent")
	cmd.Dir, cmd.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "TMPDIR=" + dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestIsolation")) || bytes.Contains(out, []byte("--- SKIP")) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}

// hostile is a repository that holds this program.
func hostile(t *testing.T) (*git.Repo, git.OID) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	r := gittest.New(t)
	r.Write("probe", string(program))
	r.Write("go.mod", "module example.com/hostile\n\ngo 1.26\n")
	commit := git.OID(r.Commit("one"))
	repo, err := git.Open(context.WithoutCancel(t.Context()), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { repo.Close() })
	return repo, commit
}

var stages atomic.Int64

// run sets the stage, builds, and tells what the probe said and whether it got through.
func (a assault) run(t *testing.T, repo *git.Repo, commit git.OID, box Sandbox) (string, bool) {
	t.Helper()
	s := &stage{dir: open0755(t), mark: fmt.Sprintf("adamant-build-%d-%d", os.Getpid(), stages.Add(1))}
	b, err := New(Options{Source: repo, Dir: filepath.Join(s.dir, "builder"), Sandbox: box, Path: os.Getenv("PATH"), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	s.project, s.dest = &project{Builder: b, commit: commit, repo: repo}, filepath.Join(s.dir, "dest")
	target := manifest.Build{Name: "hostile", Kind: "custom", Command: []string{"chmod +x probe && ./probe"}, Env: map[string]string{
		probeVariable: a.probe, "TARGET": a.prepare(t, s),
	}}
	if a.caches {
		target.Kind = "go"
		s.fakeCache(t, target)
	}
	if _, err := s.Build(t.Context(), s.job(target), s.dest); err != nil {
		t.Fatalf("the assault does not work: %v", err)
	}
	said := read(t, s.dest, "result")
	if a.breached != nil {
		return said, a.breached(t, s)
	}
	return said, said == "breach"
}

// bare is a builder's sandbox that is none: programs run as this user, among the host's files.
type bareBox struct{ *sandbox.Sandbox }

func bare(t *testing.T) Sandbox {
	t.Helper()
	s, err := sandbox.New(t.Context(), sandbox.Options{Weaker: true})
	if err != nil {
		t.Fatal(err)
	}
	return bareBox{s}
}

// Start shows a program the host's paths in place of its mounts.
func (b bareBox) Start(ctx context.Context, spec sandbox.Spec) (*sandbox.Process, error) {
	for _, m := range spec.Mounts {
		spec.Dir = within(spec.Dir, m)
		for i, pair := range spec.Env {
			name, value, _ := strings.Cut(pair, "=")
			spec.Env[i] = name + "=" + within(value, m)
		}
	}
	spec.View, spec.Mounts, spec.Identity = sandbox.ViewHost, nil, sandbox.Self()
	return b.Sandbox.Start(ctx, spec)
}

func within(path string, m sandbox.Mount) string {
	if path == m.Target || strings.HasPrefix(path, m.Target+"/") {
		return m.Source + path[len(m.Target):]
	}
	return path
}

// open0755 is a folder that every user may look into.
func open0755(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "adamant-build-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := removeAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// secret is a file that everybody may read.
func secret(t *testing.T, path string) string {
	t.Helper()
	if err := errors.Join(os.WriteFile(path, []byte("secret"), 0o644), os.Chmod(path, 0o644)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
	return path
}

func listen(t *testing.T, network, address string) string {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go drainTo(l)
	return l.Addr().String()
}

// outward is an address of this machine on a network, or another one of its loopback where it has no network.
func outward(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.To4() != nil && !n.IP.IsLoopback() {
			return n.IP.String()
		}
	}
	return "127.0.0.2"
}

// victim is a process of the host, of this user.
func victim(t *testing.T, _ *stage) string {
	t.Helper()
	cmd := exec.Command("/bin/sleep", "300")
	cmd.Env = []string{"TOKEN=secret"}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it is there until here
		_ = cmd.Wait()
	})
	return fmt.Sprint(cmd.Process.Pid)
}

// withKeyring runs an assault in a process that has a session keyring with a key. A keyring is a thread's: a thread of this process that
// had it would have to end with its test, and with it every git that it happened to start for others (PR_SET_PDEATHSIG).
func withKeyring(t *testing.T, probe string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.v", "-test.run", "^TestIsolation$/^"+probe+"$")
	cmd.Env = append(os.Environ(), keyringVariable+"=new")
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestIsolation/"+probe)) {
		t.Errorf("in a process of its own: %v\n%s", err, out)
	}
}

// joinKeyring begins this program anew with a session keyring that holds a key: all threads have that of the one that execs.
func joinKeyring() error {
	runtime.LockOSThread()
	if _, err := unix.KeyctlInt(unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("joining a keyring: %w", err)
	}
	if _, err := unix.AddKey("user", "adamant-build-test", []byte("secret"), unix.KEY_SPEC_SESSION_KEYRING); err != nil {
		return fmt.Errorf("adding a key: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.Setenv(keyringVariable, "joined"); err != nil {
		return err
	}
	return syscall.Exec(self, os.Args, os.Environ())
}

func segment(t *testing.T, _ *stage) string {
	t.Helper()
	id, err := unix.SysvShmGet(unix.IPC_PRIVATE, 4096, unix.IPC_CREAT|0o666)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := unix.SysvShmCtl(id, unix.IPC_RMID, nil); err != nil {
			t.Error(err)
		}
	})
	data, err := unix.SysvShmAttach(id, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	copy(data, "secret")
	if err := unix.SysvShmDetach(data); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(id)
}

// descriptor leaves a file open for whatever this process starts.
func descriptor(t *testing.T, s *stage) string {
	t.Helper()
	file, err := os.Open(secret(t, filepath.Join(s.dir, "open")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	if _, err := unix.FcntlInt(file.Fd(), unix.F_SETFD, 0); err != nil {
		t.Fatal(err)
	}
	return ""
}

// otherBuild runs a build of the same builder until the test ends, and tells where its files lie.
func otherBuild(t *testing.T, s *stage) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		job := s.job(custom(`echo secret >"$OUT/secret"; while :; do sleep 1; done`))
		_, _ = s.Build(ctx, job, filepath.Join(s.dir, "other")) // it is cancelled
	}()
	t.Cleanup(func() { cancel(); <-done })
	pattern := filepath.Join(s.options.Dir, "work", "build-*", "out", "secret")
	for range 30_000 {
		if readSecrets(pattern) == nil { // what the probe does, which is to get through where nothing holds it
			return pattern
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the other build does not begin")
	return ""
}

// fakeCache puts a small cache where the builder will look for one of the standard library.
func (s *stage) fakeCache(t *testing.T, target manifest.Build) {
	t.Helper()
	r := &run{Builder: s.Builder, setting: usual(), job: s.job(target)}
	if err := errors.Join(r.begin(t.Context()), r.toolchain(t.Context())); err != nil {
		t.Fatal(err)
	}
	key, err := (&filler{run: r, toolchain: r.goToolchain(), env: trustedEnv(r.target)}).key("std")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.folder("go-std", key, func(folder string) error {
		return errors.Join(os.Mkdir(filepath.Join(folder, "ab"), 0o755), os.WriteFile(filepath.Join(folder, "ab", "object"), []byte("trusted"), 0o644))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// poisoned tells whether the cache on the host is another than it was.
func poisoned(t *testing.T, s *stage) bool {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.options.Dir, "cache", "go-std-*", "ab", "*"))
	if err != nil || len(found) == 0 {
		t.Fatal("there is no cache", err)
	}
	text, err := os.ReadFile(found[0])
	return len(found) != 1 || err != nil || string(text) != "trusted"
}

// alive are the processes of the whole machine that go by a name.
func alive(t *testing.T, mark string) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, entry := range entries {
		var pid int
		if _, err := fmt.Sscan(entry.Name(), &pid); err != nil {
			continue
		}
		if line, err := os.ReadFile("/proc/" + entry.Name() + "/cmdline"); err == nil && strings.HasPrefix(string(line), mark+"\x00") {
			pids = append(pids, pid)
		}
	}
	return pids
}

func end(t *testing.T, mark string) {
	for _, pid := range alive(t, mark) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended
	}
}
