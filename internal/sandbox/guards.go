package sandbox

import "slices"

// guards names guards that a test leaves out, to show that an attack succeeds without them.
type guards []guard

func (g guards) has(one guard) bool { return slices.Contains(g, one) }

// guard is one thing that stands between a program and the host.
type guard string

const (
	guardUser        guard = "user namespace"
	guardPID         guard = "pid namespace"
	guardView        guard = "minimal root"
	guardNet         guard = "network namespace"
	guardIPC         guard = "ipc namespace"
	guardUTS         guard = "uts namespace"
	guardCgroupNS    guard = "cgroup namespace"
	guardIdentity    guard = "own identity"
	guardCaps        guard = "dropped capabilities"
	guardNoNewPrivs  guard = "no_new_privs"
	guardNosuid      guard = "nosuid mounts"
	guardReadOnly    guard = "read-only mounts"
	guardLandlock    guard = "landlock"
	guardSeccomp     guard = "seccomp"
	guardRlimits     guard = "rlimits"
	guardCgroup      guard = "cgroup"
	guardKeyring     guard = "own keyring"
	guardDescriptors guard = "closed descriptors"
	guardEnv         guard = "empty environment"
	guardTargets     guard = "no symlinks in targets"
	guardKill        guard = "kill after grace"
	guardOrphan      guard = "death with the daemon"
	guardTemp        guard = "bounded temporary files"
	guardDumpable    guard = "untraceable init"
	guardOverlay     guard = "copy on write"
)
