package gate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/ratchet"
)

// ratcheted is what the ratchet makes of a change.
type ratcheted struct {
	standings  []ratchet.Standing
	marks      []ratchet.Mark // after landing, where they differ from what the merged tree would hold
	unmeasured []string       // rules whose decision or new mark would be better known with base measured
}

// ratchet applies the law to the findings of ratcheted rules: new ones that the mark allows become warnings. Rules that only
// have a mark are counted, and stop nothing by it.
func (r *Assessor) ratchet(in *facts.Input, found []finding.Finding) ratcheted {
	out := ratcheted{standings: []ratchet.Standing{}, marks: []ratchet.Mark{}}
	if r.config.Spec.Builtin["ratchet"] == "off" || in.Change.MergedTree == "" {
		return out
	}
	edited := map[string]bool{}
	for _, e := range in.Ratchet.Edits {
		edited[e.Rule] = true
	}
	counted := r.counted(in, found)
	for _, rule := range slices.Sorted(maps.Keys(counted)) {
		c := r.caseOf(in, rule, counted[rule])
		standings := c.Standings()
		out.standings = append(out.standings, standings...)
		if c.WantsBase() && !slices.Contains(in.Ratchet.Merged, rule) {
			out.unmeasured = append(out.unmeasured, rule)
		}
		if mark, changed := c.Land(); changed || c.Mark != nil && edited[rule] {
			out.marks = append(out.marks, mark)
		}
		if r.config.Spec.Policy.Mode(rule) == manifest.RuleRatchet {
			allow(in, c, counted[rule], standings)
		}
	}
	return out
}

// countedElsewhere says that the document holds a rule's findings of both sides, so that what the rule says about the change
// alone would count them twice.
func (r *Assessor) countedElsewhere(rule string) bool {
	return rule == facts.RuleSuppressions && r.config.Spec.Policy.Mode(rule) == manifest.RuleRatchet && r.config.Spec.Builtin["ratchet"] != "off"
}

// counted gathers the findings of each rule that the ratchet counts; a rule with a mark is there without findings too. What a
// waiver covers or a comment in the source silences is not counted: the mark does not hold it either.
func (r *Assessor) counted(in *facts.Input, found []finding.Finding) map[string][]*finding.Finding {
	out := map[string][]*finding.Finding{}
	for _, m := range in.Marks {
		out[m.Rule] = nil
	}
	for i := range found {
		f := &found[i]
		_, marked := out[f.Rule]
		if !marked && r.config.Spec.Policy.Mode(f.Rule) != manifest.RuleRatchet || f.Waiver != "" || f.Suppress == "inSource" {
			continue
		}
		if f.State == finding.Absent && coveredAtBase(in, f) {
			continue
		}
		out[f.Rule] = append(out[f.Rule], f)
	}
	return out
}

// coveredAtBase says that a waiver covered what the change took away.
func coveredAtBase(in *facts.Input, f *finding.Finding) bool {
	for i := range in.Waivers {
		if in.Waivers[i].Covers(f.Rule, f.Path, in.Now) {
			return true
		}
	}
	return false
}

// caseOf gathers what one rule is judged by.
func (r *Assessor) caseOf(in *facts.Input, rule string, found []*finding.Finding) ratchet.Case {
	c := ratchet.Case{Rule: rule, Version: r.engine.Version(rule), Mark: markOf(in.Marks, rule), Base: markOf(in.Ratchet.Base, rule)}
	if slices.Contains(in.Ratchet.Merged, rule) && c.Mark != nil && !c.Rebased() {
		compareWithMark(&c, in, found)
		return c
	}
	for _, f := range found {
		now := ratchet.Unit{Scope: in.Scope(f.Path), Fingerprint: f.Fingerprint}
		switch f.State {
		case finding.Absent:
			c.Gone = append(c.Gone, now)
		case finding.Unchanged, finding.Updated:
			if was := before(in, f); was != now {
				c.Moved = append(c.Moved, ratchet.Move{From: was, To: now})
			}
		default:
			c.New = append(c.New, now)
		}
	}
	if slices.Contains(in.Ratchet.Whole, rule) {
		c.Base = baseOf(in, rule, found)
	}
	if len(c.New) > 0 && len(c.Gone) > 0 && !r.isPolicy(rule) {
		reunite(&c)
	}
	return c
}

