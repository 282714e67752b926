package simulation

import (
	"runtime"
	"slices"
	"sync"
	"time"
)

// Summary is what became of one way of working over several seeds. Rates are in thousandths.
type Summary struct {
	Strategy      string `json:"strategy"`
	LandedPerHour int    `json:"landedPerHourMilli"`
	GoodPerHour   int    `json:"goodPerHourMilli"` // changes that arrived and break nothing by themselves
	WaitP50       int64  `json:"waitP50Seconds"`   // from eligible to landed
	WaitP95       int64  `json:"waitP95Seconds"`
	EjectP50      int64  `json:"ejectP50Seconds"` // from eligible to given back
	EjectP95      int64  `json:"ejectP95Seconds"`
	RunsPerLanded int    `json:"runsPerLandedMilli"`
	Landed        int    `json:"landed"`
	Ejected       int    `json:"ejected"`
	Innocent      int    `json:"innocent"` // of those ejected
	Flaky         int    `json:"flaky"`    // landed at the second try
	Red           int    `json:"red"`      // landings that broke main
	Left          int    `json:"left"`     // in the queue at the end, mean of the seeds
}

// Compare lives the same lives once for each strategy: seeds 0 to seeds-1.
func Compare(cfg Config, strategies []Strategy, seeds int) []Summary {
	results := make([][]Result, len(strategies))
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, s := range strategies {
		results[i] = make([]Result, seeds)
		for seed := range seeds {
			wg.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				own := cfg
				own.Queue = s.Queue
				results[i][seed] = Run(own, uint64(seed))
			})
		}
	}
	wg.Wait()
	out := make([]Summary, len(strategies))
	for i, s := range strategies {
		out[i] = summarize(s.Name, cfg.Hours*seeds, results[i])
	}
	return out
}

func summarize(name string, hours int, results []Result) Summary {
	s := Summary{Strategy: name}
	good, runs := 0, 0
	var waits, ejections []time.Duration
	for _, r := range results {
		s.Landed += r.Landed
		s.Ejected += r.Ejected
		s.Innocent += r.Innocent
		s.Flaky += r.Flaky
		s.Red += r.Red
		s.Left += r.Left
		good += r.Good
		runs += r.Runs
		waits = append(waits, r.Waits...)
		ejections = append(ejections, r.Ejections...)
	}
	s.Left /= len(results)
	s.LandedPerHour, s.GoodPerHour = s.Landed*1000/hours, good*1000/hours
	if s.Landed > 0 {
		s.RunsPerLanded = runs * 1000 / s.Landed
	}
	slices.Sort(waits)
	slices.Sort(ejections)
	s.WaitP50, s.WaitP95 = percentile(waits, 50), percentile(waits, 95)
	s.EjectP50, s.EjectP95 = percentile(ejections, 50), percentile(ejections, 95)
	return s
}

// percentile is in seconds; 0 of nothing.
func percentile(sorted []time.Duration, p int) int64 {
	if len(sorted) == 0 {
		return 0
	}
	return int64(sorted[(len(sorted)-1)*p/100] / time.Second)
}
