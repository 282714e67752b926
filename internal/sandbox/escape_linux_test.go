package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// escape is one attack of the suite: which guards stand in its way, and what the host prepares for it.
type escape struct {
	attack  string
	holds   guards // each of them alone stops it; without all of them it succeeds
	also    guards // left out too when it is to succeed: the attack is about something else
	root    guards // more guards that hold when the daemon is root (or, without that, do not exist)
	user    guards // more guards that hold when it is an ordinary user
	hosts   bool   // an ordinary user is refused by the host itself: nothing can be left out
	prepare func(t *testing.T, s *stageSet)
}

// stageSet is what one run of an attack has: its Spec, and the host's folder with secrets beside the task's.
type stageSet struct {
	sandbox *Sandbox
	spec    Spec
	dir     string // on the host; readable for everybody
	work    string // the task's folder, as seen by the attack
	host    bool   // guards are left out so that the attack sees the host's file system
}

func (s *stageSet) env(name, value string) { s.spec.Env = append(s.spec.Env, name+"="+value) }

// name makes mark the attack's own name, to be found by on the host.
func (s *stageSet) name(mark string) {
	s.env("MARK", mark)
	s.spec.Argv = []string{"/bin/sh", "-c", `exec -a "$MARK" "$0"`, s.spec.Argv[0]}
	s.spec.Argv[0] = "/bin/bash"
}

