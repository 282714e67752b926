// Package change holds the life of a change (docs/lifecycle.md): operations, the state that they fold to, the one next step,
// and their storage in git (docs/formats/change.md).
//
// It promises that a change is nothing but its operations: any two readers of the same operations see the same state, in
// whatever order the operations were merged, and Step is a pure function of that state and of the world around it. An
// operation that its author may not make, or that does not fit the state, is kept and has no effect. The package never
// decides what may land (that is package gate), never moves a branch, and keeps nothing outside git but an index that can be
// deleted.
package change

// Status is where a change is in its life. Only operations move it (the table in docs/lifecycle.md).
type Status string

// The statuses, in the order of the diagram.
const (
	Opened        Status = "opened"         // a patch set waits to be judged for the first time
	Checking      Status = "checking"       // the gate judges it for the first time
	Rejected      Status = "rejected"       // the gate or the operator refused it; a new patch set starts again
	Reviewing     Status = "reviewing"      // judged and not refused; a reviewer or the next step is awaited
	NeedsOperator Status = "needs-operator" // the operator was asked
	Soaking       Status = "soaking"        // it lands when its soak is over
	Queued        Status = "queued"         // it may land and waits for its turn
	Merging       Status = "merging"        // the queue proves it on the commit it will land on
	Merged        Status = "merged"         // it is on the target branch
	Released      Status = "released"       // and in an environment
	Reverted      Status = "reverted"       // and taken back
	Abandoned     Status = "abandoned"      // given up
	Suspended     Status = "suspended"      // stopped until the operator resumes it
)

// Live says that the change can still move towards the target branch by itself.
func (s Status) Live() bool {
	switch s {
	case Opened, Checking, Rejected, Reviewing, NeedsOperator, Soaking, Queued, Merging:
		return true
	}
	return false
}

// InQueue says that the merge queue holds the change.
func (s Status) InQueue() bool { return s == Queued || s == Merging }

// Landed says that the change is, or was, on the target branch.
func (s Status) Landed() bool { return s == Merged || s == Released || s == Reverted }

// Closed says that nothing is left to do: no operation but a comment, a release or a revert can follow.
func (s Status) Closed() bool { return s.Landed() || s == Abandoned }
