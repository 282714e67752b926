package sandbox

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// dropped are the capabilities that would let a command of root undo its isolation, in a sandbox that runs as root. Others have
// none.
var dropped = [...]uintptr{
	unix.CAP_SYS_ADMIN, unix.CAP_SYS_PTRACE, unix.CAP_SYS_MODULE, unix.CAP_SYS_RAWIO, unix.CAP_SYS_BOOT, unix.CAP_NET_ADMIN,
	unix.CAP_MKNOD, unix.CAP_SYS_TIME, unix.CAP_BPF, unix.CAP_PERFMON, unix.CAP_SYSLOG, unix.CAP_DAC_READ_SEARCH,
}

// harden binds what this thread starts; the first process's other threads keep what they need to kill.
func harden(s *setup) error {
	if s.View == ViewMinimal && !s.Without.has(guardKeyring) {
		if _, err := unix.KeyctlInt(unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0); err != nil && !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EPERM) {
			return fmt.Errorf("leave the keyring: %w", err)
		}
	}
	if !s.Without.has(guardNoNewPrivs) {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("set no_new_privs: %w", err)
		}
	}
	if !s.Without.has(guardCaps) {
		if err := dropCapabilities(s); err != nil {
			return err
		}
	}
	if s.Layers.Landlock > 0 && !s.Nested {
		if err := landlock(s); err != nil {
			return err
		}
	}
	if s.Layers.Seccomp {
		return filterCalls(s.Nested)
	}
	return nil
}

// dropCapabilities leaves the programs none, but to root of a ViewHost those that cannot undo anything. Outside of setup root
// loses its power over file modes too: many a test expects to be refused a file.
func dropCapabilities(s *setup) error {
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
		return fmt.Errorf("clear ambient capabilities: %w", err)
	}
	drop := dropped[:]
	if !s.Keep {
		drop = append(slices.Clone(drop), unix.CAP_DAC_OVERRIDE)
	}
	if s.View == ViewMinimal {
		drop = nil
		for c := uintptr(0); c <= lastCapability; c++ {
			drop = append(drop, c)
		}
	}
	for _, capability := range drop {
		// EPERM: a user without capabilities cannot drop any, and has none to give on. EINVAL: unknown to this kernel.
		err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0)
		if err != nil && !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EINVAL) {
			return fmt.Errorf("drop capability %d: %w", capability, err)
		}
	}
	if s.View == ViewHost {
		return nil
	}
	return keepCapabilities(s)
}

// permitted are the capabilities of this thread: what programs get when nothing takes them away.
func permitted() []uintptr {
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&head, &data[0]) != nil {
		return nil
	}
	var all []uintptr
	for c := range uintptr(64) {
		if data[c/32].Permitted&(1<<(c%32)) != 0 {
			all = append(all, c)
		}
	}
	return all
}

// lastCapability is more than any kernel has; what it does not know is skipped.
const lastCapability = 63

// keepCapabilities leaves this thread what it needs to become the programs' user, and nothing else.
func keepCapabilities(s *setup) error {
	var keep uint32
	if s.Slot {
		keep = 1<<unix.CAP_SETUID | 1<<unix.CAP_SETGID
	}
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	data := [2]unix.CapUserData{{Effective: keep, Permitted: keep}}
	if err := unix.Capset(&head, &data[0]); err != nil {
		return fmt.Errorf("drop capabilities: %w", err)
	}
	return nil
}
