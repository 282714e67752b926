// Package waiver reads time-bound exceptions and says which findings they cover at an instant. It promises that a waiver
// nobody can read, whose date is missing, or whose date has passed, covers nothing, and that the library
// data.adamant.lib.waiver gives policies the same answers. It never reads a clock, a file or git.
package waiver

import (
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/manifest"
)

// Folder is where waivers lie in a repository: one file each, named by its id.
const Folder = ".adamant/waivers/"

// Waiver is one exception, as the gate's input document holds it (docs/formats/waiver.md).
type Waiver struct {
	ID            string `json:"id"`
	Path          string `json:"path"`
	Rule          string `json:"rule,omitempty"`     // id, or prefix ending in *; empty when it cannot be read
	Resource      string `json:"resource,omitempty"` // path glob; empty when it cannot be read
	Justification string `json:"justification,omitempty"`
	Owner         string `json:"owner,omitempty"`
	ApprovedBy    string `json:"approvedBy,omitempty"`
	Ticket        string `json:"ticket,omitempty"`
	Created       string `json:"created,omitempty"` // as written
	Expires       string `json:"expires,omitempty"` // as written
	// From is the first instant of its validity (creation or last renewal), Until the first one after it, both UTC. A
	// malformed waiver has neither.
	From        *time.Time `json:"from,omitempty"`
	Until       *time.Time `json:"until,omitempty"`
	MaxFindings int        `json:"maxFindings,omitempty"` // 0 = as many as there are
	Renewals    int        `json:"renewals,omitempty"`
	// Problems say why a malformed waiver covers nothing.
	Problems []manifest.Diagnostic `json:"problems,omitempty"`
}

// State is what a waiver is at an instant.
type State string

// The states. Only Active covers anything.
const (
	Active    State = "active"
	Future    State = "future" // created or renewed at a later instant
	Lapsed    State = "lapsed"
	Malformed State = "malformed"
)

// At is the waiver's state at an instant.
func (w *Waiver) At(now time.Time) State {
	switch {
	case len(w.Problems) > 0 || w.From == nil || w.Until == nil:
		return Malformed
	case !now.Before(*w.Until):
		return Lapsed
	case now.Before(*w.From):
		return Future
	}
	return Active
}

// DaysLeft is how many whole days are left until it lapses: 0 on the last one, negative after it.
func (w *Waiver) DaysLeft(now time.Time) int {
	if w.Until == nil {
		return -1
	}
	left := w.Until.Sub(now)
	if left <= 0 {
		return -1 - int(-left/(24*time.Hour))
	}
	return int((left - 1) / (24 * time.Hour))
}

// Concerns says that the waiver is about a rule at a path, whatever its state. A finding without a path is about the whole
// repository: only the resource ** concerns it.
func (w *Waiver) Concerns(rule, path string) bool {
	if !w.concernsRule(rule) {
		return false
	}
	if path == "" {
		return w.Resource == everything
	}
	return manifest.MatchPath(w.Resource, path)
}

// everything is the resource that stands for the whole repository.
const everything = "**"

func (w *Waiver) concernsRule(rule string) bool {
	if !Waivable(rule) {
		return false
	}
	prefix, open := strings.CutSuffix(w.Rule, "*")
	return rule == w.Rule || open && prefix != "" && strings.HasPrefix(rule, prefix)
}

// Covers says that the waiver covers a rule's finding at a path at an instant, as long as its number of findings suffices.
func (w *Waiver) Covers(rule, path string, now time.Time) bool {
	return w.At(now) == Active && w.Concerns(rule, path)
}

// Waivable says that a rule can be waived. What protects the gate itself cannot: its own governance, what agents may do
// with it, the constitution's text, waivers, and a merge that git could not make.
func Waivable(rule string) bool {
	for _, prefix := range protected {
		if strings.HasPrefix(rule, prefix) {
			return false
		}
	}
	return rule != ""
}

// protected are the beginnings of the rules that cannot be waived; lib_waiver.rego has the same list.
var protected = [...]string{"agents/", "governance/", "merge/", "policy/", "waiver/"}