// isPolicy says that a rule's findings come from the constitution, which compares them by itself.
func (r *Assessor) isPolicy(rule string) bool {
	_, known := r.Countable(rule)
	return known && !r.countedElsewhere(rule)
}

// reunite takes what came in one place and went in another for a move: code that moves takes its violations along, also where
// comparing finds that too little to let a strict rule pass. The total does not rise by it. Not so for rules about documents:
// a pod that was privileged in dev excuses none in prod.
func reunite(c *ratchet.Case) {
	gone := map[string][]ratchet.Unit{} // by fingerprint
	for _, u := range c.Gone {
		gone[u.Fingerprint] = append(gone[u.Fingerprint], u)
	}
	var fresh []ratchet.Unit
	for _, to := range c.New {
		left := gone[to.Fingerprint]
		if len(left) == 0 || to.Fingerprint == "" {
			fresh = append(fresh, to)
			continue
		}
		at := max(slices.Index(left, to), 0) // one of the same scope first
		if left[at] != to {
			c.Moved = append(c.Moved, ratchet.Move{From: left[at], To: to})
		}
		gone[to.Fingerprint] = slices.Delete(left, at, at+1)
	}
	c.New, c.Gone = fresh, nil
	for _, fingerprint := range slices.Sorted(maps.Keys(gone)) {
		c.Gone = append(c.Gone, gone[fingerprint]...)
	}
}

func markOf(marks []ratchet.Mark, rule string) *ratchet.Mark {
	for i := range marks {
		if marks[i].Rule == rule {
			return &marks[i]
		}
	}
	return nil
}

// before is where base had a finding that it had.
func before(in *facts.Input, f *finding.Finding) ratchet.Unit {
	u := ratchet.Unit{Scope: in.Scope(f.Path), Fingerprint: f.Fingerprint}
	if f.OldPath != "" {
		u.Scope = in.Scope(f.OldPath)
	}
	if f.OldFingerprint != "" {
		u.Fingerprint = f.OldFingerprint
	}
	return u
}

// baseOf counts base from the findings of a tool that looked at both whole trees.
func baseOf(in *facts.Input, rule string, found []*finding.Finding) *ratchet.Mark {
	base := &ratchet.Mark{Rule: rule, Scopes: map[string]ratchet.Units{}}
	for _, f := range found {
		if f.State == finding.Absent || f.State == finding.Unchanged || f.State == finding.Updated {
			u := before(in, f)
			base.Add(u.Scope, u.Fingerprint, 1)
		}
	}
	return base
}

// compareWithMark takes the mark for base: a report on the merged tree alone says nothing about it. What is there and not in
// the mark is new, and the other way round gone; the same violation in another scope has moved. What lies where the change
// did nothing was at base, whether or not the mark knows it.
func compareWithMark(c *ratchet.Case, in *facts.Input, found []*finding.Finding) {
	left, base := c.Mark.Clone(), c.Mark.Clone()
	c.Base = &base
	var rest []ratchet.Unit
	for _, f := range found {
		u := ratchet.Unit{Scope: in.Scope(f.Path), Fingerprint: f.Fingerprint}
		switch {
		case left.Scopes[u.Scope][u.Fingerprint] > 0:
			left.Add(u.Scope, u.Fingerprint, -1)
		case f.State == finding.Unchanged && holder(left, u.Fingerprint) == "":
			base.Add(u.Scope, u.Fingerprint, 1)
		default:
			rest = append(rest, u)
		}
	}
	for _, u := range rest {
		if from := holder(left, u.Fingerprint); from != "" {
			left.Add(from, u.Fingerprint, -1)
			c.Moved = append(c.Moved, ratchet.Move{From: ratchet.Unit{Scope: from, Fingerprint: u.Fingerprint}, To: u})
			continue
		}
		c.New = append(c.New, u)
	}
	for _, scope := range slices.Sorted(maps.Keys(left.Scopes)) {
		for _, fingerprint := range slices.Sorted(maps.Keys(left.Scopes[scope])) {
			for range left.Scopes[scope][fingerprint] {
				c.Gone = append(c.Gone, ratchet.Unit{Scope: scope, Fingerprint: fingerprint})
			}
		}
	}
}

