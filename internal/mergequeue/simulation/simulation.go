// Package simulation runs the merge queue's own scheduler against made-up changes: it says how many land an hour, how long
// they wait and how many runs that takes, for one way of working or several. It promises the same figures for the same
// seed on every machine (integers only, time in whole seconds) and never touches git, a process or a clock.
//
// The model, as in docs/queue.md: changes arrive at random, each breaks its own checks with some probability, and each pair
// in one component conflicts with a small one when the one lands that the other was not written on. A run takes as long as every other and finds out about its whole composition;
// a flake fails a good one. The risk score that the queue sees is noise, shifted for bad changes by d' = 1.3. An imperfect lane is a change
// with an effect on a component that the queue is not told.
package simulation

import (
	"time"

	"github.com/adamant-os/adamant/internal/mergequeue"
)

// Config is one simulated life of a queue. Probabilities are in millionths.
type Config struct {
	Rate       int           // changes an hour
	Fail       int           // a change fails its own checks
	Conflict   int           // a pair in one component conflicts
	Flake      int           // a run of a good composition fails
	LaneError  int           // a change has an effect that the queue is not told of
	Wide       int           // a change affects two components, and the queue knows
	Components int           //
	Check      time.Duration // of each run
	Hours      int           // that changes arrive; what is under way then does not count
	Queue      mergequeue.Options
}

// Million is probability 1.
const Million = 1_000_000

// Result is what became of the changes of one seed.
type Result struct {
	Arrived, Good int // good: no failure of their own
	Landed        int
	Ejected       int
	Innocent      int             // ejected, though good and in conflict with nothing that landed
	Runs          int             // started
	Flaky         int             // landed after a failure
	Red           int             // landings after which main was red
	Waits         []time.Duration // of those that landed, from eligible to landed, ascending
	Ejections     []time.Duration // likewise of those that were given back
	Left          int             // still in the queue at the end
}

// Run lives one life.
func Run(cfg Config, seed uint64) Result {
	w := newWorld(cfg, seed)
	w.live()
	return w.result()
}
