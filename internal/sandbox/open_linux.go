package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long the first process may take to set itself up on a busy machine.
const patience = 2 * time.Minute

// Open makes a sandbox without a program. Network, mounts and processes are shared by all that Cell.Start starts in it.
func (s *Sandbox) Open(ctx context.Context, spec Spec) (*Cell, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if err := s.check(&spec); err != nil {
		return nil, fmt.Errorf("open a sandbox: %w", err)
	}
	if !s.layers.Guarded {
		return s.openGroups(ctx, spec)
	}
	c, err := s.open(ctx, spec)
	if err != nil {
		return nil, fmt.Errorf("open a sandbox: %w", err)
	}
	return c, nil
}

// openGroups is for Weaker only: New fails otherwise.
func (s *Sandbox) openGroups(ctx context.Context, spec Spec) (*Cell, error) {
	if spec.View != ViewHost || len(spec.Forward) > 0 {
		return nil, errors.New("open a sandbox: this system gives none")
	}
	c := newCell()
	c.room = newGroups(c)
	c.watch(ctx, spec.Limits.filled().Wall, nil)
	return c, nil
}

// check refuses what would mean less than it says.
func (s *Sandbox) check(spec *Spec) error {
	for _, m := range spec.Mounts {
		if !filepath.IsAbs(m.Source) || !filepath.IsAbs(m.Target) || filepath.Clean(m.Target) != m.Target || m.Target == "/" {
			return fmt.Errorf("mount %q at %q: both must be absolute paths, the target clean and not the root", m.Source, m.Target)
		}
		if err := s.checkOverlay(spec, m); err != nil {
			return err
		}
	}
	for _, f := range spec.Forward {
		addr, err := netip.ParseAddrPort(f.Listen)
		if err != nil || !addr.Addr().IsLoopback() || addr.Port() == 0 {
			return fmt.Errorf("forward %q: it must be a loopback address with a port", f.Listen)
		}
		if (f.Socket == "") == (f.Serve == nil) {
			return fmt.Errorf("forward %s: name either a socket or a server", f.Listen)
		}
		if spec.Network != NetworkNone {
			return fmt.Errorf("forward %s: the sandbox has the host's network", f.Listen)
		}
	}
	if spec.View == ViewMinimal {
		return s.checkMinimal(spec)
	}
	return nil
}

// checkOverlay: what a program changes of an overlay is first copied to the layer above, and keeps its owner; so the owner must be
// somebody inside.
func (s *Sandbox) checkOverlay(spec *Spec, m Mount) error {
	if !m.Overlay {
		return nil
	}
	if spec.View != ViewMinimal || m.Writable {
		return fmt.Errorf("mount %q at %q: an overlay is for ViewMinimal and never Writable", m.Source, m.Target)
	}
	keeper, err := Keeper()
	if err != nil || keeper == Self() {
		return err
	}
	var stat unix.Stat_t
	if err := unix.Stat(m.Source, &stat); err != nil {
		return fmt.Errorf("mount %q: %w", m.Source, err)
	}
	if int(stat.Uid) != keeper.UID || stat.Mode&unix.S_IFMT != unix.S_IFDIR {
		return fmt.Errorf("mount %q at %q: an overlay's source must be a folder of user %d (sandbox.Keeper)", m.Source, m.Target, keeper.UID)
	}
	return nil
}

func (s *Sandbox) checkMinimal(spec *Spec) error {
	l := s.layers
	switch {
	case !l.User || !l.PID || !l.Mount || !l.Net || !l.Seccomp || l.Landlock == 0:
		return errors.New("a sandbox that may be weaker is for checks only")
	case spec.Network != NetworkNone:
		return errors.New("the host's network is for checks' setup only")
	case spec.Nested, spec.Keep, len(spec.Hide) > 0:
		return errors.New("fields Nested, Keep and Hide are for ViewHost only")
	case spec.Identity == Self() && os.Geteuid() == 0 && !s.without.has(guardIdentity):
		return errors.New("root runs no agent as root: use an identity of sandbox.Slot")
	}
	return nil
}

