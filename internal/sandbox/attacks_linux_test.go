package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What an attack's process exits with.
const (
	exitBreach = 0 // it got through
	exitHeld   = 3 // it was refused
)

// attackVariable names the attack that this binary is to be, inside a sandbox.
const attackVariable = "ADAMANT_ATTACK"

// held says how an attack was refused.
type held struct{ error }

func refusedBy(err error) error {
	if err == nil {
		return nil
	}
	return held{err}
}

// playAttack runs one attack as this process and never returns.
func playAttack(name string) {
	switch name {
	case "talk":
		talk()
	case "nest":
		nest()
	}
	run, ok := attacks()[name]
	if !ok {
		fmt.Println("no such attack")
		os.Exit(2)
	}
	err := run(os.Getenv)
	var no held
	switch {
	case err == nil:
		fmt.Println("breach")
		os.Exit(exitBreach)
	case errors.As(err, &no):
		fmt.Println("held:", err)
		os.Exit(exitHeld)
	}
	fmt.Println("the attack itself failed:", err)
	os.Exit(2)
}

// attacks are what a hostile program does. Each returns nil when it got through, held when it was refused, and any other error
// when it does not work. The argument reads what the host prepared.
func attacks() map[string]func(env func(string) string) error {
	return map[string]func(env func(string) string) error{
		"read a file of the host":          readSecret,
		"read the operator's key":          readSecret,
		"read another task's token":        readSecret,
		"write a file of the host":         func(env func(string) string) error { return refusedBy(os.WriteFile(env("TARGET"), []byte("x"), 0o644)) },
		"write into a read-only mount":     writeReadOnly,
		"write through a planted link":     writeThroughLink,
		"read the daemon's environment":    readEnviron,
		"inherit the daemon's environment": inheritEnviron,
		"signal a process outside":         killOutside,
		"trace a process outside":          traceOutside,
		"read a process's memory outside":  readMemoryOutside,
		"read the first process":           readFirst,
		"inherited descriptors":            inheritedDescriptors,
		"abstract socket of the host":      func(env func(string) string) error { return dial("unix", "@"+env("SOCKET")) },
		"socket file of the host":          func(env func(string) string) error { return dial("unix", env("SOCKET")) },
		"loopback of the host":             func(env func(string) string) error { return dial("tcp", env("ADDRESS")) },
		"names by the host's resolver":     askResolver,
		"the hypervisor's sockets":         func(func(string) string) error { return openSocket(unix.AF_VSOCK, unix.SOCK_STREAM) },
		"the daemon's keyring":             readKeyring,
		"System V shared memory":           readSharedMemory,
		"POSIX message queue":              readQueue,
		"shared memory files":              readSecret,
		"the host's name":                  hostName,
		"the place among cgroups":          cgroupPlace,
		"fork bomb":                        forkBomb,
		"memory hog":                       memoryHog,
		"a file of 10 GB":                  hugeFile,
		"fill the temporary folder":        fillTemp,
		"setuid binary":                    setuidBinary,
		"make a device":                    makeDevice,
		"mount":                            mountSomething,
		"make a user namespace":            func(func(string) string) error { return cloneUser(unix.SYS_CLONE) },
		"make a user namespace by clone3":  func(func(string) string) error { return cloneUser(unix.SYS_CLONE3) },
		"leave for a new user namespace":   unshareUser,
		"core_pattern":                     func(func(string) string) error { return openForWriting("/proc/sys/kernel/core_pattern") },
		"sysrq":                            func(func(string) string) error { return openForWriting("/proc/sysrq-trigger") },
		"write to /sys":                    func(func(string) string) error { return openForWriting("/sys/kernel/mm/transparent_hugepage/enabled") },
		"release_agent":                    func(env func(string) string) error { return openForWriting(env("TARGET")) },
		"raise its own limits":             raiseLimits,
		"type into a terminal":             typeIntoTerminal,
		"io_uring":                         ioUring,
		"bpf":                              loadMap,
		"perf":                             perfEvent,
		"userfaultfd":                      userFault,
		"open by handle":                   openByHandle,
		"calls of another architecture":    foreignCall,
		"ignore SIGTERM":                   ignoreTerm,
		"rename the host":                  func(func(string) string) error { return refusedBy(unix.Sethostname([]byte("sandbox"))) },
		"read the disk":                    func(env func(string) string) error { return readDevice(env("TARGET")) },
		"capabilities":                     haveCapabilities,
	}
}

func readSecret(env func(string) string) error {
	text, err := os.ReadFile(env("TARGET"))
	if err != nil {
		return held{err}
	}
	if !strings.Contains(string(text), "secret") {
		return fmt.Errorf("%s holds %q", env("TARGET"), text)
	}
	return nil
}

// writeReadOnly writes to a file of a read-only mount, directly and by a hard link in a folder of its own.
func writeReadOnly(env func(string) string) error {
	path := filepath.Join(env("READONLY"), "object")
	direct := os.WriteFile(path, []byte("spoilt"), 0o644)
	if direct == nil {
		return nil
	}
	link := filepath.Join(env("WORK"), "hard")
	if err := os.Link(path, link); err != nil {
		return held{errors.Join(direct, err)}
	}
	return refusedBy(os.WriteFile(link, []byte("spoilt"), 0o644))
}

