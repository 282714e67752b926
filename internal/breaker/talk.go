package breaker

// maxTalks bounds the conversations that are remembered; of more, the one silent longest is forgotten.
const maxTalks = 32

// talks are the conversations of an attempt: each loops by itself, and events of several may alternate.
type talks struct {
	list []*talk // least recently heard first
	seen int     // conversations that ever began
}

type talk struct {
	caller string
	cycle  cycle
	same   sameError
	streak errorStreak
	mono   monologue
	text   content
	fix    fixFail
	calls  calls
}

func (t *talks) of(caller string) *talk {
	for i, known := range t.list {
		if known.caller == caller {
			t.list = append(append(t.list[:i], t.list[i+1:]...), known)
			return known
		}
	}
	if len(t.list) == maxTalks {
		t.list = append(t.list[:0], t.list[1:]...)
	}
	fresh := &talk{caller: caller}
	t.list = append(t.list, fresh)
	t.seen++
	return fresh
}

func (t *talks) count() int { return t.seen }

// step asks each rule; the first of equal decisions is the one given.
func (t *talk) step(e Event, s sight) []Decision {
	return []Decision{
		t.cycle.step(s),
		t.same.step(e, s),
		t.mono.step(e, s),
		t.text.step(e),
		t.fix.step(e, s),
		t.calls.step(s),
		t.streak.step(e, s),
	}
}

// once keeps a rule from nudging again before what it saw has ended.
type once struct{ told bool }

// at nudges at soft and stops at hard; n below soft ends what was seen.
func (o *once) at(n, soft, hard int) Kind {
	switch {
	case n >= hard:
		return Stop
	case n < soft:
		o.told = false
	case !o.told:
		o.told = true
		return Nudge
	}
	return None
}
