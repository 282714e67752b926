package check

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/check/report"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Import is one result of a pipeline that is taken as evidence.
type Import struct {
	Kind   string // of check that it answers for
	Format string // as in a declared report; coverage means any coverage format, told by content
	Path   string // as given
}

// ParseEvidenceFlag reads the value of --evidence: [KIND:]FORMAT=FILE, several with commas between. Without a kind, tests
// and coverage answer for unit, everything else for lint. A coverage profile alone proves no test: its kind is coverage.
func ParseEvidenceFlag(value string) ([]Import, error) {
	var imports []Import
	for part := range strings.SplitSeq(value, ",") {
		name, file, found := strings.Cut(part, "=")
		kind, format, qualified := strings.Cut(name, ":")
		if !qualified {
			kind, format = "", name
		}
		if !found || file == "" || qualified && kind == "" {
			return nil, fmt.Errorf("--evidence %q: want [KIND:]FORMAT=FILE, such as junit=report.xml or integration:junit=it.xml", part)
		}
		if !testFormat(format) && !coverageFormat(format) && format != "coverage" && !slices.Contains(finding.Formats(), format) {
			known := slices.Concat([]string{"coverage"}, report.TestFormats(), report.CoverageFormats(), finding.Formats())
			return nil, fmt.Errorf("--evidence %q: unknown format %q; known are %s", part, format, strings.Join(known, ", "))
		}
		imports = append(imports, Import{Kind: kind, Format: format, Path: file})
	}
	tests := slices.ContainsFunc(imports, func(i Import) bool { return testFormat(i.Format) && (i.Kind == "" || i.Kind == "unit") })
	for i := range imports {
		imports[i].Kind = cmp.Or(imports[i].Kind, defaultKind(imports[i].Format, tests))
	}
	return imports, nil
}

func defaultKind(format string, tests bool) string {
	switch {
	case testFormat(format), tests && (coverageFormat(format) || format == "coverage"):
		return "unit"
	case coverageFormat(format), format == "coverage":
		return "coverage"
	}
	return "lint"
}

// ImportOptions is what reading a pipeline's results needs.
type ImportOptions struct {
	Read    func(path string) ([]byte, error) // bounded by the caller
	Root    string                            // absolute path of the checkout the pipeline ran in, where reports hold absolute paths
	Changed []facts.File
	Modules map[string]string // Go module path to folder, of the merged tree
	Text    finding.Text      // of the merged tree
	Exists  func(path string) bool
	Symbol  finding.Symbol
	Now     time.Time
}

// Imported turns a pipeline's results into evidence, one a kind, with source ci: they were written by the pipeline of the
// change, and are shown as such. Findings outside of the lines that the change added count as unchanged, since there is no
// base to compare with. A file that cannot be read or understood is an error that names it.
func Imported(imports []Import, opt ImportOptions) ([]facts.Evidence, []finding.Finding, error) {
	kinds := map[string][]Import{}
	var order []string
	for _, i := range imports {
		if kinds[i.Kind] == nil {
			order = append(order, i.Kind)
		}
		kinds[i.Kind] = append(kinds[i.Kind], i)
	}
	slices.Sort(order)
	var evidence []facts.Evidence
	var findings []finding.Finding
	for _, kind := range order {
		e, fs, err := importKind(kind, kinds[kind], opt)
		if err != nil {
			return nil, nil, err
		}
		evidence, findings = append(evidence, e), append(findings, fs...)
	}
	finding.Sort(findings)
	return evidence, findings, nil
}

func importKind(kind string, imports []Import, opt ImportOptions) (facts.Evidence, []finding.Finding, error) {
	e := facts.Evidence{Check: "ci-" + kind, Kind: kind, Source: facts.SourceCI, ObservedAt: opt.Now.UTC().Truncate(time.Second)}
	out := &reading{}
	sum := sha256.New()
	c := manifest.Check{Name: e.Check, Kind: kind}
	for _, i := range imports {
		data, err := opt.Read(i.Path)
		if err != nil {
			return e, nil, fmt.Errorf("read evidence %s: %w", i.Path, err)
		}
		fileSum := sha256.Sum256(data)
		fmt.Fprintf(sum, "%s %x\n", i.Format, fileSum)
		file := reportFile{format: i.Format, path: i.Path, data: data}
		if i.Format == "coverage" {
			if file.format = report.CoverageFormat(data); file.format == "" {
				return e, nil, fmt.Errorf("read evidence %s: it is no coverage profile; known are %s", i.Path, strings.Join(report.CoverageFormats(), ", "))
			}
		}
		options := report.Options{Root: opt.Root, GoPackage: report.GoModules(opt.Modules), Exists: opt.Exists, Text: opt.Text}
		if err := out.add(file, options); err != nil {
			return e, nil, fmt.Errorf("read evidence %s: %w", i.Path, err)
		}
		c.Reports = append(c.Reports, manifest.Report{Format: file.format})
	}
	e.Digest = hex.EncodeToString(sum.Sum(nil))
	if opt.Text != nil {
		for _, fs := range [][]finding.Finding{out.broken, out.lint} {
			finding.AssignFingerprints(fs, opt.Text, opt.Symbol)
		}
	}
	bad := onAddedLines(out.lint, opt)
	v := judge(&manifest.Check{}, &attempt{}, out, bad)
	e.State, e.Reason, e.Tests, e.Rules = v.state, v.reason, out.tests, v.rules
	return e, slices.Concat(out.broken, out.lint), measure(&c, out.profiles, opt.Changed, textOrNone(opt.Text), &e)
}

func textOrNone(text finding.Text) finding.Text {
	if text != nil {
		return text
	}
	return func(string) ([]byte, bool) { return nil, false }
}

// onAddedLines gives findings their state, takes back suppressions that only the report claims, and returns the new errors.
func onAddedLines(fs []finding.Finding, opt ImportOptions) []finding.Finding {
	changed := map[string]*facts.File{}
	for i := range opt.Changed {
		changed[opt.Changed[i].Path] = &opt.Changed[i]
	}
	text := textOrNone(opt.Text)
	var bad []finding.Finding
	for i := range fs {
		f := &fs[i]
		f.State = StateOf(*f, changed[f.Path], opt.Exists == nil || opt.Exists(f.Path))
		if content, ok := text(f.Path); f.Suppress == inSource && (!ok || !Silenced(f.Path, content, f.Line)) {
			f.Suppress = ""
		}
		if f.State == finding.New && f.Severity == finding.Error && f.Suppress != inSource {
			bad = append(bad, *f)
		}
	}
	return bad
}

// StateOf compares a finding with the change, for tools that have seen the merged tree alone: it is new unless it can be shown
// to be old. file is nil when the change leaves the finding's file alone; there says that the merged tree holds the file.
// Which lines of a binary file were added is not known.
func StateOf(f finding.Finding, file *facts.File, there bool) finding.State {
	if !there || f.Path == "" || strings.HasPrefix(f.Rule, "evidence/") || strings.HasPrefix(f.Rule, "test/") {
		return finding.New
	}
	if file == nil {
		return finding.Unchanged
	}
	onAdded := slices.ContainsFunc(file.Lines, func(r facts.LineRange) bool { return r.From <= f.Line && f.Line <= r.To })
	if f.Line == 0 || file.Binary || onAdded {
		return finding.New
	}
	return finding.Unchanged
}
