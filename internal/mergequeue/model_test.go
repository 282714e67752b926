package mergequeue_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/adamant-os/adamant/internal/mergequeue"
)

var monday = time.Date(2026, 1, 5, 11, 20, 0, 0, time.UTC)

// change is one of the model, with what the queue cannot see.
type change struct {
	mergequeue.Change
	bad   bool
	after int // how long main was when it was written
}

// started is a run under way in the model.
type started struct {
	mergequeue.Start
	main int // landings when it started
	pass bool
}

// model does what the queue says, and checks it by means of its own.
type model struct {
	t        *rapid.T
	opt      mergequeue.Options
	queue    *mergequeue.Queue
	now      time.Time
	epoch    uint64
	all      map[string]*change
	live     map[string]bool // arrived and neither landed nor gone
	main     []string        // ids; "" = moved by hand
	byHand   []mergequeue.Affected
	running  map[mergequeue.RunID]started
	proven   map[mergequeue.RunID]started
	landing  *mergequeue.Land
	paused   bool
	wake     time.Time
	log      []string
	innocent bool // nothing but guilt can eject: no flakes, refusals, aborts
}

func newModel(t *rapid.T) *model {
	m := &model{t: t, now: monday, epoch: 1, innocent: true, all: map[string]*change{}, live: map[string]bool{}, running: map[mergequeue.RunID]started{}, proven: map[mergequeue.RunID]started{}}
	freeze, err := mergequeue.ParseWindow("lunch", nil, "12:00", "13:00", "")
	if err != nil {
		t.Fatal(err)
	}
	m.opt = mergequeue.Options{Epoch: 1, Slots: rapid.IntRange(1, 4).Draw(t, "slots"), Batch: rapid.IntRange(1, 5).Draw(t, "batch"), Depth: rapid.IntRange(1, 5).Draw(t, "depth"),
		Adaptive: rapid.Bool().Draw(t, "adaptive"), Lanes: rapid.Bool().Draw(t, "lanes"), Hold: time.Duration(rapid.IntRange(0, 5).Draw(t, "hold")) * time.Minute,
		RiskDelay: 10 * time.Minute, PriorityStep: 5 * time.Minute, Setback: time.Duration(rapid.IntRange(0, 30).Draw(t, "setback")) * time.Minute,
		Reserve: rapid.IntRange(0, 1).Draw(t, "reserve"), Calendar: mergequeue.Calendar{freeze}}
	if m.opt.Slots == 1 {
		m.opt.Reserve = 0
	}
	m.queue = mergequeue.New(m.opt, "0")
	return m
}

func (m *model) mainName() string { return fmt.Sprint(len(m.main)) }

func (m *model) apply(e mergequeue.Event) {
	m.log = append(m.log, fmt.Sprintf("%T%+v", e, e))
	m.do(m.queue.Apply(m.now, e))
}

func (m *model) do(actions []mergequeue.Action) {
	m.log = append(m.log, fmt.Sprintf("  %+v", actions))
	for _, a := range actions {
		switch a := a.(type) {
		case mergequeue.Start:
			m.start(a)
		case mergequeue.Cancel:
			if _, ok := m.running[a.Run]; !ok {
				m.fatal("cancelled run %s is not running", a.Run)
			}
			delete(m.running, a.Run)
		case mergequeue.Land:
			m.land(a)
		case mergequeue.Eject:
			m.eject(a)
		case mergequeue.Wake:
			m.wake = a.At
		}
	}
}

func (m *model) fatal(format string, args ...any) {
	m.t.Helper()
	m.t.Fatalf(format+"\n%s", append(args, strings.Join(m.log[max(0, len(m.log)-60):], "\n"))...)
}

