package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/adamant-os/adamant/internal/exectest"
)

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

var counter atomic.Int64

// arrange makes a run of an attack: a folder of the task, one of the host, and what the attack needs of it.
func (e escape) arrange(t *testing.T, whole *Sandbox, without guards) *stageSet {
	t.Helper()
	dir := folder(t, "adamant-escape-")
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

// folderVariable names where a process that will be killed makes its folders.
const folderVariable = "ADAMANT_TEST_FOLDER"

// folder makes a folder outside of /tmp, which is writable inside.
func folder(t *testing.T, prefix string) string {
	t.Helper()
	dir, err := os.MkdirTemp(cmp.Or(os.Getenv(folderVariable), "/var/tmp"), prefix)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
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
	cmd := exec.Command("/bin/sleep", "600")
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

const queueMessage = 64 // bytes of a message at most

// openQueue opens a message queue, or makes one for a message of everybody's.
func openQueue(name string, flags int) (int, error) {
	path, err := unix.BytePtrFromString(name)
	if err != nil {
		return 0, err
	}
	attr := [8]int{1: 1, 2: queueMessage} // struct mq_attr: flags, messages, size of one
	fd, _, errno := unix.Syscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(path)), uintptr(flags), 0o666, uintptr(unsafe.Pointer(&attr)), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(fd), nil
}

func messageQueue(t *testing.T, s *stageSet) {
	name := fmt.Sprintf("adamant-test-%d-%d", os.Getpid(), counter.Add(1))
	fd, err := openQueue(name, unix.O_CREAT|unix.O_EXCL|unix.O_RDWR)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	t.Cleanup(func() {
		path, err := unix.BytePtrFromString(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, errno := unix.Syscall(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(path)), 0, 0); errno != 0 {
			t.Error(errno)
		}
	})
	if err := unix.Fchmod(fd, 0o666); err != nil { // others may read it, whatever the umask is
		t.Fatal(err)
	}
	text := []byte("secret")
	if _, _, errno := unix.Syscall6(unix.SYS_MQ_TIMEDSEND, uintptr(fd), uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)), 0, 0, 0); errno != 0 {
		t.Fatal(errno)
	}
	s.env("QUEUE", name)
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
		if err := errors.Join(exectest.WriteFile(path, program, 0o755), os.Chmod(path, 0o755|os.ModeSetuid)); err != nil {
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
