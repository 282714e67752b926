package mergequeue

import "time"

// Event is something that happened. Events about changes and runs that the queue does not know are ignored: they are late.
type Event interface{ event() }

// Outcome is how a run ended.
type Outcome string

// The outcomes. Flaky is a pass that a check needed a second try for; aborted means that nothing was found out.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Flaky   Outcome = "flaky"
	Aborted Outcome = "aborted"
)

// The events.
type (
	// Arrived says that a change may land as far as everything but the queue is concerned. A change that is here already is
	// left as it is: for a new patch set send Cancelled first.
	Arrived struct{ Change Change }
	// Finished says how a run ended.
	Finished struct {
		Run     RunID
		Outcome Outcome
		Note    string // why, one line, for those who are ejected
	}
	// Landed says that what Land asked for is on main, and main's new name.
	Landed struct {
		Run  RunID
		Main string
	}
	// Refused says that the landing of a run came to nothing. Change names whose fault it is: it is ejected; empty: nobody's.
	Refused struct {
		Run    RunID
		Change string
		Note   string
	}
	// Moved says that main was moved by somebody else.
	Moved struct {
		Main     string
		Affected Affected
	}
	// Cancelled takes a change away: abandoned, a new patch set, an approval withdrawn. One that is landing lands.
	Cancelled struct{ Change string }
	// Paused stops starts and landings. Runs under way go on.
	Paused struct{}
	// Resumed ends a pause.
	Resumed struct{}
	// Clock says that time has passed.
	Clock struct{}
)

func (Arrived) event()   {}
func (Finished) event()  {}
func (Landed) event()    {}
func (Refused) event()   {}
func (Moved) event()     {}
func (Cancelled) event() {}
func (Paused) event()    {}
func (Resumed) event()   {}
func (Clock) event()     {}

// Action is something to do.
type Action interface{ action() }

// Code says why a change was ejected.
type Code string

// The codes.
const (
	CodeFailed   Code = "failed"    // its checks failed twice where everything else is on main
	CodeRefused  Code = "refused"   // it could not be landed: conflict, became empty, denied on its new base
	CodeNoResult Code = "no-result" // its checks could not be run
	CodeNoReason Code = "no-reason" // a hotfix without a reason
)

// The actions.
type (
	// Start asks for the checks of Base + Chain + Batch, at the tip.
	Start struct {
		Run   RunID
		Base  string   // main as it is
		Chain []string // expected to land before
		Batch []string
		Rerun bool   // the batch, one change, failed once already
		Audit string // for the ledger, when the queue makes an exception
	}
	// Cancel asks to stop a run: its result is of no use.
	Cancel struct {
		Run RunID
		Why string
	}
	// Land asks to land the batch of a run on main, which is at Main. Answer with Landed or Refused.
	Land struct {
		Run     RunID
		Main    string
		Changes []string
		Flaky   []string // those that failed once and passed now
		Audit   string
	}
	// Eject gives a change back to its author.
	Eject struct {
		Change string
		Code   Code
		Why    string
		Run    RunID // the run that settled it, if any
	}
	// Wake asks for a Clock event at an instant. A later Wake takes the place of an earlier one.
	Wake struct{ At time.Time }
)

func (Start) action()  {}
func (Cancel) action() {}
func (Land) action()   {}
func (Eject) action()  {}
func (Wake) action()   {}