// put writes a file below the host's folder.
func (s *stageSet) put(t *testing.T, name string, mode os.FileMode, text string) string {
	t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func escapes() []escape {
	isRoot := os.Geteuid() == 0
	outside := guards{guardSeccomp, guardLandlock, guardUser}
	list := []escape{
		{attack: "read a file of the host", holds: guards{guardView}, prepare: func(t *testing.T, s *stageSet) {
			s.env("TARGET", s.put(t, "notes", 0o644, "secret"))
		}},
		{attack: "read the operator's key", holds: guards{guardView}, root: guards{guardIdentity}, prepare: func(t *testing.T, s *stageSet) {
			s.env("TARGET", s.put(t, "key", 0o600, "secret"))
		}},
		{attack: "read another task's token", holds: guards{guardView}, root: guards{guardIdentity}, prepare: func(t *testing.T, s *stageSet) {
			path := s.put(t, "token", 0o600, "secret")
			if other := slot(t, 77); isRoot && !s.sandbox.without.has(guardIdentity) { // else both are this user
				chown(t, path, other)
			}
			s.env("TARGET", path)
		}},
		{attack: "write a file of the host", holds: guards{guardView, guardLandlock}, prepare: func(t *testing.T, s *stageSet) {
			s.env("TARGET", s.put(t, "open", 0o666, "unspoilt"))
		}},
		{attack: "write into a read-only mount", holds: guards{guardReadOnly, guardLandlock}, prepare: func(t *testing.T, s *stageSet) {
			folder := filepath.Join(s.dir, "objects")
			if err := os.Mkdir(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			s.put(t, "objects/object", 0o666, "unspoilt")
			s.spec.Mounts = append(s.spec.Mounts, Mount{Source: folder, Target: "/task-objects"})
			s.env("READONLY", "/task-objects")
			if s.sandbox.without.has(guardReadOnly) { // Landlock follows the Spec, not the mount
				s.spec.Mounts[len(s.spec.Mounts)-1].Writable = s.sandbox.without.has(guardLandlock)
			}
		}},
		{attack: "write through a planted link", holds: guards{guardTargets}, prepare: func(t *testing.T, s *stageSet) {
			trusted := filepath.Join(s.dir, "trusted")
			if err := errors.Join(os.Mkdir(trusted, 0o755), os.Mkdir(filepath.Join(s.dir, "work", "elsewhere"), 0o755), os.Symlink("elsewhere", filepath.Join(s.dir, "work", "config"))); err != nil {
				t.Fatal(err)
			}
			s.put(t, "trusted/trusted", 0o644, "x")
			s.spec.Mounts = append(s.spec.Mounts, Mount{Source: trusted, Target: taskWork + "/config"})
			s.spec.Argv = append(s.spec.Argv, "planted")
		}},
		{attack: "read the daemon's environment", holds: guards{guardLandlock, guardUser}, also: guards{guardView}, prepare: victim},
		{attack: "inherit the daemon's environment", holds: guards{guardEnv}},
		{attack: "signal a process outside", holds: guards{guardPID, guardLandlock}, also: guards{guardView}, prepare: victim},
		{attack: "trace a process outside", holds: outside, root: guards{guardPID}, also: guards{guardView}, prepare: victim},
		{attack: "read a process's memory outside", holds: outside, root: guards{guardPID}, also: guards{guardView}, prepare: victim},
		{attack: "read the first process", holds: guards{guardDumpable}, root: guards{guardIdentity}},
		{attack: "inherited descriptors", holds: guards{guardDescriptors}, prepare: func(t *testing.T, s *stageSet) {
			file, err := os.Open(s.put(t, "open-file", 0o600, "secret"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { file.Close() })
			if _, err := unix.FcntlInt(file.Fd(), unix.F_SETFD, 0); err != nil {
				t.Fatal(err)
			}
		}},
		{attack: "abstract socket of the host", holds: guards{guardNet, guardLandlock}, prepare: func(t *testing.T, s *stageSet) {
			name := fmt.Sprintf("adamant-test-%d-%d", os.Getpid(), counter.Add(1))
			listenFor(t, "unix", "@"+name)
			s.env("SOCKET", name)
		}},
		{attack: "socket file of the host", holds: guards{guardView}, prepare: func(t *testing.T, s *stageSet) {
			path := filepath.Join(s.dir, "socket")
			listenFor(t, "unix", path)
			if err := os.Chmod(path, 0o777); err != nil {
				t.Fatal(err)
			}
			s.env("SOCKET", path)
		}},
		{attack: "loopback of the host", holds: guards{guardNet}, prepare: func(t *testing.T, s *stageSet) {
			s.env("ADDRESS", listenFor(t, "tcp", "127.0.0.1:0"))
		}},
		{attack: "names by the host's resolver", holds: guards{guardNet}, prepare: resolver},
		{attack: "the hypervisor's sockets", holds: guards{guardSeccomp}},
		{attack: "the daemon's keyring", holds: guards{guardKeyring, guardSeccomp}, prepare: keyring},
		{attack: "System V shared memory", holds: guards{guardIPC}, prepare: sharedMemory},
		{attack: "shared memory files", holds: guards{guardView}, prepare: func(t *testing.T, s *stageSet) {
			file, err := os.CreateTemp("/dev/shm", "adamant-test-")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Remove(file.Name()) })
			if _, err := file.WriteString("secret"); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(file.Chmod(0o644), file.Close()); err != nil {
				t.Fatal(err)
			}
			s.env("TARGET", file.Name())
		}},
		{attack: "the host's name", holds: guards{guardUTS}, prepare: func(t *testing.T, s *stageSet) {
			name, err := os.Hostname()
			if err != nil {
				t.Fatal(err)
			}
			s.env("HOSTNAME", name)
		}},
		{attack: "fork bomb", holds: guards{guardRlimits}, root: guards{guardCgroup}, prepare: func(t *testing.T, s *stageSet) { s.spec.Limits.Processes = 40 }},
		{attack: "memory hog", holds: guards{guardCgroup, guardRlimits}, prepare: func(t *testing.T, s *stageSet) { s.spec.Limits.Memory = 300 << 20 }},
		{attack: "a file of 10 GB", holds: guards{guardRlimits}},
		{attack: "raise its own limits", holds: guards{guardRlimits}, prepare: nil},
		{attack: "fill the temporary folder", holds: guards{guardTemp}, prepare: func(t *testing.T, s *stageSet) { s.spec.Limits.Temp = 16 << 20 }},
		{attack: "setuid binary", holds: guards{guardNoNewPrivs, guardUser}, root: guards{guardNosuid}, also: guards{guardSeccomp, guardLandlock}, prepare: setuidFile},
		{attack: "make a device", holds: guards{guardCaps, guardSeccomp, guardLandlock, guardUser}, hosts: true},
		{attack: "read the disk", holds: guards{guardView, guardIdentity}, hosts: true, prepare: func(t *testing.T, s *stageSet) { s.env("TARGET", blockDevice(t)) }},
		{attack: "mount", holds: guards{guardCaps, guardSeccomp, guardLandlock}},
		{attack: "capabilities", holds: guards{guardCaps}},
		{attack: "make a user namespace", holds: guards{guardSeccomp}},
		{attack: "make a user namespace by clone3", holds: guards{guardSeccomp}},
		{attack: "leave for a new user namespace", holds: guards{guardSeccomp}},
		{attack: "core_pattern", holds: guards{guardReadOnly, guardLandlock, guardIdentity}, hosts: true},
		{attack: "write to /sys", holds: guards{guardView, guardLandlock, guardIdentity}, hosts: true},
		{attack: "type into a terminal", holds: guards{guardSeccomp}, prepare: terminal},
		{attack: "io_uring", holds: guards{guardSeccomp}},
		{attack: "bpf", holds: guards{guardSeccomp, guardCaps, guardUser}, hosts: true},
		{attack: "perf", holds: guards{guardSeccomp}},
		{attack: "userfaultfd", holds: guards{guardSeccomp}},
		{attack: "open by handle", holds: guards{guardSeccomp, guardCaps, guardUser}, hosts: true},
	}
	if runtime.GOARCH == "amd64" {
		list = append(list, escape{attack: "calls of another architecture", holds: guards{guardSeccomp}})
	}
	if findCgroups() != nil {
		list = append(list, escape{attack: "the place among cgroups", holds: guards{guardCgroupNS}})
	}
	if path := releaseAgent(); path != "" {
		list = append(list, escape{attack: "release_agent", holds: guards{guardView, guardLandlock, guardIdentity}, hosts: true,
			prepare: func(t *testing.T, s *stageSet) { s.env("TARGET", path) }})
	}
	if _, err := os.Stat("/proc/sysrq-trigger"); err == nil {
		list = append(list, escape{attack: "sysrq", holds: guards{guardReadOnly, guardLandlock, guardIdentity}, hosts: true})
	}
	return list
}

// taskWork is the task's folder inside; no such folder may be on the host.
const taskWork = "/task-work"

var counter atomic.Int64

// TestEscapes runs every attack against everything, against nothing of what holds it, and against each single guard of it.
func TestEscapes(t *testing.T) {
	whole := newSandbox(t)
	for _, e := range escapes() {
		holds := e.holds
		if os.Geteuid() == 0 {
			holds = slices.Concat(e.holds, e.root)
		}
		t.Run(e.attack, func(t *testing.T) {
			t.Parallel()
			if out, ok := e.try(t, whole, nil); ok {
				t.Errorf("BREACH: %s", out)
			}
			if e.hosts && os.Geteuid() != 0 {
				t.Log("an ordinary user is refused this by the host itself: no guard can be shown to matter")
				return
			}
			all := slices.Concat(holds, e.also)
			if out, ok := e.try(t, whole, all); !ok {
				t.Errorf("it fails even without %v, so it proves nothing: %s", all, out)
			}
			for _, one := range holds {
				if len(holds) == 1 {
					break
				}
				rest := slices.DeleteFunc(slices.Clone(all), func(g guard) bool { return g == one })
				if out, ok := e.try(t, whole, rest); ok {
					t.Errorf("%s alone does not stop it: %s", one, out)
				}
			}
		})
	}
}

// TestEveryGuardIsAttacked: a guard that no attack is stopped by is none.
func TestEveryGuardIsAttacked(t *testing.T) {
	t.Parallel()
	var needed guards
	for _, e := range escapes() {
		needed = slices.Concat(needed, e.holds, e.root)
	}
	for _, g := range []guard{guardUser, guardPID, guardView, guardNet, guardIPC, guardUTS, guardIdentity, guardCaps, guardNoNewPrivs, guardNosuid,
		guardReadOnly, guardLandlock, guardSeccomp, guardRlimits, guardCgroup, guardKeyring, guardDescriptors, guardEnv, guardTargets, guardTemp, guardDumpable} {
		if !needed.has(g) { // guardKill and guardOrphan have tests of their own; guardCgroupNS one where there are cgroups
			t.Errorf("no attack is stopped by %s", g)
		}
	}
}

// try runs an attack once and tells what it said and whether it got through.
func (e escape) try(t *testing.T, whole *Sandbox, without guards) (string, bool) {
	t.Helper()
	s := e.arrange(t, whole, without)
	var out bytes.Buffer
	s.spec.Stdout, s.spec.Stderr = &out, &out
	p, err := s.sandbox.Start(t.Context(), s.spec)
	if err != nil {
		if slices.Contains(s.spec.Argv, "planted") && strings.Contains(err.Error(), "symlink") {
			return err.Error(), false
		}
		t.Fatalf("without %v: %v", without, err)
	}
	exit, err := p.Wait()
	if err != nil {
		t.Fatalf("without %v: %v", without, err)
	}
	text := strings.TrimSpace(out.String())
	switch {
	case exit.Code == exitBreach && exit.Cause == "":
		return text, true
	case exit.Code == exitHeld, exit.Cause == CauseMemory:
		return text, false
	}
	t.Fatalf("without %v the attack does not work: %+v %s", without, exit, text)
	return "", false
}

// arrange makes a run of an attack: a folder of the task, one of the host, and what the attack needs of it.
func (e escape) arrange(t *testing.T, whole *Sandbox, without guards) *stageSet {
	t.Helper()
	dir, err := os.MkdirTemp("/var/tmp", "adamant-escape-") // not /tmp, which is writable inside
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	work := filepath.Join(dir, "work")
	if err := errors.Join(os.Chmod(dir, 0o755), os.Mkdir(work, 0o777), os.Chmod(work, 0o777)); err != nil {
		t.Fatal(err)
	}
	sb := &Sandbox{self: whole.self, layers: whole.layers, without: without, cgroups: whole.cgroups}
	if without.has(guardCgroup) {
		sb.cgroups = nil
	}
	s := &stageSet{sandbox: sb, dir: dir, work: taskWork}
	s.host = without.has(guardView) || without.has(guardUser) && os.Geteuid() != 0
	program := "/task-program/" + filepath.Base(testBinary())
	if s.host {
		s.work, program = work, testBinary()
	}
	s.spec = Spec{
		Argv: []string{program}, Dir: "/",
		Env:    []string{attackVariable + "=" + e.attack, "PATH=/usr/bin:/bin", "WORK=" + s.work},
		Mounts: []Mount{{Source: work, Target: taskWork, Writable: true}, {Source: filepath.Dir(testBinary()), Target: "/task-program"}},
		Limits: Limits{FileSize: 1 << 30},
	}
	if !without.has(guardIdentity) {
		s.spec.Identity = slot(t, 100+int(counter.Add(1))%1000)
	}
	if e.prepare != nil {
		e.prepare(t, s)
	}
	return s
}

// testBinary is this test's program in a place that everybody can read.
func testBinary() string { return os.Getenv(programVariable) }

func chown(t *testing.T, path string, id Identity) {
	t.Helper()
	if err := os.Chown(path, id.UID, id.GID); err != nil {
		t.Fatal(err)
	}
}

// victim is a process outside of the sandbox that runs as the same user as the attack: the worst case.
func victim(t *testing.T, s *stageSet) {
	cmd := exec.Command("/bin/sleep", "60")
	cmd.Env = []string{"TOKEN=secret"}
	if s.spec.Identity != Self() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(s.spec.Identity.UID), Gid: uint32(s.spec.Identity.GID)}}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // the attack may have done it
		_ = cmd.Wait()
	})
	s.env("PID", fmt.Sprint(cmd.Process.Pid))
}

