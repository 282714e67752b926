package rules

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// NotInAllowed is the name of the rule that a dependency violates when no rule of Set.Allowed matches it.
const NotInAllowed = "not-in-allowed"

// Judge judges a graph of files by a set. A rule that cannot be evaluated is a Fatal problem of the report; the error is ctx's,
// or that of the set's filter.
func Judge(ctx context.Context, g *graph.Graph, set *Set, opt Options) (*Report, error) {
	files, err := newWorld(g, set.Filter, opt)
	if err != nil {
		return nil, err
	}
	j := judging{ctx: ctx, set: set, files: files, worlds: map[string]*world{"": files}, seen: map[Identity]bool{}}
	j.report.Modules, j.report.Edges = files.Len(), len(files.Edges())
	j.run()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := j.narrow(); err != nil {
		return nil, err
	}
	j.witness()
	slices.SortFunc(j.report.Violations, compareViolations)
	slices.SortStableFunc(j.report.Problems, func(a, b Problem) int { return cmp.Compare(a.Rule, b.Rule) })
	return &j.report, nil
}

func compareViolations(a, b Violation) int {
	return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Kind, b.Kind))
}

type judging struct {
	ctx    context.Context //nolint:containedctx // of one call of Judge
	set    *Set
	files  *world
	worlds map[string]*world // by level
	seen   map[Identity]bool
	report Report
	at     map[Identity]string // the level of violations that still need a place
}

func (j *judging) run() {
	for i := range j.set.Forbidden {
		j.rule(&j.set.Forbidden[i], j.forbid)
	}
	if len(j.set.Allowed) > 0 {
		j.rule(&Rule{Name: NotInAllowed, Severity: cmp.Or(j.set.AllowedSeverity, finding.Warning)}, j.allow)
	}
	for i := range j.set.Required {
		j.rule(&j.set.Required[i], j.require)
	}
}

// rule applies one rule; an error takes its violations back, because half a verdict is none.
func (j *judging) rule(r *Rule, apply func(*world, *Rule) error) {
	if j.ctx.Err() != nil {
		return
	}
	if r.To.Unknown != "" {
		j.problem(r, false, "it asks for "+r.To.Unknown+", which the tree does not tell: unknown, so it judges nothing")
		return
	}
	w, err := j.world(r)
	before := len(j.report.Violations)
	if err == nil {
		err = j.unmatched(w, r)
	}
	if err == nil {
		err = apply(w, r)
	}
	if err != nil {
		j.report.Violations = j.report.Violations[:before]
		j.problem(r, true, err.Error())
	}
}

// unmatched reports the parts of a rule that match nothing at its level or among files.
func (j *judging) unmatched(w *world, r *Rule) error {
	for _, s := range r.Selects {
		found, err := w.any(s.Where)
		if err == nil && !found && w != j.files {
			found, err = j.files.any(s.Where)
		}
		if err != nil {
			return err
		}
		if !found {
			j.problem(r, false, s.What+" matches nothing: a spelling mistake, or what it was about is gone")
		}
	}
	return nil
}

