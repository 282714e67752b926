// Package mergequeue decides what the merge queue does next: which changes are checked together, on top of what, and what
// lands. It promises that main is never red as far as the checks can tell: a change lands only as part of a composition
// that was proven. It never reads a clock, runs git, starts a process or waits: events go in with the time they happened,
// actions come out, and the same events give the same actions. The daemon and the simulation use it unchanged.
//
// # Data structures
//
// A composition is main, with the landings it had, plus a list of changes in order. A run proves one composition:
//
//	base   how many landings main had when the run was started, and the name of main then
//	chain  changes that other runs are proving now and that are expected to land before (speculation)
//	batch  the changes this run is about
//
// Two changes meet when their affected sets share an id. An unknown set meets everything, and so do two sets that were
// measured by different means. Lanes are the connected components of this relation over all live changes: they are not
// stored but follow from it, and changes of different lanes never wait for each other.
//
// What proves what: let L be the landings since a run's base that meet any change of its composition. The run still
// says something exactly if L is a part of the composition from which no earlier change that meets a landed one is missing. Then
// main, as far as the composition can feel it, is base plus L; the rest of the composition is what remains to land, and its
// batch lands once nothing else remains. In all other cases the run is void: it is cancelled and its batch waits again.
//
// A live change is either waiting or in the batch of exactly one run. Those that wait are one sorted list: hotfix, critical,
// then by eligible time minus a bonus for priority plus a malus for risk, for what landed meanwhile and for suspicion. All of
// these are bounded, so that nobody is overtaken for ever. Runs are a list in the order they started: running, passed
// (waiting for its chain or for leave to land) or failed (waiting for its chain to land before anybody can be blamed). At
// most one landing is under way.
//
// A run's chain only holds changes that do not, through any chain, wait for its batch: waiting never goes in a circle.
//
// # Who is guilty
//
// A failed composition of which all but one change are on main accuses that one. Two accusations eject it: the second one
// is the re-run of a flaky head, alone. With more than one change left, the batch is cut in two; the parts are checked at the
// same time, each without the other, and the failed composition is remembered: when one part lands, the memory accuses what
// is left without another run. What probably fails is not built upon.
package mergequeue

import "time"

// RunID names a run. It holds the epoch, so that a result that arrives after a restart belongs to no run.
type RunID string

// Lane says how a change goes through the queue.
type Lane string

// The lanes. Hotfix and critical changes have the queue to themselves: nothing else starts or lands until they are through.
const (
	Normal   Lane = ""         //
	Hotfix   Lane = "hotfix"   // goes first, freeze windows do not hold it; needs a reason, for the audit
	Critical Lane = "critical" // bound to the exact main it was approved on
)

// Affected is the set of things that a change has an effect on.
type Affected struct {
	// By names how IDs were found (graph, paths ...). Sets found by different means meet. Empty: unknown, meets everything.
	By string
	// IDs are components or paths. With By given, none at all means that nothing is affected.
	IDs []string
}

// Change is what the queue needs to know about a change that may land.
type Change struct {
	ID       string
	Affected Affected
	Priority int       // -10..10; one step is worth Options.PriorityStep of waiting
	Risk     int       // milli-units, 0..1000; risky changes go after others for up to Options.RiskDelay
	Lane     Lane      //
	Reason   string    // why it is a hotfix
	Alone    bool      // what its checks say cannot be shared: it is in no batch with others
	Eligible time.Time // when everything but the queue allowed it to land
}

// Options say how the queue works. The zero value is one change at a time.
type Options struct {
	Epoch        uint64        // of the kernel's lease, part of each RunID
	Slots        int           // runs at the same time; 0 means 1
	Batch        int           // most changes in a batch; 0 means 1
	Depth        int           // most runs on top of each other, itself included; 0 means 1
	Adaptive     bool          // halve the depth on a failure, one more on a landing
	Lanes        bool          // use affected sets; without, every change meets every other
	RiskDelay    time.Duration // how much a change of risk 1000 is put back
	PriorityStep time.Duration // how much a step of priority puts forward
	Hold         time.Duration // how long a small batch waits for company when slots are scarce
	Setback      time.Duration // how much each landing that a waiting change meets puts it back, at most 12 times
	Reserve      int           // slots that re-runs and speculation leave free
	Calendar     Calendar      // freeze windows
}

// Defaults are the options of a queue that nobody configured, for a number of slots.
func Defaults(slots int) Options {
	return Options{
		Slots: slots, Reserve: (slots - 1) / 7, Batch: 3, Depth: 3, Adaptive: true, Lanes: true, Hold: 4 * time.Minute,
		RiskDelay: 10 * time.Minute, PriorityStep: 30 * time.Minute, Setback: 2 * time.Hour,
	}
}
