package change

import (
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/oplog"
)

// BrokenError says that a change cannot be read. The other changes go on without it.
type BrokenError = oplog.BrokenError

// NotFoundError says that no change has that name.
type NotFoundError struct{ Name string }

func (e *NotFoundError) Error() string {
	if len(e.Name) < leastDigits {
		return fmt.Sprintf("%q may mean several changes: write %d digits of the id or more; adamant changes --all lists them", e.Name, leastDigits)
	}
	return fmt.Sprintf("no change is called %q; adamant changes --all lists them", e.Name)
}

// AmbiguousError says that several changes have that name.
type AmbiguousError struct {
	Name string
	IDs  []string
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%q means %d changes: %s; write more digits", e.Name, len(e.IDs), strings.Join(shorts(e.IDs), ", "))
}

func shorts(ids []string) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = short(id)
	}
	return out
}

// StaleError says that a change has moved on since it was read: read it again and decide again.
type StaleError struct {
	ID  string
	Err error // the git.RefMovedError
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("change %s has moved on since it was read: %v", short(e.ID), e.Err)
}

func (e *StaleError) Unwrap() error { return e.Err }

// RefusedError says that an operation would have no effect, and why. Nothing was written.
type RefusedError struct {
	ID   string
	Kind Kind
	Why  string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s of change %s has no effect: %s", e.Kind, short(e.ID), e.Why)
}
