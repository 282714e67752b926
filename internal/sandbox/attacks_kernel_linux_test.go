package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

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
