package rules

import (
	"fmt"
	"slices"

	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// orphans reports modules that nothing is tied to (or, when Orphan is false, the others).
func (j *judging) orphans(w *world, r *Rule) error {
	for id := range graph.ID(w.Len()) {
		n := w.Node(id)
		if n.Kind == graph.Package || describes(n.Language) || (w.down[id]+w.up[id] == 0) != r.Orphan {
			continue
		}
		_, ok, err := r.From.match(n.Name, nil)
		if err != nil {
			return err
		}
		if ok {
			j.alone(w, r, id, KindModule, withComment(n.Name+" needs nothing and nothing needs it", r))
		}
	}
	return nil
}

// describes says that files of a language speak about others and are no modules themselves: nothing is expected to need them.
func describes(language string) bool {
	return slices.Contains([]string{"catalog", "compose", "dockerfile", "workflow"}, language)
}

// fan reports modules with too many or too few ties in one direction.
func (j *judging) fan(w *world, r *Rule) error {
	for id := range graph.ID(w.Len()) {
		name := w.Node(id).Name
		_, ok, err := r.Module.match(name, nil)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		n, err := w.count(r, id)
		if err != nil {
			return err
		}
		what := "is needed by"
		if r.Shape == FanOut {
			what = "needs"
		}
		switch {
		case r.More != nil && n > *r.More:
			j.alone(w, r, id, KindModule, withComment(fmt.Sprintf("%s %s %d modules; at most %d are allowed", name, what, n, *r.More), r))
		case r.Less != nil && n < *r.Less:
			j.alone(w, r, id, KindModule, withComment(fmt.Sprintf("%s %s %d modules; at least %d must be", name, what, n, *r.Less), r))
		}
	}
	return nil
}

// count is how many distinct modules a rule sees at the other ends.
func (w *world) count(r *Rule, id graph.ID) (int, error) {
	if r.Shape == FanOut {
		return int(w.down[id]), nil
	}
	n, last := 0, graph.ID(-1)
	for e := range w.In(id) {
		if e.From == last || e.Kind == imports.Member {
			continue
		}
		last = e.From
		_, ok, err := r.From.match(w.Node(e.From).Name, nil)
		if err != nil {
			return 0, err
		}
		if ok {
			n++
		}
	}
	return n, nil
}

// require reports modules without a dependency that they must have.
func (j *judging) require(w *world, r *Rule) error {
	for id := range graph.ID(w.Len()) {
		n := w.Node(id)
		if n.Kind != graph.File || w.leaf[id] {
			continue
		}
		groups, ok, err := r.Module.match(n.Name, nil)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		if ok, err = w.has(r, id, groups); err != nil {
			return err
		}
		if !ok {
			j.alone(w, r, id, KindModule, withComment(n.Name+" lacks a dependency that it must have", r))
		}
	}
	return nil
}

// has says whether a module needs what a rule asks for: itself, or in the end when the rule says reachable.
func (w *world) has(r *Rule, id graph.ID, groups []string) (bool, error) {
	seen := map[graph.ID]bool{id: true}
	queue := []graph.ID{id}
	for at := 0; at < len(queue); at++ {
		for _, e := range w.Out(queue[at]) {
			if seen[e.To] {
				continue
			}
			seen[e.To] = true
			queue = append(queue, e.To)
			_, ok, err := r.To.match(w.Node(e.To).Name, groups)
			if err != nil || ok {
				return ok, err
			}
		}
		if r.To.Reachable == nil || !*r.To.Reachable {
			break
		}
	}
	return false, nil
}
