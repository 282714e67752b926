package change

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/risk"
)

// month is a simulated month of a fleet: agents push at all hours, the operator answers in office hours, nothing lands from
// Friday afternoon to Monday morning, waivers end, policy changes.
type month struct {
	*kernelSim
	r        *rand.Rand
	arrivals map[*changeSim]time.Time
	answers  map[*changeSim]time.Time // when the gate is done
	repush   map[*changeSim]time.Time // when the agent has mended it
	lapsed   int
	weekend  int
}

func (m *month) profile() profile {
	p := profile{gates: m.r.IntN(3), findings: m.r.IntN(3), diffOfTip: m.r.IntN(4) == 0}
	switch n := m.r.IntN(100); {
	case n < 20:
		p.level = risk.Trivial
	case n < 60:
		p.level, p.soak = risk.Low, time.Hour
	case n < 75:
		p.level = risk.Medium
	case n < 85:
		p.level, p.approval = risk.High, true
	case n < 88:
		p.level, p.approval = risk.Critical, true
	case n < 94:
		p.level, p.failed = risk.Medium, true
	case n < 97:
		p.level, p.soak = risk.Low, 36*time.Hour
		p.waiver = m.now.Add(time.Duration(m.r.IntN(48)) * time.Hour).Truncate(time.Second)
	default:
		p.level, p.errored = risk.Low, true
	}
	return p
}

// tick is five minutes of everybody's work.
func (m *month) tick() {
	m.now = m.now.Add(5 * time.Minute)
	if m.r.IntN(16) == 0 {
		c := m.open(m.profile(), m.r.IntN(40) == 0)
		m.arrivals[c] = m.now
	}
	if m.now.Weekday() == time.Friday && m.now.Hour() == 16 && m.now.Minute() == 0 {
		m.freeze = []Window{{From: m.now, Until: m.now.Add(64 * time.Hour), Why: "weekend"}}
	}
	if m.now.Weekday() == time.Wednesday && m.now.Hour() == 12 && m.now.Minute() == 0 {
		m.moveMain(m.next(), "g"+m.now.Format("0102"))
	}
	if m.now.Hour() == 13 && m.now.Minute() == 0 { // lunch
		m.paused = "lunch"
	} else if m.now.Hour() == 14 {
		m.paused = ""
	}
	for _, c := range m.changes {
		m.tend(c)
	}
}

// tend is what people, gate and daemon do for one change.
func (m *month) tend(c *changeSim) {
	if c.s.Status.Closed() {
		return
	}
	if at, ok := m.answers[c]; ok && !m.now.Before(at) {
		delete(m.answers, c)
		c.answer()
	}
	office := m.now.Weekday() != time.Saturday && m.now.Weekday() != time.Sunday && m.now.Hour() >= 9 && m.now.Hour() < 18
	switch {
	case c.s.Status == NeedsOperator && office && m.r.IntN(12) == 0:
		if c.profile.errored {
			c.profile.errored = false // the operator mends the network and says so with a new patch set
			c.add("operator:ada", NewPatchSet{Head: m.next()})
		} else {
			c.approve()
		}
	case c.s.Status == Suspended && office:
		c.add("operator:ada", GivenUp{Reason: "no"})
	case c.s.Status == Rejected:
		m.mend(c)
	}
	m.settle(c)
}

// mend pushes a new patch set an hour after a refusal, which is right in four of five cases.
func (m *month) mend(c *changeSim) {
	at, ok := m.repush[c]
	if !ok {
		m.repush[c] = m.now.Add(time.Hour)
		return
	}
	if m.now.Before(at) {
		return
	}
	delete(m.repush, c)
	if !c.profile.waiver.IsZero() {
		m.lapsed++
	}
	c.profile.waiver = time.Time{}
	c.profile.failed = m.r.IntN(5) == 0
	c.add("kernel:door", NewPatchSet{Head: m.next()})
}

// settle steps until the change waits.
func (m *month) settle(c *changeSim) {
	for range 30 {
		landed := len(m.landings)
		n := c.step(0)
		if c.judging != nil {
			if _, ok := m.answers[c]; !ok {
				m.answers[c] = m.now.Add(time.Duration(5+m.r.IntN(20)) * time.Minute)
			}
		}
		if len(m.landings) > landed {
			m.landed(c)
		}
		if n.Operation == nil && len(n.Do) == 0 {
			if n.Wait != WaitQueue || !m.turn(c) {
				return
			}
		}
	}
	m.t.Fatalf("no rest in %s", c.s.Status)
}

// turn gives the first of the queue the tip of main.
func (m *month) turn(c *changeSim) bool {
	if !c.place.In || c.place.Base == m.main {
		return false
	}
	for _, other := range m.changes {
		if other != c && other.place.In && other.place.Base == m.main && !c.s.Origin.Hotfix {
			return false
		}
	}
	c.place = Place{In: true, Base: m.main, Root: m.main.OID, Ready: true}
	return true
}

// landed moves main under the others.
func (m *month) landed(by *changeSim) {
	if wd := m.now.Weekday(); wd == time.Saturday || wd == time.Sunday {
		m.weekend++
		if !by.s.Origin.Hotfix {
			m.t.Fatalf("landed on a %s", wd)
		}
	}
	for _, c := range m.changes {
		if c != by {
			c.moved = ""
			if m.r.IntN(10) == 0 {
				c.moved = "a file of both"
			}
			if c.place.In {
				c.place = Place{In: true}
			}
		}
	}
}

func TestThirtyDays(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		m := &month{kernelSim: newKernelSim(t), r: rand.New(rand.NewPCG(seed, 30)), arrivals: map[*changeSim]time.Time{},
			answers: map[*changeSim]time.Time{}, repush: map[*changeSim]time.Time{}}
		for range 30 * 24 * 12 {
			m.tick()
		}
		statuses := map[Status]int{}
		for _, c := range m.changes {
			statuses[c.s.Status]++
			if age := m.now.Sub(m.arrivals[c]); !c.s.Status.Closed() && age > 6*24*time.Hour {
				t.Errorf("a change is %s after %s", c.s.Status, age)
			}
		}
		t.Logf("seed %d: %d changes, %d landings (%d at weekends), %d operations, %d waivers lapsed under a change, in the end %v", seed, len(m.changes),
			len(m.landings), m.weekend, m.operations, m.lapsed, statuses)
		if len(m.landings) < len(m.changes)*8/10 || m.lapsed == 0 {
			t.Errorf("%d of %d landed, %d waivers lapsed", len(m.landings), len(m.changes), m.lapsed)
		}
		sorted := slices.Clone(m.landings)
		slices.Sort(sorted)
		if len(slices.Compact(sorted)) != len(m.landings) {
			t.Error("a change landed twice")
		}
	}
}