// listenFor accepts connections until the test ends, and returns the address.
func listenFor(t *testing.T, network, address string) string {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr().String()
}

// resolver answers questions by UDP.
func resolver(t *testing.T, s *stageSet) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 64)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(buf[:n], from) // the attack may be gone
		}
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	s.env("ADDRESS", conn.LocalAddr().String())
}

// keyring gives this thread, which starts the sandbox, a session keyring with a secret. The thread dies with the test.
func keyring(t *testing.T, _ *stageSet) {
	runtime.LockOSThread()
	if _, err := unix.KeyctlInt(unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.AddKey("user", "adamant-test", []byte("secret"), unix.KEY_SPEC_SESSION_KEYRING); err != nil {
		t.Fatal(err)
	}
}

func sharedMemory(t *testing.T, s *stageSet) {
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
	s.env("SHM", fmt.Sprint(id))
}

// terminal gives the attack a terminal that no session has yet.
func terminal(t *testing.T, s *stageSet) {
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { master.Close() })
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	unlock := 0
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, master.Fd(), unix.TIOCSPTLCK, uintptr(unsafe.Pointer(&unlock))); errno != 0 {
		t.Fatal(errno)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { slave.Close() })
	s.spec.Stdin = slave
}

// setuidVariable names a copy of this program that belongs to root and has the setuid bit: only root can make one.
const setuidVariable = "ADAMANT_TEST_SETUID"

