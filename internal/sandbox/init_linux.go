package sandbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// initVariable marks a process that was started as the first of a sandbox.
const initVariable = "ADAMANT_SANDBOX_INIT"

// controlFD is the first process's only descriptor beside the standard three.
const controlFD = 3

// Init turns this process into the first process of a sandbox when it was started as one, and then never returns. Otherwise it
// does nothing. A program that uses the package calls it first in main.
func Init() {
	if os.Getenv(initVariable) == "" {
		return
	}
	// Privileges, Landlock and seccomp belong to a thread: every program is started from this one, which has given up all it can.
	runtime.LockOSThread()
	i := &inside{isFirst: os.Getpid() == 1, waiting: map[int]int{}}
	i.changed = sync.NewCond(&i.mu)
	if err := i.live(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		i.killRest()
		os.Exit(1)
	}
	os.Exit(0)
}

// inside is the first process of a sandbox. It starts programs, collects everything that falls to it, and leaves nothing behind:
// as the first of its pid namespace its death kills all; elsewhere it is the subreaper of what it starts. It dies with the process
// that started it: the control socket closes, whatever that died of.
type inside struct {
	isFirst bool
	setup   *setup

	sending sync.Mutex
	mu      sync.Mutex
	changed *sync.Cond
	waiting map[int]int // pid to command id
	groups  []int
}

// live sets the sandbox up and serves the control socket until it closes.
func (i *inside) live() error {
	if err := i.begin(); err != nil {
		return err
	}
	listeners, err := i.isolate()
	if err != nil {
		return i.send(frame{Kind: kindReady, Error: err.Error()}, nil) // the outer side ends this process
	}
	if err := i.send(frame{Kind: kindReady}, listeners); err != nil {
		return err
	}
	for _, fd := range listeners {
		unix.Close(fd)
	}
	go i.reap()
	if i.setup.Watch > 0 && i.isFirst && !i.setup.Without.has(guardCgroup) { // elsewhere it would see, and kill, what is not its own
		go i.watchMemory(i.setup.Watch)
	}
	for {
		f, fds, err := i.receive()
		if err != nil {
			if i.setup.Without.has(guardOrphan) {
				select {}
			}
			i.killRest()
			return nil
		}
		switch f.Kind {
		case kindStart:
			if err := i.start(f, fds); err != nil {
				return err
			}
		case kindClose:
			go i.close()
		}
	}
}

// begin shuts inherited descriptors and takes the orders.
func (i *inside) begin() error {
	f, fds, err := i.receive()
	if err != nil {
		return fmt.Errorf("take orders: %w", err)
	}
	if f.Kind != kindSetup || f.Setup == nil {
		return errors.New("take orders: there are none")
	}
	i.setup = f.Setup
	if len(fds) < i.setup.Doors {
		return errors.New("take orders: a cgroup is missing")
	}
	if err := enterGroups(fds[:i.setup.Doors]); err != nil {
		return err
	}
	fds = fds[i.setup.Doors:]
	for n := range i.setup.Mounts {
		if !i.setup.Mounts[n].Given {
			continue
		}
		if len(fds) == 0 {
			return errors.New("take orders: a mount is missing")
		}
		i.setup.Mounts[n].tree, fds = os.NewFile(uintptr(fds[0]), i.setup.Mounts[n].Source), fds[1:]
	}
	if i.setup.Without.has(guardDescriptors) {
		return nil
	}
	return shutDescriptors()
}

// enterGroups moves this thread, and so what it will start, into cgroups.
func enterGroups(doors []int) error {
	for _, fd := range doors {
		if _, err := unix.Write(fd, []byte("0")); err != nil {
			return fmt.Errorf("enter the cgroup: %w", err)
		}
		unix.Close(fd)
	}
	return nil
}

// shutDescriptors keeps every descriptor but the standard three from the programs that are started.
func shutDescriptors() error {
	if unix.CloseRange(controlFD, ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC) == nil {
		return nil
	}
	folder, err := os.Open("/proc/self/fd") // kernels before 5.11
	if err != nil {
		return fmt.Errorf("list descriptors: %w", err)
	}
	defer folder.Close()
	names, err := folder.Readdirnames(-1)
	if err != nil {
		return fmt.Errorf("list descriptors: %w", err)
	}
	for _, name := range names {
		var fd int
		if _, err := fmt.Sscan(name, &fd); err == nil && fd >= controlFD {
			unix.CloseOnExec(fd)
		}
	}
	return nil
}

