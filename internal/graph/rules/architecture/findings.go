package architecture

import (
	"context"
	"strings"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/graph/rules"
	"github.com/adamant-os/adamant/internal/manifest"
)

// RuleError is the rule of findings that say that a rule could not be evaluated: there is no verdict, so it is an error.
const RuleError = "architecture/rule-error"

// RuleIdle is the rule of findings that say that a rule, or a part of it, matches nothing.
const RuleIdle = "architecture/rule-idle"

// Side is one tree of a change.
type Side struct {
	Graph   *graph.Graph
	Links   map[string]string // Snapshot.Links
	Tree    Tree
	Catalog *catalog.Catalog
}

// Judgement is what rules say about one tree.
type Judgement struct {
	Violations []rules.Violation
	Problems   []rules.Problem
}

// Judge judges one tree. The error is ctx's, or that of a set's filter.
func (r *Rules) Judge(ctx context.Context, s Side, bare bool) (*Judgement, error) {
	out := &Judgement{}
	for _, set := range r.Sets {
		report, err := rules.Judge(ctx, s.Graph, set, rules.Options{Links: s.Links, Bare: bare})
		if err != nil {
			return nil, err
		}
		out.Violations = append(out.Violations, report.Violations...)
		out.Problems = append(out.Problems, report.Problems...)
	}
	if d := r.DeclaredRule(); d != nil {
		out.Violations = append(out.Violations, Declared(s.Graph, s.Catalog, severity(d.Severity))...)
	}
	return out, nil
}

// Findings judges a change by base's rules: what is wrong at both sides is Unchanged, what is gone Absent (in base's place), what
// the change brought New. When its author is an agent the boundary rules hold, too. renames maps paths of base to paths of head.
// The error is ctx's, or that of a set's filter.
func Findings(ctx context.Context, r *Rules, base, head Side, renames map[string]string, agent bool) ([]finding.Finding, error) {
	before, err := r.Judge(ctx, base, false)
	if err != nil {
		return nil, err
	}
	after, err := r.Judge(ctx, head, false)
	if err != nil {
		return nil, err
	}
	out := states(before.Violations, after.Violations, renames)
	if agent {
		for _, v := range r.Boundaries(base, head, renames) {
			out = append(out, Finding(&v, finding.New))
		}
	}
	for _, p := range after.Problems {
		out = append(out, problem(p))
	}
	finding.Sort(out)
	return out, nil
}

// Boundaries is the function of that name with what the architecture says about it.
func (r *Rules) Boundaries(base, head Side, renames map[string]string) []rules.Violation {
	spec := r.Spec
	if spec == nil {
		spec = &manifest.ArchitectureSpec{}
	}
	return Boundaries(base.Graph, head.Graph, head.Tree, spec, renames)
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

// Finding is a violation in the shape of all findings. Its fingerprint is the violation's identity; rules of dependency-cruiser are
// called architecture/NAME, too.
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