func (m *model) start(a mergequeue.Start) {
	composition := slices.Concat(a.Chain, a.Batch)
	if len(a.Batch) == 0 || len(a.Batch) > m.opt.Batch || len(a.Chain) >= m.opt.Depth {
		m.fatal("run %+v breaks batch %d, depth %d", a, m.opt.Batch, m.opt.Depth)
	}
	seen := map[string]bool{}
	for _, id := range composition {
		if !m.live[id] || seen[id] {
			m.fatal("run %+v has %s, which is not live or twice in it", a, id)
		}
		seen[id] = true
	}
	for _, r := range m.running {
		for _, id := range a.Batch {
			if slices.Contains(r.Batch, id) {
				m.fatal("%s is in the batches of %s and %s", id, r.Run, a.Run)
			}
		}
	}
	if a.Base != m.mainName() || m.paused {
		m.fatal("run %+v starts on %s, paused %v", a, m.mainName(), m.paused)
	}
	m.exclusive(a.Batch, "starts")
	m.running[a.Run] = started{Start: a, main: len(m.main), pass: m.good(len(m.main), composition)}
	if len(m.running) > m.opt.Slots {
		m.fatal("%d runs in %d slots", len(m.running), m.opt.Slots)
	}
}

// exclusive demands that nobody does anything while a hotfix or critical change is there, and that freezes hold.
func (m *model) exclusive(batch []string, what string) {
	lane := m.all[batch[0]].Lane
	frozen := m.now.Hour() == 12
	if frozen && lane != mergequeue.Hotfix {
		m.fatal("%v %s in a freeze", batch, what)
	}
	if lane != mergequeue.Normal {
		if len(batch) > 1 {
			m.fatal("%v shares an exclusive lane", batch)
		}
		return
	}
	for id := range m.live {
		if m.all[id].Lane != mergequeue.Normal {
			m.fatal("%v %s while %s has the queue to itself", batch, what, id)
		}
	}
}

// good is the truth about a composition on a main of some length.
func (m *model) good(main int, top []string) bool {
	under := slices.Clone(m.main[:main])
	for _, id := range top {
		if m.all[id].bad || m.conflicts(id, under) {
			return false
		}
		under = append(under, id)
	}
	return true
}

// conflicts: one pair in four of those that share a component, unless the change was written on the other.
func (m *model) conflicts(id string, under []string) bool {
	c := m.all[id]
	for _, other := range under[min(c.after, len(under)):] {
		if other == "" {
			continue
		}
		o := m.all[other]
		if m.meet(c.Affected, o.Affected) && (len(id)*7+int(id[1])+int(other[1]))%4 == 0 {
			return true
		}
	}
	return false
}

func (m *model) meet(a, b mergequeue.Affected) bool {
	if !m.opt.Lanes {
		return true
	}
	if a.By != "" && len(a.IDs) == 0 || b.By != "" && len(b.IDs) == 0 {
		return false
	}
	if a.By == "" || b.By == "" || a.By != b.By {
		return true
	}
	return slices.ContainsFunc(a.IDs, func(id string) bool { return slices.Contains(b.IDs, id) })
}

// land checks that exactly what lands was proven, on exactly this main as far as the composition can feel it.
func (m *model) land(a mergequeue.Land) {
	r, ok := m.proven[a.Run]
	if !ok || m.landing != nil || m.paused || a.Main != m.mainName() || !slices.Equal(a.Changes, r.Batch) {
		m.fatal("landing %+v: proven %v %+v, main %s", a, ok, r, m.mainName())
	}
	m.exclusive(a.Changes, "lands")
	composition := slices.Concat(r.Chain, r.Batch)
	since := m.main[r.main:]
	for i, id := range since {
		touches := slices.ContainsFunc(composition, func(c string) bool { return m.meet(m.affected(r.main+i), m.all[c].Affected) })
		if touches && !slices.Contains(r.Chain, id) {
			m.fatal("landing %+v: %q landed since run %+v and was not in it", a, id, r)
		}
	}
	for _, id := range r.Chain {
		if !slices.Contains(since, id) {
			m.fatal("landing %+v: %s of its chain is not on main", a, id)
		}
	}
	under := slices.Clone(m.main)
	for _, id := range a.Changes {
		if !m.live[id] || slices.Contains(m.main, id) {
			m.fatal("landing %+v: %s is not there or landed before", a, id)
		}
		if m.all[id].bad || m.conflicts(id, under) {
			m.fatal("landing %+v makes main red by %s", a, id)
		}
		under = append(under, id)
	}
	m.landing = &a
}

