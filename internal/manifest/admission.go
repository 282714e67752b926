package manifest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Admission says which artifacts may run where (docs/admission.md).
type Admission struct {
	// Environments by name. None: every environment asks for what an empty one asks for. With any, only these are known.
	Environments map[string]Environment `json:"environments,omitempty"`
	// Builders are dedicated builders: the kernel certifies what their key signed.
	Builders []DedicatedBuilder `json:"builders,omitempty"`
	// Revoked artifacts, commits and builders run nowhere.
	Revoked []Revocation `json:"revoked,omitempty"`
}

// DedicatedBuilder is a builder on a machine of its own (docs/builder.md). What it may claim stands in root.json.
type DedicatedBuilder struct {
	Identity string `json:"identity" format:"url"` // https://adamant.dev/id/<repository>/builder/dedicated/<name>
	Key      string `json:"key" min:"1"`           // its signer's public key, a line of authorized_keys
	// URL is where it takes orders: adamant build --on.
	URL string `json:"url,omitempty" format:"url"`
}

// Environment is what an artifact must fulfil to run in one place. That a builder of root.json built it from a commit of main that
// the gate allowed is asked everywhere.
type Environment struct {
	// BuildLevel is the least SLSA Build level, by what root.json lets the builder claim; default 1.
	BuildLevel int `json:"buildLevel,omitempty" min:"0" max:"3"`
	// SourceLevel is the least SLSA Source level of the commit; default 1.
	SourceLevel int `json:"sourceLevel,omitempty" min:"0" max:"3"`
	// Components that may run there; default all.
	Components []string `json:"components,omitempty" format:"name"`
	// Reproduced asks for two builds with the same result.
	Reproduced bool `json:"reproduced,omitempty"`
	// SBOM asks for a bill of materials.
	SBOM bool `json:"sbom,omitempty"`
	// Vulnerabilities asks for a recent look for known ones. Without it one that was taken counts, and none is a warning.
	Vulnerabilities *AdmissionScan `json:"vulnerabilities,omitempty"`
}

// AdmissionScan is what known vulnerabilities mean for an environment.
type AdmissionScan struct {
	// Deny is the least severity that refuses; default critical. What is stated not to matter (OpenVEX) never does; a severity that
	// nobody knows counts as critical.
	Deny string `json:"deny,omitempty" enum:"low,medium,high,critical"`
	// MaxAge is how old the look may be; default 168h.
	MaxAge string `json:"maxAge,omitempty" format:"duration"`
}

// Revocation takes back what was allowed. Exactly one of Digest, Commit and Builder is set.
type Revocation struct {
	Digest  string `json:"digest,omitempty" min:"1"`  // sha256:<hex> of an artifact
	Commit  string `json:"commit,omitempty" min:"1"`  // id of a commit, in full: whatever was built from it
	Builder string `json:"builder,omitempty" min:"1"` // URI of a builder: whatever it built
	Reason  string `json:"reason" min:"1"`
}

// WithDefaults completes what is left out.
func (e Environment) WithDefaults() Environment {
	e.BuildLevel, e.SourceLevel = or(e.BuildLevel, 1), or(e.SourceLevel, 1)
	if e.Vulnerabilities != nil {
		e.Vulnerabilities = &AdmissionScan{Deny: or(e.Vulnerabilities.Deny, "critical"), MaxAge: or(e.Vulnerabilities.MaxAge, "168h")}
	}
	return e
}

func (v *validator) admission(a Admission) {
	for _, name := range slices.Sorted(maps.Keys(a.Environments)) {
		if !isName(name) {
			v.report("/spec/admission/environments/"+EscapePointer(name), "%q is no name of an environment", name)
		}
	}
	for i, r := range a.Revoked {
		v.revocation("/spec/admission/revoked/"+strconv.Itoa(i), r)
	}
}

func (v *validator) revocation(at string, r Revocation) {
	given := 0
	for _, s := range []string{r.Digest, r.Commit, r.Builder} {
		if s != "" {
			given++
		}
	}
	hex, sha256 := strings.CutPrefix(r.Digest, "sha256:")
	switch {
	case given != 1:
		v.report(at, "a revocation names a digest, a commit or a builder: one of them")
	case r.Digest != "" && !(sha256 && isObjectID(hex, 64)):
		v.report(at+"/digest", "the digest is written sha256: and 64 hexadecimal digits in lower case")
	case r.Commit != "" && !isObjectID(r.Commit, 40) && !isObjectID(r.Commit, 64):
		v.report(at+"/commit", "the commit is an id in full, in lower case")
	}
}

func isObjectID(s string, digits int) bool {
	return len(s) == digits && strings.Trim(s, "0123456789abcdef") == ""
}
