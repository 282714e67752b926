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
	callNudge      = 4 // of the window
	callStop       = 7 // of the window: more than 30 %
)

// sameError sees one action fail again and again, whatever it is told.
type sameError struct {
	action uint64
	n      int
	once   once
}

func (r *sameError) step(e Event, s sight) Decision {
	switch {
	case !s.failed:
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

// errorStreak sees nothing but failures, whatever is tried: turns in a row, however many calls each makes.
type errorStreak struct {
	n    int
	turn int // counted last
	once once
}

func (r *errorStreak) step(e Event, s sight) Decision {
	if e.Action == "" {
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

func (r *monologue) step(e Event) Decision {
	if e.Action == "" {
		r.n++
	} else {
		r.n = 0
	}
	kind := r.once.at(r.n, monologueNudge, monologueStop)
	return Decision{Kind: kind, Rule: RuleMonologue, Reason: fmt.Sprintf("%d answers in a row called no tool", r.n)}
}

// calls sees a model that calls tools that do not exist, or existing ones wrongly.
type calls struct {
	ring [callWindow]bool
	n    int
	bad  int
	once once
}

func (r *calls) step(e Event, s sight) Decision {
	if e.Action == "" {
		return Decision{}
	}
	slot := &r.ring[r.n%callWindow]
	if *slot {
		r.bad--
	}
	if *slot = s.invalid; s.invalid {
		r.bad++
	}
	r.n++
	kind := r.once.at(r.bad, callNudge, callStop)
	reason := fmt.Sprintf("%d of the last %d calls named a tool that does not exist or arguments that do not fit", r.bad, min(r.n, callWindow))
	return Decision{Kind: kind, Rule: RuleInvalid, Reason: reason}
}