func (s *Sandbox) open(ctx context.Context, spec Spec) (*Cell, error) {
	limits := spec.Limits.filled()
	group, err := s.cgroups.make(limits)
	if err != nil {
		return nil, err
	}
	c, err := s.openIn(ctx, spec, limits, group)
	if err != nil {
		return nil, errors.Join(err, group.remove())
	}
	return c, nil
}

// openIn opens a sandbox in a cgroup, which may be nil.
func (s *Sandbox) openIn(ctx context.Context, spec Spec, limits Limits, group *cgroup) (*Cell, error) {
	order, trees, err := s.order(spec, limits)
	defer closeAll(trees)
	if err != nil {
		return nil, err
	}
	if group == nil && limits.Memory > 0 && spec.View == ViewMinimal {
		order.Watch = limits.Memory
	}
	doors, err := group.doors()
	if err != nil {
		return nil, err
	}
	defer closeAll(doors)
	order.Doors = len(doors)
	c := newCell()
	c.owner = spec.Identity
	g, err := s.launch(c, order, spec.Identity, group)
	if err != nil {
		return nil, err
	}
	f, err := g.settle(ctx, order, slices.Concat(doors, trees), spec.Forward)
	if err != nil {
		return nil, err
	}
	c.room = g
	c.watch(ctx, limits.Wall, func() error {
		f.close()
		return group.remove()
	})
	return c, nil
}

func closeAll(files []*os.File) {
	for _, file := range files {
		file.Close()
	}
}

// order turns a Spec into what the first process is told. Where that will not be allowed to look for the mounts' sources, it gets
// them as detached mounts.
func (s *Sandbox) order(spec Spec, limits Limits) (order *setup, trees []*os.File, err error) {
	slot := spec.Identity != Self()
	order = &setup{
		Layers: s.layers.without(s.without, os.Geteuid() == 0), View: spec.View, Hide: spec.Hide, Home: "/tmp", UID: os.Geteuid(), GID: os.Getegid(), Slot: slot,
		Nested: spec.Nested, Keep: spec.Keep, Host: cmp.Or(spec.Hostname, "sandbox"), CPUs: spec.Processors, Limits: limits, Without: s.without,
	}
	order.Layers.Net = order.Layers.Net && spec.Network == NetworkNone
	if home := variable(spec.Env, "HOME"); filepath.IsAbs(home) && !strings.ContainsAny(home, ":\n") {
		order.Home = home
	}
	switch {
	case slot && !order.Layers.User:
		order.UID, order.GID = spec.Identity.UID, spec.Identity.GID
	case spec.View == ViewMinimal && order.Layers.User:
		order.UID, order.GID = insideID, insideID
	}
	for _, f := range spec.Forward {
		order.Listen = append(order.Listen, f.Listen)
	}
	for _, m := range spec.Mounts {
		tree, err := s.give(m, slot && order.Layers.User)
		if err != nil {
			return nil, trees, err
		}
		order.Mounts = append(order.Mounts, mountOrder{Source: m.Source, Target: m.Target, Writable: m.Writable, Overlay: m.Overlay, Given: tree != nil})
		if tree != nil {
			trees = append(trees, tree)
		}
	}
	return order, trees, nil
}

// give detaches a mount that root has every right to. Root of a container may not: the first process tries by its own means then.
func (s *Sandbox) give(m Mount, root bool) (*os.File, error) {
	if !root {
		return nil, nil
	}
	tree, err := cloneTree(m.Source, m.Writable || s.without.has(guardReadOnly) || m.Overlay && s.without.has(guardOverlay), s.without)
	if errors.Is(err, unix.EPERM) {
		return nil, nil
	}
	return tree, err
}