// control reads and writes the control socket, which blocks.
type control struct{}

func (control) Read(p []byte) (int, error) {
	for {
		n, err := unix.Read(controlFD, p)
		if err == unix.EINTR {
			continue
		}
		if n == 0 && err == nil {
			return 0, io.EOF
		}
		return max(0, n), err
	}
}

func (control) Write(p []byte) (int, error) {
	for done := 0; done < len(p); {
		n, err := unix.Write(controlFD, p[done:])
		if err != nil && err != unix.EINTR {
			return done, err
		}
		done += max(0, n)
	}
	return len(p), nil
}

func (i *inside) receive() (frame, []int, error) {
	var head [4]byte
	rights := make([]byte, unix.CmsgSpace(4*maxFiles))
	var n, rn int
	err := error(unix.EINTR)
	for err == unix.EINTR {
		n, rn, _, _, err = unix.Recvmsg(controlFD, head[:], rights, unix.MSG_CMSG_CLOEXEC)
	}
	if err != nil {
		return frame{}, nil, err
	}
	if n == 0 {
		return frame{}, nil, io.EOF
	}
	if _, err := io.ReadFull(control{}, head[n:]); err != nil {
		return frame{}, nil, err
	}
	fds, err := rightsOf(rights[:rn])
	if err != nil {
		return frame{}, nil, err
	}
	f, err := decodeFrame(head, control{})
	return f, fds, err
}

// rightsOf are the descriptors of a control message.
func rightsOf(rights []byte) ([]int, error) {
	messages, err := unix.ParseSocketControlMessage(rights)
	if err != nil {
		return nil, fmt.Errorf("read descriptors: %w", err)
	}
	var all []int
	for _, m := range messages {
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			return nil, fmt.Errorf("read descriptors: %w", err)
		}
		all = append(all, fds...)
	}
	return all, nil
}

func (i *inside) send(f frame, fds []int) error {
	head, body, err := f.encode()
	if err != nil {
		return err
	}
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	i.sending.Lock()
	defer i.sending.Unlock()
	if err := unix.Sendmsg(controlFD, head, rights, nil, unix.MSG_NOSIGNAL); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	if _, err := (control{}).Write(body); err != nil {
		return fmt.Errorf("answer: %w", err)
	}
	return nil
}

// start starts a command and says so.
func (i *inside) start(f frame, fds []int) error {
	answer := frame{Kind: kindStarted, ID: f.ID}
	if f.Command == nil || len(fds) != 3 || len(f.Command.Argv) == 0 {
		return errors.New("start a command: the order is not whole")
	}
	files := make([]*os.File, len(fds))
	for n, fd := range fds {
		files[n] = os.NewFile(uintptr(fd), "stream")
	}
	defer closeAll(files)
	i.mu.Lock() // before its end can be told
	defer i.mu.Unlock()
	pid, err := i.spawn(f.Command, files)
	var missing *NotFoundError
	switch {
	case errors.As(err, &missing):
		answer.NotFound, answer.Error = true, missing.Reason
	case err != nil:
		answer.Error = err.Error()
	default:
		i.waiting[pid] = f.ID
		i.groups = append(i.groups, pid)
		i.changed.Broadcast()
	}
	return i.send(answer, nil)
}

// spawn starts a command in a session of its own, so that its whole group can be signalled.
func (i *inside) spawn(c *command, files []*os.File) (int, error) {
	path, err := Lookup(c.Argv[0], c.Dir, c.Env)
	if err != nil {
		return 0, err
	}
	attr := &os.ProcAttr{Dir: c.Dir, Env: c.Env, Files: files, Sys: &syscall.SysProcAttr{Setsid: true}}
	if i.setup.Without.has(guardEnv) {
		inherited := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, initVariable+"=") })
		attr.Env = slices.Concat(inherited, c.Env)
	}
	if i.setup.Slot {
		attr.Sys.Credential = &syscall.Credential{Uid: uint32(i.setup.UID), Gid: uint32(i.setup.GID)}
	}
	if i.setup.Without.has(guardCaps) {
		attr.Sys.AmbientCaps = permitted()
	}
	process, err := os.StartProcess(path, c.Argv, attr)
	if err != nil {
		return 0, startError(c.Argv[0], err)
	}
	pid := process.Pid
	return pid, process.Release()
}