func setuidFile(t *testing.T, s *stageSet) {
	path := os.Getenv(setuidVariable)
	if os.Geteuid() == 0 {
		path = s.put(t, "setuid", 0o755, "")
		program, err := os.ReadFile(testBinary())
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.WriteFile(path, program, 0o755), os.Chmod(path, 0o755|os.ModeSetuid)); err != nil {
			t.Fatal(err)
		}
	}
	if path == "" {
		t.Fatalf("a setuid file of root's is needed; root's run of this test makes one")
	}
	folder := filepath.Dir(path)
	s.spec.Mounts = append(s.spec.Mounts, Mount{Source: folder, Target: "/task-setuid"})
	if s.host {
		s.env("TARGET", path)
		return
	}
	s.env("TARGET", "/task-setuid/"+filepath.Base(path))
}

func blockDevice(t *testing.T) string {
	t.Helper()
	for _, pattern := range []string{"/dev/[vs]d[a-z]", "/dev/nvme*n1", "/dev/loop[0-9]", "/dev/ram0"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found { // this very machine may be forbidden some
			if file, err := os.Open(path); err == nil || os.Geteuid() != 0 {
				file.Close()
				return path
			}
		}
	}
	t.Fatal("this machine has no block device to read")
	return ""
}

// releaseAgent is a file of the host by which its cgroups of version 1 start programs as root.
func releaseAgent() string {
	found, err := filepath.Glob("/sys/fs/cgroup/*/release_agent")
	if err != nil || len(found) == 0 {
		return ""
	}
	return found[0]
}

