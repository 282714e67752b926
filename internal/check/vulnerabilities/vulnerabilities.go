// Package vulnerabilities looks the packages of lock files up in a local copy of OSV records. It promises to open no
// address: without a copy the check is unavailable, never passed. It tells what a version is known for, not whether the
// vulnerable code is reached.
package vulnerabilities

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/check/dependencies"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
)

// Name is the check's name, its kind and the first part of its rule ids.
const Name = "vulnerabilities"

// Check is the built-in check for known vulnerabilities.
type Check struct{}

// Name returns "vulnerabilities".
func (Check) Name() string { return Name }

// Kind returns "vulnerabilities".
func (Check) Kind() string { return Name }

// Run looks up both sides of every changed lock file in the records under osv in Input.Data.
func (Check) Run(ctx context.Context, in builtin.Input) (builtin.Result, error) {
	l := lookup{ctx: ctx, in: in, wanted: map[string]bool{}, known: map[dependencies.Package][]finding.Finding{}}
	result, err := builtin.Scan(ctx, in, Name, dependencies.IsLocked, l.file)
	if err != nil {
		return builtin.Result{}, err
	}
	if l.db != nil {
		result.Digest = l.db.head.Digest
	}
	return l.conclude(result), nil
}

// lookup is one run: the records, opened for the first package, and what is known of packages so far.
type lookup struct {
	ctx    context.Context //nolint:containedctx // lives for one run
	in     builtin.Input
	db     *database
	absent bool            // there are no records
	wanted map[string]bool // ecosystems that were asked for
	known  map[dependencies.Package][]finding.Finding
}

func (l *lookup) file(f *builtin.File) error {
	packages, err := dependencies.Locked(f.Path, f.Text)
	var syntax *dependencies.Error
	if errors.As(err, &syntax) {
		f.ReportLine(finding.Finding{Rule: Name + "/unreadable", Severity: finding.Error, Line: syntax.Line,
			Message: fmt.Sprintf("the file cannot be read, so nothing is known about its packages: %v", syntax.Err),
			Fix:     "let the package manager write it anew"}, syntax.Err.Error(), "")
		return nil
	}
	if err != nil || len(packages) == 0 {
		return err
	}
	if err := l.open(); err != nil {
		return err
	}
	for _, p := range packages {
		l.wanted[p.Ecosystem] = true
		found, err := l.check(p)
		if err != nil {
			return err
		}
		for _, v := range found {
			v.Line = p.Line
			f.ReportLine(v, v.Fingerprint, "")
		}
	}
	return nil
}

func (l *lookup) open() error {
	if l.db != nil || l.absent {
		return nil
	}
	if l.in.Data == "" {
		l.absent = true
		return nil
	}
	db, err := openDatabase(l.ctx, filepath.Join(l.in.Data, "osv"))
	if errors.Is(err, fs.ErrNotExist) {
		l.absent = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("vulnerabilities: %w", err)
	}
	l.db = db
	return nil
}

// check returns a finding for each vulnerability of a package. Fingerprint holds what identifies it: package and
// vulnerability, but not the version, so that an update that does not help is not new.
func (l *lookup) check(p dependencies.Package) ([]finding.Finding, error) {
	if l.db == nil {
		return nil, nil
	}
	p.Line, p.License, p.Indirect = 0, "", false
	if found, ok := l.known[p]; ok {
		return found, nil
	}
	matches, err := l.db.match(p)
	if err != nil {
		return nil, fmt.Errorf("vulnerabilities: %w", err)
	}
	var found []finding.Finding
	for _, m := range matches {
		found = append(found, describe(p, m))
	}
	l.known[p] = found
	return found, nil
}

func describe(p dependencies.Package, m Match) finding.Finding {
	names := strings.Join(append([]string{m.ID}, m.Aliases...), ", ")
	if m.Unknown != nil {
		return finding.Finding{Rule: Name + "/unknown", Severity: finding.Warning, Fingerprint: p.Ecosystem + " " + p.Name + " " + m.Name,
			Message: fmt.Sprintf("whether %s affects %s %s cannot be told: %v", names, p.Name, p.Version, m.Unknown),
			Fix:     "read the advisory"}
	}
	v := finding.Finding{Rule: Name + "/known", Severity: finding.Error, Fingerprint: p.Ecosystem + " " + p.Name + " " + m.Name,
		Message: fmt.Sprintf("%s %s is affected by %s", p.Name, p.Version, names), Fix: "no fixed version is known: replace the package, or record a waiver with the reason"}
	if m.Severity != "" {
		v.Message += fmt.Sprintf(" (%s)", m.Severity)
	}
	if m.Summary != "" {
		v.Message += ": " + m.Summary
	}
	if m.Fixed != "" {
		v.Fix = fmt.Sprintf("update %s to %s or later", p.Name, m.Fixed)
	}
	return v
}

// conclude says what the answer rests on, or why there is none.
func (l *lookup) conclude(result builtin.Result) builtin.Result {
	var missing []string
	for ecosystem := range l.wanted {
		if l.db == nil || l.db.head.Ecosystems[ecosystem] == 0 {
			missing = append(missing, ecosystem)
		}
	}
	slices.Sort(missing)
	switch {
	case len(missing) > 0:
		result.State = facts.Unavailable
		result.Reason = fmt.Sprintf("no OSV records for %s; get them with: %s", strings.Join(missing, ", "), fetchCommand(l.in.Data, missing))
	case l.db != nil:
		day, _, _ := strings.Cut(l.db.head.Newest, "T")
		parts := []string{result.Reason, fmt.Sprintf("%d OSV records, newest of %s", l.db.head.Records, cmp.Or(day, "unknown date")), l.db.note}
		result.Reason = strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "; ")
	default:
		result.Reason = cmp.Or(result.Reason, "no lock file with packages changed")
	}
	return result
}

// fetchCommand is what the user runs: adamant itself opens no address.
func fetchCommand(data string, ecosystems []string) string {
	dir := filepath.Join(cmp.Or(data, "$XDG_DATA_HOME/adamant"), "osv")
	var commands []string
	for _, ecosystem := range ecosystems {
		commands = append(commands, fmt.Sprintf("curl --create-dirs -fo %s https://storage.googleapis.com/osv-vulnerabilities/%s/all.zip",
			filepath.Join(dir, ecosystem+".zip"), ecosystem))
	}
	return strings.Join(commands, " && ")
}