func (w *world) any(where Where) (bool, error) {
	for id := range graph.ID(w.Len()) {
		if _, ok, err := where.match(w.Node(id).Name, nil); err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}

func (j *judging) problem(r *Rule, fatal bool, message string) {
	j.report.Problems = append(j.report.Problems, Problem{Rule: r.Name, Message: message, Fatal: fatal})
}

// world is the graph that a rule is about: at its level, with or without tests. Files with tests are there from the start.
func (j *judging) world(r *Rule) (*world, error) {
	key := r.Level
	if r.NoTests {
		key += " without tests"
	}
	if w := j.worlds[key]; w != nil {
		return w, nil
	}
	files := j.files
	if r.NoTests && r.Level != "" {
		var err error
		if files, err = j.world(&Rule{NoTests: true}); err != nil {
			return nil, err
		}
	}
	var w *world
	switch names := j.set.Levels[r.Level]; {
	case r.Level == "":
		w = files.code()
	case names != nil:
		w = levelWorld(files.View(graph.File, names))
	case r.Level == LevelFolder:
		w = levelWorld(folders(files))
	default:
		return nil, fmt.Errorf("there is no level %q", r.Level)
	}
	j.worlds[key] = w
	return w, nil
}

func levelWorld(g *graph.Graph) *world {
	w := &world{Graph: g, leaf: make([]bool, g.Len()), lost: make([]bool, g.Len())}
	w.measure()
	return w
}

func (j *judging) forbid(w *world, r *Rule) error {
	switch r.Shape {
	case Orphans:
		return j.orphans(w, r)
	case Reaches:
		return j.reaches(w, r)
	case FanIn, FanOut:
		return j.fan(w, r)
	case Needs:
		return j.require(w, r)
	case Acyclic:
		return j.acyclic(w, r)
	}
	return j.edges(w, r)
}

// edges applies a rule about dependencies.
func (j *judging) edges(w *world, r *Rule) error {
	to := newMemo(w, r.To.Where)
	for id := range graph.ID(w.Len()) {
		out := w.Out(id)
		if len(out) == 0 {
			continue
		}
		if j.ctx.Err() != nil {
			return j.ctx.Err()
		}
		groups, ok, err := r.From.match(w.Node(id).Name, nil)
		if err != nil {
			return err
		}
		for i := range out {
			if !ok || out[i].Kind == imports.Member {
				continue
			}
			if err := j.edge(w, r, to, &out[i], groups); err != nil {
				return err
			}
		}
	}
	return nil
}

func (j *judging) edge(w *world, r *Rule, to *memo, e *graph.Edge, groups []string) error {
	if r.Between != nil {
		if message := r.Between(w.Node(e.From).Name, w.Node(e.To).Name); message != "" {
			j.add(w, r, e, KindDependency, message, nil)
		}
		return nil
	}
	ok, way, err := w.meets(&r.To, to, e, groups)
	if err != nil || !ok {
		return err
	}
	j.add(w, r, e, kindOf(r), "", way)
	return nil
}

func kindOf(r *Rule) string {
	switch {
	case r.Level == LevelFolder:
		return KindFolder
	case r.To.MoreUnstable != nil && *r.To.MoreUnstable:
		return KindInstability
	case r.To.Circular != nil && *r.To.Circular:
		return KindCycle
	}
	return KindDependency
}

func (j *judging) allow(w *world, r *Rule) error {
	memos := make([]*memo, len(j.set.Allowed))
	for i := range j.set.Allowed {
		memos[i] = newMemo(w, j.set.Allowed[i].To.Where)
	}
	edges := w.Edges()
	for i := range edges {
		if edges[i].Kind == imports.Member {
			continue
		}
		ok, err := j.allowed(w, memos, &edges[i])
		if err != nil {
			return err
		}
		if !ok {
			j.add(w, r, &edges[i], KindDependency, "", nil)
		}
	}
	return nil
}

func (j *judging) allowed(w *world, memos []*memo, e *graph.Edge) (bool, error) {
	for i := range j.set.Allowed {
		r := &j.set.Allowed[i]
		groups, ok, err := r.From.match(w.Node(e.From).Name, nil)
		if err != nil {
			return false, err
		}
		if !ok || r.To.Unknown != "" {
			continue
		}
		if ok, _, err = w.meets(&r.To, memos[i], e, groups); err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}

// add records a violation by an edge, unless its identity is there. An edge between files has its place at once.
func (j *judging) add(w *world, r *Rule, e *graph.Edge, kind, message string, way []string) {
	v := Violation{Rule: r.Name, Severity: r.Severity, Kind: kind, From: w.Node(e.From).Name, To: w.Node(e.To).Name, Path: way}
	v.Message, v.Fix = cmp.Or(message, say(r, &v)), r.Fix
	if w.files {
		v.File, v.Line = v.From, int(e.Line)
	}
	j.put(r, v)
}

// alone records a violation by one module.
func (j *judging) alone(w *world, r *Rule, id graph.ID, kind, message string) {
	name := w.Node(id).Name
	v := Violation{Rule: r.Name, Severity: r.Severity, Kind: kind, From: name, To: name, Message: message, Fix: r.Fix}
	if w.files && w.Node(id).Kind == graph.File {
		v.File = name
	}
	j.put(r, v)
}

func (j *judging) put(r *Rule, v Violation) {
	id := v.Identity()
	if j.seen[id] {
		return
	}
	j.seen[id] = true
	if v.File == "" {
		if j.at == nil {
			j.at = map[Identity]string{}
		}
		j.at[id] = r.Level
	}
	j.report.Violations = append(j.report.Violations, v)
}

// say is the message of a violation by an edge.
func say(r *Rule, v *Violation) string {
	text := ""
	switch v.Kind {
	case KindCycle:
		if len(v.Path) == 0 {
			text = fmt.Sprintf("%s needs %s, which needs it in the end, a long way around", v.From, v.To)
			break
		}
		text = fmt.Sprintf("%s needs %s, which needs it: %s", v.From, v.To, strings.Join(v.Path, " -> "))
	case KindInstability:
		text = fmt.Sprintf("%s needs %s, which is less stable than it is", v.From, v.To)
	case KindReachability:
		text = fmt.Sprintf("%s reaches %s: %s", v.From, v.To, strings.Join(v.Path, " -> "))
	default:
		text = fmt.Sprintf("%s must not need %s", v.From, v.To)
	}
	return withComment(text, r)
}

func withComment(text string, r *Rule) string {
	if r.Comment != "" {
		return text + ": " + strings.TrimSpace(r.Comment)
	}
	return text
}
