// Package waiver reads time-bound exceptions and says which findings they cover at an instant. It promises that a waiver
// nobody can read, or whose date has passed, covers nothing. It never reads a clock, a file or git.
package waiver

import (
	"time"

	"github.com/adamant-os/adamant/internal/finding"
)

// Waiver is one exception: .adamant/waivers/<id>.yaml at base (docs/formats/waiver.md).
type Waiver struct {
	ID string `json:"id"`
}

// Apply marks the findings that a waiver covers at now, and returns the ids of the waivers that were used, sorted, and
// findings about the waivers themselves (lapsed, stale).
func Apply(waivers []Waiver, findings []finding.Finding, now time.Time) (used []string, about []finding.Finding) {
	return []string{}, nil
}
