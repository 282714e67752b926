package rules

import (
	"math/bits"
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// memo remembers what a Where says about each module, when that does not depend on groups.
type memo struct {
	w     *world
	where Where
	known []int8 // 0 = not asked
}

func newMemo(w *world, where Where) *memo {
	m := &memo{w: w, where: where}
	if !where.grouped() && (where.Path != nil || where.Not != nil) {
		m.known = make([]int8, w.Len())
	}
	return m
}

func (m *memo) match(id graph.ID, groups []string) (bool, error) {
	if m.known != nil && m.known[id] != 0 {
		return m.known[id] > 0, nil
	}
	_, ok, err := m.where.match(m.w.Node(id).Name, groups)
	if m.known != nil && err == nil {
		m.known[id] = -1
		if ok {
			m.known[id] = 1
		}
	}
	return ok, err
}

func is(want *bool, have bool) bool { return want == nil || *want == have }

// npmTypes are the ways a package.json can declare a dependency.
const npmTypes = imports.NPM | imports.NPMDev | imports.NPMOptional | imports.NPMPeer | imports.NPMBundled

// meets says whether an edge is what a target asks for, and by which way where that is a cycle. What is cheap comes first.
func (w *world) meets(t *Target, to *memo, e *graph.Edge, groups []string) (bool, []string, error) {
	switch {
	case !is(t.CouldNotResolve, w.lost[e.To]),
		!is(t.Dynamic, e.Kind == imports.Dynamic),
		!is(t.PreCompilationOnly, e.Kind.TypeLevel()),
		!is(t.ExoticallyRequired, e.Types&imports.ExoticRequire != 0),
		!is(t.MoreThanOneType, bits.OnesCount64(uint64(e.Types&npmTypes)) > 1),
		t.Types != 0 && e.Types&t.Types == 0,
		e.Types&t.TypesNot != 0,
		!is(t.Ancestor, ancestor(w.Node(e.From).Name, w.Node(e.To).Name)):
		return false, nil, nil
	}
	if ok, err := to.match(e.To, groups); err != nil || !ok {
		return false, nil, err
	}
	if !w.instable(t, e) || !is(t.Circular, t.Circular == nil || w.cyclic(e)) {
		return false, nil, nil
	}
	if t.Circular != nil && *t.Circular || t.Via != nil || t.ViaOnly != nil {
		return w.around(t, e, groups)
	}
	return true, nil, nil
}

// instable compares stability only when both ends have one.
func (w *world) instable(t *Target, e *graph.Edge) bool {
	if t.MoreUnstable == nil {
		return true
	}
	return w.measurable(e.From) && w.measurable(e.To) && *t.MoreUnstable == w.lessStable(e.From, e.To)
}

// ancestor says that to lies in a folder around the folder of from.
func ancestor(from, to string) bool {
	a, b := path.Dir(from), path.Dir(to)
	return a != b && (b == "." || strings.HasPrefix(a, b+"/"))
}
