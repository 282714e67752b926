// Package vuln tells which known vulnerabilities the parts of an artifact have, from OSV records in a folder and OpenVEX statements.
// It promises to open no address, and that what cannot be told is said to be unknown, never passed over. It never decides whether an
// artifact may run: admission does.
package vuln

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/adamant-os/adamant/internal/build/sbom"
	"github.com/adamant-os/adamant/internal/check/dependencies"
	"github.com/adamant-os/adamant/internal/check/vulnerabilities"
)

// Status is what is known of one vulnerability of one package, in the words of OpenVEX.
type Status string

// The statuses. Unknown says that versions could not be compared.
const (
	Affected           Status = "affected"
	NotAffected        Status = "not_affected"
	Fixed              Status = "fixed"
	UnderInvestigation Status = "under_investigation"
	Unknown            Status = "unknown"
)

// PredicateType is how in-toto statements name a Report as their predicate.
const PredicateType = "https://adamant.dev/vulnerabilities/v1"

// Finding is one vulnerability of one package.
type Finding struct {
	ID       string   `json:"id"`
	Aliases  []string `json:"aliases,omitempty"`
	Package  string   `json:"package"` // purl
	Name     string   `json:"name"`
	Version  string   `json:"version"`
	Severity string   `json:"severity,omitempty"` // the database's word, in lower case
	Summary  string   `json:"summary,omitempty"`
	Fixed    string   `json:"fixed,omitempty"` // the lowest version without it
	Status   Status   `json:"status"`
	Reason   string   `json:"reason,omitempty"`  // why it is unknown, or what a statement says
	Reached  *bool    `json:"reached,omitempty"` // whether the vulnerable code is in the program (Report.Reach); absent: nobody looked
}

// Report is what a scan found.
type Report struct {
	Database string    `json:"database"`          // sha256:<hex> of all records
	Newest   string    `json:"newest"`            // when the newest record was modified, RFC 3339
	Records  int       `json:"records"`           //
	Missing  []string  `json:"missing,omitempty"` // ecosystems of the packages that no record is there for: of these nothing is known
	Findings []Finding `json:"findings"`          // sorted by package and id
}

// Open are the findings that nobody has answered: affected, under investigation or unknown.
func (r Report) Open() []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Status == NotAffected || f.Status == Fixed })
}

// Complete tells whether every package's ecosystem has records.
func (r Report) Complete() bool { return len(r.Missing) == 0 }

// Scan looks packages up in the OSV records below folder, as the vulnerabilities check keeps them. A folder without records is an
// error that wraps fs.ErrNotExist. products are the names by which OpenVEX statements may mean the artifact: its purl, or
// sha256:<hex>. Of several statements about the same, the latest counts.
func Scan(ctx context.Context, folder string, packages []sbom.Package, products []string, documents ...[]byte) (Report, error) {
	statements, err := parse(documents)
	if err != nil {
		return Report{}, err
	}
	records, err := vulnerabilities.OpenRecords(ctx, folder)
	if err != nil {
		return Report{}, fmt.Errorf("scan for vulnerabilities: %w", err)
	}
	report := Report{Database: "sha256:" + records.Digest(), Newest: records.Newest(), Records: records.Count(), Findings: []Finding{}}
	for _, p := range packages {
		if !records.Covers(string(p.Ecosystem)) {
			report.Missing = append(report.Missing, string(p.Ecosystem))
			continue
		}
		matches, err := records.Match(dependencies.Package{Ecosystem: string(p.Ecosystem), Name: p.Name, Version: p.Version})
		if err != nil {
			return Report{}, fmt.Errorf("scan for vulnerabilities: %w", err)
		}
		for _, m := range matches {
			report.Findings = append(report.Findings, answer(describe(p, m), products, statements))
		}
	}
	report.sort()
	return report, nil
}

func describe(p sbom.Package, m vulnerabilities.Match) Finding {
	f := Finding{ID: m.ID, Aliases: m.Aliases, Package: p.PURL(), Name: p.Name, Version: p.Version, Severity: m.Severity, Summary: m.Summary,
		Fixed: m.Fixed, Status: Affected}
	if m.Unknown != nil {
		f.Status, f.Reason = Unknown, m.Unknown.Error()
	}
	return f
}

func (r *Report) sort() {
	slices.Sort(r.Missing)
	r.Missing = slices.Compact(r.Missing)
	slices.SortFunc(r.Findings, func(a, b Finding) int { return cmp.Or(cmp.Compare(a.Package, b.Package), cmp.Compare(a.ID, b.ID)) })
	r.Findings = slices.CompactFunc(r.Findings, func(a, b Finding) bool { return a.Package == b.Package && a.ID == b.ID })
}

// names are all by which a finding's vulnerability is known.
func (f Finding) names() []string { return append([]string{f.ID}, f.Aliases...) }
