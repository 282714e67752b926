package catalog

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
)

// The kinds of changes.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// Diff lists what changed between two catalogs, sorted by ref, then field. Field "paths" is the globs an entity owns: it
// changes with adamant.dev/paths, and when the file moves. Path and Line are those of the merged tree, of base for what was
// removed.
func Diff(base, merged *Catalog) []Change {
	var out []Change
	for _, e := range entitiesOf(base) {
		if now, there := entityByRef(merged, e.Ref); there {
			out = append(out, e.diff(now)...)
		} else {
			out = append(out, Change{Ref: e.Ref, Path: e.Path, Line: e.Line, Kind: Removed})
		}
	}
	for _, e := range entitiesOf(merged) {
		if _, there := entityByRef(base, e.Ref); !there {
			out = append(out, Change{Ref: e.Ref, Path: e.Path, Line: e.Line, Kind: Added})
		}
	}
	slices.SortFunc(out, func(a, b Change) int {
		return cmp.Or(strings.Compare(a.Ref, b.Ref), strings.Compare(a.Field, b.Field))
	})
	return out
}

// entitiesOf lets a tree without a catalog be nil.
func entitiesOf(c *Catalog) []*Entity {
	if c == nil {
		return nil
	}
	return c.entities
}

func entityByRef(c *Catalog, ref string) (*Entity, bool) {
	if c == nil {
		return nil, false
	}
	e, ok := c.byRef[ref]
	return e, ok
}

func (e *Entity) diff(now *Entity) []Change {
	var out []Change
	for field, old := range e.fields {
		fresh, there := now.fields[field]
		switch {
		case !there:
			out = append(out, e.change(field, Removed, old, ""))
		case fresh != old:
			out = append(out, now.change(field, Changed, old, fresh))
		}
	}
	for field, fresh := range now.fields {
		if _, there := e.fields[field]; !there {
			out = append(out, now.change(field, Added, "", fresh))
		}
	}
	return out
}

func (e *Entity) change(field, kind, old, fresh string) Change {
	line, _ := e.doc.Position(e.pointers[field])
	return Change{Ref: e.Ref, Path: e.Path, Line: line, Field: field, Kind: kind, Old: clip(old), New: clip(fresh), Governance: IsGovernance(field)}
}

// IsGovernance says whether a field decides who may do what: owner, lifecycle, type, system, the paths owned, membership of
// groups, the governance annotations (adamant.dev/*, risk-profile, compliance/*), and kind and apiVersion, by which an entity
// counts at all.
func IsGovernance(field string) bool {
	switch field {
	case "kind", "apiVersion", "paths", "spec.owner", "spec.lifecycle", "spec.type", "spec.system",
		"spec.members", "spec.memberOf", "spec.parent", "spec.children":
		return true
	}
	key, annotation := strings.CutPrefix(field, "metadata.annotations.")
	if !annotation {
		// a whole block that was emptied or put in place of a mapping carries its annotations with it
		return field == "metadata.annotations" || field == "metadata" || field == "spec"
	}
	return key == "risk-profile" || strings.HasPrefix(key, "adamant.dev/") || strings.HasPrefix(key, "compliance/")
}

// Lifecycle lists what a change does against the lifecycle of entities: rule catalog/deprecated-dependent for each new
// dependsOn, consumesApis or dependencyOf by which an entity comes to depend on one that is deprecated, at base or in the
// merged tree.
func Lifecycle(base, merged *Catalog) []finding.Finding {
	var out []finding.Finding
	for _, e := range entitiesOf(merged) {
		for _, r := range e.Relations {
			needed, dependency := dependency(e, r)
			if !dependency || had(base, e.Ref, r) || !deprecated(base, needed) && !deprecated(merged, needed) {
				continue
			}
			d := e.doc.Diagnose(r.Pointer, fmt.Sprintf("%s is deprecated and takes no new dependents", needed))
			out = append(out, finding.Finding{Rule: "catalog/deprecated-dependent", Severity: finding.Error, Message: d.Message,
				Path: d.Path, Line: d.Line, Column: d.Column, Fix: "depend on its successor, or ask its owner to take the deprecation back", Tool: "adamant"})
		}
	}
	finding.AssignFingerprints(out, func(string) ([]byte, bool) { return nil, false }, nil)
	return out
}

// dependency says what a relation of e makes somebody depend on.
func dependency(e *Entity, r Relation) (needed string, ok bool) {
	switch r.Field {
	case "dependsOn", "consumesApis":
		return r.Target, true
	case "dependencyOf":
		return e.Ref, true
	}
	return "", false
}

func had(c *Catalog, ref string, r Relation) bool {
	e, there := entityByRef(c, ref)
	return there && slices.ContainsFunc(e.Relations, func(old Relation) bool { return old.Field == r.Field && old.Target == r.Target })
}

func deprecated(c *Catalog, ref string) bool {
	e, there := entityByRef(c, ref)
	return there && strings.EqualFold(e.Lifecycle, "deprecated")
}
