package judge

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/check/builtin/all"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/ratchet"
	"github.com/adamant-os/adamant/internal/waiver"
)

// MeasureOptions say what to count.
type MeasureOptions struct {
	Rules    []string // ids, or prefixes ending in *; nil = those that the ratchet counts
	Evidence []string // values of --evidence: reports about this very commit
	Now      time.Time
	Places   Places
	Version  string // adamant's own
	Warn     func(string)
}

// Measurement is everything that a commit's tree has of some rules, judged by its own governance.
type Measurement struct {
	Governance *facts.Governance
	Assessor   *gate.Assessor
	Rules      []string            // as asked for, or as configured
	Marks      []ratchet.Mark      // of the commit
	Unread     []facts.MarkProblem // marks of the commit that nobody can read
	Findings   []finding.Finding   // sorted; a waiver is named where one covers the finding
	Reported   []string            // tools whose reports were read, sorted

	now time.Time
}

// Measure counts violations on the tree of a commit. Rules about a change (tests deleted, paths of agents) have nothing to
// say about a tree and are left out; so are tools whose report is not given. Nothing is run, and nothing is left out for
// its size but what a check leaves out too.
func Measure(ctx context.Context, repo *git.Repo, commit git.OID, opt MeasureOptions) (*Measurement, error) {
	side, governance, err := GovernanceAt(ctx, repo, commit)
	if err != nil {
		return nil, err
	}
	assessor, err := Assessor(ctx, governance)
	if err != nil {
		return nil, err
	}
	return measureSide(ctx, repo, side, governance, assessor, opt)
}

// measureSide is Measure for a tree whose governance is read and compiled already.
func measureSide(ctx context.Context, repo *git.Repo, side *facts.Side, g *facts.Governance, assessor *gate.Assessor, opt MeasureOptions) (*Measurement, error) {
	out := &Measurement{Governance: g, Assessor: assessor, Rules: opt.Rules, now: opt.Now}
	var err error
	if out.Marks, out.Unread, err = facts.ReadMarks(ctx, side); err != nil {
		return nil, err
	}
	if out.Rules == nil {
		out.Rules = ratchetedRules(g, out.Marks)
	}
	m := &measurer{repo: repo, side: side, governance: g, assessor: assessor, places: opt.Places, now: opt.Now, engine: opt.Version, warn: opt.Warn}
	if out.Findings, err = m.measure(ctx, out.Rules); err != nil {
		return nil, err
	}
	reported, err := m.reports(ctx, opt.Evidence)
	if err != nil {
		return nil, err
	}
	for _, f := range reported {
		out.Reported = append(out.Reported, toolOf(f.Rule))
		if matches(out.Rules, f.Rule) {
			out.Findings = append(out.Findings, f)
		}
	}
	slices.Sort(out.Reported)
	out.Reported = slices.Compact(out.Reported)
	finding.Sort(out.Findings)
	out.waive()
	return out, nil
}

// waive names the waiver of each finding that one covers.
func (m *Measurement) waive() { waiver.Apply(m.Governance.Waivers, m.Findings, m.now) }

// Knows says whether the measurement says anything about a rule: that none of it is there means something only then.
func (m *Measurement) Knows(rule string) bool {
	return measurable(m.Assessor, rule) || slices.Contains(m.Reported, toolOf(rule))
}

// Mark is what a mark of the rule would be: everything that is there and neither waived nor silenced in the source.
func (m *Measurement) Mark(rule string) ratchet.Mark {
	mark := ratchet.Mark{Rule: rule, Version: m.Assessor.Version(rule), Scopes: map[string]ratchet.Units{}}
	for _, f := range m.Of(rule) {
		mark.Add(m.Governance.ScopeOf(f.Path), f.Fingerprint, 1)
	}
	return mark
}

// Of lists the findings of a rule that a mark counts.
func (m *Measurement) Of(rule string) []finding.Finding {
	var out []finding.Finding
	for _, f := range m.Findings {
		if f.Rule == rule && f.Waiver == "" && f.Suppress != "inSource" {
			out = append(out, f)
		}
	}
	return out
}

// Ids lists the rules that have a mark or a finding, sorted.
func (m *Measurement) Ids() []string {
	var out []string
	for _, mark := range m.Marks {
		if matches(m.Rules, mark.Rule) {
			out = append(out, mark.Rule)
		}
	}
	for _, f := range m.Findings {
		out = append(out, f.Rule)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ratchetedRules are the patterns that adamant.yaml switches to the ratchet, and the rules with a mark.
func ratchetedRules(g *facts.Governance, marks []ratchet.Mark) []string {
	out := []string{}
	for pattern, mode := range g.Config.Spec.Policy.Rules {
		if mode == manifest.RuleRatchet {
			out = append(out, pattern)
		}
	}
	for _, m := range marks {
		out = append(out, m.Rule)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// matches says whether a rule is one of a list of ids and prefixes ending in *.
func matches(patterns []string, rule string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		prefix, open := strings.CutSuffix(p, "*")
		return p == rule || open && strings.HasPrefix(rule, prefix)
	})
}

// mayMatch says whether a list may name any rule that begins with a prefix.
func mayMatch(patterns []string, prefix string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		p, open := strings.CutSuffix(p, "*")
		return strings.HasPrefix(p, prefix) || open && strings.HasPrefix(prefix, p)
	})
}

// measurable says whether a rule can be counted on a tree without running anything.
func measurable(a *gate.Assessor, rule string) bool {
	if countable, known := a.Countable(rule); known && countable {
		return true
	}
	if rule == facts.RuleSuppressions || strings.HasPrefix(rule, "catalog/") {
		return true
	}
	return slices.ContainsFunc(all.Checks(), func(c builtin.Check) bool { return strings.HasPrefix(rule, c.Name()+"/") })
}
