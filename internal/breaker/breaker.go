// Package breaker stops an agent that is stuck. It reads normalised events, one per action of an agent, and answers each with
// nothing, a nudge or a stop.
//
// It promises that the answer is a function of the events and the limits alone: no clock, no randomness, no model. The same events
// give the same decisions on any machine, whoever replays them, and memory is bounded however long the run. It never reads what an
// agent says of itself, never kills anything and never decides what happens after a stop: package workforce does.
package breaker

import (
	"encoding/json"
	"time"
)

// Event is one thing an agent did and what came back: a tool call with its result, or a turn without one.
type Event struct {
	Turn        int             // 0-based number of the model's answer; events of one answer share it
	Caller      string          // which conversation of the attempt: "" = the agent itself, else one of its sub-agents
	Action      string          // tool; "" = the model answered without calling one
	Args        json.RawMessage // of the tool, as the model wrote them
	Observation string          // what came back
	Text        string          // what the model said beside the call, or instead of one; never its reasoning
	Exit        int             // exit status of what ran, 0 otherwise
	Error       string          // why the call failed, "" = it did not
	Unknown     bool            // there is no such tool
	Invalid     bool            // the call is malformed, or its arguments do not fit the tool
	Tokens      int64           // billed for this event, all kinds
	CostNano    int64           // nano-dollars of this event
	Time        time.Time       // when it ended; zero = unknown
}

// Failed says that the action came to nothing.
func (e Event) Failed() bool { return e.Error != "" || e.Exit != 0 || e.Unknown || e.Invalid }

// Limits are the caps of an attempt; 0 = none. The rules about loops have no switch.
type Limits struct {
	Turns             int
	Tokens            int64
	CostNano          int64
	Wall              time.Duration // between the first event and the last
	FanOut            int           // conversations, the agent's own included
	RequestsPerMinute int           // turns within any minute
}

// DefaultRequestsPerMinute is more than a model at work asks and less than a runaway does.
const DefaultRequestsPerMinute = 60

// Kind is what a decision asks for.
type Kind int

// The kinds, weakest first.
const (
	None  Kind = iota
	Nudge      // tell the agent that it goes in circles
	Stop       // end the attempt
)

// The rules, as decisions name them.
const (
	RuleCycle       = "cycle"
	RuleSameError   = "same-error"
	RuleErrorStreak = "error-streak"
	RuleMonologue   = "monologue"
	RuleContent     = "content"
	RuleFixFail     = "fix-fail-fix"
	RuleInvalid     = "invalid-calls"
	RuleTurns       = "cap-turns"
	RuleTokens      = "cap-tokens"
	RuleCost        = "cap-cost"
	RuleWall        = "cap-wall"
	RuleFanOut      = "cap-fan-out"
	RuleRate        = "cap-rate"
)

// Decision is the breaker's answer to one event.
type Decision struct {
	Kind   Kind
	Turn   int    // of the event that led to it
	Rule   string // which rule, "" for None
	Reason string // a sentence for people and for the agent
}

// Breaker watches one attempt. It is not safe for concurrent use.
type Breaker struct {
	caps    caps
	talks   talks
	stopped *Decision
}

// New watches an attempt under limits.
func New(limits Limits) *Breaker { return &Breaker{caps: newCaps(limits)} }

// Step takes the next event. A rule nudges once until what it saw has ended; after a stop every answer is that stop.
func (b *Breaker) Step(e Event) Decision {
	if b.stopped != nil {
		return *b.stopped
	}
	s := see(e)
	talk := b.talks.of(e.Caller)
	answer := Decision{}
	for _, d := range append(talk.step(e, s), b.caps.step(e, b.talks.count())) {
		if d.Kind > answer.Kind {
			answer = d
		}
	}
	answer.Turn = e.Turn
	if answer.Kind == Stop {
		b.stopped = &answer
	}
	if answer.Kind == None {
		return Decision{Turn: e.Turn}
	}
	return answer
}
