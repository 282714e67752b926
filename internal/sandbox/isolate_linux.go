package sandbox

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// isolate makes this process, and everything it starts, unable to reach what it was not given. It returns the listeners of the
// forwards.
func (i *inside) isolate() ([]int, error) {
	s := i.setup
	mask := 0o022
	if s.View == ViewHost {
		mask = 0o077
	}
	unix.Umask(mask)
	if s.View == ViewMinimal && s.Layers.Mount && !s.Without.has(guardView) {
		if err := openMounts(s); err != nil {
			return nil, err
		}
	}
	if s.Slot && s.Layers.User {
		if err := becomeRoot(); err != nil {
			return nil, err
		}
	}
	if err := i.view(); err != nil {
		return nil, err
	}
	var listeners []int
	if s.Layers.Net {
		if err := loopbackUp(); err != nil {
			return nil, err
		}
		for _, addr := range s.Listen {
			fd, err := listen(addr)
			if err != nil {
				return nil, fmt.Errorf("listen on %s inside: %w", addr, err)
			}
			listeners = append(listeners, fd)
		}
	}
	if s.Layers.PID && s.Layers.Mount && s.View == ViewMinimal {
		if err := anonymous(s); err != nil {
			return nil, err
		}
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("become the subreaper: %w", err)
	}
	if err := errors.Join(limit(s), bindProcessors(s.CPUs)); err != nil {
		return nil, err
	}
	// Not dumpable: a program of the same user can neither trace the first process nor open its descriptors through /proc.
	dumpable := uintptr(0)
	if s.Without.has(guardDumpable) {
		dumpable = 1
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, dumpable, 0, 0, 0); err != nil {
		return nil, fmt.Errorf("forbid tracing of the first process: %w", err)
	}
	return listeners, harden(s)
}

// openMounts opens the mounts that were not given, as long as this process is who it was outside.
func openMounts(s *setup) error {
	for n := range s.Mounts {
		m := &s.Mounts[n]
		if m.Given {
			continue
		}
		tree, err := cloneTree(m.Source, m.Writable || s.Without.has(guardReadOnly) || m.Overlay && s.Without.has(guardOverlay), s.Without)
		if err != nil {
			return err
		}
		m.tree = tree
	}
	return nil
}

// becomeRoot makes this process root of its user namespace. Until here it was root of the host without any of its powers there.
func becomeRoot() error {
	if err := syscall.Setgroups(nil); err != nil {
		return fmt.Errorf("leave the host's groups: %w", err)
	}
	if err := syscall.Setresgid(0, 0, 0); err != nil {
		return fmt.Errorf("leave the host's group: %w", err)
	}
	if err := syscall.Setresuid(0, 0, 0); err != nil {
		return fmt.Errorf("leave the host's user: %w", err)
	}
	return nil
}

func (i *inside) view() error {
	switch s := i.setup; {
	case !s.Layers.Mount:
		return nil
	case s.View == ViewHost:
		return hostView(s)
	}
	return minimalView(i.setup)
}

// anonymous hides the host's name and the place among its cgroups.
func anonymous(s *setup) error {
	if !s.Without.has(guardUTS) {
		if err := unix.Sethostname([]byte(s.Host)); err != nil {
			return fmt.Errorf("name the sandbox: %w", err)
		}
	}
	if s.Without.has(guardCgroupNS) {
		return nil
	}
	if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil && !errors.Is(err, unix.EINVAL) { // EINVAL: kernels without cgroups
		return fmt.Errorf("make a cgroup namespace: %w", err)
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

// listen makes a TCP listener in this network namespace.
func listen(text string) (int, error) {
	addr, err := netip.ParseAddrPort(text)
	if err != nil {
		return -1, err
	}
	family, to := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: int(addr.Port()), Addr: addr.Addr().As16()})
	if addr.Addr().Is4() {
		family, to = unix.AF_INET, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := errors.Join(unix.Bind(fd, to), unix.Listen(fd, 128)); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// bindProcessors leaves this thread, and what it starts, the first n of its processors; 0 = all.
func bindProcessors(n int) error {
	if n <= 0 {
		return nil
	}
	var have, want unix.CPUSet
	if err := unix.SchedGetaffinity(0, &have); err != nil {
		return fmt.Errorf("bind processors: %w", err)
	}
	for cpu := 0; want.Count() < min(n, have.Count()); cpu++ {
		if have.IsSet(cpu) {
			want.Set(cpu)
		}
	}
	if err := unix.SchedSetaffinity(0, &want); err != nil {
		return fmt.Errorf("bind processors: %w", err)
	}
	return nil
}

// leastData is what each process may have for itself at the least: the first one lives by the same limit, and dies of a smaller one.
const leastData = 256 << 20

// limit sets what the kernel bounds for each process; it is inherited.
func limit(s *setup) error {
	l := s.Limits
	seconds := int64(-1)
	if l.CPU > 0 {
		seconds = max(1, int64(l.CPU.Seconds()))
	}
	limits := []struct {
		name     string
		resource int
		value    int64
	}{
		{"core dumps", unix.RLIMIT_CORE, 0},
		{"the size of a file", unix.RLIMIT_FSIZE, l.FileSize},
		{"open files", unix.RLIMIT_NOFILE, l.OpenFiles},
		{"processes", unix.RLIMIT_NPROC, l.Processes},
		{"processor time", unix.RLIMIT_CPU, seconds},
	}
	if s.Watch > 0 {
		limits = append(limits, struct {
			name     string
			resource int
			value    int64
		}{"memory", unix.RLIMIT_DATA, max(s.Watch, leastData)})
	}
	for _, one := range limits {
		if one.value < 0 || s.Without.has(guardRlimits) {
			continue
		}
		value := uint64(one.value)
		var now unix.Rlimit
		if err := unix.Getrlimit(one.resource, &now); err != nil {
			return fmt.Errorf("limit %s: %w", one.name, err)
		}
		value = min(value, now.Max)
		if err := unix.Setrlimit(one.resource, &unix.Rlimit{Cur: value, Max: value}); err != nil {
			return fmt.Errorf("limit %s: %w", one.name, err)
		}
	}
	return nil
}
