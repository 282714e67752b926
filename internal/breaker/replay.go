package breaker

import "iter"

// Outcome is what a breaker said to a recorded run: its first nudge and its stop, each nil when there was none.
type Outcome struct {
	Nudge, Stop *Decision
	Events      int // read up to the stop
}

// Replay asks a new breaker about recorded events, up to the first stop.
func Replay(events iter.Seq2[Event, error], limits Limits) (Outcome, error) {
	var out Outcome
	b := New(limits)
	for e, err := range events {
		if err != nil {
			return out, err
		}
		out.Events++
		switch d := b.Step(e); {
		case d.Kind == Nudge && out.Nudge == nil:
			out.Nudge = &d
		case d.Kind == Stop:
			out.Stop = &d
			return out, nil
		}
	}
	return out, nil
}
