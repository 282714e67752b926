package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
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
	if name == "talk" {
		talk()
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
	conn, err := net.DialTimeout(network, address, 2*time.Second)
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
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
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

const bombs = 150

func forkBomb(func(string) string) error {
	started := []*os.Process{}
	defer func() {
		for _, p := range started {
			_ = p.Kill() // it may have ended
		}
	}()
	for range bombs {
		p, err := os.StartProcess("/bin/sleep", []string{"sleep", "20"}, &os.ProcAttr{})
		if err != nil {
			return held{fmt.Errorf("after %d processes: %w", len(started), err)}
		}
		started = append(started, p)
	}
	return nil
}

func memoryHog(func(string) string) error {
	const size = 1 << 30
	data, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return held{err}
	}
	for i := 0; i < size; i += 4096 {
		data[i] = 1
	}
	time.Sleep(3 * watchEvery) // it keeps what it has
	return nil
}

func hugeFile(env func(string) string) error {
	signal.Ignore(unix.SIGXFSZ)
	file, err := os.Create(filepath.Join(env("WORK"), "huge"))
	if err != nil {
		return err
	}
	defer file.Close()
	return refusedBy(file.Truncate(10 << 30))
}

func fillTemp(func(string) string) error {
	file, err := os.Create("/dev/shm/full")
	if err != nil {
		return err
	}
	defer file.Close()
	block := make([]byte, 1<<20)
	for range 64 {
		if _, err := file.Write(block); err != nil {
			return held{err}
		}
	}
	return nil
}

// setuidBinary starts a file of root's with the setuid bit: a copy of this program, which tells whom it runs as.
func setuidBinary(env func(string) string) error {
	if env("STAGE") == "2" {
		os.Exit(exitBreachIf(os.Geteuid() != os.Getuid()))
	}
	attr := &os.ProcAttr{Env: []string{attackVariable + "=setuid binary", "STAGE=2"}, Files: []*os.File{os.Stdin, os.Stdout, os.Stderr}}
	return stage(env("TARGET"), attr)
}

func exitBreachIf(breach bool) int {
	if breach {
		return exitBreach
	}
	return exitHeld
}

// stage starts a second process of an attack and takes its answer.
func stage(path string, attr *os.ProcAttr) error {
	p, err := os.StartProcess(path, []string{"stage"}, attr)
	if err != nil {
		return held{err}
	}
	state, err := p.Wait()
	if err != nil {
		return err
	}
	switch state.ExitCode() {
	case exitBreach:
		return nil
	case exitHeld:
		return held{errors.New("it has no more rights than before")}
	}
	return fmt.Errorf("its second process: %v", state)
}

func makeDevice(env func(string) string) error {
	return refusedBy(unix.Mknod(filepath.Join(env("WORK"), "device"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
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

func mountSomething(env func(string) string) error {
	return refusedBy(unix.Mount("tmpfs", env("WORK"), "tmpfs", 0, ""))
}

// cloneUser asks for a child in a user namespace of its own, which would have every capability there.
func cloneUser(nr uintptr) error {
	flags := uintptr(unix.CLONE_NEWUSER | unix.SIGCHLD)
	args := struct{ flags, pidfd, childTid, parentTid, exitSignal, stack, stackSize, tls uint64 }{flags: unix.CLONE_NEWUSER, exitSignal: uint64(unix.SIGCHLD)}
	var pid uintptr
	var errno syscall.Errno
	if nr == unix.SYS_CLONE {
		pid, _, errno = syscall.RawSyscall6(nr, flags, 0, 0, 0, 0, 0)
	} else {
		pid, _, errno = syscall.RawSyscall(nr, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args), 0)
	}
	if errno != 0 {
		return held{errno}
	}
	if pid == 0 { // a fork of a Go program: nothing but a system call is safe
		syscall.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
	return nil
}

// unshareUser does it with a program of one thread.
func unshareUser(func(string) string) error {
	attr := &os.ProcAttr{Env: []string{}, Files: []*os.File{nil, os.Stdout, os.Stderr}}
	p, err := os.StartProcess("/usr/bin/unshare", []string{"unshare", "--user", "true"}, attr)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("unshare is not installed: apt-get install util-linux")
	}
	if err != nil {
		return err
	}
	state, err := p.Wait()
	if err != nil {
		return err
	}
	if !state.Success() {
		return held{errors.New(state.String())}
	}
	return nil
}

func openForWriting(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return held{err}
	}
	return file.Close() // nothing is written: that it could be is enough
}

func raiseLimits(env func(string) string) error {
	if path := env("TARGET"); path != "" {
		return openForWriting(path)
	}
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &l); err != nil {
		return err
	}
	l.Cur, l.Max = l.Max*2, l.Max*2
	return refusedBy(unix.Setrlimit(unix.RLIMIT_FSIZE, &l))
}

func typeIntoTerminal(func(string) string) error {
	if err := unix.IoctlSetInt(0, unix.TIOCSCTTY, 0); err != nil {
		return fmt.Errorf("take the terminal: %w", err)
	}
	typed := []byte("x")
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, 0, unix.TIOCSTI|1<<32, uintptr(unsafe.Pointer(&typed[0]))) // the kernel looks at 32 bits
	if errno != 0 {
		return held{errno}
	}
	return nil
}

