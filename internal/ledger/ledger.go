// Package ledger is the append-only audit log in git: JSON lines in segments, each line chained to the one before by its
// SHA-256, one writer per reference (refs/adamant/ledger/<writer>), each commit signed. docs/formats/ledger.md is its
// specification.
//
// It promises that an acknowledged entry is on the disk and stays: a line that is changed, left out, put elsewhere or
// replaced, a history that was rewritten and a commit that somebody else signed are each an *Alarm that names the file, the
// line and what to do. Reading is streaming, in bounded memory, and believes nothing that it did not check: what it yields
// is one unbroken chain. Lines are safe to print on a terminal as they are.
//
// It never changes or removes an entry, never follows a history that another writer moved, and says nothing about whether
// what an entry claims is true.
package ledger

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

// Where ledgers are: in the kernel, and in clones below the name of each remote.
const (
	RefPrefix    = "refs/adamant/ledger/"
	RemotePrefix = "refs/adamant-remote/"
)

// Version is the newest version of entries that is read and the one that is written.
const Version = 1

// The limits of the format, in bytes but for segmentEntries. A line over its limit is refused when written and is an alarm
// when read.
const (
	LineLimit      = 1 << 20
	segmentEntries = 100       // a segment takes no more entries than these
	segmentFull    = 1 << 20   // nor another one when it is this large
	segmentLimit   = 2<<20 + 2 // so that none is larger than this
	fieldLimit     = 256       // actor, change, task
	depthLimit     = 64        // of nested values in a body
	writersLimit   = 256
)

// The kinds of entries that other packages test for. Kinds are lower-case words joined by dots and dashes; new ones need no
// change here.
const (
	LandingIntent  = "landing.intent"
	LandingDone    = "landing.done"
	LandingAborted = "landing.aborted"
	TokenNew       = "token.new"
	TokenRevoke    = "token.revoke"
	QueuePaused    = "queue.paused"
	QueueResumed   = "queue.resumed"
	MovedByHand    = "ref.moved-by-hand"
	KernelCreated  = "kernel.created"
	KernelRecover  = "kernel.recovered"
	KernelRestored = "kernel.restored"
	KernelEjected  = "kernel.ejected"
	MirrorPushed   = "mirror.pushed"
	MirrorRefused  = "mirror.refused"
	KeyAdded       = "ledger.key" // Body {"key": fingerprint}: this key may sign the writer's commits from the next one on
)

// Entry is one line. Seq counts from 1 within a writer. Time has milliseconds and is what the writer's clock said: it may
// go back. Prev is the SHA-256 in hex of the line before, without its newline. Change and Task are ids or empty; Body is a
// JSON object or nil.
type Entry struct {
	V      int             `json:"v"`
	Seq    uint64          `json:"seq"`
	Time   time.Time       `json:"time"`
	Actor  string          `json:"actor"`
	Kind   string          `json:"kind"`
	Change string          `json:"change,omitempty"`
	Task   string          `json:"task,omitempty"`
	Prev   string          `json:"prev"`
	Body   json.RawMessage `json:"body,omitempty"`

	Writer string `json:"-"` // whose chain it is in
	Place  Place  `json:"-"` // where it was read; zero for an entry that was not
}

// Place is where a line stands.
type Place struct {
	Ref    string
	Commit git.OID
	File   string
	Line   int // from 1
}

func (p Place) String() string {
	text := p.Ref
	if p.File != "" {
		text += ":" + p.File
	}
	if p.Line > 0 {
		text += fmt.Sprintf(":%d", p.Line)
	}
	return text
}

// Record is what a caller wants written. Body is any value that encodes as a JSON object, or nil.
type Record struct {
	Actor, Kind, Change, Task string
	Body                      any
}

// CheckWriter refuses what cannot be a writer's name: lower-case letters and digits with single dots, dashes or
// underscores between them, at most 64 bytes.
func CheckWriter(name string) error {
	if name == "" || len(name) > 64 || !isWord(name, "-._") || strings.HasSuffix(name, ".lock") {
		return fmt.Errorf("%q cannot be a ledger writer: want at most 64 lower-case letters and digits, with . - or _ between them", name)
	}
	return nil
}

// isWord says that text holds lower-case letters and digits, and the given marks between them.
func isWord(text, marks string) bool {
	mark := true // at the start and behind another
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			mark = false
		case !mark && strings.IndexByte(marks, c) >= 0:
			mark = true
		default:
			return false
		}
	}
	return !mark
}
