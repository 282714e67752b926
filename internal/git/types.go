package git

import (
	"errors"
	"fmt"
	"time"
)

// OID is an object name in lower-case hex: 40 digits in a SHA-1 repository, 64 in a SHA-256 one.
type OID string

// Short returns the first 12 digits, for people.
func (o OID) Short() string {
	if len(o) > 12 {
		return string(o[:12])
	}
	return string(o)
}

// Mode is a tree entry's file mode as git prints it.
type Mode string

// The modes git writes.
const (
	ModeNone    Mode = "000000"
	ModeFile    Mode = "100644"
	ModeExec    Mode = "100755"
	ModeSymlink Mode = "120000"
	ModeGitlink Mode = "160000" // submodule: the object is a commit of another repository
	ModeTree    Mode = "040000"
)

// Entry is one file of a tree, with its path from the root. Paths are raw bytes: they may hold newlines or invalid UTF-8.
type Entry struct {
	Path string
	Mode Mode
	OID  OID
}

// Status is the kind of a file's change, by its git letter.
type Status byte

// The statuses a diff with rename detection reports.
const (
	Added       Status = 'A'
	Deleted     Status = 'D'
	Modified    Status = 'M'
	Renamed     Status = 'R'
	TypeChanged Status = 'T'
)

// FileChange is one file of a diff. For a rename OldPath differs from Path; otherwise OldPath is empty.
type FileChange struct {
	Status           Status
	Path, OldPath    string
	OldMode, NewMode Mode
	Before, After    OID // empty where the side has no blob
	Similarity       int // percent, for renames
	Added, Deleted   int // lines; 0 for binary files
	Binary           bool
	Hunks            []Hunk // only when asked for
}

// Hunk is one run of changed lines in a diff without context. Lines are 1-based; a count of 0 means nothing on that side.
type Hunk struct {
	OldStart, OldLines int
	NewStart, NewLines int
}

// Signature is who did something and when.
type Signature struct {
	Name, Email string
	When        time.Time
}

// Commit is a parsed commit object.
type Commit struct {
	OID               OID
	Tree              OID
	Parents           []OID
	Author, Committer Signature
	Encoding          string // of names and message as the commit declares it; empty = UTF-8
	Message           string // whole, as stored
}

// Subject is the first line of the message.
func (c Commit) Subject() string {
	for i := range len(c.Message) {
		if c.Message[i] == '\n' {
			return c.Message[:i]
		}
	}
	return c.Message
}

// ErrConflict is wrapped by the error of a merge that has conflicts.
var ErrConflict = errors.New("merge conflict")

// MissingError says that an object is not in the repository. It is never a conflict and never an empty result.
type MissingError struct {
	Rev     string // what was asked for
	Shallow bool   // the clone is shallow: git fetch --unshallow may bring it
	Partial bool   // the clone is partial: git fetch --refetch --no-filter brings it
}

func (e *MissingError) Error() string {
	switch {
	case e.Shallow:
		return fmt.Sprintf("%s is not in this shallow clone; run: git fetch --unshallow", e.Rev)
	case e.Partial:
		return fmt.Sprintf("%s is not in this partial clone; run: git fetch --refetch --no-filter", e.Rev)
	}
	return fmt.Sprintf("%s is not in this repository; run: git fetch", e.Rev)
}

// TooLargeError says that an object is over the caller's limit. Sizes are in bytes.
type TooLargeError struct {
	OID         OID
	Size, Limit int64
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("object %s has %d bytes, over the limit of %d", e.OID.Short(), e.Size, e.Limit)
}
