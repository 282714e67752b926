package breaker

import (
	"fmt"
	"time"
)

// rateSpread is how far a minute's turns must lie apart before their times are believed: a log may carry one time for all.
const rateSpread = time.Second

// caps are the limits of the whole attempt, over all its conversations.
type caps struct {
	limits       Limits
	turns        int
	last         int // the turn counted last
	tokens, nano int64
	first        time.Time
	recent       []time.Time // a ring: when the last turns were
}

func newCaps(l Limits) caps {
	c := caps{limits: l, last: -1}
	if l.RequestsPerMinute > 0 {
		c.recent = make([]time.Time, min(l.RequestsPerMinute, 1<<16))
	}
	return c
}

func (c *caps) step(e Event, talks int) Decision {
	fast := c.take(e)
	l := c.limits
	wall := time.Duration(0)
	if !c.first.IsZero() && !e.Time.IsZero() {
		wall = e.Time.Sub(c.first)
	}
	switch {
	case l.Turns > 0 && c.turns > l.Turns:
		return stop(RuleTurns, "more than %d turns", l.Turns)
	case l.Tokens > 0 && c.tokens > l.Tokens:
		return stop(RuleTokens, "%d tokens of %d", c.tokens, l.Tokens)
	case l.CostNano > 0 && c.nano > l.CostNano:
		return stop(RuleCost, "%s dollars of %s", dollars(c.nano), dollars(l.CostNano))
	case l.Wall > 0 && wall > l.Wall:
		return stop(RuleWall, "%s of %s", wall.Truncate(time.Second), l.Wall)
	case l.FanOut > 0 && talks > l.FanOut:
		return stop(RuleFanOut, "%d conversations of %d", talks, l.FanOut)
	case fast:
		return stop(RuleRate, "more than %d turns in a minute", l.RequestsPerMinute)
	}
	return Decision{}
}

// take adds the event up and says whether the turns of the last minute are too many.
func (c *caps) take(e Event) (fast bool) {
	c.tokens, c.nano = add(c.tokens, e.Tokens), add(c.nano, e.CostNano)
	if c.first.IsZero() {
		c.first = e.Time
	}
	if c.turns > 0 && e.Turn == c.last {
		return false
	}
	c.last = e.Turn
	c.turns++
	if len(c.recent) == 0 || e.Time.IsZero() {
		return false
	}
	slot := &c.recent[c.turns%len(c.recent)]
	spread := e.Time.Sub(*slot)
	fast = !slot.IsZero() && spread >= rateSpread && spread < time.Minute
	*slot = e.Time
	return fast
}

// add never wraps: a log may claim any number.
func add(a, b int64) int64 {
	if b <= 0 {
		return a
	}
	if sum := a + b; sum > a {
		return sum
	}
	return 1<<63 - 1
}

func stop(rule, format string, args ...any) Decision {
	return Decision{Kind: Stop, Rule: rule, Reason: fmt.Sprintf(format, args...)}
}

const nanoPerDollar = 1_000_000_000

func dollars(nano int64) string {
	return fmt.Sprintf("%d.%04d", nano/nanoPerDollar, nano%nanoPerDollar/100_000)
}
