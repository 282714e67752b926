// Package sandbox runs programs that nobody trusts: agents, builds and checks. It promises that such a program reaches only
// what its Spec names: its own mounts, its own processes, its own loopback; that it gains no privilege; that its limits hold; and
// that nothing of it is left when it ends, is killed, or the process that started it dies.
//
// It never starts a program with less isolation than was asked for: New says what is missing. It never reads a configuration,
// never decides who may run, and never looks at what a program writes.
//
// A program that uses it calls Init before anything else in main: the sandbox starts that same executable again as the first
// process inside. docs/sandbox.md says what each layer stops, and what none does.
package sandbox

import (
	"io"
	"net"
	"time"
)

// Spec is all that a sandboxed program gets. What it does not name, the program does not have.
type Spec struct {
	Argv []string
	Dir  string   // working folder, as seen inside
	Env  []string // all of it: nothing is inherited

	Stdin          io.Reader // nil = empty
	Stdout, Stderr io.Writer // nil = discarded; bounding what is kept is the caller's business

	Mounts   []Mount
	Forward  []Forward
	Identity Identity
	Limits   Limits
	Network  Network

	View   View     // what of the host's file system is seen
	Hide   []string // View Host only: folders that look empty and files that look like /dev/null
	Nested bool     // the program may make namespaces, mount and trace inside; it then has no Landlock and a shorter seccomp list
	Keep   bool     // the program keeps root's power over file modes inside (the setup of checks)
}

// Mount shows a folder or file of the host inside. Target is made when it does not exist.
type Mount struct {
	Source   string // absolute, on the host
	Target   string // absolute, inside
	Writable bool
}

// Forward gives the sandbox one TCP listener on its own loopback whose connections end outside. Exactly one of Socket and Serve
// is set.
type Forward struct {
	Listen string             // an address of the loopback inside, as 127.0.0.1:8787
	Socket string             // the unix socket on the host that each connection is copied to
	Serve  func(net.Listener) // serves the listener in this process, without a socket on the host; returns when it is closed
}

// Limits bound a sandbox. Zero is the default of DefaultLimits for that field, negative is unlimited.
type Limits struct {
	Memory    int64 // bytes of all processes together where a cgroup is to be had, else of each
	Processes int64 // processes and threads
	FileSize  int64 // bytes of one file
	OpenFiles int64 // of one process
	Temp      int64 // bytes of /tmp and, again, of /dev/shm: they are memory
	CPU       time.Duration // processor time of one process
	Wall      time.Duration // since the start, after which the sandbox is terminated; zero is unlimited
}

// DefaultLimits are what a field of Limits that is zero means.
func DefaultLimits() Limits {
	return Limits{Memory: 4 << 30, Processes: 1024, FileSize: 2 << 30, OpenFiles: 4096, Temp: 1 << 30, CPU: -1}
}

// Network is what a sandbox can reach.
type Network int

const (
	NetworkNone Network = iota // a loopback of its own
	NetworkHost                // the host's network: the setup of checks, and nothing else
)

// View is what a sandbox sees of the host's file system besides its mounts.
type View int

const (
	ViewMinimal View = iota // the system's programs and libraries, read-only
	ViewHost                // everything but what is hidden, read-only: checks
)

// Identity is who a sandbox runs as on the host. The zero value is Self.
type Identity struct {
	UID, GID int // on the host; 0 is Self
}

// Self is the identity of this process. Only checks run as root: for an agent of a root daemon use Slot.
func Self() Identity { return Identity{} }

// Exit is how a program ended.
type Exit struct {
	Code   int    // exit status; -1 when a signal ended it
	Signal string // name of the signal, as SIGKILL
	Cause  string // why the sandbox ended it: CauseTerminated, CauseWall, CauseMemory, or ""
}

// Why the sandbox itself ended a program.
const (
	CauseTerminated = "terminated" // Terminate, Kill, or the context
	CauseWall       = "wall"       // Limits.Wall
	CauseMemory     = "memory"     // Limits.Memory
)

// Success says that the program ended by itself with status 0.
func (e Exit) Success() bool { return e.Code == 0 && e.Cause == "" }

// Command is one program to start in a Cell.
type Command struct {
	Argv           []string
	Dir            string
	Env            []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Report says what holds a sandbox on this system.
type Report struct {
	Namespaces []string // of user, pid, mount, net, ipc, uts, cgroup
	Landlock   int      // ABI version; 0 = the kernel has none
	Seccomp    bool
	Cgroup     string   // v1, v2 or none: then rlimits bound each process, and a watcher the sum
	Identity   string   // own: each sandbox has a host user of its own; self: it runs as the user of this process
	Missing    []string // layers that an agent needs and this system does not give; empty = complete
}

// UnavailableError says why no complete sandbox is to be had here, and what to do about it.
type UnavailableError struct {
	Missing string // the layer
	Reason  string // what the system answered
	Fix     string // what to install or to allow
}

func (e *UnavailableError) Error() string {
	return "no sandbox on this system: " + e.Missing + ": " + e.Reason + "; " + e.Fix
}

// Options are how sandboxes are made.
type Options struct {
	Self   string // executable whose main calls Init first; empty = the running one
	Weaker bool   // checks: take what the system gives, and let Report say it; agents never set it

	without guards // tests: layers that are left out
}
