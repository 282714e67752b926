// Package workspace gives each attempt of an agent a checkout of its own and pulls back what the agent made of it.
//
// A workspace is a folder: a fresh repository that borrows main.git's objects, checked out as a cone (the task's blast radius)
// with a sparse index, a HOME and a TMPDIR. It promises that an agent can read main's history and its own work and
// nothing else of the kernel; that agent configuration in the checkout is main's and read-only; that what an agent did
// not see is in its result as it is on base; that a result is data: its tree is written by git inside the sandbox, under the
// task's identity, in a git directory that the agent never touched, and fetched from an upload-pack inside the sandbox through
// limits into a repository of this pull, where it is examined before the kernel gets any of it; and that a crash leaves nothing
// that GC does not remove.
//
// It never runs git in a git directory that an agent can write to, never pushes, never trusts a name or a size that comes
// out of a workspace, and decides nothing about a result beyond whether it can be stored safely.
package workspace

import (
	"context"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// Where things are inside the sandbox.
const (
	Repo = "/work/repo" // the checkout, writable unless the workspace is read-only
	Home = "/work/home" // HOME
	Temp = "/work/tmp"  // TMPDIR: HOME is not below it, or some agents refuse to start programs from HOME

	objectsInside = "/work/main.git/objects" // main.git's, read-only
	extraInside   = "/work/extra.git/objects"
	pullInside    = "/work/pull" // the git directory of a pull; no agent's sandbox has it
)

// Config says where workspaces are kept and what they come from.
type Config struct {
	Dir    string         // absolute; made if need be, 0700
	Kernel *kernel.Kernel // its main.git is borrowed, its kernel.git keeps pins and results
	Limits Limits         // of results; zero fields have defaults
}

// Limits bound what a result may be.
type Limits struct {
	Files    int           // changed files, default 20,000
	FileSize int64         // bytes of one file, default 50 MiB
	Bytes    int64         // that come out of the sandbox, packed, default 256 MiB
	Path     int           // bytes of one path, default 1,024
	Depth    int           // folders above a file, default 64
	Time     time.Duration // for a pull, default 5 minutes
}

func (l Limits) orDefaults() Limits {
	d := Limits{Files: 20_000, FileSize: 50 << 20, Bytes: 256 << 20, Path: 1024, Depth: 64, Time: 5 * time.Minute}
	set(&d.Files, l.Files)
	set(&d.FileSize, l.FileSize)
	set(&d.Bytes, l.Bytes)
	set(&d.Path, l.Path)
	set(&d.Depth, l.Depth)
	set(&d.Time, l.Time)
	return d
}

func set[T int | int64 | time.Duration](to *T, value T) {
	if value != 0 {
		*to = value
	}
}

// Request asks for a workspace.
type Request struct {
	Task    string   // id of the task
	Attempt string   // id of the attempt: it names the workspace; empty = the task does
	Base    git.OID  // commit of main that the result is compared with
	Head    git.OID  // commit of kernel.git to check out, such as a patch set to review or to go on with; empty = Base
	Cone    []string // folders to check out, with the files beside and above them; empty = everything

	Identity sandbox.Identity // who owns it and works in it
	Readonly bool             // for reviewers: the checkout cannot be written to and has no result
	Grant    []string         // files and folders of agent configuration that the task may change

	// Setup puts dependencies into the fresh checkout and its HOME before the agent gets them, such as what a check's setup
	// made. What it adds to the checkout is not part of the result. Nil = nothing.
	Setup func(ctx context.Context, repo, home string) error
}

// Workspace is one attempt's checkout.
type Workspace struct {
	ID string
	Request
	Created time.Time

	store    *Store
	excluded []string // what Setup added
}

// Author is who an agent's commit is by.
type Author struct {
	Name, Email string
	When        time.Time
}

// Env are the variables that tell programs where HOME and TMPDIR are.
func (w *Workspace) Env() []string { return []string{"HOME=" + Home, "TMPDIR=" + Temp} }

// Pin names the reference that keeps what the workspace borrows.
func (w *Workspace) Pin() string { return kernel.PinRef(w.ID) }

// Quarantine names the reference that a pulled result is at.
func (w *Workspace) Quarantine() string { return kernel.QuarantineRef(w.ID) }

func (w *Workspace) path(name string) string { return w.store.path(w.ID, name) }
