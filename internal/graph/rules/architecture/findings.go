package architecture

import (
	"context"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/graph/rules"
	"github.com/adamant-os/adamant/internal/manifest"
)

// RuleError is the rule of findings that say that a rule could not be evaluated: there is no verdict, so it is an error.
const RuleError = "architecture/rule-error"

// RuleIdle is the rule of findings that say that a rule, or a part of it, matches nothing.
const RuleIdle = "architecture/rule-idle"

// Change is what a change is judged by: base's rules, and the graphs of base and of the merged tree.
type Change struct {
	Set     *rules.Set                 // compiled from base's architecture or dependency-cruiser configuration
	Spec    *manifest.ArchitectureSpec // base's; nil for none: the boundary rules then have their defaults
	Base    *graph.Graph
	Head    *graph.Graph
	Links   map[string]string // of head: Snapshot.Links
	OldLink map[string]string // of base
	Tree    Tree
	Renames map[string]string // of base to head
	Agent   bool              // the author is an agent: the boundary rules hold
}

// Findings judges a change. What is wrong at both sides is Unchanged, what is gone Absent (in base's place), what the change brought
// New. Rules of dependency-cruiser are called architecture/NAME, too. The error is ctx's, or that of the set's filter.
func Findings(ctx context.Context, c Change) ([]finding.Finding, error) {
	base, err := rules.Judge(ctx, c.Base, c.Set, rules.Options{Links: c.OldLink})
	if err != nil {
		return nil, err
	}
	head, err := rules.Judge(ctx, c.Head, c.Set, rules.Options{Links: c.Links})
	if err != nil {
		return nil, err
	}
	out := states(base.Violations, head.Violations, c.Renames)
	if c.Agent {
		spec := c.Spec
		if spec == nil {
			spec = &manifest.ArchitectureSpec{}
		}
		for _, v := range Boundaries(c.Base, c.Head, c.Tree, spec, c.Renames) {
			out = append(out, Finding(&v, finding.New))
		}
	}
	for _, p := range head.Problems {
		out = append(out, problem(p))
	}
	finding.Sort(out)
	return out, nil
}

func states(base, head []rules.Violation, renames map[string]string) []finding.Finding {
	drift := rules.Compare(base, head, renames)
	fresh := map[rules.Identity]bool{}
	for i := range drift.New {
		fresh[drift.New[i].Identity()] = true
	}
	var out []finding.Finding
	for i := range head {
		state := finding.Unchanged
		if fresh[head[i].Identity()] {
			state = finding.New
		}
		out = append(out, Finding(&head[i], state))
	}
	for i := range drift.Fixed {
		out = append(out, Finding(&drift.Fixed[i], finding.Absent))
	}
	return out
}

// Finding is a violation in the shape of all findings. Its fingerprint is the violation's identity.
func Finding(v *rules.Violation, state finding.State) finding.Finding {
	rule := v.Rule
	if !strings.HasPrefix(rule, "architecture/") {
		rule = "architecture/" + rule
	}
	return finding.Finding{Rule: rule, Severity: v.Severity, Message: v.Message, Path: v.File, Line: v.Line, Fix: v.Fix, State: state, Tool: "adamant",
		Fingerprint: finding.Fingerprint(rule, v.Kind+" "+v.From+" "+v.To, "", 0)}
}

func problem(p rules.Problem) finding.Finding {
	f := finding.Finding{Rule: RuleIdle, Severity: finding.Warning, Message: "rule " + p.Rule + ": " + p.Message, Path: File, Tool: "adamant"}
	if p.Fatal {
		f.Rule, f.Severity = RuleError, finding.Error
	}
	f.Fingerprint = finding.Fingerprint(f.Rule, f.Message, "", 0)
	return f
}
