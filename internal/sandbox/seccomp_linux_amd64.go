package sandbox

import "golang.org/x/sys/unix"

const (
	auditArch    = unix.AUDIT_ARCH_X86_64
	foreignCalls = 0x40000000 // numbers from here are those of the x32 ABI
)

// oldCalls exist on this architecture only.
var oldCalls = [...]uint32{unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_MODIFY_LDT, unix.SYS_USELIB, unix.SYS__SYSCTL, unix.SYS_CREATE_MODULE}

func oldMknod() []callRule {
	return []callRule{{nr: unix.SYS_MKNOD, refusal: refuse, arg: 1, mask: unix.S_IFMT, equal: []uint32{unix.S_IFCHR, unix.S_IFBLK}}}
}
