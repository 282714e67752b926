package simulation

import (
	"time"

	"github.com/adamant-os/adamant/internal/mergequeue"
)

// Strategy is a way of working: options of the scheduler.
type Strategy struct {
	Name  string
	About string
	Queue mergequeue.Options
}

// Strategies are the ways worth comparing, from the simplest one to adamant's own, for a number of slots.
func Strategies(slots int) []Strategy {
	risk := 10 * time.Minute
	return []Strategy{
		{"serial", "one change at a time", mergequeue.Options{Slots: 1}},
		{"batch", "batches of 5, one in flight, two slots to bisect", mergequeue.Options{Slots: min(2, slots), Batch: 5}},
		{"chain", "each on top of the one before", mergequeue.Options{Slots: slots, Depth: slots}},
		{"chain+batch", "chains of batches of 4, risky last", mergequeue.Options{Slots: max(slots/2, 1), Batch: 4, Depth: 2 * slots, RiskDelay: risk, Setback: 2 * time.Hour}},
		{"lanes", "chains in lanes of affected sets", mergequeue.Options{Slots: slots, Depth: slots, Lanes: true}},
		{"adamant", "lanes, batches, risky last: the default", mergequeue.Defaults(slots)},
	}
}
