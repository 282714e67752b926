package task

import (
	"fmt"
	"strings"
)

// NotFoundError says that no task has that name.
type NotFoundError struct{ Name string }

func (e *NotFoundError) Error() string {
	if len(e.Name) < leastDigits {
		return fmt.Sprintf("%q may mean several tasks: write %d digits of the id or more; adamant task list --all lists them", e.Name, leastDigits)
	}
	return fmt.Sprintf("no task is called %q; adamant task list --all lists them", e.Name)
}

// AmbiguousError says that several tasks have that name.
type AmbiguousError struct {
	Name string
	IDs  []string
}

func (e *AmbiguousError) Error() string {
	shown := make([]string, len(e.IDs))
	for i, id := range e.IDs {
		shown[i] = Short(id)
	}
	return fmt.Sprintf("%q means %d tasks: %s; write more digits", e.Name, len(e.IDs), strings.Join(shown, ", "))
}

// StaleError says that a task has moved on since it was read: read it again and decide again.
type StaleError struct {
	ID  string
	Err error // the git.RefMovedError
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("task %s has moved on since it was read: %v", Short(e.ID), e.Err)
}

func (e *StaleError) Unwrap() error { return e.Err }

// RefusedError says that an operation would have no effect, and why. Nothing was written.
type RefusedError struct {
	ID   string
	Kind Kind
	Why  string
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s of task %s has no effect: %s", e.Kind, Short(e.ID), e.Why)
}
