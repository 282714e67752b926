// Package report tells an auditor what happened to a repository in a period: what landed and under whose control, which exceptions were
// used, what was refused and what failed, who has authority, what agents did and cost, and whether the history holds. docs/report.md
// describes it.
//
// It promises to take everything from the records of a kernel or a clone of it, without a network; to name the ledger's line where one
// says it; to list what it could not read; and to be the same bytes for the same records, period and verification.
//
// It never judges whether a control is enough, never leaves a landed change out, and prints no text of others that could be markup.
package report

import (
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/verify"
)

// Version is the apiVersion of a report.
const Version = "adamant.dev/report/v1"

// Report is what happened from Since on and before Until, in UTC. All lists are in the order of time, else of names.
type Report struct {
	APIVersion string         `json:"apiVersion"`
	Repository string         `json:"repository"`
	Since      time.Time      `json:"since"`
	Until      time.Time      `json:"until"`
	Main       git.OID        `json:"main"` // where it was in the end
	Verified   *verify.Report `json:"verified,omitempty"`
	Unverified string         `json:"unverified,omitempty"` // why the history was not verified
	Landed     []Change       `json:"landed"`
	Approvals  []Approval     `json:"approvals"`
	Waivers    []Waiver       `json:"waivers"`
	Exceptions []Event        `json:"exceptions"` // main moved without the gate
	Refused    []Event        `json:"refused"`    // what gate, reviewer or operator did not let through
	Failures   []Event        `json:"failures"`   // of the controls themselves
	Authority  []Event        `json:"authority"`  // keys, tokens, pauses, the kernel
	Artifacts  []Event        `json:"artifacts"`  // builds and admissions
	Agents     []Agent        `json:"agents"`
	Features   []Feature      `json:"features"`
	Ledgers    []Ledger       `json:"ledgers"`
	Gaps       []string       `json:"gaps"` // what could not be read
}

// Change is one that landed.
type Change struct {
	At        time.Time  `json:"at"`
	ID        string     `json:"id"`
	Title     string     `json:"title"`
	By        string     `json:"by"` // role:name who proposed it
	Agent     string     `json:"agent,omitempty"`
	Model     string     `json:"model,omitempty"`
	Task      string     `json:"task,omitempty"`
	Commit    git.OID    `json:"commit"`
	Level     risk.Level `json:"level"` // critical where nobody judged it
	NotJudged bool       `json:"notJudged,omitempty"`
	Past      *Past      `json:"past,omitempty"` // how it came on main, where the gate did not let it
	Score     int        `json:"score"`          // thousandths
	Mode      string     `json:"mode"`           // how it was allowed to land
	Gates     []string   `json:"gates"`          // that passed
	Answered  []string   `json:"answered"`       // gates that waited, and that an approval answers
	Accepted  []string   `json:"accepted"`       // gates that nothing could answer for, and that were accepted so
	Open      []string   `json:"open"`           // other gates that did not pass, with their state
	Approved  []string   `json:"approved"`
	Waivers   []string   `json:"waivers"`
	Reverts   string     `json:"reverts,omitempty"`
	Reverted  bool       `json:"reverted,omitempty"` // taken back within the period
	Unread    bool       `json:"unread,omitempty"`   // its assessment is not here
	Size      int        `json:"lines"`              // added and deleted
}

// Approval is one that an operator gave.
type Approval struct {
	At      time.Time `json:"at"`
	By      string    `json:"by"`
	Method  string    `json:"method"`
	MFA     bool      `json:"mfa"`
	Key     string    `json:"key"`
	Change  string    `json:"change"`
	Title   string    `json:"title"`
	Answers []string  `json:"answers"`
	Accepts []string  `json:"accepts"` // gates that nothing could answer for
	Reason  string    `json:"reason,omitempty"`
	Landed  bool      `json:"landed"` // the change landed within the period
}

// Waiver is an exception that stood on main in the end, or that a landed change used.
type Waiver struct {
	ID            string   `json:"id"`
	Rule          string   `json:"rule"`
	Resource      string   `json:"resource"`
	Justification string   `json:"justification"`
	Owner         string   `json:"owner"`
	ApprovedBy    string   `json:"approvedBy"`
	Expires       string   `json:"expires"`
	State         string   `json:"state"` // at the end of the period; "gone" = no longer on main
	Used          []string `json:"used"`  // by these changes, when they landed
}

// Event is something on record.
type Event struct {
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"`
	Who    string    `json:"who,omitempty"`
	Change string    `json:"change,omitempty"`
	What   string    `json:"what"`
	Record string    `json:"record,omitempty"` // the ledger's line: writer:number
}

// Agent is what an agent did and cost, by the gateway's count, in attempts that ended within the period.
type Agent struct {
	Name     string     `json:"name"`
	Models   []string   `json:"models"`
	Attempts int        `json:"attempts"`
	Bad      int        `json:"bad"` // attempts that did not finish their work
	Landed   int        `json:"landed"`
	Spent    task.Spent `json:"spent"`
}

// Feature is what a feature cost.
type Feature struct {
	Name  string     `json:"name"` // "" = booked to none
	Spent task.Spent `json:"spent"`
}

// Ledger is which lines of a writer are of the period, and what the last of them hashes to.
type Ledger struct {
	Writer string `json:"writer"`
	First  uint64 `json:"first"`
	Last   uint64 `json:"last"`
	Hash   string `json:"hash"`
}
