package finding

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
)

const (
	sarifVersion = "2.1.0"
	sarifSchema  = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	// sourceRoot is the uriBaseId of repository-relative paths.
	sourceRoot = "SRCROOT"
	inSource   = "inSource" // suppression by a comment in the code
)

// Run is what WriteSARIF writes.
type Run struct {
	Tool     string // the driver's name
	Version  string
	URL      string // of the tool's page; may be empty
	Rules    []RuleInfo
	Findings []Finding
	Waivers  map[string]WaiverInfo // by id
	Text     Text                  // contents, to count columns in code points; without it bytes are written
	// Anchor is the path that findings without one are shown at, since code scanning services refuse results without a
	// place. Empty writes them without.
	Anchor string
}

// WaiverInfo describes a waiver that covers findings.
type WaiverInfo struct{ Justification, Expires string }

// RuleInfo describes a rule. Only ID is required.
type RuleInfo struct {
	ID          string
	Title       string // one line
	Description string
	Help        string // how to fix it
	Severity    Severity
}

// WriteSARIF writes a SARIF 2.1.0 log with one run. Equal runs give equal bytes, in whatever order rules and findings
// come. Fingerprints stand under FingerprintVersion in partialFingerprints; a waiver is an external suppression.
func WriteSARIF(w io.Writer, run Run) error {
	fs := slices.Clone(run.Findings)
	for i := range fs {
		fs[i].Rule = strings.ToValidUTF8(fs[i].Rule, "\uFFFD") // ids that JSON would make equal are one rule
	}
	Sort(fs)
	run.Findings = fs
	rules, index := sarifRules(run)
	results := make([]sarifResult, len(fs))
	files := reader{text: run.Text, lines: map[string]file{}}
	for i := range fs {
		if fs[i].Rule == "" {
			return fmt.Errorf("write sarif: finding %q has no rule", fs[i].Message)
		}
		results[i] = sarifResultOf(&run, &fs[i], index[fs[i].Rule], files)
	}
	log := sarifLog{Version: sarifVersion, Schema: sarifSchema, Runs: &[]sarifRun{{
		Tool:       sarifTool{Driver: sarifComponent{Name: run.Tool, Version: run.Version, InformationURI: run.URL, Rules: rules}},
		ColumnKind: "unicodeCodePoints",
		OriginalURIBaseIDs: map[string]sarifArtifact{
			sourceRoot: {Description: &sarifText{"The root of the repository."}},
		},
		Results: &results,
	}}}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(log); err != nil {
		return fmt.Errorf("write sarif: %w", err)
	}
	return nil
}

// sarifRules returns the rules that are described or broken, by id, and the position of each.
func sarifRules(run Run) ([]sarifRule, map[string]int) {
	known := slices.Clone(run.Rules)
	for _, f := range run.Findings {
		known = append(known, RuleInfo{ID: f.Rule})
	}
	slices.SortStableFunc(known, func(a, b RuleInfo) int { return cmp.Compare(a.ID, b.ID) })
	known = slices.CompactFunc(known, func(a, b RuleInfo) bool { return a.ID == b.ID })
	rules, index := make([]sarifRule, len(known)), make(map[string]int, len(known))
	for i, r := range known {
		index[r.ID] = i
		rules[i] = sarifRule{ID: r.ID, ShortDescription: optional(r.Title), FullDescription: optional(r.Description), Help: optional(r.Help)}
		if r.Severity != "" {
			rules[i].Default = &sarifConfiguration{Level: level(r.Severity)}
		}
	}
	return rules, index
}

func optional(text string) *sarifText {
	if text == "" {
		return nil
	}
	return &sarifText{text}
}

// level is SARIF's word for a severity; an unknown one is written as the worst.
func level(s Severity) string {
	switch s {
	case Warning, Note:
		return string(s)
	}
	return string(Error)
}

func sarifResultOf(run *Run, f *Finding, rule int, files reader) sarifResult {
	r := sarifResult{
		RuleID: f.Rule, RuleIndex: &rule, Level: level(f.Severity),
		Message:       sarifMessage{Text: cmp.Or(f.Message, f.Rule)},
		BaselineState: string(f.State),
		Suppressions:  sarifSuppressions(run, f),
		Locations:     sarifLocations(cmp.Or(f.Path, run.Anchor), f, files),
	}
	if f.Fingerprint != "" {
		r.PartialFingerprints = map[string]string{FingerprintVersion: f.Fingerprint}
	}
	props := sarifProperties{Fix: f.Fix, Pathless: f.Path == "" && run.Anchor != ""}
	if f.Tool != run.Tool {
		props.Tool = f.Tool
	}
	if props != (sarifProperties{}) {
		r.Properties = &props
	}
	return r
}

// sarifSuppressions is never null: the standard wants suppressions on all results or on none.
func sarifSuppressions(run *Run, f *Finding) []sarifSuppression {
	out := []sarifSuppression{}
	if f.Waiver != "" {
		w := run.Waivers[f.Waiver]
		out = append(out, sarifSuppression{
			Kind: "external", Status: "accepted", Properties: &sarifProperties{Waiver: f.Waiver, Expires: w.Expires},
			Justification: cmp.Or(w.Justification, "waiver "+f.Waiver),
		})
	}
	if f.Suppress != "" {
		kind := "external"
		if f.Suppress == inSource {
			kind = inSource
		}
		out = append(out, sarifSuppression{Kind: kind, Status: "accepted"})
	}
	return out
}

func sarifLocations(path string, f *Finding, files reader) []sarifLocation {
	if path == "" {
		return nil
	}
	place := sarifPhysical{Artifact: &sarifArtifact{URI: escapePath(path), URIBaseID: sourceRoot}}
	if f.Path != "" && f.Line > 0 {
		place.Region = &sarifRegion{StartLine: f.Line, StartColumn: f.Column}
		if lines := files.file(path).lines; f.Column > 0 && f.Line <= len(lines) {
			place.Region.StartColumn = runesBefore(lines[f.Line-1], f.Column-1) + 1
		}
		if f.EndLine > f.Line {
			place.Region.EndLine = f.EndLine
		}
	}
	return []sarifLocation{{Physical: &place}}
}

// escapePath writes a path as a relative URI reference: every byte that is not allowed in a path segment is
// percent-encoded, and a colon too, since it would make the first segment a scheme.
func escapePath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i] = strings.ReplaceAll(url.PathEscape(s), ":", "%3A")
	}
	return strings.Join(segments, "/")
}