func ioUring(func(string) string) error {
	params := make([]byte, 120)
	fd, _, errno := unix.Syscall(unix.SYS_IO_URING_SETUP, 4, uintptr(unsafe.Pointer(&params[0])), 0)
	if errno != 0 {
		return held{errno}
	}
	return unix.Close(int(fd))
}

func loadMap(func(string) string) error {
	attr := struct{ kind, key, value, entries uint32 }{2, 4, 4, 1} // an array of one
	fd, _, errno := unix.Syscall(unix.SYS_BPF, unix.BPF_MAP_CREATE, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr))
	if errno != 0 {
		return held{errno}
	}
	return unix.Close(int(fd))
}

func perfEvent(func(string) string) error {
	attr := unix.PerfEventAttr{Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK, Bits: unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv}
	attr.Size = uint32(unsafe.Sizeof(attr))
	fd, err := unix.PerfEventOpen(&attr, 0, -1, -1, 0)
	if err != nil {
		return held{err}
	}
	return unix.Close(fd)
}

func userFault(func(string) string) error {
	const userModeOnly = 1
	fd, _, errno := unix.Syscall(unix.SYS_USERFAULTFD, unix.O_CLOEXEC|userModeOnly, 0, 0)
	if errno != 0 {
		return held{errno}
	}
	return unix.Close(int(fd))
}

// openByHandle opens the root folder of the file system that /usr lies on by its inode, wherever that is mounted.
func openByHandle(func(string) string) error {
	handle, _, err := unix.NameToHandleAt(unix.AT_FDCWD, "/usr", 0)
	if err != nil {
		return held{err}
	}
	at, err := unix.Open("/usr", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return err
	}
	defer unix.Close(at)
	fd, err := unix.OpenByHandleAt(at, handle, unix.O_RDONLY)
	if err != nil {
		return held{err}
	}
	return unix.Close(fd)
}

// foreignCall makes a call of 32-bit x86: its numbers mean other calls, so that a filter that looks at numbers only can be passed.
func foreignCall(func(string) string) error {
	code := []byte{0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0x48, 0x98, 0xc3} // mov eax, getpid; int 0x80; cdqe; ret
	page, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return err
	}
	copy(page, code)
	if err := unix.Mprotect(page, unix.PROT_READ|unix.PROT_EXEC); err != nil {
		return err
	}
	entry := uintptr(unsafe.Pointer(&page[0]))
	entryAt := unsafe.Pointer(&entry)
	call := *(*func() int64)(unsafe.Pointer(&entryAt))
	if pid := call(); pid != int64(os.Getpid()) {
		return held{fmt.Errorf("it returns %d", pid)}
	}
	return nil
}

// ignoreTerm ignores every polite request, and has a child that left its session do so as well.
func ignoreTerm(env func(string) string) error {
	signal.Ignore(unix.SIGTERM, unix.SIGHUP, unix.SIGINT)
	if env("STAGE") != "2" {
		attr := &os.ProcAttr{Env: append(os.Environ(), "STAGE=2"), Files: []*os.File{nil, os.Stdout, nil}, Sys: &syscall.SysProcAttr{Setsid: true}}
		if _, err := os.StartProcess("/proc/self/exe", []string{env("MARK")}, attr); err != nil {
			return err
		}
	}
	fmt.Println("up")
	for {
		time.Sleep(time.Hour)
	}
}

// haveCapabilities looks for any capability at all.
func haveCapabilities(func(string) string) error {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if mask, ok := strings.CutPrefix(line, "CapEff:"); ok && strings.Trim(strings.TrimSpace(mask), "0") != "" {
			return nil
		}
	}
	return held{errors.New("there is none")}
}
