// Package builtin is the shape of adamant's built-in checks: they read the two sides of a change and answer with findings
// for both, so that the caller can tell what is new. A built-in check promises to be a function of its Input: it starts no
// process, opens no connection, reads no clock and no environment, and writes nothing but a cache inside Input.Data.
// It never decides whether a change may land.
package builtin

import (
	"context"
	"errors"
	"fmt"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Tree reads one side of the change. Paths are relative to the repository's root, with slashes, spelt as in facts.File.
type Tree interface {
	// Paths lists every file of the tree, sorted bytewise. The caller must not change it.
	Paths() []string
	// Read returns a file's content. It fails with *UnreadError when the content may not be looked at and with an error
	// that wraps fs.ErrNotExist when the tree has no such file. The caller must not change the bytes.
	Read(ctx context.Context, path string) ([]byte, error)
}

// The reasons of an UnreadError.
const (
	TooLarge   = "too large"
	Binary     = "binary"
	Submodule  = "submodule"
	Symlink    = "symlink"
	LFSPointer = "lfs-pointer"
)

// UnreadError says why a file's content is not looked at.
type UnreadError struct{ Path, Reason string }

func (e *UnreadError) Error() string { return fmt.Sprintf("%s is not read: %s", e.Path, e.Reason) }

// Input is everything a built-in check sees.
type Input struct {
	Base, Merged Tree
	Files        []facts.File        // changed files: diff(base, merged) with renames
	Config       manifest.Repository // at base, completed by its defaults
	// All asks for the whole merged tree instead of the changed files. Base is then not looked at.
	All bool
	// Data is the directory with outside data: osv/ holds vulnerability records. Empty or absent: none.
	Data string
	// ModuleCache is the Go module cache, where licence texts of Go dependencies lie. Empty or absent: none.
	ModuleCache string
	// Language names a file's language, as facts.File.Language does. Nil: extensions decide.
	Language func(path string) string
}

// Result is what a check found on both sides, by identical code in the same scope.
type Result struct {
	Merged, Base []finding.Finding // sorted by path, line, column, rule
	State        string            // facts.Passed, facts.Failed or facts.Unavailable
	Reason       string            // one line for people; always set when State is Unavailable
	Digest       string            // sha256 of outside data that was used, "" when there was none
}

// Check is one built-in check.
type Check interface {
	// Name is the check's switch in adamant.yaml (builtin: {NAME: off}) and the first part of its rule ids.
	Name() string
	// Kind is the gate the check answers for.
	Kind() string
	// Run checks. An error means that the check could not be carried out: it is never a pass.
	Run(ctx context.Context, in Input) (Result, error)
}

// Conclude sorts findings and sets the state: failed when merged has an error that base has not.
func Conclude(base, merged []finding.Finding) Result {
	finding.Sort(base)
	finding.Sort(merged)
	result := Result{Merged: merged, Base: base, State: facts.Passed}
	known := map[string]int{}
	for _, f := range base {
		known[f.Fingerprint]++
	}
	fresh := 0
	for _, f := range merged {
		if known[f.Fingerprint] > 0 {
			known[f.Fingerprint]--
		} else if f.Severity == finding.Error {
			fresh++
		}
	}
	if fresh > 0 {
		result.State, result.Reason = facts.Failed, fmt.Sprintf("%d new", fresh)
	}
	return result
}

// Unread reports whether err is an *UnreadError, and its reason.
func Unread(err error) (string, bool) {
	var unread *UnreadError
	if errors.As(err, &unread) {
		return unread.Reason, true
	}
	return "", false
}
