// Package gate decides. Assess is a pure function of one input document (gate-input/v1): the same document gives the same
// bytes on every machine. Decide adds what may change afterwards: approvals, the start of the soak and the clock. The
// package never runs git, a process, a network call or a clock, and never passes what it could not judge.
package gate

import (
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/policy"
	"github.com/adamant-os/adamant/internal/ratchet"
	"github.com/adamant-os/adamant/internal/risk"
)

// The versions of the documents this package writes.
const (
	AssessmentVersion = "adamant.dev/assessment/v1"
	VerdictVersion    = "adamant.dev/verdict/v1"
)

// Assessment is what the gate finds about a change, without approvals (docs/formats/verdict.md). All numbers are integers and
// all lists sorted, so its canonical JSON is one sequence of bytes.
type Assessment struct {
	APIVersion    string            `json:"apiVersion"`
	Digest        string            `json:"digest"` // sha256 of the canonical JSON with digest empty
	Input         string            `json:"input"`  // sha256 of the canonical input document
	Change        string            `json:"change"` // id: the first 16 hex digits of the sha256 of target and head
	Target        string            `json:"target"`
	Base          string            `json:"base"`
	Head          string            `json:"head"`
	MergeBase     []string          `json:"mergeBase"`
	MergedTree    string            `json:"mergedTree"`
	EffectiveDiff string            `json:"effectiveDiff"` // sha256 over sorted (path, mode, before, after)
	Level         risk.Level        `json:"level"`
	Score         int               `json:"score"` // milli-units, 0..1000
	Band          risk.Level        `json:"band"`  // the level by score alone
	Floor         []risk.Reason     `json:"floor"`
	Factors       []risk.Factor     `json:"factors"`
	Gates         []Gate            `json:"gates"`
	Findings      []finding.Finding `json:"findings"`
	Waivers       []UsedWaiver      `json:"waivers"` // those the change stands on, by id
	Holds         []Reason          `json:"holds"`   // what policy wants the operator to look at
	// Ratchet says where the scopes that the change touches stand against their marks; Marks are those that landing writes.
	Ratchet    []ratchet.Standing `json:"ratchet"`
	Marks      []ratchet.Mark     `json:"marks"`
	Merge      Merge              `json:"merge"` // mode when nothing stands in the way
	Diffstat   Diffstat           `json:"diffstat"`
	Governance string             `json:"governance"` // sha256 over configuration, policy and engine
	ValidUntil *time.Time         `json:"validUntil"` // null = as long as base, head and governance are these

	unmeasured []string
	ruled      *policy.Result // what the constitution said, and about how many findings
	found      int
}

// Diffstat sizes a change.
type Diffstat struct {
	Files   int `json:"files"`
	Added   int `json:"added"`
	Deleted int `json:"deleted"`
}

// Gate is one required validation and its state.
type Gate struct {
	Name   string   `json:"name"`
	State  string   `json:"state"`
	Reason string   `json:"reason,omitempty"` // one line: why it has this state, or what to do
	Checks []string `json:"checks,omitempty"` // the checks that answer for it
	Source string   `json:"source,omitempty"` // local, cache, ci, builtin, batch, lane
}

// The states of a gate. Only Passed, NotApplicable and Accepted let a change through.
const (
	Passed        = facts.Passed
	Failed        = facts.Failed
	Errored       = facts.Errored
	Pending       = facts.Pending     // declared, not run
	Unavailable   = facts.Unavailable // nothing installed that could answer
	NotApplicable = "not-applicable"  // nothing in the tree for it to validate
	Accepted      = "accepted"        // unavailable, and the operator accepts that on the record
	Waiting       = "waiting"         // for an approval
)

// Merge is how a change may land.
type Merge struct {
	Mode         string `json:"mode"`                   // auto, soak, manual, manual-mfa, none
	SoakSeconds  int64  `json:"soakSeconds,omitempty"`  //
	DiffCoverage int    `json:"diffCoverage,omitempty"` // percent that auto needs
}

// The merge modes, from freest to none.
const (
	ModeAuto      = "auto"
	ModeSoak      = "soak"
	ModeManual    = "manual"
	ModeManualMFA = "manual-mfa"
	ModeNone      = "none"
)

// The decisions.
const (
	Allow = "allow"
	Hold  = "hold"
	Deny  = "deny"
)

// Verdict is the decision: assessment, approvals, soak and clock (docs/formats/verdict.md).
type Verdict struct {
	APIVersion string      `json:"apiVersion"`
	Change     string      `json:"change,omitempty"` // canonical id, in a kernel
	Decision   string      `json:"decision"`
	NotBefore  *time.Time  `json:"notBefore"` // earliest instant it may land; null when that cannot be said yet
	Merge      Merge       `json:"merge"`
	Reasons    []Reason    `json:"reasons"`   // why not allow, worst first; empty for allow
	Approvals  []Approval  `json:"approvals"` // those given; void says why one does not count
	SoakStart  *time.Time  `json:"soakStart"`
	Now        time.Time   `json:"now"`
	Assessment *Assessment `json:"assessment"`
}

// Reason is one thing that stands between a change and main.
type Reason struct {
	Code    string `json:"code"`    // stable: finding, gate-failed, gate-unavailable, gate-pending, approval, coverage, soak, conflict, policy-hold, unread
	Effect  string `json:"effect"`  // deny or hold
	Subject string `json:"subject"` // rule or gate
	Message string `json:"message"`
	Path    string `json:"path,omitempty"`
	Line    int    `json:"line,omitempty"`
	Next    string `json:"next,omitempty"` // the next command or action
}
