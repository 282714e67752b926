// Package licenses looks at the licences of dependencies that a change adds, as far as they can be known offline, and at
// the repository's own. It promises to say which licences it could not learn, and never to take an unknown one for a
// permitted one. It gives no legal advice.
package licenses

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/check/dependencies"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
)

// Name is the check's name, its kind and the first part of its rule ids.
const Name = "licenses"

// Check is the built-in check for licences.
type Check struct{}

// Name returns "licenses".
func (Check) Name() string { return Name }

// Kind returns "licenses".
func (Check) Kind() string { return Name }

// Run compares the packages of changed lock files on both sides and judges those that only one side has.
func (Check) Run(ctx context.Context, in builtin.Input) (builtin.Result, error) {
	own, err := ownLicense(ctx, in)
	if err != nil {
		return builtin.Result{}, err
	}
	r := run{in: in, configured: in.Config.Spec.Licenses.Deny, own: own,
		base: source{ctx: ctx, tree: in.Base, cache: in.ModuleCache}, merged: source{ctx: ctx, tree: in.Merged, cache: in.ModuleCache}}
	result, err := builtin.Scan(ctx, in, Name, dependencies.IsLocked, r.file)
	if err != nil {
		return builtin.Result{}, err
	}
	changed := ownChanges(in)
	result = builtin.Conclude(result.Base, append(result.Merged, changed...))
	if len(r.unknown) > 0 {
		result.State = facts.Unavailable
		result.Reason = "the licence cannot be learnt offline of " + some(r.unknown)
	}
	return result, nil
}

// run is one run of the check.
type run struct {
	in           builtin.Input
	configured   []string // denied by the configuration: an error
	own          string   // the repository's own licence, "" when not known
	base, merged source
	unknown      []string
}

// copyleft are the licences that a work under another licence can rarely include.
var copyleft = []string{"AGPL-*", "GPL-*", "SSPL-*"}

func (r *run) file(f *builtin.File) error {
	packages, err := dependencies.Locked(f.Path, f.Text)
	var syntax *dependencies.Error
	if errors.As(err, &syntax) {
		f.ReportLine(finding.Finding{Rule: Name + "/unreadable", Severity: finding.Error, Line: syntax.Line,
			Message: fmt.Sprintf("the file cannot be read, so nothing is known about its licences: %v", syntax.Err),
			Fix:     "let the package manager write it anew"}, syntax.Err.Error(), "")
		return nil
	}
	if err != nil {
		return err
	}
	others := map[string]bool{}
	if f.Other != nil {
		theirs, err := dependencies.Locked(f.Path, f.Other)
		if err != nil && !errors.As(err, &syntax) {
			return err
		}
		for _, p := range theirs {
			others[p.Name+"\x00"+p.Version] = true
		}
	}
	var unknown []string
	for _, p := range packages {
		if others[p.Name+"\x00"+p.Version] {
			continue
		}
		known, err := r.judge(f, p)
		if err != nil {
			return err
		}
		if !known {
			unknown = append(unknown, p.Name+" "+p.Version)
		}
	}
	if f.Merged && len(unknown) > 0 {
		r.unknown = append(r.unknown, unknown...)
		f.ReportLine(finding.Finding{Rule: Name + "/unknown", Severity: finding.Note,
			Message: "the licence cannot be learnt offline of " + some(unknown),
			Fix:     "look it up where the package is published"}, strings.Join(unknown, "\n"), "")
	}
	return nil
}

// judge reports a package whose licence is refused, and whether its licence is known at all.
func (r *run) judge(f *builtin.File, p dependencies.Package) (known bool, err error) {
	side := r.base
	if f.Merged {
		side = r.merged
	}
	license, err := side.license(p)
	if err != nil {
		return false, err
	}
	e, ok := parseExpression(license)
	if !ok {
		return false, nil
	}
	if id := e.refused(r.configured); id != "" {
		f.ReportLine(finding.Finding{Rule: Name + "/denied", Severity: finding.Error, Line: p.Line,
			Message: fmt.Sprintf("%s %s is under %s, which licenses.deny refuses", p.Name, p.Version, license),
			Fix:     "use another package, or record a waiver with the reason"}, p.Ecosystem+" "+p.Name+" "+id, "")
	} else if id := e.refused(copyleft); id != "" && !matchesAny(copyleft, r.own) {
		f.ReportLine(finding.Finding{Rule: Name + "/copyleft", Severity: finding.Warning, Line: p.Line,
			Message: fmt.Sprintf("%s %s is under %s; this repository is under %s", p.Name, p.Version, license, named(r.own)),
			Fix:     "check whether the two go together; list it under licenses.deny to refuse it"}, p.Ecosystem+" "+p.Name+" "+id, "")
	}
	return true, nil
}

func matchesAny(patterns []string, id string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, id) })
}

func named(license string) string {
	if license == "" {
		return "a licence that is not recognised"
	}
	return license
}

// some lists the first five names.
func some(names []string) string {
	if len(names) > 5 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:5], ", "), len(names)-5)
	}
	return strings.Join(names, ", ")
}

// ownLicense identifies the licence at the root of base, or of the merged tree when base has none.
func ownLicense(ctx context.Context, in builtin.Input) (string, error) {
	for _, tree := range []builtin.Tree{in.Base, in.Merged} {
		for _, file := range tree.Paths() {
			if strings.Contains(file, "/") || !isLicenseFile(file) {
				continue
			}
			f, err := builtin.Open(ctx, tree, file)
			if _, unread := builtin.Unread(err); unread {
				continue
			}
			if err != nil {
				return "", fmt.Errorf("licenses: %w", err)
			}
			return identify(f.Text), nil
		}
	}
	return "", nil
}

// ownChanges reports changes to licence files at the root: they decide what others may do with everything else.
func ownChanges(in builtin.Input) []finding.Finding {
	var found []finding.Finding
	for _, changed := range in.Files {
		before := changed.Path
		if changed.OldPath != "" {
			before = changed.OldPath
		}
		if changed.Status == "added" || path.Dir(before) != "." || !isLicenseFile(before) {
			continue
		}
		f := builtin.File{Path: changed.Path}
		f.ReportLine(finding.Finding{Rule: Name + "/own", Severity: finding.Warning,
			Message: fmt.Sprintf("the change touches the repository's own licence (%s, %s)", before, changed.Status),
			Fix:     "let the operator decide this by itself, in a change of its own"}, changed.Before+" "+changed.After, "")
		found = append(found, f.Findings()...)
	}
	return found
}

// source learns licences of one side.
type source struct {
	ctx   context.Context //nolint:containedctx // lives for one run
	tree  builtin.Tree
	cache string
}

// license is an SPDX expression, "" when it cannot be learnt: from the lock file, from vendored code, from the module cache.
func (s source) license(p dependencies.Package) (string, error) {
	if p.License != "" || p.Ecosystem != dependencies.Go {
		return p.License, nil
	}
	vendored, err := s.vendored(p.Name)
	if err != nil || vendored != "" {
		return vendored, err
	}
	return s.cached(p.Name, p.Version)
}

func (s source) vendored(module string) (string, error) {
	paths, dir := s.tree.Paths(), "vendor/"+module+"/"
	at, _ := slices.BinarySearch(paths, dir)
	for ; at < len(paths) && strings.HasPrefix(paths[at], dir); at++ {
		if path.Dir(paths[at])+"/" != dir || !isLicenseFile(paths[at]) {
			continue
		}
		f, err := builtin.Open(s.ctx, s.tree, paths[at])
		if _, unread := builtin.Unread(err); unread || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		return identify(f.Text), nil
	}
	return "", nil
}
