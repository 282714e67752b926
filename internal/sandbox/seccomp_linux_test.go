package sandbox

import (
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// verdict runs a filter as the kernel would: on one call's number, architecture and arguments.
func verdict(t interface{ Fatalf(string, ...any) }, p []unix.SockFilter, arch, nr uint32, args [6]uint64) uint32 {
	word := func(offset uint32) uint32 {
		switch {
		case offset == dataNr:
			return nr
		case offset == dataArch:
			return arch
		case offset >= dataArgs && offset < dataArgs+48 && (offset-dataArgs)%8 == 0:
			return uint32(args[(offset-dataArgs)/8])
		}
		t.Fatalf("it looks at offset %d", offset)
		return 0
	}
	a := uint32(0)
	for i := 0; i < len(p); i++ {
		in, yes := p[i], false
		switch in.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			a = word(in.K)
			continue
		case unix.BPF_ALU | unix.BPF_AND | unix.BPF_K:
			a &= in.K
			continue
		case unix.BPF_RET | unix.BPF_K:
			return in.K
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			yes = a == in.K
		case unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K:
			yes = a >= in.K
		case unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K:
			yes = a&in.K != 0
		default:
			t.Fatalf("instruction %d is %#x", i, in.Code)
		}
		if yes {
			i += int(in.Jt)
		} else {
			i += int(in.Jf)
		}
	}
	t.Fatalf("it runs off its end")
	return 0
}

// TestFilterDoesWhatItsRulesSay holds the compiled filter against the rules, for every number and any arguments.
func TestFilterDoesWhatItsRulesSay(t *testing.T) {
	t.Parallel()
	for _, nested := range []bool{false, true} {
		rules := callRules(nested)
		p := program(auditArch, foreignCalls, rules)
		if len(p) > 4096 {
			t.Fatalf("%d instructions, the kernel takes 4096", len(p))
		}
		byNr := map[uint32]callRule{}
		for _, r := range rules {
			if _, twice := byNr[r.nr]; twice {
				t.Errorf("call %d has two rules; the second is never reached", r.nr)
			}
			byNr[r.nr] = r
		}
		rapid.Check(t, func(t *rapid.T) {
			nr := rapid.Uint32Range(0, 700).Draw(t, "nr")
			var args [6]uint64
			for i := range args {
				args[i] = rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 1, 2, 10, 16, 40, unix.TIOCSTI, unix.TIOCSTI | 1<<32, unix.CLONE_NEWUSER,
					unix.CLONE_NEWUSER | 1<<40, unix.S_IFCHR | 0o600, unix.S_IFREG})).Draw(t, "arg")
			}
			want := uint32(unix.SECCOMP_RET_ALLOW)
			if r, ok := byNr[nr]; ok && r.denies(uint32(args[r.arg])) {
				want = unix.SECCOMP_RET_ERRNO | uint32(r.refusal)
			}
			if got := verdict(t, p, auditArch, nr, args); got != want {
				t.Fatalf("call %d with %x: %#x, want %#x", nr, args, got, want)
			}
			if got := verdict(t, p, auditArch+1, nr, args); got != unix.SECCOMP_RET_ERRNO|uint32(unknown) {
				t.Fatalf("call %d of another architecture: %#x", nr, got)
			}
			if foreignCalls != 0 && verdict(t, p, auditArch, nr|foreignCalls, args) != unix.SECCOMP_RET_ERRNO|uint32(unknown) {
				t.Fatalf("call %d of x32 is let through", nr)
			}
		})
	}
}

// denies is what a rule means.
func (r callRule) denies(arg uint32) bool {
	if r.always() {
		return true
	}
	if r.any != 0 {
		return arg&r.any != 0
	}
	for _, value := range r.equal {
		if arg&r.mask == value {
			return true
		}
	}
	for _, value := range r.unless {
		if arg&r.mask == value {
			return false
		}
	}
	return r.unless != nil
}

// TestFilterLets: what programs live by is allowed, and a check may do more than an agent.
func TestFilterLets(t *testing.T) {
	t.Parallel()
	strict, nested := program(auditArch, foreignCalls, callRules(false)), program(auditArch, foreignCalls, callRules(true))
	thread := uint64(unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_THREAD | unix.CLONE_SYSVSEM)
	for name, test := range map[string]struct {
		nr             uint32
		args           [6]uint64
		strict, nested bool
	}{
		"a thread":         {unix.SYS_CLONE, [6]uint64{thread}, true, true},
		"a fork":           {unix.SYS_CLONE, [6]uint64{uint64(unix.SIGCHLD)}, true, true},
		"own files":        {unix.SYS_UNSHARE, [6]uint64{unix.CLONE_FILES}, true, true},
		"a pipe":           {unix.SYS_PIPE2, [6]uint64{}, true, true},
		"a unix socket":    {unix.SYS_SOCKET, [6]uint64{unix.AF_UNIX, 1, 0}, true, true},
		"terminal size":    {unix.SYS_IOCTL, [6]uint64{0, unix.TIOCGWINSZ}, true, true},
		"a fifo":           {unix.SYS_MKNODAT, [6]uint64{0, 0, unix.S_IFIFO | 0o600}, true, true},
		"a user namespace": {unix.SYS_CLONE, [6]uint64{unix.CLONE_NEWUSER}, false, true},
		"tracing":          {unix.SYS_PTRACE, [6]uint64{}, false, true},
		"mounting":         {unix.SYS_MOUNT, [6]uint64{}, false, true},
		"typing":           {unix.SYS_IOCTL, [6]uint64{0, unix.TIOCSTI}, false, false},
		"vsock":            {unix.SYS_SOCKET, [6]uint64{unix.AF_VSOCK, 1, 0}, false, false},
		"keys":             {unix.SYS_KEYCTL, [6]uint64{}, false, false},
	} {
		for which, p := range map[bool][]unix.SockFilter{false: strict, true: nested} {
			want := test.strict
			if which {
				want = test.nested
			}
			if got := verdict(t, p, auditArch, test.nr, test.args) == unix.SECCOMP_RET_ALLOW; got != want {
				t.Errorf("%s, nested %v: allowed %v", name, which, got)
			}
		}
	}
}
