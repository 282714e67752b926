package mergequeue

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Queue is the state of the scheduler. It is not safe for concurrent use.
type Queue struct {
	opt     Options
	main    string
	now     time.Time
	paused  bool
	depth   int
	runs    []*run           // in the order they started
	waiting []*item          // sorted by before
	live    map[string]*item // waiting or in a run
	landed  map[string]bool  // by this queue, ever
	history []landing        // landings that a run or a failure may still have to be compared with
	count   int              // landings of main so far
	failed  []*run           // failed compositions that may still accuse somebody
	landing *run             // what Land asked for
	serial  uint64           // last run
	arrived uint64           // last arrival
	splits  int              // last group
	wake    time.Time        // when a held batch is to start, during one call
	actions []Action
}

// item is a live change.
type item struct {
	Change
	seq    uint64
	due    time.Time     // its place in the order
	late   time.Duration // behind it: probably fails
	moved  int           // landings it met while it waited: each one puts it back
	run    *run          // nil while it waits
	fails  int           // accusations
	aborts int           // runs in a row without a result
	group  int           // > 0: goes with exactly the others of its group (a half of a failed batch)
	parent int           // the failed batch the group comes from: its halves ignore each other
	doubt  bool          // probably fails
}

// landing is one change that got on main.
type landing struct {
	n        int
	id       string
	affected Affected
}

// New makes an empty queue. main names the commit that main is at.
func New(opt Options, main string) *Queue {
	opt.Slots, opt.Batch, opt.Depth = max(opt.Slots, 1), max(opt.Batch, 1), max(opt.Depth, 1)
	return &Queue{opt: opt, main: main, depth: opt.Depth, live: map[string]*item{}, landed: map[string]bool{}}
}

// Rebuild makes the queue anew after a restart, from the changes that are queued or were merging and did not land. Runs
// that were under way are unknown to it: they are started again, under other names.
func Rebuild(opt Options, main string, now time.Time, paused bool, changes []Change) (*Queue, []Action) {
	q := New(opt, main)
	q.paused = paused
	changes = slices.Clone(changes)
	slices.SortStableFunc(changes, func(a, b Change) int { return cmp.Or(a.Eligible.Compare(b.Eligible), cmp.Compare(a.ID, b.ID)) })
	for _, c := range changes {
		q.arrive(c)
	}
	return q, q.Apply(now, Clock{})
}

// Apply takes one event in and says what to do now. now decides about freeze windows only.
func (q *Queue) Apply(now time.Time, e Event) []Action {
	q.now = now
	switch e := e.(type) {
	case Arrived:
		q.arrive(e.Change)
	case Finished:
		q.finish(e)
	case Landed:
		q.land(e)
	case Refused:
		q.refuse(e)
	case Moved:
		q.move(e.Main, landing{affected: e.Affected})
	case Cancelled:
		q.cancel(e.Change)
	case Paused:
		q.paused = true
	case Resumed:
		q.paused = false
	}
	q.settle()
	actions := q.actions
	q.actions = nil
	return actions
}

func (q *Queue) do(a Action) { q.actions = append(q.actions, a) }

func (q *Queue) arrive(c Change) {
	if q.live[c.ID] != nil || q.landed[c.ID] {
		return
	}
	if c.Lane == Hotfix && c.Reason == "" {
		q.do(Eject{Change: c.ID, Code: CodeNoReason, Why: "a hotfix goes past freeze windows and past everybody else: it needs a reason"})
		return
	}
	if !q.opt.Lanes {
		c.Affected = Affected{}
	}
	c.Affected.IDs = slices.Compact(slices.Sorted(slices.Values(c.Affected.IDs)))
	q.arrived++
	priority := time.Duration(min(max(c.Priority, -10), 10)) * q.opt.PriorityStep
	risk := q.opt.RiskDelay * time.Duration(min(max(c.Risk, 0), 1000)) / 1000
	due := c.Eligible.Add(risk - priority)
	it := &item{Change: c, seq: q.arrived, due: due}
	q.live[c.ID] = it
	q.wait(it)
}

// wait puts a change, back, into the list of those that wait.
func (q *Queue) wait(it *item) {
	it.run = nil
	at, _ := slices.BinarySearchFunc(q.waiting, it, q.before)
	q.waiting = slices.Insert(q.waiting, at, it)
}

// sort brings the list in order again.
func (q *Queue) sort() { slices.SortFunc(q.waiting, q.before) }

// before is the order of those that wait. No part of it grows without an end, so that nobody is overtaken for ever.
func (q *Queue) before(a, b *item) int {
	return cmp.Or(cmp.Compare(class(a.Lane), class(b.Lane)), q.key(a).Compare(q.key(b)), cmp.Compare(a.seq, b.seq))
}

func (q *Queue) key(it *item) time.Time {
	return it.due.Add(it.late + q.opt.Setback*time.Duration(min(it.moved, setbackMost)))
}

func class(l Lane) int {
	switch l {
	case Hotfix:
		return 0
	case Critical:
		return 1
	}
	return 2
}

// leave takes a change out of the queue. A run that it is in becomes void by that.
func (q *Queue) leave(it *item) {
	delete(q.live, it.ID)
	if it.run == nil {
		q.leaveWaiting(it)
	}
}

func (q *Queue) leaveWaiting(it *item) {
	q.waiting = slices.DeleteFunc(q.waiting, func(other *item) bool { return other == it })
}

func (q *Queue) eject(it *item, code Code, why string, by RunID) {
	q.do(Eject{Change: it.ID, Code: code, Why: why, Run: by})
	q.leave(it)
}

func (q *Queue) cancel(id string) {
	it := q.live[id]
	if it == nil || q.landing != nil && it.run == q.landing {
		return
	}
	q.leave(it)
}

func (q *Queue) newRunID() RunID {
	q.serial++
	return RunID(strconv.FormatUint(q.opt.Epoch, 10) + "." + strconv.FormatUint(q.serial, 10))
}

// Configure takes other options in: slots, depth and freeze windows may change while it works. Runs under way stay.
func (q *Queue) Configure(now time.Time, opt Options) []Action {
	opt.Epoch = q.opt.Epoch
	opt.Slots, opt.Batch, opt.Depth = max(opt.Slots, 1), max(opt.Batch, 1), max(opt.Depth, 1)
	if opt.Depth != q.opt.Depth {
		q.depth = opt.Depth
	}
	q.opt = opt
	return q.Apply(now, Clock{})
}