// launch starts the first process. It does nothing yet but wait for its orders, so that it can be put into a cgroup first.
func (s *Sandbox) launch(c *Cell, order *setup, id Identity, group *cgroup) (*guarded, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("make the control socket: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "control"), os.NewFile(uintptr(pair[1]), "control")
	defer theirs.Close()
	defer ours.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, fmt.Errorf("make the control socket: %w", err)
	}
	g := &guarded{cell: c, conn: conn.(*net.UnixConn), group: group, patient: s.without.has(guardKill), replies: map[int]chan frame{}, heard: make(chan struct{})}
	g.cmd = exec.Command(s.self)
	g.cmd.Args = []string{"adamant"}
	g.cmd.Dir = "/"
	g.cmd.Env = []string{initVariable + "=1"}
	if s.without.has(guardEnv) {
		g.cmd.Env = append(os.Environ(), g.cmd.Env...)
	}
	g.cmd.Stderr = &g.complaint
	g.cmd.ExtraFiles = []*os.File{theirs} // descriptor 3
	g.cmd.SysProcAttr = namespaces(order, id)
	g.cmd.WaitDelay = Grace
	if err := g.cmd.Start(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("start its first process %s: %w", s.self, err)
	}
	if err := group.add(g.cmd.Process.Pid); err != nil {
		g.kill()
		g.reap()
		return nil, err
	}
	return g, nil
}

// keeperID is Keeper inside of a sandbox with an overlay. No program can become it.
const keeperID = 1001

// insideID is the user and group of programs inside a minimal view, whoever that is on the host.
const insideID = 1000

// namespaces are the clone flags and identity maps of the first process.
func namespaces(order *setup, id Identity) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true}
	l := order.Layers
	for _, space := range []struct {
		on   bool
		flag uintptr
	}{
		{l.PID, unix.CLONE_NEWPID}, {l.PID && !order.Without.has(guardIPC), unix.CLONE_NEWIPC}, {l.PID && !order.Without.has(guardUTS), unix.CLONE_NEWUTS},
		{l.Mount, unix.CLONE_NEWNS}, {l.Net, unix.CLONE_NEWNET},
	} {
		if space.on {
			attr.Cloneflags |= space.flag
		}
	}
	if !l.User {
		return attr
	}
	attr.Cloneflags |= unix.CLONE_NEWUSER
	root := os.Geteuid() == 0
	switch {
	case order.Slot:
		attr.UidMappings, attr.GidMappings = slotMap(id.UID), slotMap(id.GID)
		if keeper, err := Keeper(); err == nil && slices.ContainsFunc(order.Mounts, func(m mountOrder) bool { return m.Overlay }) {
			attr.UidMappings = append(attr.UidMappings, syscall.SysProcIDMap{ContainerID: keeperID, HostID: keeper.UID, Size: 1})
			attr.GidMappings = append(attr.GidMappings, syscall.SysProcIDMap{ContainerID: keeperID, HostID: keeper.GID, Size: 1})
		}
	case order.View == ViewHost && root:
		attr.UidMappings, attr.GidMappings = ownMap("/proc/self/uid_map", 0), ownMap("/proc/self/gid_map", 0)
	default:
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: order.UID, HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: order.GID, HostID: os.Getegid(), Size: 1}}
	}
	attr.GidMappingsEnableSetgroups = root
	if order.View == ViewMinimal || !root {
		attr.AmbientCaps = slices.Clone(firstCaps[:])
	}
	return attr
}

// firstCaps are what the first process needs in its own namespaces.
var firstCaps = [...]uintptr{
	unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_SETUID, unix.CAP_SETGID, unix.CAP_SETPCAP, unix.CAP_KILL, unix.CAP_DAC_OVERRIDE, unix.CAP_CHOWN,
	unix.CAP_FOWNER,
}

// slotMap makes the slot's user the user inside, and its second one root inside: nobody inside is root on the host.
func slotMap(id int) []syscall.SysProcIDMap {
	return []syscall.SysProcIDMap{{ContainerID: 0, HostID: id + 1, Size: 1}, {ContainerID: insideID, HostID: id, Size: 1}}
}

// complaint keeps the beginning of what the first process says when it breaks.
type complaint struct{ text []byte }

func (c *complaint) Write(p []byte) (int, error) {
	c.text = append(c.text, p[:min(4096-len(c.text), len(p))]...)
	return len(p), nil
}

func (c *complaint) String() string { return string(bytes.TrimSpace(c.text)) }
