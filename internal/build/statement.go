package build

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

const statementLimit = 16 << 20 // bytes

// Statement is the provenance of a record, in canonical JSON: the same for the same record. builderID is the URI of who built
// (trust.Builder), version that of adamant.
func (r *Record) Statement(builderID, version string) ([]byte, error) {
	s, err := r.statement(builderID, version)
	if err != nil {
		return nil, fmt.Errorf("state the provenance of %s: %w", r.Job.Target.Name, err)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("state the provenance of %s: %w", r.Job.Target.Name, err)
	}
	text, err := manifest.CanonicalJSON(s)
	if err != nil {
		return nil, fmt.Errorf("state the provenance of %s: %w", r.Job.Target.Name, err)
	}
	return text, nil
}

func (r *Record) statement(builderID, version string) (*Statement, error) {
	target, err := manifest.CanonicalJSON(r.Job.Target)
	if err != nil {
		return nil, err
	}
	s := &Statement{Type: StatementType, PredicateType: PredicateType}
	for _, a := range r.Artifacts {
		s.Subject = append(s.Subject, Descriptor{Name: a.Name, Digest: map[string]string{"sha256": a.SHA256}})
	}
	s.Predicate = Provenance{
		BuildDefinition: Definition{
			BuildType: BuildType,
			ExternalParameters: ExternalParameters{
				Source:  Descriptor{URI: SourceURI(r.Job.Repository, r.Job.Ref), Digest: commitDigest(r.Job.Commit)},
				Target:  target,
				NoCache: r.Job.NoCache, Dirty: r.Job.Dirty,
			},
			InternalParameters: InternalParameters{
				Env: r.Env, Network: "none", Isolation: r.Isolation, OwnUser: r.OwnUser, Caches: append([]CacheUse{}, r.Caches...),
			},
			ResolvedDependencies: r.Resolved,
		},
		RunDetails: RunDetails{
			Builder:    BuilderInfo{ID: builderID},
			Metadata:   Metadata{InvocationID: r.Job.Invocation, StartedOn: r.Started, FinishedOn: r.Finished},
			Byproducts: []Descriptor{{Name: "log", Digest: map[string]string{"sha256": r.LogSHA256}}},
		},
	}
	if version != "" {
		s.Predicate.RunDetails.Builder.Version = map[string]string{"adamant": version}
	}
	return s, nil
}

// ReadStatement reads provenance that this package made, and refuses what it would never have written: other types, unknown
// parameters, missing digests. Whether it is true is for who checks its signature.
func ReadStatement(text []byte) (*Statement, error) {
	if len(text) > statementLimit {
		return nil, fmt.Errorf("read provenance: %d bytes, over the limit of %d", len(text), statementLimit)
	}
	var s Statement
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return nil, fmt.Errorf("read provenance: %w", err)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("read provenance: %w", err)
	}
	if same, err := manifest.CanonicalJSON(s); err != nil || !bytes.Equal(same, text) {
		return nil, errors.New("read provenance: it is not in canonical JSON")
	}
	return &s, nil
}

// Target is what was built, as the provenance states it.
func (s *Statement) Target() (manifest.Build, error) {
	var t manifest.Build
	d := json.NewDecoder(bytes.NewReader(s.Predicate.BuildDefinition.ExternalParameters.Target))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return t, fmt.Errorf("read provenance: its target: %w", err)
	}
	return t, nil
}

func (s *Statement) check() error {
	definition, details := s.Predicate.BuildDefinition, s.Predicate.RunDetails
	switch {
	case s.Type != StatementType:
		return fmt.Errorf("its _type is %q, not %q", s.Type, StatementType)
	case s.PredicateType != PredicateType:
		return fmt.Errorf("its predicateType is %q, not %q", s.PredicateType, PredicateType)
	case definition.BuildType != BuildType:
		return fmt.Errorf("its buildType is %q, not %q", definition.BuildType, BuildType)
	case len(s.Subject) == 0:
		return errors.New("it has no subject")
	case details.Builder.ID == "":
		return errors.New("it names no builder")
	case details.Metadata.InvocationID == "" || details.Metadata.StartedOn.IsZero() || details.Metadata.FinishedOn.Before(details.Metadata.StartedOn):
		return errors.New("it does not say which build it was, or when")
	case len(definition.ResolvedDependencies) == 0 || !isHex(definition.ExternalParameters.Source.Digest["gitCommit"], 40, 64):
		return errors.New("it does not say from which commit")
	}
	for _, subject := range s.Subject {
		if subject.Name == "" || !isHex(subject.Digest["sha256"], 64) {
			return fmt.Errorf("its subject %q has no SHA-256", subject.Name)
		}
	}
	for _, d := range definition.ResolvedDependencies {
		if len(d.Digest) == 0 {
			return fmt.Errorf("its dependency %q has no digest", d.Name)
		}
	}
	if _, err := s.Target(); err != nil {
		return err
	}
	return nil
}

// isHex wants lower-case hex of one of these lengths.
func isHex(text string, lengths ...int) bool {
	return slices.Contains(lengths, len(text)) && strings.Trim(text, "0123456789abcdef") == ""
}
