package verify

import (
	"fmt"

	"github.com/adamant-os/adamant/internal/git"
)

// The codes of problems. They are stable: docs/verify.md explains each.
const (
	// Ledger.
	LedgerMissing   = "LEDGER_MISSING"   // there is none
	LedgerAlarm     = "LEDGER_BROKEN"    // an alarm of the ledger's own verification; What begins with its kind
	LedgerRewritten = "LEDGER_REWRITTEN" // another history than was seen before
	LedgerSigner    = "LEDGER_SIGNER"    // signed by nobody, or by a key that is not the gate's

	// Main and its commits.
	MainMissing     = "MAIN_MISSING"
	MainRolledBack  = "MAIN_ROLLED_BACK"   // it lacks what the ledger says has landed
	MainForked      = "MAIN_FORKED"        // it does not hold what the ledger says has landed, and goes another way
	MainUnrecorded  = "MAIN_UNRECORDED"    // a commit on it that no landing put there
	MainMovedByHand = "MAIN_MOVED_BY_HAND" // the ledger says that somebody moved it past the gate
	MainSeen        = "MAIN_REWRITTEN"     // it lacks what an earlier run saw on it
	CommitParents   = "COMMIT_PARENTS"     // not exactly one parent
	CommitUnsigned  = "COMMIT_UNSIGNED"
	CommitSignature = "COMMIT_SIGNATURE" // the signature does not verify
	CommitSigner    = "COMMIT_SIGNER"    // by a key that was not the gate's then
	CommitRecord    = "COMMIT_RECORD"    // its change or assessment is not what the ledger says landed

	// Landings.
	LandingBroken  = "LANDING_BROKEN"  // does not follow from the one before, or cannot be read
	LandingOpen    = "LANDING_OPEN"    // warning: began and has not ended
	LandingMissing = "LANDING_ABORTED" // on main, and the ledger says that it was taken back

	// Verdicts and approvals.
	VerdictMissing  = "VERDICT_MISSING"  // nothing says what the gate found
	VerdictMismatch = "VERDICT_MISMATCH" // about another commit, or edited
	VerdictRefuses  = "VERDICT_REFUSES"  // decided again, it does not allow
	ApprovalMissing = "APPROVAL_MISSING" // it waits for an operator who did not answer
	ApprovalForged  = "APPROVAL_FORGED"  // an entry that claims an operator's word and does not hold
	BreakGlass      = "BREAK_GLASS"      // warning: landed by the operator's order alone
)

// Problem is one thing that is wrong, or not yet there.
type Problem struct {
	Code   string  `json:"code"`
	Commit git.OID `json:"commit,omitempty"`
	Change string  `json:"change,omitempty"`
	Place  string  `json:"place,omitempty"` // of the ledger, a bundle or a file
	What   string  `json:"what"`
	Do     string  `json:"do"`
}

func (p Problem) String() string { return fmt.Sprintf("%s: %s; %s", p.Code, p.What, p.Do) }
