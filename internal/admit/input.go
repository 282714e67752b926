package admit

import (
	"cmp"
	"time"

	"github.com/adamant-os/adamant/internal/build/vuln"
	"github.com/adamant-os/adamant/internal/manifest"
)

// The input of the rules: admission-input/v1 (adamant schema, docs/formats/admission.md). No field is ever left out, so that no
// clause is passed over for a fact that is not there.
type (
	input struct {
		APIVersion  string           `json:"apiVersion"`
		Now         time.Time        `json:"now"`
		Digest      string           `json:"digest"`
		Environment string           `json:"environment"`
		Component   string           `json:"component"`
		Repository  string           `json:"repository"`
		Settings    inputSettings    `json:"settings"`
		Provenance  inputProvenance  `json:"provenance"`
		Gate        inputGate        `json:"gate"`
		SBOM        bool             `json:"sbom"`
		Scan        inputScan        `json:"scan"`
		Revoked     []inputRevoked   `json:"revoked"`
		Rejected    []inputRejection `json:"rejected"`
	}
	inputSettings struct {
		BuildLevel      int       `json:"buildLevel"`
		SourceLevel     int       `json:"sourceLevel"`
		Components      []string  `json:"components"`
		Reproduced      bool      `json:"reproduced"`
		SBOM            bool      `json:"sbom"`
		Vulnerabilities inputLook `json:"vulnerabilities"`
	}
	inputLook struct {
		Required bool   `json:"required"`
		Deny     string `json:"deny"`
	}
	inputProvenance struct {
		Found        bool              `json:"found"`
		Builder      string            `json:"builder"` // who signed
		Claims       string            `json:"claims"`  // whom the statement names
		Level        int               `json:"level"`
		Time         time.Time         `json:"time"`
		Started      time.Time         `json:"started"`
		Finished     time.Time         `json:"finished"`
		Invocation   string            `json:"invocation"`
		Source       string            `json:"source"`
		Ours         bool              `json:"ours"`
		Commit       string            `json:"commit"`
		Landed       bool              `json:"landed"`
		Dirty        bool              `json:"dirty"`
		NoCache      bool              `json:"noCache"`
		Target       string            `json:"target"`
		Component    string            `json:"component"`
		Expected     bool              `json:"expected"`
		Reproduced   bool              `json:"reproduced"`
		Network      string            `json:"network"`
		OwnUser      bool              `json:"ownUser"`
		Dependencies []inputDependency `json:"dependencies"`
	}
	inputDependency struct {
		Name string `json:"name"`
		URI  string `json:"uri"`
	}
	inputGate struct {
		Decision    string   `json:"decision"` // empty: none
		Level       string   `json:"level"`    // of the risk
		Change      string   `json:"change"`
		Agent       string   `json:"agent"`
		Model       string   `json:"model"`
		Approvals   int      `json:"approvals"`
		Waivers     int      `json:"waivers"`
		SourceLevel int      `json:"sourceLevel"`
		Properties  []string `json:"properties"`
	}
	inputScan struct {
		Found    bool           `json:"found"`
		Fresh    bool           `json:"fresh"`
		At       string         `json:"at"`
		Since    string         `json:"since"`
		Missing  string         `json:"missing"`
		Findings []inputFinding `json:"findings"`
	}
	inputFinding struct {
		ID       string `json:"id"`
		Package  string `json:"package"`
		Name     string `json:"name"`
		Version  string `json:"version"`
		Severity string `json:"severity"`
		Fixed    string `json:"fixed"`
		Status   string `json:"status"`
	}
	inputRevoked struct {
		What   string `json:"what"`
		Value  string `json:"value"`
		Reason string `json:"reason"`
	}
	inputRejection struct {
		Code    Code   `json:"code"`
		Message string `json:"message"`
		Next    string `json:"next"`
	}
)

