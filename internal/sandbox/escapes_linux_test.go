package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// escape is one attack of the suite: which guards stand in its way, and what the host prepares for it.
type escape struct {
	attack  string
	holds   guards // each of them alone stops it; without all of them it succeeds
	also    guards // left out too when it is to succeed: the attack is about something else
	root    guards // more guards that hold when the daemon is root (or, without that, do not exist)
	hosts   bool   // an ordinary user is refused by the host itself: nothing can be left out
	prepare func(t *testing.T, s *stageSet)
}

func escapes() []escape {
	isRoot := os.Geteuid() == 0
	outside := guards{guardSeccomp, guardLandlock, guardUser}
	list := []escape{
		{attack: "read a file of the host", holds: guards{guardView}, prepare: func(t *testing.T, s *stageSet) {
			s.env("TARGET", s.put(t, "notes", 0o644, "secret"))
		}},
		{attack: "read the operator's key", holds: guards{guardView}, root: guards{guardIdentity}, prepare: func(t *testing.T, s *stageSet) {
			s.env("TARGET", s.put(t, "key", 0o600, "secret"))
		}},
		{attack: "read another task's token", holds: guards{guardView}, root: guards{guardIdentity}, prepare: func(t *testing.T, s *stageSet) {
			path := s.put(t, "token", 0o600, "secret")
			if other := slot(t, 77); isRoot && !s.sandbox.without.has(guardIdentity) { // else both are this user
				chown(t, path, other)
			}
			s.env("TARGET", path)
		}},
		{attack: "write a file of the host", holds: guards{guardView, guardLandlock}, prepare: func(t *testing.T, s *stageSet) {
			s.env("TARGET", s.put(t, "open", 0o666, "unspoilt"))
		}},
		{attack: "write into a read-only mount", holds: guards{guardReadOnly, guardLandlock}, prepare: func(t *testing.T, s *stageSet) {
			folder := filepath.Join(s.dir, "objects")
			if err := os.Mkdir(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			s.put(t, "objects/object", 0o666, "unspoilt")
			s.spec.Mounts = append(s.spec.Mounts, Mount{Source: folder, Target: "/task-objects"})
			s.env("READONLY", "/task-objects")
			if s.sandbox.without.has(guardReadOnly) { // Landlock follows the Spec, not the mount
				s.spec.Mounts[len(s.spec.Mounts)-1].Writable = s.sandbox.without.has(guardLandlock)
			}
		}},
		{attack: "write through a planted link", holds: guards{guardTargets}, prepare: func(t *testing.T, s *stageSet) {
			trusted := filepath.Join(s.dir, "trusted")
			if err := errors.Join(os.Mkdir(trusted, 0o755), os.Mkdir(filepath.Join(s.dir, "work", "elsewhere"), 0o755), os.Symlink("elsewhere", filepath.Join(s.dir, "work", "config"))); err != nil {
				t.Fatal(err)
			}
			s.put(t, "trusted/trusted", 0o644, "x")
			s.spec.Mounts = append(s.spec.Mounts, Mount{Source: trusted, Target: taskWork + "/config"})
			s.spec.Argv = append(s.spec.Argv, "planted")
		}},
		{attack: "read the daemon's environment", holds: guards{guardLandlock, guardUser}, also: guards{guardView}, prepare: victim},
		{attack: "inherit the daemon's environment", holds: guards{guardEnv}},
		{attack: "signal a process outside", holds: guards{guardPID, guardLandlock}, also: guards{guardView}, prepare: victim},
		{attack: "trace a process outside", holds: outside, root: guards{guardPID}, also: guards{guardView}, prepare: victim},
		{attack: "read a process's memory outside", holds: outside, root: guards{guardPID}, also: guards{guardView}, prepare: victim},
		{attack: "read the first process", holds: guards{guardDumpable}, root: guards{guardIdentity}},
		{attack: "inherited descriptors", holds: guards{guardDescriptors}, prepare: func(t *testing.T, s *stageSet) {
			file, err := os.Open(s.put(t, "open-file", 0o600, "secret"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { file.Close() })
			if _, err := unix.FcntlInt(file.Fd(), unix.F_SETFD, 0); err != nil {
				t.Fatal(err)
			}
		}},
		{attack: "abstract socket of the host", holds: guards{guardNet, guardLandlock}, prepare: func(t *testing.T, s *stageSet) {
			name := fmt.Sprintf("adamant-test-%d-%d", os.Getpid(), counter.Add(1))
			listenFor(t, "unix", "@"+name)
			s.env("SOCKET", name)
		}},
		{attack: "socket file of the host", holds: guards{guardView}, prepare: func(t *testing.T, s *stageSet) {
			path := filepath.Join(s.dir, "socket")
			listenFor(t, "unix", path)
			if err := os.Chmod(path, 0o777); err != nil {
				t.Fatal(err)
			}
			s.env("SOCKET", path)
		}},
		{attack: "loopback of the host", holds: guards{guardNet}, prepare: func(t *testing.T, s *stageSet) {
			s.env("ADDRESS", listenFor(t, "tcp", "127.0.0.1:0"))
		}},
		{attack: "names by the host's resolver", holds: guards{guardNet}, prepare: resolver},
		{attack: "the hypervisor's sockets", holds: guards{guardSeccomp}},
		{attack: "the daemon's keyring", holds: guards{guardKeyring, guardSeccomp}, prepare: keyring},
		{attack: "System V shared memory", holds: guards{guardIPC}, prepare: sharedMemory},
		{attack: "POSIX message queue", holds: guards{guardIPC, guardLandlock}, prepare: messageQueue},
		{attack: "shared memory files", holds: guards{guardView}, prepare: func(t *testing.T, s *stageSet) {
			file, err := os.CreateTemp("/dev/shm", "adamant-test-")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Remove(file.Name()) })
			if _, err := file.WriteString("secret"); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(file.Chmod(0o644), file.Close()); err != nil {
				t.Fatal(err)
			}
			s.env("TARGET", file.Name())
		}},
		{attack: "the host's name", holds: guards{guardUTS}, prepare: func(t *testing.T, s *stageSet) {
			name, err := os.Hostname()
			if err != nil {
				t.Fatal(err)
			}
			s.env("HOSTNAME", name)
		}},
		{attack: "fork bomb", holds: guards{guardRlimits}, root: guards{guardCgroup}, prepare: func(t *testing.T, s *stageSet) { s.spec.Limits.Processes = 40 }},
		{attack: "memory hog", holds: guards{guardCgroup, guardRlimits}, prepare: func(t *testing.T, s *stageSet) { s.spec.Limits.Memory = 300 << 20 }},
		{attack: "a file of 10 GB", holds: guards{guardRlimits}},
		{attack: "raise its own limits", holds: guards{guardRlimits}, prepare: nil},
		{attack: "fill the temporary folder", holds: guards{guardTemp}, prepare: func(t *testing.T, s *stageSet) { s.spec.Limits.Temp = 16 << 20 }},
		{attack: "setuid binary", holds: guards{guardNoNewPrivs, guardUser}, root: guards{guardNosuid}, also: guards{guardSeccomp, guardLandlock}, prepare: setuidFile},
		{attack: "make a device", holds: guards{guardCaps, guardSeccomp, guardLandlock, guardUser}, hosts: true},
		{attack: "read the disk", holds: guards{guardView, guardIdentity}, hosts: true, prepare: func(t *testing.T, s *stageSet) { s.env("TARGET", blockDevice(t)) }},
		{attack: "mount", holds: guards{guardCaps, guardSeccomp, guardLandlock}},
		{attack: "capabilities", holds: guards{guardCaps}},
		{attack: "make a user namespace", holds: guards{guardSeccomp}},
		{attack: "make a user namespace by clone3", holds: guards{guardSeccomp}},
		{attack: "leave for a new user namespace", holds: guards{guardSeccomp}},
		{attack: "core_pattern", holds: guards{guardReadOnly, guardLandlock, guardIdentity}, hosts: true},
		{attack: "write to /sys", holds: guards{guardView, guardLandlock, guardIdentity}, hosts: true},
		{attack: "type into a terminal", holds: guards{guardSeccomp}, prepare: terminal},
		{attack: "io_uring", holds: guards{guardSeccomp}},
		{attack: "bpf", holds: guards{guardSeccomp, guardCaps, guardUser}, hosts: true},
		{attack: "perf", holds: guards{guardSeccomp}},
		{attack: "userfaultfd", holds: guards{guardSeccomp}},
		{attack: "open by handle", holds: guards{guardSeccomp, guardCaps, guardUser}, hosts: true},
	}
	if runtime.GOARCH == "amd64" {
		list = append(list, escape{attack: "calls of another architecture", holds: guards{guardSeccomp}})
	}
	if findCgroups() != nil {
		list = append(list, escape{attack: "the place among cgroups", holds: guards{guardCgroupNS}})
	}
	if path := releaseAgent(); path != "" {
		list = append(list, escape{attack: "release_agent", holds: guards{guardView, guardLandlock, guardIdentity}, hosts: true,
			prepare: func(t *testing.T, s *stageSet) { s.env("TARGET", path) }})
	}
	if _, err := os.Stat("/proc/sysrq-trigger"); err == nil {
		list = append(list, escape{attack: "sysrq", holds: guards{guardReadOnly, guardLandlock, guardIdentity}, hosts: true})
	}
	return list
}

// taskWork is the task's folder inside; no such folder may be on the host.
const taskWork = "/task-work"
