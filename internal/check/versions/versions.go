// Package versions is the single version policy: one external dependency, one version across the manifests of a
// repository. It promises a finding for each version beyond the first, so that a ratchet can count them down; it never
// says which version is right.
package versions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/check/dependencies"
	"github.com/adamant-os/adamant/internal/finding"
)

// Name is the check's name, its kind and the first part of its rule ids.
const Name = "versions"

// Check is the built-in check for the single version policy.
type Check struct{}

// Name returns "versions".
func (Check) Name() string { return Name }

// Kind returns "versions".
func (Check) Kind() string { return Name }

// Run compares all manifests of either tree, if the change touches one.
func (Check) Run(ctx context.Context, in builtin.Input) (builtin.Result, error) {
	changed, touched := map[string]bool{}, in.All
	for _, f := range in.Files {
		changed[f.Path] = true
		touched = touched || dependencies.IsManifest(f.Path) || dependencies.IsManifest(f.OldPath)
	}
	if !touched {
		return builtin.Conclude(nil, nil), nil
	}
	var sides [2][]finding.Finding
	for i, tree := range []builtin.Tree{in.Base, in.Merged} {
		if in.All && i == 0 {
			continue
		}
		places, broken, err := collect(ctx, tree, changed)
		if err != nil {
			return builtin.Result{}, err
		}
		sides[i] = append(broken, surplus(places, changed)...)
	}
	return builtin.Conclude(sides[0], sides[1]), nil
}

// key names a dependency, place is where one manifest asks for it.
type key struct{ ecosystem, name string }

type place struct {
	path string
	line int
}

// asked maps dependency and constraint to the places that ask for it so.
type asked map[key]map[string][]place

func collect(ctx context.Context, tree builtin.Tree, changed map[string]bool) (asked, []finding.Finding, error) {
	all, own := asked{}, map[string]bool{}
	var broken []finding.Finding
	for _, file := range tree.Paths() {
		if !dependencies.IsManifest(file) {
			continue
		}
		f, err := builtin.Open(ctx, tree, file)
		if _, unread := builtin.Unread(err); unread {
			continue // symbolic links and the like; a manifest that is too large is the caller's finding
		}
		if err != nil {
			return nil, nil, fmt.Errorf("versions: %w", err)
		}
		own[dependencies.Own(file, f.Text)] = true
		packages, err := dependencies.Asked(file, f.Text)
		var syntax *dependencies.Error
		if errors.As(err, &syntax) {
			if changed[file] {
				broken = append(broken, unreadable(f, syntax))
			}
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		all.add(file, packages)
	}
	maps.DeleteFunc(all, func(k key, _ map[string][]place) bool { return own[k.name] })
	return all, broken, nil
}

func (a asked) add(file string, packages []dependencies.Package) {
	for _, p := range packages {
		version := wanted(p.Version)
		if p.Indirect || version == "" {
			continue
		}
		k := key{p.Ecosystem, p.Name}
		if a[k] == nil {
			a[k] = map[string][]place{}
		}
		a[k][version] = append(a[k][version], place{file, p.Line})
	}
}

// wanted is the version that a constraint starts from, so that 1.2.0, ^1.2.0, ~1.2.0 and ==1.2.0 are one. It is "" for
// constraints that leave the version open: ranges, any version, folders, addresses, the workspace.
func wanted(constraint string) string {
	version := strings.TrimLeft(constraint, "^~=")
	if version == "latest" || version == "x" || strings.ContainsAny(version, "<>!*|, :/") {
		return ""
	}
	return version
}

func unreadable(f *builtin.File, e *dependencies.Error) finding.Finding {
	f.ReportLine(finding.Finding{Rule: Name + "/unreadable", Severity: finding.Error, Line: e.Line,
		Message: fmt.Sprintf("the manifest cannot be read: %v", e.Err), Fix: "correct it"}, e.Err.Error(), "")
	return f.Findings()[0]
}

// surplus reports every version beyond the one that most manifests ask for. The fingerprint names the dependency and
// counts, so that moving manifests from one version to another adds nothing, and a further version does.
func surplus(all asked, changed map[string]bool) []finding.Finding {
	var found []finding.Finding
	for _, k := range slices.SortedFunc(maps.Keys(all), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.ecosystem, b.ecosystem), cmp.Compare(a.name, b.name))
	}) {
		versions := ranked(all[k], changed)
		for i, version := range versions[1:] {
			at := shown(all[k][version], changed)
			found = append(found, finding.Finding{
				Rule: Name + "/single-version", Severity: finding.Warning, Path: at.path, Line: at.line, Tool: "adamant",
				Message:     fmt.Sprintf("%s is wanted in %d versions: %s", k.name, len(versions), list(all[k], versions)),
				Fix:         fmt.Sprintf("use %s here, or move all manifests to one version in one change", versions[0]),
				Fingerprint: finding.Fingerprint(Name+"/single-version", k.ecosystem+" "+k.name, "", i),
			})
		}
	}
	return found
}

// ranked sorts versions: most manifests first, then most untouched manifests, then by name, last first.
func ranked(versions map[string][]place, changed map[string]bool) []string {
	untouched := func(places []place) (n int) {
		for _, p := range places {
			if !changed[p.path] {
				n++
			}
		}
		return n
	}
	return slices.SortedFunc(maps.Keys(versions), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(versions[b]), len(versions[a])), cmp.Compare(untouched(versions[b]), untouched(versions[a])), cmp.Compare(b, a))
	})
}

// shown is the place to point at: one that the change touches, if there is one.
func shown(places []place, changed map[string]bool) place {
	for _, p := range places {
		if changed[p.path] {
			return p
		}
	}
	return places[0]
}

func list(places map[string][]place, versions []string) string {
	var parts []string
	for _, version := range versions {
		first := places[version][0].path
		if more := len(places[version]) - 1; more > 0 {
			first += fmt.Sprintf(" and %d more", more)
		}
		parts = append(parts, fmt.Sprintf("%s (%s)", version, first))
	}
	return strings.Join(parts, ", ")
}
