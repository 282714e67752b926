package gatekeeper

import (
	"fmt"
	"slices"
	"strings"
)

// match is spec.match of a constraint: which objects it is about. Nil matches every object.
type match struct {
	kinds              []kinds
	namespaces         []string
	excludedNamespaces []string
	scope              string
	labels             *selector
	namespaceLabels    *selector
	name               string
	source             string
}

type kinds struct{ groups, kinds []string }

func readMatch(v *view) *match {
	if !v.exists() {
		return nil
	}
	m := &match{
		namespaces: v.field("namespaces").texts(), excludedNamespaces: v.field("excludedNamespaces").texts(),
		scope: v.field("scope").text(), name: v.field("name").text(), source: v.field("source").text(),
		labels: readSelector(v.field("labelSelector")), namespaceLabels: readSelector(v.field("namespaceSelector")),
	}
	for _, k := range v.field("kinds").items() {
		m.kinds = append(m.kinds, kinds{k.field("apiGroups").texts(), k.field("kinds").texts()})
	}
	return m
}

// subject is what a match looks at: an object, the namespace it is in as far as that is known, and where it comes from.
type subject struct {
	object    object
	namespace object // nil when unknown
	source    string // Original, Generated, "" = not said
	// assume takes an object whose namespace is unknown for selected, where Gatekeeper would reject it unseen.
	assume bool
}

// The sources of an object.
const (
	sourceOriginal  = "Original"
	sourceGenerated = "Generated"
)

// matches follows Gatekeeper's rules; an error means that Gatekeeper rejects the object because it cannot tell.
func (m *match) matches(s subject) (bool, error) {
	if m == nil {
		return true, nil
	}
	if !m.matchesKind(s.object.gvk()) || !m.matchesScope(s) || !m.matchesNamespaces(s) ||
		m.labels != nil && !m.labels.matches(s.object.labels()) {
		return false, nil
	}
	if ok, err := m.matchesNamespaceLabels(s); !ok || err != nil {
		return false, err
	}
	return m.matchesName(s.object) && m.matchesSource(s.source), nil
}

func (m *match) matchesKind(g gvk) bool {
	return len(m.kinds) == 0 || slices.ContainsFunc(m.kinds, func(k kinds) bool {
		return anyOf(k.kinds, g.kind) && anyOf(k.groups, g.group)
	})
}

func anyOf(list []string, name string) bool {
	return len(list) == 0 || slices.Contains(list, "*") || slices.Contains(list, name)
}

func (m *match) matchesScope(s subject) bool {
	inNamespace := s.object.namespace() != "" || s.namespace != nil
	switch m.scope {
	case "Cluster":
		return s.object.isNamespace() || !inNamespace
	case "Namespaced":
		return !s.object.isNamespace() && inNamespace
	}
	return true
}

func (m *match) matchesNamespaces(s subject) bool {
	name := s.object.namespace()
	switch {
	case s.object.isNamespace():
		name = s.object.name()
	case s.namespace != nil:
		name = s.namespace.name()
	case name == "":
		return true // lies in no namespace
	}
	in := func(glob string) bool { return matchesGlob(glob, name) }
	return (len(m.namespaces) == 0 || slices.ContainsFunc(m.namespaces, in)) && !slices.ContainsFunc(m.excludedNamespaces, in)
}

func (m *match) matchesNamespaceLabels(s subject) (bool, error) {
	switch {
	case m.namespaceLabels == nil:
		return true, nil
	case s.object.isNamespace():
		return m.namespaceLabels.matches(s.object.labels()), nil
	case s.namespace != nil:
		return m.namespaceLabels.matches(s.namespace.labels()), nil
	case s.object.namespace() == "" || s.assume:
		return true, nil
	}
	return false, fmt.Errorf("the constraint has a namespaceSelector and the namespace %s is not known", s.object.namespace())
}

func (m *match) matchesName(o object) bool {
	if m.name == "" || matchesGlob(m.name, o.name()) {
		return true
	}
	// A name that is yet to be generated is known by its beginning only.
	return strings.HasSuffix(m.name, "*") && matchesGlob(m.name, o.text("metadata", "generateName"))
}

func (m *match) matchesSource(source string) bool {
	return m.source == "" || m.source == "All" || m.source == source
}

// matchesGlob knows a star at the beginning, at the end or at both.
func matchesGlob(glob, name string) bool {
	prefix, suffix := strings.HasSuffix(glob, "*"), strings.HasPrefix(glob, "*")
	switch {
	case prefix && suffix:
		return strings.Contains(name, strings.TrimSuffix(strings.TrimPrefix(glob, "*"), "*"))
	case suffix:
		return strings.HasSuffix(name, glob[1:])
	case prefix:
		return strings.HasPrefix(name, glob[:len(glob)-1])
	}
	return glob == name
}
