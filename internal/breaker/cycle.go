package breaker

import "fmt"

const (
	longestCycle = 5
	cycleNudge   = 3
	cycleStop    = 4
	// Waiting is work: a poll is allowed as many equal answers before it counts as stuck.
	waitNudge = 10
	waitStop  = 30
)

// cycle sees the same actions with the same observations in the same order, up to longestCycle of them, again and again.
type cycle struct {
	ring [longestCycle]sight
	n    int                   // events taken
	run  [longestCycle + 1]int // run[k] = events in a row that equal the one k before
	once once
}

func (c *cycle) step(s sight) Decision {
	period, rounds, patient := c.take(s)
	soft, hard := cycleNudge, cycleStop
	if patient {
		soft, hard = waitNudge, waitStop
	}
	kind := c.once.at(rounds, soft, hard)
	if kind == None {
		return Decision{}
	}
	return Decision{Kind: kind, Rule: RuleCycle, Reason: cycleReason(period, rounds, s)}
}

// take returns the cycle with the most whole rounds. Of equals the shortest is told; patient = it waits for something.
func (c *cycle) take(s sight) (period, rounds int, patient bool) {
	for k := 1; k <= longestCycle; k++ {
		if c.n >= k && c.ring[(c.n-k)%longestCycle].both == s.both {
			c.run[k]++
		} else {
			c.run[k] = 0
		}
		if r := 1 + c.run[k]/k; r > rounds {
			period, rounds = k, r
		}
	}
	c.ring[c.n%longestCycle] = s
	c.n++
	return period, rounds, c.waits(period)
}

// waits says that the last k events wait: one of them sleeps, or all of them were told that something is under way.
func (c *cycle) waits(k int) bool {
	pending := true
	for i := 1; i <= min(k, c.n); i++ {
		last := c.ring[(c.n-i)%longestCycle]
		if last.sleeps {
			return true
		}
		pending = pending && last.pending
	}
	return pending
}

func cycleReason(period, rounds int, s sight) string {
	if period == 1 {
		return fmt.Sprintf("%s was done %d times in a row with the same result", s.name, rounds)
	}
	return fmt.Sprintf("the same %d actions were done %d times in a row with the same results, %s last", period, rounds, s.name)
}
