// Package finding is the one shape every violation takes, whoever found it, and its translations to and from SARIF 2.1.0
// and the JSON of known linters. It promises fingerprints that survive moved lines and renamed files; it never decides
// whether a finding blocks.
package finding

// Severity is SARIF's result level.
type Severity string

// The severities, from worst to mildest.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// State is SARIF's baselineState: how a finding relates to the base tree.
type State string

// The states. The zero value means that no comparison was made; the gate treats it as New.
const (
	New       State = "new"
	Unchanged State = "unchanged"
	Updated   State = "updated"
	Absent    State = "absent"
)

// Finding is one violation of one rule at one place.
type Finding struct {
	Rule        string   `json:"rule"`               // stable id, e.g. "secrets/aws-access-key" or "golangci-lint/errcheck"
	Severity    Severity `json:"severity"`           //
	Message     string   `json:"message"`            // what is wrong and why, one sentence or two, no trailing newline
	Path        string   `json:"path,omitempty"`     // repository-relative, slashes
	Line        int      `json:"line,omitempty"`     // 1-based; 0 = whole file
	Column      int      `json:"column,omitempty"`   // 1-based, in bytes; 0 = whole line
	EndLine     int      `json:"endLine,omitempty"`  //
	Fingerprint string   `json:"fingerprint"`        // hex; see Fingerprint
	Fix         string   `json:"fix,omitempty"`      // the next action or command
	State       State    `json:"state,omitempty"`    //
	Waiver      string   `json:"waiver,omitempty"`   // id of the waiver that covers it
	Tool        string   `json:"tool,omitempty"`     // who found it: "adamant", "golangci-lint", ...
	Suppress    string   `json:"suppress,omitempty"` // SARIF suppression kind ("inSource", "external") when the producer marked it so

	// OldPath and OldFingerprint are those of the finding of base that Compare took this one for, where they differ.
	OldPath        string `json:"oldPath,omitempty"`
	OldFingerprint string `json:"oldFingerprint,omitempty"`
}
