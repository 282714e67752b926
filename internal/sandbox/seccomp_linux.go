package sandbox

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A filter of system calls. It is a list of what is denied, not of what is allowed: programs of every language run inside, and
// the namespaces decide what a call can reach. Denied is what reaches past namespaces, what would make new ones, and what
// unprivileged programs hardly need and kernels were broken by.

// refusal is what a denied call returns.
type refusal uint32

const (
	refuse  refusal = refusal(unix.EPERM)
	unknown refusal = refusal(unix.ENOSYS) // programs look for another way then
	family  refusal = refusal(unix.EAFNOSUPPORT)
)

// callRule denies a call, or only some values of the low 32 bits of one of its arguments: the kernel reads no more of these.
type callRule struct {
	nr      uint32
	refusal refusal
	arg     int      // tests look at this argument
	any     uint32   // denied when one of these bits is set
	mask    uint32   // else the argument's bits that are compared
	equal   []uint32 // denied when they equal one of these
	unless  []uint32 // denied when they equal none of these
}

func (r callRule) always() bool { return r.any == 0 && r.equal == nil && r.unless == nil }

const namespaceFlags = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER |
	unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWTIME

// callRules are the rules of a sandbox.
func callRules(nested bool) []callRule {
	var rules []callRule
	deny := func(refusal refusal, calls ...uint32) {
		for _, nr := range calls {
			rules = append(rules, callRule{nr: nr, refusal: refusal})
		}
	}
	deny(refuse, // the kernel itself
		unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE,
		unix.SYS_DELETE_MODULE, unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD,
		unix.SYS_SYSLOG, unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME, unix.SYS_VHANGUP,
		unix.SYS_LOOKUP_DCOOKIE, unix.SYS_NFSSERVCTL)
	deny(refuse, oldCalls[:]...)
	deny(refuse, unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY)                       // keyrings know no namespace
	deny(refuse, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_FANOTIFY_INIT)                            // files outside the root
	deny(refuse, unix.SYS_USERFAULTFD, unix.SYS_MOVE_PAGES, unix.SYS_MIGRATE_PAGES)             // helpers of exploits
	deny(unknown, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER) // does what is filtered here
	rules = append(rules,
		// Sockets that know no network namespace (vsock reaches the host of a virtual machine) or that few have looked at.
		callRule{nr: unix.SYS_SOCKET, refusal: family, arg: 0, mask: ^uint32(0), unless: []uint32{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}},
		// Typing into a terminal that somebody else reads.
		callRule{nr: unix.SYS_IOCTL, refusal: refuse, arg: 1, mask: ^uint32(0), equal: []uint32{unix.TIOCSTI, unix.TIOCLINUX}},
	)
	if nested {
		return rules
	}
	deny(refuse, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT, unix.SYS_SETNS, unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT,
		unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR, unix.SYS_OPEN_TREE_ATTR)
	deny(refuse, unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_KCMP, unix.SYS_PIDFD_GETFD)
	deny(unknown, unix.SYS_CLONE3) // its flags cannot be seen from here: programs use clone then
	rules = append(rules,
		callRule{nr: unix.SYS_CLONE, refusal: refuse, arg: 0, any: namespaceFlags},
		callRule{nr: unix.SYS_UNSHARE, refusal: refuse, arg: 0, any: namespaceFlags},
		callRule{nr: unix.SYS_MKNODAT, refusal: refuse, arg: 2, mask: unix.S_IFMT, equal: []uint32{unix.S_IFCHR, unix.S_IFBLK}},
	)
	return append(rules, oldMknod()...)
}

// The layout of what a filter looks at: struct seccomp_data.
const (
	dataNr   = 0
	dataArch = 4
	dataArgs = 16 // 8 bytes each, the low half first on the architectures there are here
)

// program compiles rules. A call of another architecture is refused: its numbers mean something else.
func program(arch, tooHigh uint32, rules []callRule) []unix.SockFilter {
	p := []unix.SockFilter{
		load(dataArch), jump(unix.BPF_JEQ, arch, 1, 0), ret(unknown),
		load(dataNr),
	}
	if tooHigh != 0 {
		p = append(p, jump(unix.BPF_JGE, tooHigh, 0, 1), ret(unknown))
	}
	for _, r := range rules {
		body := r.compile()
		p = append(p, jump(unix.BPF_JEQ, r.nr, 0, uint8(len(body))))
		p = append(p, body...)
	}
	return append(p, allowed())
}

// compile is what is done once the number matches; it always ends the filter.
func (r callRule) compile() []unix.SockFilter {
	if r.always() {
		return []unix.SockFilter{ret(r.refusal)}
	}
	p := []unix.SockFilter{load(uint32(dataArgs + 8*r.arg))}
	if r.any != 0 {
		return append(p, jump(unix.BPF_JSET, r.any, 0, 1), ret(r.refusal), allowed())
	}
	p = append(p, unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: r.mask})
	for _, value := range r.equal {
		p = append(p, jump(unix.BPF_JEQ, value, 0, 1), ret(r.refusal))
	}
	if r.unless == nil {
		return append(p, allowed())
	}
	for _, value := range r.unless {
		p = append(p, jump(unix.BPF_JEQ, value, 0, 1), allowed())
	}
	return append(p, ret(r.refusal))
}

func allowed() unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW}
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func jump(test uint16, value uint32, yes, no uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, Jt: yes, Jf: no, K: value}
}

func ret(r refusal) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(r)}
}

// haveSeccomp tells whether filters can be used, and whether this package knows the architecture.
func haveSeccomp() bool {
	if auditArch == 0 {
		return false
	}
	action := uint32(unix.SECCOMP_RET_ERRNO)
	_, _, err := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(&action)))
	return err == 0
}

// filterCalls installs the filter for this thread and what it starts.
func filterCalls(nested bool) error {
	p := program(auditArch, foreignCalls, callRules(nested))
	prog := unix.SockFprog{Len: uint16(len(p)), Filter: &p[0]}
	_, _, err := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(p)
	if err != 0 {
		return fmt.Errorf("filter system calls: %w", err)
	}
	return nil
}
