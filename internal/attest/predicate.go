package attest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/risk"
)

// Decision is the predicate of DecisionType: what the gate decided about the change that one commit of main is, and on what grounds.
// The commit is the statement's one subject.
type Decision struct {
	Repository string    `json:"repository"` // as the identities name it
	Target     string    `json:"target"`     // full name of the branch
	Commit     string    `json:"commit"`
	Base       string    `json:"base"` // its one parent
	Tree       string    `json:"tree"`
	Change     Change    `json:"change"`
	Risk       Risk      `json:"risk"`
	Assessment Judged    `json:"assessment"`
	Governance string    `json:"governance"` // sha256 over configuration, constitution and engine
	Gates      []Gate    `json:"gates"`
	Findings   Findings  `json:"findings"`
	Waivers    []Waiver  `json:"waivers"`
	Marks      string    `json:"marks,omitempty"` // sha256 of the canonical list of marks that it wrote; empty = none
	Approvals  []Consent `json:"approvals"`
	Verdict    Verdict   `json:"verdict"`
	Record     Record    `json:"record"`
}

// Change is what landed.
type Change struct {
	ID       string `json:"id"`
	Head     string `json:"head"` // the patch set
	PatchSet int    `json:"patchSet"`
	Title    string `json:"title,omitempty"`
	By       string `json:"by"` // who opened it: role:name
	Agent    string `json:"agent,omitempty"`
	Model    string `json:"model,omitempty"`
	Role     string `json:"role,omitempty"`
	Task     string `json:"task,omitempty"`
	Feature  string `json:"feature,omitempty"`
	Reverts  string `json:"reverts,omitempty"`
}

// Risk is how dangerous the change was held to be.
type Risk struct {
	Level risk.Level `json:"level"`
	Band  risk.Level `json:"band"`
	Score int        `json:"score"` // 0..1000
	Floor []string   `json:"floor"` // rules that lifted it, sorted
}

// Judged names the assessment: Digest as the gate counts it, Input that of the input document, from which it can be replayed.
type Judged struct {
	Digest        string `json:"digest"`
	Input         string `json:"input"`
	EffectiveDiff string `json:"effectiveDiff"`
	MergedTree    string `json:"mergedTree"`
	Files         int    `json:"files"`
	Added         int    `json:"added"`
	Deleted       int    `json:"deleted"`
}

// Gate is one required validation.
type Gate struct {
	Name   string `json:"name"`
	State  string `json:"state"`
	Source string `json:"source,omitempty"`
}

// Findings are counted, and named by a digest: sha256 of the canonical list of the assessment's findings.
type Findings struct {
	Digest string `json:"digest"`
	Total  int    `json:"total"`
	New    int    `json:"new"` // not there at base
	Waived int    `json:"waived"`
	Errors int    `json:"errors"` // new errors without a waiver; 0 in what was allowed
}

// Waiver is an exception that the change stands on.
type Waiver struct {
	ID         string `json:"id"`
	Path       string `json:"path"`
	Rule       string `json:"rule"`
	ApprovedBy string `json:"approvedBy"`
	Expires    string `json:"expires"`
	Findings   int    `json:"findings"`
}

// Consent is an approval as it was given: the statement that was signed, the signature and the key, so that it can be verified by
// whoever knows that the key was the operator's. Void says why it did not count.
type Consent struct {
	By        string          `json:"by"`
	Key       string          `json:"key"`
	Method    string          `json:"method"`
	MFA       bool            `json:"mfa"`
	At        time.Time       `json:"at"`
	Statement string          `json:"statement"` // canonical JSON: the bytes that were signed
	Digest    string          `json:"digest"`    // sha256 of Statement
	Proof     json.RawMessage `json:"proof,omitempty"`
	PublicKey string          `json:"publicKey,omitempty"` // line of authorized_keys; empty where there is none
	Void      string          `json:"void,omitempty"`
}

// Verdict is the decision itself. Digest is the sha256 of the whole verdict in canonical JSON, as it was at At.
type Verdict struct {
	Decision  string     `json:"decision"`
	Mode      string     `json:"mode"` // auto, soak, manual, manual-mfa
	SoakStart *time.Time `json:"soakStart,omitempty"`
	At        time.Time  `json:"at"`
	Digest    string     `json:"digest"`
}

// Record is where the ledger says that it landed.
type Record struct {
	Writer  string `json:"writer"`
	Seq     uint64 `json:"seq"`     // of the landing.intent
	Line    string `json:"line"`    // sha256 of that entry's line
	Landing string `json:"landing"` // id of the intent
	Nth     int    `json:"nth"`     // of the commits of the landing, from 1
	Of      int    `json:"of"`
}

// Approval is the predicate of ApprovalType: one consent of the operator that a landed commit stands on.
type Approval struct {
	Repository string     `json:"repository"`
	Change     string     `json:"change"`
	Level      risk.Level `json:"level"` // at most which
	Consent    Consent    `json:"consent"`
}

// ParseDecision reads the predicate of a statement of DecisionType. Fields that are not known are refused.
func ParseDecision(s Statement) (Decision, error) {
	var d Decision
	if s.PredicateType != DecisionType {
		return d, fmt.Errorf("reading a decision: the predicate is %s", s.PredicateType)
	}
	if err := decode(s.Predicate, &d, true); err != nil {
		return d, fmt.Errorf("reading a decision: %w", err)
	}
	if len(s.Subject) != 1 || !s.Subject[0].Has(GitCommit, d.Commit) {
		return d, fmt.Errorf("reading a decision: it is about %.12s, its subject is another", d.Commit)
	}
	return d, nil
}

// Allowed says that the commit landed by an allowing verdict.
func (d Decision) Allowed() bool { return d.Verdict.Decision == gate.Allow }

// ParseApproval reads the predicate of a statement of ApprovalType. Fields that are not known are refused.
func ParseApproval(s Statement) (Approval, error) {
	var a Approval
	if s.PredicateType != ApprovalType {
		return a, fmt.Errorf("reading an approval: the predicate is %s", s.PredicateType)
	}
	if err := decode(s.Predicate, &a, true); err != nil {
		return a, fmt.Errorf("reading an approval: %w", err)
	}
	return a, nil
}
