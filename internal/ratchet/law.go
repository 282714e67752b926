package ratchet

import (
	"maps"
	"slices"
)

// Unit is one violation as the ratchet sees it.
type Unit struct{ Scope, Fingerprint string }

// Move is a violation that base had in another scope, or that says something else now: neither new nor gone.
type Move struct{ From, To Unit }

// Case is everything one rule is judged by.
type Case struct {
	Rule    string
	Version string // of the rule as it is now
	Mark    *Mark  // at base; nil when there is none: then what base has is the mark
	Base    *Mark  // everything base has, when that was measured
	New     []Unit // on the merged tree and not at base
	Gone    []Unit // at base and not on the merged tree
	Moved   []Move
}

// Total is the Scope of the standing over all scopes.
const Total = ""

// Unknown stands for a count that nobody measured.
const Unknown = -1

// Standing is where one scope of a rule stands after a change.
type Standing struct {
	Rule   string `json:"rule"`
	Scope  string `json:"scope"`  // "" = all scopes together
	Mark   int    `json:"mark"`   // -1 = there is no mark: base's count is the mark
	Base   int    `json:"base"`   // violations at base, -1 = not measured
	Merged int    `json:"merged"` // violations on the merged tree, -1 = not measured
	New    int    `json:"new"`
	Gone   int    `json:"gone"`
	Over   bool   `json:"over"` // the new findings of this scope refuse the change
}

// Rebased says that the rule is another one than the mark was made for: base, measured anew, takes the mark's place.
func (c Case) Rebased() bool { return c.Mark != nil && c.Mark.Version != c.Version }

// WantsBase says that base should be measured: the decision turns on its count, or the new mark does. Without it the case is
// still decided, on the side of refusing.
func (c Case) WantsBase() bool {
	if c.Mark == nil || c.Base != nil {
		return false
	}
	return c.Rebased() || slices.ContainsFunc(c.Standings(), func(s Standing) bool { return s.Over })
}

// Standings are the scopes that the change touches, sorted, and the total first. None when it touches nothing.
func (c Case) Standings() []Standing {
	fresh, gone := count(c.New), count(c.Gone)
	scopes := touched(c)
	if len(scopes) == 0 {
		return nil
	}
	mark, base := c.carried()
	all := Standing{Rule: c.Rule, Scope: Total, Mark: Unknown, Base: Unknown, Merged: Unknown, New: len(c.New), Gone: len(c.Gone)}
	if mark != nil {
		all.Mark = mark.Total()
	}
	if base != nil {
		all.Base = base.Total()
	}
	out := []Standing{all.judge()}
	for _, scope := range scopes {
		s := Standing{Rule: c.Rule, Scope: scope, Mark: Unknown, Base: Unknown, Merged: Unknown, New: fresh[scope], Gone: gone[scope]}
		if mark != nil {
			s.Mark = mark.Count(scope)
		}
		if base != nil {
			s.Base = base.Count(scope)
		}
		out = append(out, s.judge())
	}
	return out
}

// judge applies the law. Growth that cannot be shown to stay within the mark is over it.
func (s Standing) judge() Standing {
	grown := s.New - s.Gone
	if s.Base != Unknown {
		s.Merged = s.Base + grown
	}
	s.Over = grown > 0 && (s.Mark == Unknown || s.Merged == Unknown || s.Merged > s.Mark)
	return s
}

// carried is mark and base with every moved violation at its new place. A mark that was made for another version is none.
func (c Case) carried() (mark, base *Mark) {
	if c.Mark != nil && !c.Rebased() {
		mark = carry(*c.Mark, c.Moved)
	}
	if c.Base != nil {
		base = carry(*c.Base, c.Moved)
	}
	return mark, base
}

// carry moves units. Those that the mark does not hold are nobody's to carry, so its total stays.
func carry(m Mark, moves []Move) *Mark {
	out := m.Clone()
	for _, move := range moves {
		if out.Scopes[move.From.Scope][move.From.Fingerprint] > 0 {
			out.Add(move.From.Scope, move.From.Fingerprint, -1)
			out.Add(move.To.Scope, move.To.Fingerprint, 1)
		}
	}
	return &out
}

// Land is the mark after the change has landed, and whether that differs from the mark at base. It keeps of the mark what is
// still there, and lets new violations take the place of gone ones: it never rises, in no scope but for what moved there, and
// it holds nothing that the merged tree has not. Without base, base is taken to be what the mark says.
func (c Case) Land() (after Mark, changed bool) {
	if c.Mark == nil {
		return Mark{}, false
	}
	if c.Rebased() && c.Base == nil {
		return c.Mark.Clone(), false // another rule's units; whoever lands measures base first
	}
	mark, base := c.carried()
	if mark == nil { // rebased
		mark = &Mark{Rule: c.Mark.Rule, Reason: c.Mark.Reason}
		mark.Scopes = base.Scopes
	}
	if base == nil {
		base = mark
	}
	after = Mark{Rule: c.Mark.Rule, Version: c.Version, Reason: c.Mark.Reason, Scopes: map[string]Units{}}
	fresh, gone := byScope(c.New), byScope(c.Gone)
	for _, scope := range scopesOf(mark.Scopes, fresh) {
		if units := land(mark.Scopes[scope], base.Scopes[scope], fresh[scope], gone[scope]); len(units) > 0 {
			after.Scopes[scope] = units
		}
	}
	return after, !after.Equal(*c.Mark)
}

// land is Land for one scope.
func land(mark, base, fresh, gone Units) Units {
	merged := maps.Clone(base)
	if merged == nil {
		merged = Units{}
	}
	for fingerprint, n := range gone {
		if merged[fingerprint] -= n; merged[fingerprint] <= 0 {
			delete(merged, fingerprint)
		}
	}
	for fingerprint, n := range fresh {
		merged[fingerprint] += n
	}
	kept := both(mark, merged)
	room := mark.Count() - kept.Count()
	for _, fingerprint := range slices.Sorted(maps.Keys(fresh)) {
		n := min(room, fresh[fingerprint], merged[fingerprint]-kept[fingerprint])
		if n > 0 {
			kept[fingerprint] += n
			room -= n
		}
	}
	return kept
}

func count(units []Unit) map[string]int {
	out := map[string]int{}
	for _, u := range units {
		out[u.Scope]++
	}
	return out
}

func byScope(units []Unit) map[string]Units {
	var m Mark
	for _, u := range units {
		m.Add(u.Scope, u.Fingerprint, 1)
	}
	return m.Scopes
}

// touched lists the scopes in which something came, went or moved.
func touched(c Case) []string {
	var all []string
	for _, u := range slices.Concat(c.New, c.Gone) {
		all = append(all, u.Scope)
	}
	for _, m := range c.Moved {
		all = append(all, m.From.Scope, m.To.Scope)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
