// Package ratchet compares what is wrong on a merged tree with a rule's high water marks, per scope and in total. Marks are
// multisets of fingerprints and only ever shrink. It never measures anything itself and never reads a clock, a file or git.
//
// The law: a change is refused when, in a scope or in total, more violations are left than the mark allows and more than base
// had. So what was there before refuses nobody, even where base is above its mark. The mark drops when a change lands.
package ratchet

import (
	"maps"
	"slices"
)

// Units is a multiset of fingerprints: how often each occurs. No count is below 1.
type Units map[string]int

// Mark is the high water mark of one rule: .adamant/ratchets/<rule>.json at base (docs/formats/ratchet.md).
type Mark struct {
	Rule string `json:"rule"`
	// Version names the rule as it was when its violations were counted.
	Version string `json:"version"`
	// Reason says why the operator raised the mark.
	Reason string `json:"reason,omitempty"`
	// Scopes maps a scope (component, else folder) to fingerprints and how often each occurs.
	Scopes map[string]Units `json:"scopes"`
}

// Count is the sum of a multiset.
func (u Units) Count() int {
	n := 0
	for _, one := range u {
		n += one
	}
	return n
}

// Count is the mark of one scope, 0 for a scope that the mark does not name.
func (m Mark) Count(scope string) int { return m.Scopes[scope].Count() }

// Total is the mark over all scopes.
func (m Mark) Total() int {
	n := 0
	for _, units := range m.Scopes {
		n += units.Count()
	}
	return n
}

// Add counts n more of a fingerprint in a scope. Of a negative n no more is taken away than is there.
func (m *Mark) Add(scope, fingerprint string, n int) {
	left := max(m.Scopes[scope][fingerprint]+n, 0)
	switch {
	case left > 0 && m.Scopes[scope] == nil:
		if m.Scopes == nil {
			m.Scopes = map[string]Units{}
		}
		m.Scopes[scope] = Units{fingerprint: left}
	case left > 0:
		m.Scopes[scope][fingerprint] = left
	default:
		delete(m.Scopes[scope], fingerprint)
		if len(m.Scopes[scope]) == 0 {
			delete(m.Scopes, scope)
		}
	}
}

// Clone copies a mark. Its scopes are never nil.
func (m Mark) Clone() Mark {
	scopes := make(map[string]Units, len(m.Scopes))
	for scope, units := range m.Scopes {
		scopes[scope] = maps.Clone(units)
	}
	m.Scopes = scopes
	return m
}

// Equal says whether two marks are the same but for the order of anything.
func (m Mark) Equal(other Mark) bool {
	return m.Rule == other.Rule && m.Version == other.Version && m.Reason == other.Reason && sameUnits(m.Scopes, other.Scopes)
}

func sameUnits(a, b map[string]Units) bool {
	return maps.EqualFunc(a, b, func(x, y Units) bool { return maps.Equal(x, y) })
}

// Raises says whether m allows anything that other does not: a unit that other does not count there.
func (m Mark) Raises(other Mark) bool {
	for scope, units := range m.Scopes {
		for fingerprint, n := range units {
			if n > other.Scopes[scope][fingerprint] {
				return true
			}
		}
	}
	return false
}

// scopesOf lists the scopes of several marks, sorted, each once.
func scopesOf(marks ...map[string]Units) []string {
	var all []string
	for _, m := range marks {
		all = slices.AppendSeq(all, maps.Keys(m))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// both is the pointwise minimum of two multisets.
func both(a, b Units) Units {
	out := Units{}
	for fingerprint, n := range a {
		if least := min(n, b[fingerprint]); least > 0 {
			out[fingerprint] = least
		}
	}
	return out
}
