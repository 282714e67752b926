package sandbox

import (
	"context"
	"errors"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// full is every layer that namespaces give.
var full = layers{Guarded: true, User: true, PID: true, Mount: true, Net: true}

// weaker are the layers tried for checks, best first. It costs one process start where the first works.
var weaker = [...]layers{
	full,
	{Guarded: true, PID: true, Mount: true, Net: true}, // root where user namespaces are refused
	{Guarded: true, User: true, PID: true, Net: true},  // kernels before 5.12
	{Guarded: true, PID: true, Net: true},
	{Guarded: true},
}

func probe(ctx context.Context, opts Options) (*Sandbox, error) {
	s := &Sandbox{self: opts.Self, without: opts.without}
	landlock, seccomp := landlockABI(), haveSeccomp()
	if opts.Weaker {
		for _, l := range weaker {
			l.Landlock, l.Seccomp = landlock, seccomp
			s.layers = l
			if opts.Self != "" && s.try(ctx, Spec{View: ViewHost, Limits: Limits{Memory: -1, Processes: -1}}) == nil {
				return s, nil
			}
		}
		s.layers = layers{}
		return s, ctx.Err()
	}
	s.layers = full
	s.layers.Landlock, s.layers.Seccomp = landlock, seccomp
	if !opts.without.has(guardCgroup) {
		s.cgroups = findCgroups()
	}
	if err := s.complete(ctx); err != nil {
		return nil, err
	}
	return s, nil
}

// try opens a sandbox and closes it again.
func (s *Sandbox) try(ctx context.Context, spec Spec) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	c, err := s.Open(ctx, spec)
	if err != nil {
		return err
	}
	return c.Kill()
}

// complete fails with an *UnavailableError unless everything that an agent needs is there.
func (s *Sandbox) complete(ctx context.Context) error {
	switch {
	case s.self == "":
		return errors.New("make a sandbox: no executable is named that calls sandbox.Init")
	case !s.layers.Seccomp:
		return &UnavailableError{Layer: "seccomp", Reason: "this kernel or architecture has no filter for system calls", Fix: "use a kernel with CONFIG_SECCOMP_FILTER on amd64 or arm64"}
	case s.layers.Landlock == 0:
		return &UnavailableError{Layer: "Landlock", Reason: "this kernel has none, or it is turned off", Fix: "use Linux 5.13 or newer and add landlock to the lsm= list of the kernel's command line"}
	}
	id, err := Slot(0)
	if err != nil {
		return &UnavailableError{Layer: "own identity", Reason: err.Error(), Fix: "give this container at least 1024 users, or run adamant as an ordinary user"}
	}
	err = s.try(ctx, Spec{Identity: id})
	if err == nil || ctx.Err() != nil {
		return err
	}
	return refused(err, os.ReadFile)
}

// refused explains why namespaces are not to be had.
func refused(err error, read func(string) ([]byte, error)) error {
	value := func(name string) string {
		text, err := read("/proc/sys/" + name)
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(text))
	}
	e := &UnavailableError{Layer: "namespaces", Reason: err.Error()}
	switch {
	case value("user/max_user_namespaces") == "0":
		e.Fix = "allow them: sysctl -w user.max_user_namespaces=15000"
	case value("kernel/unprivileged_userns_clone") == "0":
		e.Fix = "allow them: sysctl -w kernel.unprivileged_userns_clone=1"
	case value("kernel/apparmor_restrict_unprivileged_userns") == "1":
		e.Fix = "allow them: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or give adamant an AppArmor profile with the rule userns"
	case errors.Is(err, unix.EPERM) || strings.Contains(err.Error(), unix.EPERM.Error()):
		e.Fix = "in a container, start it with --security-opt seccomp=unconfined --security-opt systempaths=unconfined, or run adamant outside"
	case errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL):
		e.Fix = "use Linux 5.13 or newer with CONFIG_USER_NS, CONFIG_PID_NS and CONFIG_NET_NS"
	default:
		e.Fix = "run adamant doctor outside of containers; docs/sandbox.md lists what is needed"
	}
	return e
}

// Report says what holds a sandbox here.
func (s *Sandbox) Report() Report {
	l := s.layers
	return Report{
		User: l.User, PID: l.PID, Mount: l.Mount, Net: l.Net, Landlock: l.Landlock, Seccomp: l.Seccomp, Cgroup: s.cgroups.version(),
		Slots: l.User && os.Geteuid() == 0,
	}
}
