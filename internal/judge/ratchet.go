package judge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/ratchet"
	"github.com/adamant-os/adamant/internal/source"
)

// plan assesses the change, and measures base where the ratchet's decision turns on it. What was measured goes into the
// document, so that replaying it needs no git.
func (c *courtroom) plan(ctx context.Context) (*gate.Assessment, error) {
	return c.replan(ctx, &gate.Assessment{})
}

// replan is plan after evidence, and what came with it, was added to the document that before was made of.
func (c *courtroom) replan(ctx context.Context, before *gate.Assessment) (*gate.Assessment, error) {
	in := c.collected.Input
	plan, err := c.assessor.Replan(ctx, in, before)
	if err != nil {
		return nil, err
	}
	rules := slices.DeleteFunc(plan.Unmeasured(), func(rule string) bool { return !measurable(c.assessor, rule) })
	if len(rules) == 0 {
		return plan, nil
	}
	c.req.Progress("counting what base has of " + strings.Join(rules, ", "))
	measured, err := measureSide(ctx, c.repo, c.collected.Base.Forget(), c.collected.Governance, c.assessor,
		MeasureOptions{Rules: rules, Now: in.Now, Places: c.req.Places, Version: c.req.Version, Warn: c.req.Progress})
	if err != nil {
		return nil, fmt.Errorf("measuring base: %w", err)
	}
	for _, rule := range rules {
		in.Ratchet.Base = append(in.Ratchet.Base, measured.Mark(rule))
	}
	slices.SortFunc(in.Ratchet.Base, func(a, b ratchet.Mark) int { return strings.Compare(a.Rule, b.Rule) })
	return c.assessor.Replan(ctx, in, plan)
}

// noteTools records for the ratchet what the tools saw that the findings come from. Where they ran on base too (ran), a finding
// that has a state was looked for in both whole trees; every other one in the merged tree alone.
func noteTools(c *facts.Collected, findings []finding.Finding, ran bool) {
	in := c.Input
	if !c.Governance.Ratchets(in.Marks) {
		return
	}
	whole, merged := map[string]bool{}, map[string]bool{}
	tools := map[string]bool{} // of reports about the merged tree
	for _, f := range findings {
		if strings.HasPrefix(f.Rule, "evidence/") || strings.HasPrefix(f.Rule, "test/") || strings.HasPrefix(f.Rule, "report/") {
			continue
		}
		c.NoteScope(f.Path)
		c.NoteScope(f.OldPath)
		if ran && f.State != "" {
			whole[f.Rule] = c.Governance.Ratcheted(f.Rule, in.Marks)
			continue
		}
		tools[toolOf(f.Rule)] = true
		merged[f.Rule] = c.Governance.Ratcheted(f.Rule, in.Marks)
	}
	for _, m := range in.Marks { // a tool that reported, and nothing of this rule
		if tools[toolOf(m.Rule)] {
			merged[m.Rule] = true
		}
	}
	in.Ratchet.Whole = withRules(in.Ratchet.Whole, whole)
	in.Ratchet.Merged = withRules(in.Ratchet.Merged, merged)
}

// toolOf is the part of a rule id before its first slash.
func toolOf(rule string) string {
	tool, _, _ := strings.Cut(rule, "/")
	return tool
}

// withRules adds the rules that are true to a sorted list.
func withRules(list []string, rules map[string]bool) []string {
	for rule, yes := range rules {
		if yes && !slices.Contains(list, rule) {
			list = append(list, rule)
		}
	}
	slices.Sort(list)
	return list
}

// countSuppressions adds the comments of both sides that tell a tool to look away, when the operator ratchets them: the
// constitution's own rule sees only those that the change adds.
func countSuppressions(ctx context.Context, c *facts.Collected) error {
	settings := c.Governance.Config.Spec
	if settings.Policy.Mode(facts.RuleSuppressions) != manifest.RuleRatchet || settings.Builtin["ratchet"] == "off" {
		return nil
	}
	var before, after []finding.Finding
	for _, f := range c.Changes {
		was := f.Path
		if f.OldPath != "" {
			was = f.OldPath
		}
		for _, side := range []struct {
			side  *facts.Side
			entry git.Entry
			into  *[]finding.Finding
		}{{c.Base, git.Entry{Path: was, Mode: f.OldMode, OID: f.Before}, &before}, {c.Merged, git.Entry{Path: f.Path, Mode: f.NewMode, OID: f.After}, &after}} {
			if side.entry.OID == "" {
				continue
			}
			found, err := suppressionsOf(ctx, side.side, c.Governance, side.entry)
			if err != nil {
				return err
			}
			*side.into = append(*side.into, found...)
		}
	}
	c.Input.Findings = append(c.Input.Findings, finding.Compare(before, after, c.Input.Renames())...)
	return nil
}

// suppressionsOf lists the comments of one file that tell a tool to look away. Files that are no text have none.
func suppressionsOf(ctx context.Context, side *facts.Side, g *facts.Governance, e git.Entry) ([]finding.Finding, error) {
	data, err := text(ctx, side, e)
	if err != nil || data == nil {
		return nil, err
	}
	language, class := source.Classify(e.Path, data[:min(len(data), 4096)], g.Attributes)
	switch class {
	case source.ClassSource, source.ClassTest, source.ClassInfra, source.ClassConfig, source.ClassPolicy:
	default:
		return nil, nil
	}
	var out []finding.Finding
	seen := map[[2]string]int{}
	for _, s := range source.Analyse(language, class, e.Path, data).Suppressions() {
		key := [2]string{s.Text, s.Symbol}
		out = append(out, finding.Finding{
			Rule: facts.RuleSuppressions, Severity: finding.Warning, Tool: "adamant", Path: facts.SpellPath(e.Path), Line: s.Line,
			Message: "a tool is told to look away: " + s.Text, Fix: "mend what the tool complains about and take the comment out",
			Fingerprint: finding.Fingerprint(facts.RuleSuppressions, finding.Normalise(s.Text), s.Symbol, seen[key]),
		})
		seen[key]++
	}
	return out, nil
}