func (e *evidence) input(r *rules, req Request, settings manifest.Environment, now time.Time) (map[string]any, error) {
	in := input{
		APIVersion: "admission-input/v1", Now: now.UTC(), Digest: req.Digest, Environment: req.Environment, Component: req.Component,
		Repository: r.chain.Current().Repository, Settings: settingsOf(settings), SBOM: e.sbom, Scan: e.scanOf(settings, now),
		Provenance: e.provenanceOf(), Gate: e.gateOf(), Revoked: e.revokedOf(r.config.Revoked, req), Rejected: []inputRejection{},
	}
	for _, reason := range e.rejected {
		in.Rejected = append(in.Rejected, inputRejection(reason))
	}
	return asJSON(in)
}

func settingsOf(s manifest.Environment) inputSettings {
	out := inputSettings{BuildLevel: s.BuildLevel, SourceLevel: s.SourceLevel, Components: append([]string{}, s.Components...), Reproduced: s.Reproduced,
		SBOM: s.SBOM, Vulnerabilities: inputLook{Deny: "critical"}}
	if s.Vulnerabilities != nil {
		out.Vulnerabilities = inputLook{Required: true, Deny: s.Vulnerabilities.Deny}
	}
	return out
}

func (e *evidence) provenanceOf() inputProvenance {
	p := e.chosen()
	if p == nil {
		return inputProvenance{Dependencies: []inputDependency{}}
	}
	definition, details := p.statement.Predicate.BuildDefinition, p.statement.Predicate.RunDetails
	out := inputProvenance{
		Found: true, Builder: p.signer, Claims: details.Builder.ID, Level: p.level, Time: p.time.UTC(), Started: details.Metadata.StartedOn,
		Finished: details.Metadata.FinishedOn, Invocation: details.Metadata.InvocationID, Source: definition.ExternalParameters.Source.URI, Ours: p.ours,
		Commit: p.commit, Landed: p.landed, Dirty: p.dirty(), NoCache: definition.ExternalParameters.NoCache, Target: p.target.Name,
		Component: p.component, Expected: p.expected, Reproduced: e.reproduced(p), Network: definition.InternalParameters.Network,
		OwnUser: definition.InternalParameters.OwnUser, Dependencies: []inputDependency{},
	}
	for _, d := range definition.ResolvedDependencies {
		out.Dependencies = append(out.Dependencies, inputDependency{d.Name, d.URI})
	}
	return out
}

func (e *evidence) gateOf() inputGate {
	p := e.chosen()
	if p == nil {
		return inputGate{Properties: []string{}}
	}
	out := inputGate{SourceLevel: p.gate.level, Properties: append([]string{}, p.gate.properties...)}
	if d := p.gate.decision; d != nil {
		out.Decision, out.Level, out.Change = cmp.Or(d.Verdict.Decision, "unreadable"), d.Risk.Level.String(), d.Change.ID
		out.Agent, out.Model, out.Approvals, out.Waivers = d.Change.Agent, d.Change.Model, len(d.Approvals), len(d.Waivers)
	}
	return out
}

func (e *evidence) scanOf(settings manifest.Environment, now time.Time) inputScan {
	out := inputScan{Findings: []inputFinding{}, Since: now.Add(-maxAge(settings)).UTC().Format(time.RFC3339)}
	if e.scan == nil {
		return out
	}
	out.Found, out.Fresh, out.At, out.Missing = true, e.scan.fresh(settings, now), e.scan.at.UTC().Format(time.RFC3339), e.scan.unscanned()
	for _, f := range e.scan.report.Findings {
		out.Findings = append(out.Findings, inputFinding{f.ID, f.Package, f.Name, f.Version, f.Severity, f.Fixed, string(cmp.Or(f.Status, vuln.Unknown))})
	}
	return out
}

func (e *evidence) revokedOf(list []manifest.Revocation, req Request) []inputRevoked {
	out := []inputRevoked{}
	p := e.chosen()
	for _, r := range list {
		switch {
		case r.Digest == req.Digest:
			out = append(out, inputRevoked{"artifact", r.Digest, r.Reason})
		case p != nil && r.Commit == p.commit:
			out = append(out, inputRevoked{"commit", r.Commit, r.Reason})
		case p != nil && r.Builder == p.signer:
			out = append(out, inputRevoked{"builder", r.Builder, r.Reason})
		}
	}
	return out
}