// TestTermIsNotEnough: a program that ignores SIGTERM, with a child that left its session, is dead soon after Terminate.
func TestTermIsNotEnough(t *testing.T) {
	t.Parallel()
	whole := newSandbox(t)
	for _, without := range []guards{nil, {guardKill}} {
		t.Run(fmt.Sprint(without), func(t *testing.T) {
			t.Parallel()
			s := escape{attack: "ignore SIGTERM"}.arrange(t, whole, without)
			mark := newMark("deaf")
			s.name(mark)
			up := make(lineWriter, 2)
			s.spec.Stdout = up
			p, err := s.sandbox.Start(t.Context(), s.spec)
			if err != nil {
				t.Fatal(err)
			}
			<-up // both ignore it by now
			<-up
			eventually(t, func() bool { return alive(t, mark) == 2 })
			begin, ended := time.Now(), make(chan error, 1)
			go func() { ended <- p.Terminate(context.Background()) }()
			select {
			case err := <-ended:
				if err != nil || without != nil {
					t.Errorf("it ended (%v) without %v", err, without)
				}
			case <-time.After(Grace + 3*time.Second):
				if without == nil {
					t.Error("it lives on")
				} else if alive(t, mark) != 2 {
					t.Errorf("it is dead without %v, so the guard proves nothing", without)
				}
				if err := p.Kill(); err != nil {
					t.Error(err)
				}
				<-ended
			}
			if n := alive(t, mark); n != 0 || time.Since(begin) > 30*time.Second {
				t.Errorf("%d processes are left after %s", n, time.Since(begin))
			}
			if exit, err := p.Wait(); err != nil || exit.Cause != CauseTerminated {
				t.Errorf("%+v %v", exit, err)
			}
		})
	}
}