func (m *model) affected(n int) mergequeue.Affected {
	if m.main[n] == "" {
		return m.byHand[n]
	}
	return m.all[m.main[n]].Affected
}

func (m *model) eject(a mergequeue.Eject) {
	if !m.live[a.Change] && a.Code != mergequeue.CodeNoReason {
		m.fatal("ejected %s, which is not there", a.Change)
	}
	if a.Code == mergequeue.CodeFailed && m.innocent && !m.all[a.Change].bad && !m.guilty(a.Change) {
		m.fatal("ejected the innocent %s", a.Change)
	}
	delete(m.live, a.Change)
}

// guilty: it conflicts with something that was on main at some time since it was written.
func (m *model) guilty(id string) bool { return m.conflicts(id, m.main) }

func (m *model) arrive() {
	id := fmt.Sprintf("c%c%d", 'a'+len(m.all)%26, len(m.all))
	t := m.t
	c := &change{Change: mergequeue.Change{ID: id, Risk: rapid.IntRange(0, 1000).Draw(t, "risk"), Priority: rapid.IntRange(-1, 1).Draw(t, "priority"), Eligible: m.now}, bad: rapid.IntRange(0, 4).Draw(t, "bad") == 0, after: len(m.main)}
	switch rapid.IntRange(0, 11).Draw(t, "kind") {
	case 0:
		c.Lane, c.Reason = mergequeue.Hotfix, "the site is down"
	case 1:
		c.Lane = mergequeue.Critical
	case 2: // unknown
	case 3:
		c.Affected = mergequeue.Affected{By: "paths", IDs: []string{"x"}}
	case 4:
		c.Affected = mergequeue.Affected{By: "graph"}
	default:
		c.Affected = mergequeue.Affected{By: "graph", IDs: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 1, 2, rapid.ID).Draw(t, "ids")}
	}
	m.all[id] = c
	m.live[id] = true
	m.apply(mergequeue.Arrived{Change: c.Change})
}

