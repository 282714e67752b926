// Package ratchet compares what is wrong on a merged tree with a rule's high water marks, per scope and in total. Marks are
// multisets of fingerprints and only ever shrink. It never measures anything itself and never reads a clock, a file or git.
package ratchet

// Mark is the high water mark of one rule: .adamant/ratchets/<rule>.json at base (docs/formats/ratchet.md).
type Mark struct {
	Rule    string `json:"rule"`
	Version string `json:"version"`
	// Scopes maps a scope (component, else folder) to fingerprints and how often each occurs.
	Scopes map[string]map[string]int `json:"scopes"`
}
