package sandbox

import (
	"os"
	"time"
)

// setup is what the first process inside is told before anything runs.
type setup struct {
	Layers  layers       `json:"layers"`
	View    View         `json:"view"`
	Mounts  []mountOrder `json:"mounts,omitempty"`
	Hide    []string     `json:"hide,omitempty"`
	Listen  []string     `json:"listen,omitempty"`
	Home    string       `json:"home,omitempty"` // of the one user that /etc/passwd names
	UID     int          `json:"uid"`            // of programs, inside
	GID     int          `json:"gid"`
	Slot    bool         `json:"slot"` // the first process is root inside, and somebody else than the programs on the host
	Nested  bool         `json:"nested,omitempty"`
	Keep    bool         `json:"keep,omitempty"`
	Doors   int          `json:"doors,omitempty"` // files to enter cgroups by, the first of those that came with the frame
	Host    string       `json:"host,omitempty"`
	CPUs    int          `json:"cpus,omitempty"`
	Watch   int64        `json:"watch,omitempty"` // bytes of memory to watch over, where no cgroup does
	Limits  Limits       `json:"limits"`
	Without guards       `json:"without,omitempty"`
}

// mountOrder is a Mount. When Given, its mount came with the frame, already detached from the host's.
type mountOrder struct {
	Source   string `json:"source"`
	Target   string `json:"target"`
	Writable bool   `json:"writable,omitempty"`
	Overlay  bool   `json:"overlay,omitempty"`
	Given    bool   `json:"given,omitempty"`
	tree     *os.File
}

// layers is what this system lets a program be locked into.
type layers struct {
	Guarded  bool `json:"guarded"` // a first process that leaves nothing behind; without it only process groups
	User     bool `json:"user"`    // own user namespace: no capability counts outside
	PID      bool `json:"pid"`     // own pid namespace: killing the first process kills everything; ipc, uts and cgroup too
	Mount    bool `json:"mount"`   // own mount namespace
	Net      bool `json:"net"`     // own network namespace: nothing but its own loopback
	Landlock int  `json:"landlock"`
	Seccomp  bool `json:"seccomp"`
}

// filled returns limits with the defaults for what is zero.
func (l Limits) filled() Limits {
	d := DefaultLimits()
	for _, f := range []struct {
		field *int64
		value int64
	}{{&l.Memory, d.Memory}, {&l.Processes, d.Processes}, {&l.FileSize, d.FileSize}, {&l.OpenFiles, d.OpenFiles}, {&l.Temp, d.Temp}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	for _, f := range []struct {
		field *time.Duration
		value time.Duration
	}{{&l.CPU, d.CPU}, {&l.Wall, d.Wall}} {
		if *f.field == 0 {
			*f.field = f.value
		}
	}
	return l
}

// without returns the layers that are left when guards are left out. Only root has namespaces without one of users.
func (l layers) without(out guards, root bool) layers {
	if out.has(guardUser) && !root {
		l.PID, l.Mount, l.Net = false, false, false
	}
	l.User = l.User && !out.has(guardUser)
	l.PID = l.PID && !out.has(guardPID)
	l.Net = l.Net && !out.has(guardNet)
	l.Seccomp = l.Seccomp && !out.has(guardSeccomp)
	if out.has(guardLandlock) {
		l.Landlock = 0
	}
	return l
}