// writeThroughLink replaces a folder that the operator mounted something over: an earlier run made it a symlink, so that the mount
// went elsewhere.
func writeThroughLink(env func(string) string) error {
	path := filepath.Join(env("WORK"), "config")
	return refusedBy(errors.Join(os.Remove(path), os.Mkdir(path, 0o755), os.WriteFile(filepath.Join(path, "trusted"), []byte("mine"), 0o644)))
}

func readEnviron(env func(string) string) error {
	text, err := os.ReadFile("/proc/" + env("PID") + "/environ")
	if err != nil {
		return held{err}
	}
	if !bytes.Contains(text, []byte("secret")) {
		return held{fmt.Errorf("process %s is another one, with %q", env("PID"), text)}
	}
	return nil
}

func inheritEnviron(env func(string) string) error {
	if env("ADAMANT_TEST_DAEMON_SECRET") == "" {
		return held{errors.New("it is not there")}
	}
	return nil
}

func killOutside(env func(string) string) error {
	pid, err := strconv.Atoi(env("PID"))
	if err != nil {
		return err
	}
	return refusedBy(unix.Kill(pid, unix.SIGKILL))
}

func traceOutside(env func(string) string) error {
	pid, err := strconv.Atoi(env("PID"))
	if err != nil {
		return err
	}
	return refusedBy(unix.PtraceSeize(pid))
}

func readMemoryOutside(env func(string) string) error {
	pid, err := strconv.Atoi(env("PID"))
	if err != nil {
		return err
	}
	maps, err := os.ReadFile("/proc/" + env("PID") + "/maps")
	start := uint64(0)
	if err == nil {
		_, err = fmt.Sscanf(string(maps), "%x-", &start)
	}
	if err != nil {
		return held{err}
	}
	to := make([]byte, 16)
	local := []unix.Iovec{{Base: &to[0], Len: uint64(len(to))}}
	remote := []unix.RemoteIovec{{Base: uintptr(start), Len: len(to)}}
	_, err = unix.ProcessVMReadv(pid, local, remote, 0)
	return refusedBy(err)
}

// readFirst looks for a way into the first process, or to the file that it runs: that is the host's adamant.
func readFirst(func(string) string) error {
	var errs []error
	for _, name := range []string{"environ", "mem", "exe", "fd/3"} {
		file, err := os.Open("/proc/1/" + name)
		if err == nil {
			file.Close()
			return nil
		}
		errs = append(errs, err)
	}
	return held{errors.Join(errs...)}
}

func inheritedDescriptors(env func(string) string) error {
	for fd := 3; fd < 64; fd++ {
		text := make([]byte, 64)
		if n, err := unix.Pread(fd, text, 0); err == nil && bytes.Contains(text[:n], []byte("secret")) {
			return nil
		}
	}
	return held{errors.New("none is open")}
}

func dial(network, address string) error {
	conn, err := net.DialTimeout(network, address, time.Minute)
	if err != nil {
		return held{err}
	}
	return conn.Close()
}

func askResolver(env func(string) string) error {
	conn, err := net.Dial("udp", env("ADDRESS"))
	if err != nil {
		return held{err}
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("who is it?")); err != nil {
		return held{err}
	}
	_, err = conn.Read(make([]byte, 64))
	return refusedBy(err)
}

func openSocket(family, kind int) error {
	fd, err := unix.Socket(family, kind, 0)
	if err != nil {
		return held{err}
	}
	return unix.Close(fd)
}

func readKeyring(func(string) string) error {
	id, err := unix.KeyctlSearch(unix.KEY_SPEC_SESSION_KEYRING, "user", "adamant-test", 0)
	if err != nil {
		return held{err}
	}
	text := make([]byte, 64)
	_, err = unix.KeyctlBuffer(unix.KEYCTL_READ, id, text, 0)
	return refusedBy(err)
}

func readSharedMemory(env func(string) string) error {
	id, err := strconv.Atoi(env("SHM"))
	if err != nil {
		return err
	}
	text, err := unix.SysvShmAttach(id, 0, unix.SHM_RDONLY)
	if err != nil {
		return held{err}
	}
	if !bytes.Contains(text, []byte("secret")) {
		return held{errors.New("it is another segment")}
	}
	return nil
}

// readQueue takes a message out of a queue of the host's. The name has no slash in front: that is the library's, not the kernel's.
func readQueue(env func(string) string) error {
	fd, err := openQueue(env("QUEUE"), unix.O_RDONLY|unix.O_NONBLOCK)
	if err != nil {
		return held{err}
	}
	defer unix.Close(fd)
	text := make([]byte, queueMessage)
	n, _, errno := unix.Syscall6(unix.SYS_MQ_TIMEDRECEIVE, uintptr(fd), uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)), 0, 0, 0)
	if errno != 0 {
		return held{errno}
	}
	if !bytes.Contains(text[:n], []byte("secret")) {
		return fmt.Errorf("the queue holds %q", text[:n])
	}
	return nil
}

func hostName(env func(string) string) error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	if name != env("HOSTNAME") {
		return held{fmt.Errorf("it is called %s here", name)}
	}
	return nil
}

func cgroupPlace(func(string) string) error {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return err
	}
	if !strings.Contains(string(text), groupPrefix) {
		return held{errors.New("it is the root")}
	}
	return nil
}

func readDevice(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return held{err}
	}
	defer file.Close()
	_, err = file.Read(make([]byte, 16))
	if errors.Is(err, io.EOF) {
		return nil // it is empty
	}
	return refusedBy(err)
}

func openForWriting(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return held{err}
	}
	return file.Close() // nothing is written: that it could be is enough
}
