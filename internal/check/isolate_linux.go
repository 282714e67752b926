package check

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// dropped are the capabilities that would let a command of root undo its isolation. A command of another user has none.
var dropped = [...]uintptr{
	unix.CAP_SYS_ADMIN, unix.CAP_SYS_PTRACE, unix.CAP_SYS_MODULE, unix.CAP_SYS_RAWIO, unix.CAP_SYS_BOOT, unix.CAP_NET_ADMIN,
	unix.CAP_MKNOD, unix.CAP_SYS_TIME, unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_SYSLOG, unix.CAP_DAC_READ_SEARCH,
}

// isolate makes this process, and everything it starts, unable to reach what the session does not give it.
func isolate(s *session) error {
	if s.Mounts {
		if err := mountReadOnly(s); err != nil {
			return err
		}
	}
	if s.Loopback {
		if err := loopbackUp(); err != nil {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become the subreaper: %w", err)
	}
	if err := dropPrivileges(s.Setup); err != nil {
		return err
	}
	core := unix.Rlimit{}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &core); err != nil {
		return fmt.Errorf("forbid core dumps: %w", err)
	}
	// Not dumpable: a command of the same user can neither trace the guardian nor open its answer through /proc.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("forbid tracing of the guardian: %w", err)
	}
	return nil
}

// dropPrivileges binds what this thread starts; the guardian itself keeps what it needs to kill. Outside of setup root loses
// its power over file modes too: many a test expects to be refused a file.
func dropPrivileges(setup bool) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("set no_new_privs: %w", err)
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("clear ambient capabilities: %w", err)
	}
	drop := dropped[:]
	if !setup {
		drop = append(slices.Clone(drop), unix.CAP_DAC_OVERRIDE)
	}
	for _, capability := range drop {
		// EPERM: a user without capabilities cannot drop any, and has none to give on. EINVAL: unknown to this kernel.
		err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0)
		if err != nil && !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("drop capability %d: %w", capability, err)
		}
	}
	return nil
}

// loopbackUp gives the fresh network namespace its one interface, so that servers under test can listen on localhost.
func loopbackUp() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("bring loopback up: %w", err)
	}
	defer unix.Close(socket)
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("bring loopback up: %w", err)
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("bring loopback up: %w", err)
	}
	return nil
}

// mountReadOnly leaves one writable folder, the box, and private empty ones where temporary files go. What is to be hidden
// is covered by an empty folder.
func mountReadOnly(s *session) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make mounts private: %w", err)
	}
	box, err := unix.Open(s.Box, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", s.Box, err)
	}
	defer unix.Close(box)
	readOnly := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, &readOnly); err != nil {
		return fmt.Errorf("make the file system read-only: %w", err)
	}
	hide := slices.Concat([]string{"/tmp", "/var/tmp", "/dev/shm"}, s.Hide)
	if s.Loopback {
		hide = append(hide, "/run") // sockets of daemons that have a network; name resolution may live here too
	}
	if err := cover(hide); err != nil {
		return err
	}
	if err := os.MkdirAll(s.Box, 0o700); err != nil {
		return fmt.Errorf("make %s: %w", s.Box, err)
	}
	if err := unix.Mount("/proc/self/fd/"+strconv.Itoa(box), s.Box, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount %s: %w", s.Box, err)
	}
	writable := unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(unix.AT_FDCWD, s.Box, 0, &writable); err != nil {
		return fmt.Errorf("make %s writable: %w", s.Box, err)
	}
	// Where the host masks parts of /proc (containers) a fresh one is refused; the old one shows process names, no more.
	_ = unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	return nil
}

// cover mounts an empty private folder over each folder, and nothing over each file, that exists, outermost first.
func cover(folders []string) error {
	slices.Sort(folders)
	for _, folder := range slices.Compact(folders) {
		real, err := filepath.EvalSymlinks(folder)
		if errors.Is(err, os.ErrNotExist) {
			continue // nothing to hide, or inside a folder that is covered already
		}
		if err != nil {
			return fmt.Errorf("hide %s: %w", folder, err)
		}
		if err := coverOne(real); err != nil {
			return fmt.Errorf("hide %s: %w", folder, err)
		}
	}
	return nil
}

func coverOne(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return unix.Mount(os.DevNull, path, "", unix.MS_BIND, "")
	}
	return unix.Mount("tmpfs", path, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777")
}

// killRest kills every process that is left. In a pid namespace the guardian's exit does it; elsewhere everything the
// session started is a descendant, because orphans fall to the subreaper: children are killed until there are none.
func (g *guardian) killRest() {
	if g.isInit {
		return
	}
	g.signalAll(unix.SIGKILL)
	for range 1000 {
		children := childrenOf(os.Getpid())
		if len(children) == 0 {
			return
		}
		for _, pid := range children {
			_ = unix.Kill(pid, unix.SIGKILL) // ESRCH: gone meanwhile
		}
		time.Sleep(time.Millisecond)
	}
}

// await returns when every process that was started has ended, or after limit.
func (g *guardian) await(limit time.Duration) {
	late := false
	timer := time.AfterFunc(limit, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		late = true
		g.changed.Broadcast()
	})
	defer timer.Stop()
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.waiting) > 0 && !late {
		g.changed.Wait()
	}
}

// childrenOf lists the processes whose parent is pid and that are not dead yet.
func childrenOf(pid int) []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var children []int
	for _, entry := range entries {
		child, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat"))
		if err != nil {
			continue // gone meanwhile
		}
		// pid (name) state ppid ...: the name may hold anything, so count from its last bracket.
		rest := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(rest) > 1 && rest[0] != "Z" && rest[1] == strconv.Itoa(pid) {
			children = append(children, child)
		}
	}
	return children
}
