package attest

import (
	"fmt"
	"time"
)

// The levels of SLSA's source track that a Summary may claim. Level 4 needs two people, so no repository of one operator has it.
const (
	SourceLevel1 = "SLSA_SOURCE_LEVEL_1"
	SourceLevel2 = "SLSA_SOURCE_LEVEL_2"
	SourceLevel3 = "SLSA_SOURCE_LEVEL_3"
)

// The results of a Summary.
const (
	Passed = "PASSED"
	Failed = "FAILED"
)

// Summary is the predicate of SummaryType (SLSA verification summary v1).
type Summary struct {
	Verifier           Verifier             `json:"verifier"`
	TimeVerified       time.Time            `json:"timeVerified"`
	ResourceURI        string               `json:"resourceUri"`
	Policy             ResourceDescriptor   `json:"policy"`
	InputAttestations  []ResourceDescriptor `json:"inputAttestations,omitempty"`
	VerificationResult string               `json:"verificationResult"`
	VerifiedLevels     []string             `json:"verifiedLevels"`
	SLSAVersion        string               `json:"slsaVersion,omitempty"`
}

// Verifier is who verified.
type Verifier struct {
	ID      string            `json:"id"`
	Version map[string]string `json:"version,omitempty"`
}

// ResourceDescriptor is in-toto's, as far as it is used here.
type ResourceDescriptor struct {
	URI       string            `json:"uri,omitempty"`
	Digest    map[string]string `json:"digest,omitempty"`
	MediaType string            `json:"mediaType,omitempty"`
}

// ParseSummary reads the predicate of a statement of SummaryType. Fields that are not known are passed over: others make such
// summaries too.
func ParseSummary(s Statement) (Summary, error) {
	var v Summary
	if s.PredicateType != SummaryType {
		return v, fmt.Errorf("reading a verification summary: the predicate is %s", s.PredicateType)
	}
	if err := decode(s.Predicate, &v, false); err != nil {
		return v, fmt.Errorf("reading a verification summary: %w", err)
	}
	return v, nil
}
