// Package kernel keeps the two repositories that a Repo OS runs on, and decides who may write to them.
//
// A kernel is a folder (0700) of one daemon:
//
//	kernel.git   bare; every reference, the truth; borrows the objects of main.git
//	main.git     bare; the closure of main and nothing else; what workspaces and readers borrow; never pruned
//	lock         flock of the daemon that runs
//	children     flock that the daemon's git children inherit: free only when the last of them is gone
//	holder.json  who holds or held the lock
//	kernel.json  what the kernel is called in its own ledger
//	ledger_key   0600: what signs its own ledger
//
// It promises that one process at a time writes; that a process which lost its lease cannot move a reference any more,
// because each transaction verifies the lease; that a landing is written to the ledger before it happens and moves main
// last, so that after a crash anywhere Acquire finds either nothing or all of it, or finishes it; and that a main which
// somebody moved by hand is reported and never overwritten.
//
// It never decides whether something may land, runs no hook, and deletes no object of main.git. docs/kernel.md says what
// to do when something is wrong.
package kernel

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/adamant-os/adamant/internal/filelock"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
)

// journal is the ledger as the kernel needs it: a few entries of its own.
type journal interface {
	// record appends an entry. It is on disk when record returns.
	record(ctx context.Context, kind, change string, body any) error
	// last returns the newest entry of one of the kinds; ok is false when there is none.
	last(ctx context.Context, kinds ...string) (found entry, ok bool, err error)
	// close writes what is queued.
	close(ctx context.Context) error
}

type entry struct {
	kind string
	body json.RawMessage
	time time.Time
}

// Options says how a kernel is made.
type Options struct {
	Main string // the branch of the clone that becomes main, default RefMain
}

// Hold says how Acquire holds a kernel. The zero value will do.
type Hold struct {
	Ledger ledger.Options // of the kernel's own writer
	Wait   time.Duration  // how long to wait for children of a daemon that died, default 20 s
}

func (h Hold) wait() time.Duration {
	if h.Wait > 0 {
		return h.Wait
	}
	return orphanWait
}

// Kernel is an open kernel. Until Acquire it only reads. It is safe for concurrent use.
type Kernel struct {
	dir, writer string
	repo, main  *git.Repo
	lock        *filelock.File // held by the daemon
	family      *os.File       // its lock is inherited by the children

	openJournal func(context.Context, *Kernel, Hold) (journal, error)
	journal     journal
	lease       git.OID
	epoch       uint64

	transactions sync.Mutex // one at a time: all of them lock the lease
	landings     sync.Mutex // one landing or recovery at a time
	unsettled    bool       // the last intent in the ledger has not ended
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

// Writer names the kernel's own ledger: LedgerRef(Writer).
func (k *Kernel) Writer() string { return k.writer }

// Children is the file that every process which writes to the kernel on behalf of this one must inherit (exec.Cmd's
// ExtraFiles): the next daemon waits until no process has it open any more.
func (k *Kernel) Children() *os.File { return k.family }

// Ledger is the writer of the kernel's own ledger, nil until Acquire.
func (k *Kernel) Ledger() *ledger.Writer {
	if l, ok := k.journal.(*ledgerJournal); ok {
		return l.writer
	}
	return nil
}

func randomName(prefix string) (string, error) {
	raw := make([]byte, 6)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	return prefix + hex.EncodeToString(raw), nil
}