// lineWriter tells each line that was written.
type lineWriter chan struct{}

func (w lineWriter) Write(p []byte) (int, error) {
	for range bytes.Count(p, []byte("\n")) {
		w <- struct{}{}
	}
	return len(p), nil
}

// TestDeathOfTheDaemon kills, with SIGKILL, the process that started a sandbox.
func TestDeathOfTheDaemon(t *testing.T) {
	t.Parallel()
	if mark := os.Getenv("ADAMANT_TEST_VICTIM"); mark != "" {
		var without guards
		if os.Getenv("ADAMANT_TEST_WITHOUT") != "" {
			without = guards{guardOrphan}
		}
		s := escape{attack: "ignore SIGTERM"}.arrange(t, newSandbox(t), without)
		s.name(mark)
		p, err := s.sandbox.Start(t.Context(), s.spec)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = p.Wait() // this process is killed meanwhile
		return
	}
	for _, without := range []string{"", "x"} {
		t.Run("without"+without, func(t *testing.T) {
			t.Parallel()
			mark := newMark("orphan")
			daemon := exec.Command(testBinary(), "-test.run", "^TestDeathOfTheDaemon$")
			daemon.Env = append(os.Environ(), "ADAMANT_TEST_VICTIM="+mark, "ADAMANT_TEST_WITHOUT="+without)
			if err := daemon.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() bool { return alive(t, mark) == 2 })
			if err := daemon.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = daemon.Wait() // it was killed
			if without == "" {
				eventually(t, func() bool { return alive(t, mark) == 0 })
				return
			}
			if alive(t, mark) == 0 {
				t.Error("they are dead without the guard, so it proves nothing")
			}
			killAll(t, mark)
		})
	}
}

// alive counts the processes of the whole machine that have mark as their first argument.
func alive(t *testing.T, mark string) int {
	t.Helper()
	return len(named(t, mark))
}

func named(t *testing.T, mark string) []int {
	t.Helper()
	var found []int
	for _, pid := range processes() {
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if argv0, _, _ := strings.Cut(string(name), "\x00"); err == nil && argv0 == mark {
			found = append(found, pid)
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ESRCH) {
			t.Fatal(err)
		}
	}
	return found
}

// killAll kills the processes of a test that are named so, and the first process of their sandbox.
func killAll(t *testing.T, mark string) {
	t.Helper()
	for _, pid := range named(t, mark) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue // gone meanwhile
		}
		var parent int
		if _, err := fmt.Sscanf(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " %c %d", new(rune), &parent); err == nil && parent > 1 {
			_ = unix.Kill(parent, unix.SIGKILL) // one of them may be gone
		}
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	eventually(t, func() bool { return alive(t, mark) == 0 })
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen within 30 seconds")
		}
	}
}

// TestAsOrdinaryUser runs all of it again as nobody, when this is root: the layers differ.
func TestAsOrdinaryUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Log("this is the ordinary user already")
		return
	}
	dir, err := os.MkdirTemp("/var/tmp", "adamant-nobody-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	program, err := os.ReadFile(testBinary())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bin", "setuid", "tmp"} {
		if err := errors.Join(os.Mkdir(filepath.Join(dir, name), 0o777), os.Chmod(filepath.Join(dir, name), 0o777)); err != nil {
			t.Fatal(err)
		}
	}
	path, setuid := filepath.Join(dir, "bin", "sandbox.test"), filepath.Join(dir, "setuid", "sandbox.test")
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(path, program, 0o755), os.WriteFile(setuid, program, 0o755), os.Chmod(setuid, 0o755|os.ModeSetuid)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-test.v", "-test.run", "^(Test[^A]|TestA[^s])")
	cmd.Dir = filepath.Join(dir, "tmp")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir, "TMPDIR=" + cmd.Dir, setuidVariable + "=" + setuid, programVariable + "=" + path, "ADAMANT_TEST_DAEMON_SECRET=secret"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestEscapes")) || bytes.Contains(out, []byte("--- SKIP")) {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
}

// newMark is a name that no other process of this machine has.
func newMark(kind string) string { return fmt.Sprintf("%s-%d-%d", kind, os.Getpid(), counter.Add(1)) }
