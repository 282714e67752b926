package grounding

import "slices"

// When a page is due by itself.
const (
	EveryCalls = 25
	EveryFresh = 40_000 // tokens that no cache held
)

// maxKnown bounds the components that are remembered; the one met longest ago is told about again.
const maxKnown = 256

// State is what has happened since the last page. The zero State is an attempt that has not begun.
type State struct {
	begun bool
	owed  string // why a page was due that was not given
	calls int
	fresh int64
	known []string // components written to, in the order they were met
}

// Event is one request that the agent makes of its model, and what happened since the one before.
type Event struct {
	Compacted   bool   // the conversation was shortened: the agent has forgotten
	Denied      bool   // the gate refused
	Writes      string // component that the call at hand writes to, "" = it writes nothing
	FreshTokens int64  // tokens of this request that no cache held
}

// When says whether the page is due with event e: at the start, after a compaction or a refusal, before the first write to a
// component, and every EveryCalls requests or EveryFresh fresh tokens. A page that was due and not given stays due.
func When(s State, e Event) bool { return Why(s, e) != "" }

// Why is the reason for which the page is due, in words; "" = it is not.
func Why(s State, e Event) string {
	switch {
	case !s.begun:
		return "start"
	case e.Denied:
		return "denial"
	case e.Compacted:
		return "compaction"
	case e.Writes != "" && !slices.Contains(s.known, e.Writes):
		return "new component"
	case s.owed != "":
		return s.owed
	case s.calls >= EveryCalls:
		return "calls"
	case s.fresh+max(e.FreshTokens, 0) >= EveryFresh:
		return "tokens"
	}
	return ""
}

// Next is the state after e; given says that the page went with it.
func Next(s State, e Event, given bool) State {
	if !given {
		s.owed = Why(s, e)
		s.calls++
		s.fresh = min(s.fresh+max(e.FreshTokens, 0), EveryFresh)
		return s
	}
	known := s.known
	if e.Writes != "" && !slices.Contains(known, e.Writes) {
		known = append(slices.Clone(known[max(0, len(known)-maxKnown+1):]), e.Writes)
	}
	return State{begun: true, calls: 1, known: known}
}
