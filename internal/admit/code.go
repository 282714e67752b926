package admit

// A Code names a clause. Codes are stable: docs/formats/reasons.md.
type Code string

// The codes of this package and of its rules. Those of package verify (SIG_INVALID, LOG_MISSING, ...) are passed on as they are,
// and rules of the repository have their own.
const (
	RequestInvalid     Code = "REQUEST_INVALID"     // the request itself cannot be answered
	EnvironmentUnknown Code = "ENVIRONMENT_UNKNOWN" // adamant.yaml lists environments, and this is none of them
	EvidenceLimit      Code = "EVIDENCE_LIMIT"      // more bundles, or larger ones, than are looked at
	Revoked            Code = "REVOKED"             // artifact, commit or builder were taken back
	ProvenanceMissing  Code = "PROVENANCE_MISSING"  // nothing trustworthy says how it was built
	StatementInvalid   Code = "STATEMENT_INVALID"   // a signed statement cannot be understood
	SignerRole         Code = "SIGNER_ROLE"         // who signed a statement has no right to state that
	BuilderUnknown     Code = "BUILDER_UNKNOWN"     // the signer is no builder of this repository, or names another
	BuilderLevel       Code = "BUILDER_LEVEL"       // the builder may not claim the level that is asked for
	ComponentMismatch  Code = "COMPONENT_MISMATCH"  // it is another component, or one that may not run there
	SourceMismatch     Code = "SOURCE_MISMATCH"     // built from another repository, or from no commit
	SourceUnlanded     Code = "SOURCE_UNLANDED"     // the commit did not land on main
	SourceLevel        Code = "SOURCE_LEVEL"        // the commit's source level is too low
	ParameterMismatch  Code = "PARAMETER_MISMATCH"  // built with other parameters than those of its commit
	GateMissing        Code = "GATE_MISSING"        // nothing shows that the gate allowed the commit
	GateDenied         Code = "GATE_DENIED"         // the gate did not allow it
	NotReproduced      Code = "NOT_REPRODUCED"      // nobody built it twice with the same result
	SBOMMissing        Code = "SBOM_MISSING"        // no bill of materials
	ScanMissing        Code = "SCAN_MISSING"        // nobody looked for known vulnerabilities
	ScanStale          Code = "SCAN_STALE"          // the last look is too long ago
	Vulnerable         Code = "VULNERABLE"          // known to be vulnerable, and nothing says that it does not matter
	PolicyDenied       Code = "POLICY_DENIED"       // a rule of adamant.admission without a code of its own
)