func (m *model) runIDs() []mergequeue.RunID {
	var ids []mergequeue.RunID
	for id := range m.running {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func (m *model) finish(flakes, aborts bool) {
	ids := m.runIDs()
	if len(ids) == 0 {
		return
	}
	id := rapid.SampledFrom(ids).Draw(m.t, "run")
	r := m.running[id]
	delete(m.running, id)
	outcome := mergequeue.Failed
	if r.pass {
		outcome = mergequeue.Passed
		m.proven[id] = r
	}
	switch luck := rapid.IntRange(0, 9).Draw(m.t, "luck"); {
	case luck == 0 && flakes && r.pass:
		outcome, m.innocent = mergequeue.Failed, false
	case luck == 1 && aborts:
		outcome = mergequeue.Aborted
	case luck == 2 && r.pass:
		outcome = mergequeue.Flaky
	}
	m.apply(mergequeue.Finished{Run: id, Outcome: outcome})
}

// answer ends the landing under way.
func (m *model) answer(ok bool) {
	l := m.landing
	if l == nil {
		return
	}
	m.landing = nil
	if !ok {
		m.apply(mergequeue.Refused{Run: l.Run, Change: rapid.SampledFrom([]string{"", l.Changes[0]}).Draw(m.t, "at fault"), Note: "refused"})
		return
	}
	m.arriveOnMain(l.Changes)
	m.apply(mergequeue.Landed{Run: l.Run, Main: m.mainName()})
}

func (m *model) arriveOnMain(ids []string) {
	for _, id := range ids {
		delete(m.live, id)
		m.main = append(m.main, id)
		m.byHand = append(m.byHand, mergequeue.Affected{})
	}
}

func (m *model) moved() {
	a := mergequeue.Affected{By: "graph", IDs: []string{rapid.SampledFrom([]string{"a", "b"}).Draw(m.t, "moved")}}
	if m.landing != nil {
		return // the kernel would refuse: see answer
	}
	m.main, m.byHand = append(m.main, ""), append(m.byHand, a)
	m.apply(mergequeue.Moved{Main: m.mainName(), Affected: a})
}

func (m *model) cancel() {
	ids := m.liveIDs()
	if len(ids) == 0 {
		return
	}
	id := rapid.SampledFrom(ids).Draw(m.t, "cancel")
	if m.landing == nil || !slices.Contains(m.landing.Changes, id) {
		delete(m.live, id)
	}
	m.apply(mergequeue.Cancelled{Change: id})
}

func (m *model) liveIDs() []string {
	var ids []string
	for id := range m.live {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// crash loses the queue; recovery finishes the landing or does not, and the queue is rebuilt from the changes.
func (m *model) crash() {
	if m.landing != nil && rapid.Bool().Draw(m.t, "landed before the crash") {
		m.arriveOnMain(m.landing.Changes)
	}
	m.landing = nil
	late := m.runIDs()
	m.running, m.proven = map[mergequeue.RunID]started{}, map[mergequeue.RunID]started{}
	m.epoch++
	m.opt.Epoch = m.epoch
	var changes []mergequeue.Change
	for _, id := range m.liveIDs() {
		changes = append(changes, m.all[id].Change)
	}
	queue, actions := mergequeue.Rebuild(m.opt, m.mainName(), m.now, m.paused, changes)
	m.queue = queue
	m.log = append(m.log, "crash")
	m.do(actions)
	for _, id := range late {
		m.apply(mergequeue.Finished{Run: id, Outcome: mergequeue.Passed})
	}
}

func (m *model) clock(d time.Duration) {
	m.now = m.now.Add(d)
	m.apply(mergequeue.Clock{})
}

// drain lets the world go on without news: everything must come to an end.
func (m *model) drain() {
	if m.paused {
		m.paused = false
		m.apply(mergequeue.Resumed{})
	}
	for range 3000 {
		switch {
		case len(m.live) == 0:
			return
		case m.landing != nil:
			m.answer(true)
		case len(m.running) > 0:
			m.finish(false, false)
		case m.wake.After(m.now):
			m.clock(m.wake.Sub(m.now))
		default:
			m.clock(time.Hour)
		}
	}
	m.fatal("still there: %v", m.liveIDs())
}

func (m *model) step(flakes, accidents bool) {
	switch rapid.IntRange(0, 19).Draw(m.t, "step") {
	case 0, 1, 2, 3, 4, 5, 6:
		m.arrive()
	case 7, 8, 9, 10, 11:
		m.finish(flakes, accidents)
	case 12, 13, 14:
		m.answer(!accidents || rapid.IntRange(0, 4).Draw(m.t, "refused") > 0)
	case 15:
		for _, id := range slices.Concat(m.main, m.liveIDs()) { // nobody comes twice
			if id != "" && m.opt.Epoch == 1 && rapid.IntRange(0, 9).Draw(m.t, "again") == 0 {
				m.apply(mergequeue.Arrived{Change: m.all[id].Change})
			}
		}
		m.clock(time.Duration(rapid.IntRange(1, 90).Draw(m.t, "minutes")) * time.Minute)
	case 16:
		if m.paused = !m.paused; m.paused {
			m.apply(mergequeue.Paused{})
		} else {
			m.apply(mergequeue.Resumed{})
		}
	case 17:
		if accidents {
			m.crash()
		}
	case 18:
		if accidents {
			m.moved()
		}
	case 19:
		if accidents {
			m.cancel()
		}
	}
}

// The queue in an orderly world: whoever is ejected is guilty, whoever is good lands, and everything ends.
func TestQueueIsRight(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			m.step(false, false)
		}
		m.drain()
		for id, c := range m.all {
			if !c.bad && !slices.Contains(m.main, id) && !m.guilty(id) {
				m.fatal("%s is good and did not land", id)
			}
		}
	})
}

// The queue in a world of flakes, crashes, refusals, aborted runs, cancelled changes and a main moved by hand: never red,
// nothing lost or landed twice, and everything ends.
func TestQueueIsSafe(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		for range rapid.IntRange(1, 80).Draw(t, "steps") {
			m.step(true, true)
		}
		m.drain()
	})
}
