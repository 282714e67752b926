package breaker

import "fmt"

const (
	sameErrorNudge = 3
	sameErrorStop  = 4
	streakNudge    = 3
	streakStop     = 8
	monologueNudge = 3
	monologueStop  = 4
	callWindow     = 20
	callNudge      = 4  // of the window, unknown or malformed
	callUnknown    = 7  // of the window, unknown: more than 30 %
	callStop       = 11 // of the window, unknown or malformed: more than half
)

// sameError sees one action fail again and again, whatever it is told. A call that could not be read is the same as no other.
type sameError struct {
	action uint64
	n      int
	once   once
}

func (r *sameError) step(e Event, s sight) Decision {
	if s.malformed && s.bare {
		return Decision{}
	}
	switch {
	case !s.failed || e.Action == "":
		r.n = 0
	case r.n > 0 && r.action == s.action:
		r.n++
	default:
		r.action, r.n = s.action, 1
	}
	soft, hard := sameErrorNudge, sameErrorStop
	if s.sleeps {
		soft, hard = waitNudge, waitStop
	}
	kind := r.once.at(r.n, soft, hard)
	return Decision{Kind: kind, Rule: RuleSameError, Reason: fmt.Sprintf("%s failed %d times in a row with the same arguments", s.name, r.n)}
}

// errorStreak sees nothing but failures, whatever is tried: turns in a row, however many calls each makes. Malformed calls are the
// business of the rule calls, and what is still waited for has not failed.
type errorStreak struct {
	n    int
	turn int // counted last
	once once
}

func (r *errorStreak) step(e Event, s sight) Decision {
	if e.Action == "" || s.malformed || s.failed && s.sleeps {
		return Decision{}
	}
	switch {
	case !s.failed:
		r.n = 0
	case r.n == 0 || r.turn != e.Turn:
		r.n++
	}
	r.turn = e.Turn
	kind := r.once.at(r.n, streakNudge, streakStop)
	return Decision{Kind: kind, Rule: RuleErrorStreak, Reason: fmt.Sprintf("everything done in %d turns failed", r.n)}
}

// monologue sees a model that talks and calls no tool.
type monologue struct {
	n    int
	once once
}

func (r *monologue) step(e Event, s sight) Decision {
	if s.talks(e) {
		r.n++
	} else if e.Action != "" {
		r.n = 0
	}
	kind := r.once.at(r.n, monologueNudge, monologueStop)
	return Decision{Kind: kind, Rule: RuleMonologue, Reason: fmt.Sprintf("%d answers in a row called no tool", r.n)}
}

// calls sees a model that calls tools that do not exist, or existing ones wrongly. Models recover from the second more often: in
// public runs one that ended well was malformed for half of twenty answers.
type calls struct {
	ring            [callWindow]sight
	n               int
	bad, imaginary  int
	once, onceKnown once
}

func (r *calls) step(s sight) Decision {
	slot := &r.ring[r.n%callWindow]
	r.bad -= flaw(slot.unknown || slot.malformed)
	r.imaginary -= flaw(slot.unknown)
	*slot = s
	r.bad += flaw(s.unknown || s.malformed)
	r.imaginary += flaw(s.unknown)
	r.n++
	kind := max(r.once.at(r.bad, callNudge, callStop), r.onceKnown.at(r.imaginary, callNudge, callUnknown))
	reason := fmt.Sprintf("%d of the last %d calls named a tool that does not exist, or did not fit theirs", r.bad, min(r.n, callWindow))
	return Decision{Kind: kind, Rule: RuleInvalid, Reason: reason}
}

func flaw(is bool) int {
	if is {
		return 1
	}
	return 0
}
