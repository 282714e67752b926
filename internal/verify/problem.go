package verify

import (
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
)

// The codes of problems. They are stable: docs/verify.md explains each.
const (
	Unreadable    = "OBJECT_UNREADABLE" // damaged, missing, or not what its name says
	LedgerMissing = "LEDGER_MISSING"    // there is none; what else is wrong with it has a code of LedgerCode

	// Main and its commits.
	MainMissing     = "MAIN_MISSING"
	MainRolledBack  = "MAIN_ROLLED_BACK"   // it is from before what the ledger says has landed
	MainForked      = "MAIN_FORKED"        // it goes another way than the ledger says
	MainUnrecorded  = "MAIN_UNRECORDED"    // a commit on it that no landing put there
	MainMovedByHand = "MAIN_MOVED_BY_HAND" // the ledger says that somebody moved it past the gate
	MainRewritten   = "MAIN_REWRITTEN"     // it lacks what an earlier run saw on it
	GenesisMissing  = "GENESIS_MISSING"    // it does not descend from where verification begins
	CommitParents   = "COMMIT_PARENTS"     // not exactly one parent, the commit before
	CommitUnsigned  = "COMMIT_UNSIGNED"
	CommitSignature = "COMMIT_SIGNATURE" // it does not verify
	CommitSigner    = "COMMIT_SIGNER"    // it is by a key that was not the gate's then
	CommitRecord    = "COMMIT_RECORD"    // its trailers are not what the ledger says landed

	// Landings.
	LandingBroken  = "LANDING_BROKEN"  // does not follow from the one before, or cannot be read
	LandingAborted = "LANDING_ABORTED" // on main, and the ledger says that it was taken back
	LandingOpen    = "LANDING_OPEN"    // warning: the last one has moved main and not ended

	// The trust root. Those of trust.RootError are used as they are.
	RootChanged    = "ROOT_CHANGED"     // another first root than is pinned or was seen
	RootRolledBack = "ROOT_ROLLED_BACK" // a version before one that was seen
	RootExpired    = "ROOT_EXPIRED"     // a warning, until something lands behind its end

	// The transparency log. LOG_LEADS, LOG_DIFFERS and LOG_REWOUND are those of tlog/projection.
	LogLags      = "LOG_LAGS"      // warning: it lacks the newest entries of the ledger
	LogUnchecked = "LOG_UNCHECKED" // warning: nothing names its key
	LogSignature = "LOG_SIGNATURE" // its key did not sign the checkpoint
	LogDamaged   = "LOG_DAMAGED"   // its files do not lead to the checkpoint
	LogRewritten = "LOG_REWRITTEN" // it does not continue what was seen
	LogLost      = "LOG_LOST"      // it was seen and is gone

	// Attestations. The codes of bundles that do not verify are those of docs/formats/reasons.md.
	AttestationMissing    = "ATTESTATION_MISSING"    // a warning for the newest commits
	AttestationMalformed  = "ATTESTATION_MALFORMED"  // what no store would put there
	AttestationMismatch   = "ATTESTATION_MISMATCH"   // it says something else than the ledger
	AttestationUnrecorded = "ATTESTATION_UNRECORDED" // the gate's keys signed it, and the ledger does not know

	// Artifacts. AttestationUnrecorded is a warning for provenance of a build that the ledger does not have.
	ArtifactUnplaced = "ARTIFACT_UNPLACED" // warning: its provenance leads to no commit that the gate landed on main
	BuilderUnknown   = "BUILDER_UNKNOWN"   // provenance of a builder that no root knows; a warning when somebody else signed it
	BuilderRevoked   = "BUILDER_REVOKED"   // warning: of a builder that the newest root does not know any more
	LevelExceeded    = "LEVEL_EXCEEDED"    // the gate's word claims more for an artifact than its builder may

	// Verdicts and approvals.
	VerdictMissing  = "VERDICT_MISSING"  // nothing says what the gate found
	VerdictDetached = "VERDICT_DETACHED" // warning: attested, and the assessment is not here to decide again
	VerdictMismatch = "VERDICT_MISMATCH" // about another commit, or edited
	VerdictRefuses  = "VERDICT_REFUSES"  // decided again, it does not allow
	ApprovalMissing = "APPROVAL_MISSING" // it waits for an operator who did not answer
	ApprovalForged  = "APPROVAL_FORGED"  // an entry that claims an operator's word and does not hold
	BreakGlass      = "BREAK_GLASS"      // warning: landed by the operator's order alone
)

// LedgerCode is the code of an alarm of the ledger: LEDGER_ and its kind in capitals, such as LEDGER_BAD_SIGNATURE.
func LedgerCode(kind string) string {
	return "LEDGER_" + strings.ToUpper(strings.ReplaceAll(kind, "-", "_"))
}

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
