package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/mergequeue"
)

// epoch is a Monday, for freeze windows.
var epoch = time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC)

// truth is what nobody in the simulation can see but the checks.
type truth struct {
	index      int
	bad        bool
	components []int // with those that the queue is not told of
	at         int   // second it became eligible
	landed     int   // second it landed, -1 = it did not
}

// world is one life under way.
type world struct {
	cfg     Config
	seed    uint64
	dice    *rand.Rand
	queue   *mergequeue.Queue
	changes []*truth
	byID    map[string]*truth
	main    []*truth // as landed
	ends    []ending // of runs, in order of time, then of start
	started map[mergequeue.RunID]composition
	wake    int // second of the next Clock event, 0 = none
	out     Result
}

// composition is what a run was started on: main of that instant, and what was put on top.
type composition struct {
	main int // how many were landed
	top  []*truth
}

type ending struct {
	second int
	run    mergequeue.RunID
}

func newWorld(cfg Config, seed uint64) *world {
	return &world{cfg: cfg, seed: seed, dice: rand.New(rand.NewPCG(seed, 0x5eed)), queue: mergequeue.New(cfg.Queue, "0"),
		byID: map[string]*truth{}, started: map[mergequeue.RunID]composition{}}
}

// live plays all seconds.
func (w *world) live() {
	for second := range w.cfg.Hours * 3600 {
		for len(w.ends) > 0 && w.ends[0].second <= second {
			end := w.ends[0]
			w.ends = w.ends[1:]
			w.finish(second, end.run)
		}
		if second == w.wake && second > 0 {
			w.apply(second, mergequeue.Clock{})
		}
		if w.chance(w.cfg.Rate * Million / 3600) {
			w.apply(second, mergequeue.Arrived{Change: w.arrive(second)})
		}
	}
}

func (w *world) chance(millionths int) bool { return w.dice.IntN(Million) < millionths }

// arrive makes up a change. The dice fall in the same order whatever the queue does.
func (w *world) arrive(second int) mergequeue.Change {
	t := &truth{index: len(w.changes), at: second, landed: -1, bad: w.chance(w.cfg.Fail)}
	home, other := w.dice.IntN(w.cfg.Components), w.dice.IntN(w.cfg.Components)
	wide, hidden := w.chance(w.cfg.Wide), w.chance(w.cfg.LaneError)
	risk := w.risk(t.bad)
	told := []string{fmt.Sprint(home)}
	t.components = []int{home}
	if wide || hidden {
		t.components = append(t.components, other)
	}
	if wide {
		told = append(told, fmt.Sprint(other))
	}
	c := mergequeue.Change{ID: fmt.Sprintf("c%05d", t.index), Affected: mergequeue.Affected{By: "components", IDs: told}, Risk: risk, Eligible: w.time(second)}
	w.changes = append(w.changes, t)
	w.byID[c.ID] = t
	w.out.Arrived++
	if !t.bad {
		w.out.Good++
	}
	return c
}

// risk is a score from 0 to 1000: about a normal variable (the sum of twelve even ones), shifted by 1.3 of its deviations for
// bad changes, and cut at three.
func (w *world) risk(bad bool) int {
	milli := -6000
	for range 12 {
		milli += w.dice.IntN(1001)
	}
	if bad {
		milli += 1300
	}
	return min(max((milli+3000)/6, 0), 1000)
}

func (w *world) time(second int) time.Time { return epoch.Add(time.Duration(second) * time.Second) }

// apply gives the queue an event and does what it says, landings at once.
func (w *world) apply(second int, e mergequeue.Event) {
	events := []mergequeue.Event{e}
	for len(events) > 0 {
		for _, a := range w.queue.Apply(w.time(second), events[0]) {
			if next := w.do(second, a); next != nil {
				events = append(events, next)
			}
		}
		events = events[1:]
	}
}

func (w *world) do(second int, a mergequeue.Action) mergequeue.Event {
	switch a := a.(type) {
	case mergequeue.Start:
		w.out.Runs++
		w.started[a.Run] = composition{main: len(w.main), top: append(w.truths(a.Chain), w.truths(a.Batch)...)}
		w.ends = append(w.ends, ending{second: second + int(w.cfg.Check/time.Second), run: a.Run})
	case mergequeue.Cancel:
		delete(w.started, a.Run)
		w.ends = slices.DeleteFunc(w.ends, func(e ending) bool { return e.run == a.Run })
	case mergequeue.Land:
		for _, t := range w.truths(a.Changes) {
			w.land(second, t)
		}
		w.out.Flaky += len(a.Flaky)
		return mergequeue.Landed{Run: a.Run, Main: fmt.Sprint(len(w.main))}
	case mergequeue.Wake:
		w.wake = int(a.At.Sub(epoch) / time.Second)
	case mergequeue.Eject:
		w.eject(w.byID[a.Change])
		w.out.Ejections = append(w.out.Ejections, time.Duration(second-w.byID[a.Change].at)*time.Second)
	}
	return nil
}

func (w *world) truths(ids []string) []*truth {
	out := make([]*truth, len(ids))
	for i, id := range ids {
		out[i] = w.byID[id]
	}
	return out
}

// finish ends a run: the checks look at the whole composition.
func (w *world) finish(second int, run mergequeue.RunID) {
	c := w.started[run]
	delete(w.started, run)
	outcome := mergequeue.Passed
	if !w.good(c) || w.flakes(run) {
		outcome = mergequeue.Failed
	}
	w.apply(second, mergequeue.Finished{Run: run, Outcome: outcome})
}

// good says whether every change of a composition works on what is under it.
func (w *world) good(c composition) bool {
	for i, t := range c.top {
		if t.bad || w.conflicts(t, c.top[:i]) || w.conflicts(t, w.main[:c.main]) {
			return false
		}
	}
	return true
}

// conflicts says whether a change does not work with any of those under it. It was written on what had landed before it
// came, so that it works with that.
func (w *world) conflicts(t *truth, under []*truth) bool {
	for _, u := range slices.Backward(under) {
		if u.landed >= 0 && u.landed <= t.at {
			return false // and so were all before
		}
		if share(t.components, u.components) && w.pair(t.index, u.index) {
			return true
		}
	}
	return false
}

func share(a, b []int) bool {
	return slices.ContainsFunc(a, func(c int) bool { return slices.Contains(b, c) })
}

// pair is the same for the same two changes, whatever the queue does.
func (w *world) pair(a, b int) bool {
	return int(mix(w.seed^mix(uint64(max(a, b))<<32|uint64(min(a, b))))%Million) < w.cfg.Conflict
}

// flakes likewise depends on the run alone.
func (w *world) flakes(run mergequeue.RunID) bool {
	h := w.seed
	for _, c := range []byte(run) {
		h = mix(h ^ uint64(c))
	}
	return int(h%Million) < w.cfg.Flake
}

// mix is the finaliser of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (w *world) land(second int, t *truth) {
	if t.bad || w.conflicts(t, w.main) {
		w.out.Red++
	}
	t.landed = second
	w.main = append(w.main, t)
	w.out.Landed++
	w.out.Waits = append(w.out.Waits, time.Duration(second-t.at)*time.Second)
}

func (w *world) eject(t *truth) {
	w.out.Ejected++
	if !t.bad && !w.conflicts(t, w.main) {
		w.out.Innocent++
	}
}

func (w *world) result() Result {
	slices.Sort(w.out.Waits)
	w.out.Left = w.out.Arrived - w.out.Landed - w.out.Ejected
	return w.out
}
