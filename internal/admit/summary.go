package admit

import (
	"fmt"
	"time"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/trust"
)

// summary states an admission as SLSA's verification summary. Nobody has signed it: whoever asks may.
func (r *rules) summary(d Decision, e *evidence, now time.Time, version string) ([]byte, error) {
	repository := r.chain.Current().Repository
	predicate := attest.Summary{
		Verifier:           attest.Verifier{ID: trust.Gate(repository).String()},
		TimeVerified:       now.UTC().Truncate(time.Second),
		ResourceURI:        attest.RepositoryURI(repository) + "#" + d.Environment + "/" + d.Component,
		Policy:             attest.ResourceDescriptor{URI: "https://adamant.dev/admission/" + d.Environment, Digest: map[string]string{attest.SHA256: r.policy}},
		InputAttestations:  e.inputs,
		VerificationResult: attest.Passed,
		VerifiedLevels:     []string{fmt.Sprintf("SLSA_BUILD_LEVEL_%d", d.BuildLevel), fmt.Sprintf("SLSA_SOURCE_LEVEL_%d", d.SourceLevel)},
		SLSAVersion:        "1.2",
	}
	if version != "" {
		predicate.Verifier.Version = map[string]string{"adamant": version}
	}
	text, err := manifest.CanonicalJSON(predicate)
	if err != nil {
		return nil, fmt.Errorf("stating the admission: %w", err)
	}
	digest := map[string]string{attest.SHA256: Request{Digest: d.Digest}.hex()}
	return attest.Statement{Type: attest.StatementType, PredicateType: attest.SummaryType, Predicate: text,
		Subject: []attest.Subject{{Name: d.Component, Digest: digest}}}.Text()
}
