// Package kernel keeps the two repositories that a Repo OS runs on, and decides who may write to them.
//
// A kernel is a folder (0700) of one daemon:
//
//	kernel.git   bare; every reference, the truth; borrows the objects of main.git
//	main.git     bare; the closure of main and nothing else; what workspaces and readers borrow; never pruned
//	lock         flock of the daemon that runs
//	children     flock that the daemon's git children inherit: free only when the last of them is gone
//	holder.json  who holds or held the lock
//
// It promises that one process at a time writes; that a process which lost its lease cannot move a reference any more,
// because each transaction verifies the lease; that a landing is written to the ledger before it happens and moves main
// last, so that after a crash anywhere Acquire finds either nothing or all of it, or finishes it; and that a main which
// somebody moved by hand is reported and never overwritten.
//
// It never decides whether something may land, runs no hook, and deletes no object of main.git.
package kernel

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"sync"

	"github.com/adamant-os/adamant/internal/git"
)

// Journal is the ledger as the kernel needs it: a few entries of its own, in order.
type Journal interface {
	// Record appends an entry. It is on disk when Record returns.
	Record(ctx context.Context, kind string, body any) error
	// Last returns the newest entry of one of the kinds; ok is false when there is none.
	Last(ctx context.Context, kinds ...string) (entry Entry, ok bool, err error)
}

// Entry is one entry of the journal.
type Entry struct {
	Kind string
	Body json.RawMessage
}

// Options says how a kernel is made.
type Options struct {
	// Main is the commit or branch of the clone that becomes main, default "refs/heads/main".
	Main string
}

// Kernel is an open kernel. Until Acquire it only reads. It is safe for concurrent use.
type Kernel struct {
	dir string

	mu      sync.Mutex // one transaction at a time: all of them lock the lease
	repo    *git.Repo
	main    *git.Repo
	lock    *os.File
	family  *os.File // the lock that children inherit
	lease   git.OID
	epoch   uint64
	journal Journal

	landing sync.Mutex // one landing or recovery at a time
}

// ErrNotHeld says that a kernel was opened for reading only.
var ErrNotHeld = errors.New("this process does not hold the kernel; only the daemon writes to it")

// Repo is kernel.git. Its own UpdateRefs is not fenced: use the Kernel's.
func (k *Kernel) Repo() *git.Repo { return k.repo }

// Main is main.git.
func (k *Kernel) Main() *git.Repo { return k.main }

// Dir is the kernel's folder.
func (k *Kernel) Dir() string { return k.dir }

// Epoch counts the processes that have held the kernel; 0 until Acquire.
func (k *Kernel) Epoch() uint64 { return k.epoch }

// Ref reads a reference of kernel.git, "" when there is none.
func (k *Kernel) Ref(ctx context.Context, name string) (git.OID, error) { return k.repo.Ref(ctx, name) }
