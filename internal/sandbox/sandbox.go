// Package sandbox runs programs that nobody trusts: agents, builds and checks. It promises that such a program reaches only
// what its Spec names: its own mounts, its own processes, its own loopback; that it gains no privilege; that its limits hold; and
// that nothing of it is left when it ends, is killed, or the process that started it dies.
//
// It never starts a program with less isolation than was asked for: New says what is missing. It reads no configuration, does
// not decide who may run, and does not look at what a program writes.
//
// A program that uses it calls Init before anything else in main: the sandbox starts that same executable again as the first
// process inside. docs/sandbox.md says what each layer stops, and what none does.
package sandbox

import (
	"context"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// Grace is how long a process may take to end after SIGTERM, before SIGKILL.
const Grace = 5 * time.Second

// Spec is all that a sandboxed program gets. What it does not name, the program does not have.
type Spec struct {
	Argv []string
	Dir  string   // working folder, as seen inside
	Env  []string // all of it: nothing is inherited

	// Streams. Nil is empty, or discarded. An *os.File is given to the program as it is, everything else through a pipe.
	// Bounding what is kept is the caller's business.
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	Mounts   []Mount
	Forward  []Forward
	Identity Identity
	Limits   Limits
	Network  Network

	View   View     // what of the host's file system is seen besides Mounts
	Hide   []string // ViewHost only: folders that look empty and files that look like /dev/null
	Nested bool     // the program may make namespaces, mount and trace inside; it has no Landlock then, and a shorter seccomp list
	Keep   bool     // ViewHost only: root keeps its power over file modes (the setup of checks)

	Hostname   string // inside; empty: sandbox
	Processors int    // how many processors programs run on; 0: all
}

// Mount shows a folder or file of the host inside. What is missing of Target is made. Target must hold no symlink.
type Mount struct {
	Source   string // absolute, on the host
	Target   string // absolute, inside
	Writable bool
	// Overlay lets programs write to a layer of their own over Source, which ends with the sandbox: Source never changes. The layer lies
	// in memory and has at most Limits.Temp. ViewMinimal only; where this process is root Source belongs to Keeper.
	Overlay bool
}

// Forward gives the sandbox a TCP listener on its own loopback whose connections end outside. Either Socket or Serve is set.
type Forward struct {
	Listen string             // an address of the loopback inside, as 127.0.0.1:8787
	Socket string             // the unix socket on the host that each connection is copied to
	Serve  func(net.Listener) // serves in this process, with no socket on the host; the listener is closed when the sandbox ends
}

// Limits bound a sandbox. A field that is zero means that of DefaultLimits, a negative one that there is none.
type Limits struct {
	Memory    int64         // bytes of all processes together
	Processes int64         // processes and threads
	FileSize  int64         // bytes of one file
	OpenFiles int64         // of one process
	Temp      int64         // bytes of /tmp and, again, of /dev/shm: they count as memory
	CPU       time.Duration // processor time of one process
	Wall      time.Duration // since the start; then the sandbox is terminated
}

// DefaultLimits are the limits of a Spec that names none.
func DefaultLimits() Limits {
	return Limits{Memory: 4 << 30, Processes: 1024, FileSize: 2 << 30, OpenFiles: 4096, Temp: 1 << 30, CPU: -1, Wall: -1}
}

// Network is what a sandbox can reach.
type Network int

// The networks of a Spec.
const (
	NetworkNone Network = iota // a loopback of its own
	NetworkHost                // the host's network: the setup of checks, and nothing else
)

// View is what a sandbox sees of the host's file system besides its mounts.
type View int

// The views of a Spec.
const (
	ViewMinimal View = iota // the system's programs and libraries, read-only, in a file system of its own
	ViewHost                // everything that is not hidden, read-only: checks
)

// Identity is who a sandbox runs as on the host. The zero value is Self.
type Identity struct {
	UID, GID int
}

// Self is the identity of this process. Where this process is root, a sandbox with ViewMinimal refuses it.
func Self() Identity { return Identity{} }

// Exit is how a program ended.
type Exit struct {
	Code   int    // exit status; -1 when a signal ended it
	Signal string // the signal, as SIGKILL
	Cause  Cause  // why the sandbox ended it
}

// Cause is why the sandbox itself ended a program; empty: it did not.
type Cause string

// The causes of an Exit.
const (
	CauseTerminated Cause = "terminated" // Terminate, Kill, Close or the context
	CauseWall       Cause = "wall"       // Limits.Wall
	CauseMemory     Cause = "memory"     // Limits.Memory
)

// Command is one program to start in a Cell; its fields are those of Spec.
type Command struct {
	Argv           []string
	Dir            string
	Env            []string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Report says what holds a sandbox on this system.
type Report struct {
	User, PID, Mount, Net bool   // the namespaces that may be missing in a weaker sandbox; ipc, uts and cgroup come with pid
	Landlock              int    // version of its ABI; 0 = none
	Seccomp               bool   // a system call filter
	Cgroup                string // v1, v2 or none; with none rlimits bound each process, and a watcher their memory
	Slots                 bool   // each sandbox can have a host user of its own
}

// String is a report in one line.
func (r Report) String() string {
	if r == (Report{Cgroup: "none"}) {
		return "process groups only"
	}
	parts := []string{"runs as this user"}
	if r.Slots {
		parts[0] = "a user of its own"
	}
	for _, layer := range []struct {
		on   bool
		name string
	}{{r.User, "user"}, {r.PID, "pid"}, {r.Mount, "mount"}, {r.Net, "net"}} {
		if !layer.on {
			parts = append(parts, "no "+layer.name+" namespace")
		}
	}
	if r.Landlock > 0 {
		parts = append(parts, "Landlock "+strconv.Itoa(r.Landlock))
	} else {
		parts = append(parts, "no Landlock")
	}
	if r.Seccomp {
		parts = append(parts, "seccomp")
	} else {
		parts = append(parts, "no seccomp")
	}
	if r.Cgroup == "none" {
		return strings.Join(append(parts, "no cgroup (limits hold for each process, memory is watched)"), ", ")
	}
	return strings.Join(append(parts, "cgroup "+r.Cgroup), ", ")
}

// UnavailableError says which layer is not to be had here, and what to do about it.
type UnavailableError struct {
	Layer  string
	Reason string // what the system answered
	Fix    string // what to install or to allow
}

func (e *UnavailableError) Error() string {
	return "no sandbox on this system: " + e.Layer + ": " + e.Reason + "; " + e.Fix
}

// NotFoundError says that a program cannot be started because it, or its interpreter, is not there.
type NotFoundError struct{ Reason string }

func (e *NotFoundError) Error() string { return e.Reason }

// Options are how sandboxes are made.
type Options struct {
	Self   string // an executable whose main calls Init first; empty: none, which gives process groups and no more
	Weaker bool   // checks: take what the system gives, and say it in Report; agents and builds never set it

	without guards // tests: guards that are left out
}

// Sandbox starts sandboxed programs.
type Sandbox struct {
	self    string
	layers  layers
	without guards
	cgroups *cgroups
}

// New finds out what this system can do, with one start of a process where it can do everything. Unless Weaker is set, it fails
// with an *UnavailableError when a layer is missing.
func New(ctx context.Context, opts Options) (*Sandbox, error) { return probe(ctx, opts) }

// Start runs one program in a sandbox of its own. When ctx ends the program is terminated.
func (s *Sandbox) Start(ctx context.Context, spec Spec) (*Process, error) {
	c, err := s.Open(ctx, spec)
	if err != nil {
		return nil, err
	}
	p, err := c.Start(Command{Argv: spec.Argv, Dir: spec.Dir, Env: spec.Env, Stdin: spec.Stdin, Stdout: spec.Stdout, Stderr: spec.Stderr})
	if err != nil {
		c.Kill()
		return nil, err
	}
	p.alone = true
	return p, nil
}
