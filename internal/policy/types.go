// Package policy judges an input document by the constitution: Rego rules evaluated by an embedded OPA that cannot reach
// the network, the clock, the environment or chance. It promises the same answer for the same document and modules, and
// an error, never a silent pass, when no rule ran or any rule failed. It never reads files and never decides a verdict.
package policy

import (
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

// The kinds of violation, from worst to mildest: names of the entry points that report them.
const (
	Deny = "deny"
	Hold = "hold"
	Warn = "warn"
)

// Tool is the name under which the constitution reports findings.
const Tool = "policy"

// Options bound and switch an engine.
type Options struct {
	Settings manifest.PolicySettings // of adamant.yaml at base
	NoBase   bool                    // leave the built-in constitution out
	Data     []facts.Module          // data files of foreign policies: those that Settings name
	Deadline time.Duration           // of one evaluation; 0 = 10 s

	Constraints []facts.Module // YAML files with Gatekeeper's templates and constraints
}

// Violation is one finding of one rule.
type Violation struct {
	finding.Finding
	Kind  string `json:"kind"` // deny, hold, warn: after the settings' switches
	Title string `json:"title,omitempty"`

	entry   *entry
	pointer string
}

// Requirement is a gate that a rule demands of the change.
type Requirement struct {
	Rule   string `json:"rule"`
	Gate   string `json:"gate"`
	Reason string `json:"reason"`
}

// Result is what the constitution says about one input document. Lists are sorted.
type Result struct {
	Violations []Violation   `json:"violations"`
	Requires   []Requirement `json:"requires"`
	Rules      int           `json:"rules"` // entry-point rules that were evaluated, at least 1
	// Gone is what base's documents break and the merged ones do not, of the rules that the ratchet counts.
	Gone []finding.Finding `json:"gone,omitempty"`
}
