package sandbox

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// landlockABI is the version of Landlock that this kernel has; 0 = none, or turned off.
func landlockABI() int {
	version, _, err := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if err != 0 {
		return 0
	}
	return int(version)
}

// What a rule can allow, by the version of the ABI that knows it.
const (
	landRead  = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR | unix.LANDLOCK_ACCESS_FS_EXECUTE
	landWrite = unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_DIR | unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_SYM
	landNever = unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK
	land2     = unix.LANDLOCK_ACCESS_FS_REFER
	land3     = unix.LANDLOCK_ACCESS_FS_TRUNCATE
	land5     = unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	landFile  = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_READ_FILE | land3 | land5
)

// handled are the accesses of files that a version of the ABI can forbid.
func handled(abi int) uint64 {
	all := uint64(landRead | landWrite | landNever)
	for version, more := range map[int]uint64{2: land2, 3: land3, 5: land5} {
		if abi >= version {
			all |= more
		}
	}
	return all
}

// landlock forbids this thread, and what it starts, to write anywhere but below the writable mounts and temporary folders, to
// make devices, and to signal or reach by abstract sockets what is outside.
func landlock(s *setup) error {
	abi := s.Layers.Landlock
	attr := unix.LandlockRulesetAttr{Handled_access_fs: handled(abi)}
	size := unsafe.Sizeof(attr.Handled_access_fs)
	if abi >= 6 {
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
		size = unsafe.Offsetof(attr.Scoped) + unsafe.Sizeof(attr.Scoped)
	}
	ruleset, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if errno != 0 {
		return fmt.Errorf("make Landlock rules: %w", errno)
	}
	defer unix.Close(int(ruleset))
	for _, rule := range landRules(s) {
		if err := allow(int(ruleset), rule.path, rule.access&attr.Handled_access_fs); err != nil {
			return fmt.Errorf("make Landlock rules: %s: %w", rule.path, err)
		}
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, ruleset, 0, 0); errno != 0 {
		return fmt.Errorf("apply Landlock rules: %w", errno)
	}
	return nil
}

type landRule struct {
	path   string
	access uint64
}

// landRules are what is allowed: everything read, and what is writable by mount.
func landRules(s *setup) []landRule {
	const full = landRead | landWrite | land2 | land3
	rules := []landRule{{"/", landRead}}
	writable := []string{"/tmp", "/dev/shm"}
	if s.View == ViewHost {
		writable = append(writable, "/var/tmp")
	}
	for _, path := range writable {
		rules = append(rules, landRule{path, full})
	}
	rules = append(rules, landRule{"/dev", landRead | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | land3 | land5})
	for _, m := range s.Mounts {
		if m.Writable || m.Overlay {
			rules = append(rules, landRule{m.Target, full})
		}
	}
	return rules
}

func allow(ruleset int, path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return nil // nothing there to be allowed
	}
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return err
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &= landFile
	}
	// The kernel's structure is packed: 12 bytes of it are read, which this one begins with.
	rule := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH, uintptr(unsafe.Pointer(&rule)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
