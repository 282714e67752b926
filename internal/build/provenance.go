package build

import (
	"encoding/json"
	"time"
)

// The types of what this package states (docs/formats/provenance.md).
const (
	StatementType = "https://in-toto.io/Statement/v1"
	PredicateType = "https://slsa.dev/provenance/v1"
	BuildType     = "https://adamant.dev/build/v1"
)

// Statement is an in-toto Statement v1 whose predicate is SLSA provenance v1.
type Statement struct {
	Type          string       `json:"_type"`
	Subject       []Descriptor `json:"subject"`
	PredicateType string       `json:"predicateType"`
	Predicate     Provenance   `json:"predicate"`
}

// Provenance is the predicate of SLSA provenance v1, with the parameters of BuildType.
type Provenance struct {
	BuildDefinition Definition `json:"buildDefinition"`
	RunDetails      RunDetails `json:"runDetails"`
}

// Definition is what was asked for and what went in.
type Definition struct {
	BuildType            string             `json:"buildType"`
	ExternalParameters   ExternalParameters `json:"externalParameters"`
	InternalParameters   InternalParameters `json:"internalParameters"`
	ResolvedDependencies []Descriptor       `json:"resolvedDependencies"`
}

// ExternalParameters are all that who asked for a build decided: a verifier checks each of them.
type ExternalParameters struct {
	Source  Descriptor      `json:"source"` // uri git+<repository>[@ref], digest gitCommit
	Target  json.RawMessage `json:"target"` // manifest.Build, complete
	NoCache bool            `json:"noCache"`
	Dirty   bool            `json:"dirty"` // the source is a work tree that no history holds
}

// InternalParameters are what the builder decided.
type InternalParameters struct {
	Env       []string   `json:"env"`
	Network   string     `json:"network"` // none
	Isolation string     `json:"isolation"`
	OwnUser   bool       `json:"ownUser"`
	Caches    []CacheUse `json:"caches"`
}

// RunDetails say who built, and when.
type RunDetails struct {
	Builder    BuilderInfo  `json:"builder"`
	Metadata   Metadata     `json:"metadata"`
	Byproducts []Descriptor `json:"byproducts,omitempty"` // the log
}

// BuilderInfo names who built: trust.Builder's URI, from which the level follows that may be believed.
type BuilderInfo struct {
	ID      string            `json:"id"`
	Version map[string]string `json:"version,omitempty"`
}

// Metadata is of one run.
type Metadata struct {
	InvocationID string    `json:"invocationId"`
	StartedOn    time.Time `json:"startedOn"`
	FinishedOn   time.Time `json:"finishedOn"`
}
