// Package task holds the life of a task (docs/tasks.md): the operator's intent, the attempts of agents at it, and the one next
// step.
//
// It promises that a task is nothing but its operations, stored in git as those of a change are; that Step is a pure function of
// them and of the world around; that attempts are counted there, so a crash neither loses nor doubles one; and that who runs
// beside whom follows from values alone (Plan). It never starts an agent, never moves a branch and never decides what may land:
// the daemon carries its steps out, package gate decides.
package task

import (
	"fmt"

	"github.com/adamant-os/adamant/internal/kernel"
)

// Status is where a task is in its life. Only operations move it (the table in docs/tasks.md).
type Status string

// The statuses, in the order of the diagram.
const (
	Queued    Status = "queued"    // it waits for its turn
	Running   Status = "running"   // an agent works on it
	Gating    Status = "gating"    // its change is with the gate
	Reviewing Status = "reviewing" // a reviewer reads its change
	Waiting   Status = "waiting"   // its change waits for the operator, the clock or the queue
	Suspended Status = "suspended" // stopped until the operator resumes it
	Done      Status = "done"      // its change landed
	Failed    Status = "failed"    // it came to nothing
	Cancelled Status = "cancelled" // the operator took it back
)

// Live says that the task can still move by itself.
func (s Status) Live() bool {
	switch s {
	case Queued, Running, Gating, Reviewing, Waiting:
		return true
	}
	return false
}

// Closed says that nothing more happens unless the operator retries it.
func (s Status) Closed() bool { return s == Done || s == Failed || s == Cancelled }

// The roles of attempts.
const (
	RoleCoder    = "coder"
	RoleReviewer = "reviewer"
)

const shownDigits = 16

// Short is the part of a task's id that people see.
func Short(id string) string { return id[:min(len(id), shownDigits)] }

// AttemptID names the nth attempt (from 1) of a task. It is a name as kernel.CheckName wants it, good for folders and references.
func AttemptID(task string, n int) string { return fmt.Sprintf("%s-%d", Short(task), n) }

// CheckID says what is wrong with the id of a task.
func CheckID(id string) error { return kernel.CheckID(id) }