// holder is the first scope that has a fingerprint.
func holder(m ratchet.Mark, fingerprint string) string {
	for _, scope := range slices.Sorted(maps.Keys(m.Scopes)) {
		if m.Scopes[scope][fingerprint] > 0 {
			return scope
		}
	}
	return ""
}

// allow lets the new findings pass that lie in no scope over its mark. Known findings that only say something else never stop
// anybody.
func allow(in *facts.Input, c ratchet.Case, found []*finding.Finding, standings []ratchet.Standing) {
	over := map[string]bool{}
	for _, s := range standings {
		if s.Over {
			over[s.Scope] = true
		}
	}
	extra := map[ratchet.Unit]int{}
	for _, u := range c.New {
		extra[u]++
	}
	for _, f := range found {
		u := ratchet.Unit{Scope: in.Scope(f.Path), Fingerprint: f.Fingerprint}
		fresh := f.State == finding.New || f.State == ""
		if fresh && extra[u] > 0 && (over[u.Scope] || over[ratchet.Total]) {
			extra[u]--
			continue
		}
		if f.State != finding.Unchanged && f.State != finding.Absent {
			f.Severity = finding.Warning
		}
	}
}

// markEdits says what is wrong with a change that edits marks. Only the gate writes them; nothing in the change's own file was
// believed. An agent is refused, a person's change waits for the operator.
func markEdits(in *facts.Input) (refused []finding.Finding, held []Reason) {
	const next = "take the file out of the change; the operator sets marks on %s with adamant ratchet seed"
	for _, e := range in.Ratchet.Edits {
		rule, fix := "governance/mark-"+e.Kind, fmt.Sprintf(next, in.Change.Target)
		message := fmt.Sprintf("the change edits a high water mark (%s), which only the gate writes; it was judged by the mark at base", e.Kind)
		if in.Change.Agent == "" {
			held = append(held, Reason{Code: "ratchet", Effect: Hold, Subject: rule, Message: message, Path: e.Path, Line: e.Line, Next: fix})
			continue
		}
		refused = append(refused, finding.Finding{Rule: rule, Severity: finding.Error, State: finding.New, Message: message, Path: e.Path, Line: e.Line,
			Fix: fix, Tool: "adamant", Fingerprint: finding.Fingerprint(rule, e.Path, "", 0)})
	}
	return refused, held
}

// unreadMarks holds every change while a mark at base cannot be read: what it allows is not known.
func unreadMarks(in *facts.Input) []Reason {
	var out []Reason
	for _, p := range in.Ratchet.Unread {
		out = append(out, Reason{Code: "ratchet", Effect: Hold, Subject: "governance/mark-unreadable", Path: p.Path, Line: p.Line,
			Message: "this mark at base cannot be read, so what it allows is not known: " + p.Message,
			Next:    "mend it on " + in.Change.Target + "; adamant ratchet seed writes it anew"})
	}
	return out
}

// ratchetState answers for the gate of that name.
func ratchetState(g Gate, a *Assessment) Gate {
	g.State, g.Source = Passed, facts.SourceBuiltin
	var over []string
	for _, s := range a.Ratchet {
		if s.Over && s.Scope != ratchet.Total && !slices.Contains(over, s.Rule) &&
			slices.ContainsFunc(a.Findings, func(f finding.Finding) bool { return f.Rule == s.Rule && Blocks(f) }) {
			over = append(over, s.Rule)
		}
	}
	if len(over) > 0 {
		g.State, g.Reason = Failed, "over the mark: "+strings.Join(over, ", ")
	}
	return g
}

// Unmeasured lists the rules for which everything base has is worth measuring: facts.Ratchet.Base. Without it the assessment
// is on the side of refusing.
func (a *Assessment) Unmeasured() []string { return a.unmeasured }

// Count asks the constitution about the documents of a whole tree: what the rules that want names find there, whatever their
// switch. Findings of rules that are off are missing.
func (r *Assessor) Count(ctx context.Context, in *facts.Input, want func(rule string) bool) ([]finding.Finding, error) {
	return r.engine.Whole().Count(ctx, in, in.Now, want)
}

// Countable says whether the constitution has a rule, and whether it can be counted on a tree, without a change.
func (r *Assessor) Countable(rule string) (countable, known bool) {
	return r.engine.Whole().Countable(rule)
}

// Version names a rule by what it says, for marks.
func (r *Assessor) Version(rule string) string { return r.engine.Version(rule) }
