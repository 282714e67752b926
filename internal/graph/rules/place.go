package rules

import (
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/graph"
)

// witness finds the first import in a file for violations between what is larger than files.
func (j *judging) witness() {
	if len(j.at) == 0 {
		return
	}
	type pair struct{ level, from, to string }
	at := map[pair]*graph.Edge{}
	for level := range j.worlds {
		edges := j.files.Edges()
		for i := range edges {
			p := pair{level, j.nameAt(level, edges[i].From), j.nameAt(level, edges[i].To)}
			if p.from != p.to && at[p] == nil {
				at[p] = &edges[i]
			}
		}
	}
	for i := range j.report.Violations {
		v := &j.report.Violations[i]
		level, open := j.at[v.Identity()]
		if !open {
			continue
		}
		next := v.To
		if len(v.Path) > 1 {
			next = v.Path[1]
		}
		if e := at[pair{level, v.From, next}]; e != nil && j.files.Node(e.From).Kind == graph.File {
			v.File, v.Line = j.files.Node(e.From).Name, int(e.Line)
		}
	}
}

// nameAt is how a module is called at a level. Of the folders around a file the nearest one stands for it.
func (j *judging) nameAt(level string, id graph.ID) string {
	n := j.files.Node(id)
	if names := j.set.Levels[level]; names != nil {
		return names(n)
	}
	if level == LevelFolder {
		return strings.TrimSuffix(path.Dir(n.Name), "/")
	}
	return n.Name
}

// narrow keeps what options.focus and options.reaches ask to see.
func (j *judging) narrow() error {
	for _, f := range []struct {
		pattern Pattern
		depth   int
		both    bool
	}{{j.set.Filter.Focus, max(j.set.Filter.FocusDepth, 1), true}, {j.set.Filter.Reaches, -1, false}} {
		if f.pattern == nil {
			continue
		}
		in, err := j.files.near(f.pattern, f.depth, f.both)
		if err != nil {
			return err
		}
		kept := j.report.Violations[:0]
		for _, v := range j.report.Violations {
			if in[v.From] && in[v.To] {
				kept = append(kept, v)
			}
		}
		j.report.Violations = kept
	}
	return nil
}

// near names the modules that a pattern matches and what is tied to them within depth steps (-1 = any number): what needs
// them and, with both, what they need.
func (w *world) near(p Pattern, depth int, both bool) (map[string]bool, error) {
	in := map[string]bool{}
	var level []graph.ID
	for id := range graph.ID(w.Len()) {
		ok, err := matches(p, w.Node(id).Name)
		if err != nil {
			return nil, err
		}
		if ok {
			in[w.Node(id).Name] = true
			level = append(level, id)
		}
	}
	for ; depth != 0 && len(level) > 0; depth-- {
		var next []graph.ID
		visit := func(id graph.ID) {
			if name := w.Node(id).Name; !in[name] {
				in[name] = true
				next = append(next, id)
			}
		}
		for _, id := range level {
			for e := range w.In(id) {
				visit(e.From)
			}
			for _, e := range w.Out(id) {
				if both {
					visit(e.To)
				}
			}
		}
		level = next
	}
	return in, nil
}
