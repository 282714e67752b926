package advice

import (
	"context"
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/mcp"
)

func (d *desk) check(ctx context.Context, head string) (out mcp.Answer[mcp.Verdict], err error) {
	err = d.judge(ctx, head, func(_ *git.Repo, v *gate.Verdict) error {
		out = mcp.Answer[mcp.Verdict]{Text: d.Text(v), Data: verdict(v)}
		return nil
	})
	return out, err
}

// judge runs the gate without any declared check.
func (d *desk) judge(ctx context.Context, head string, then func(*git.Repo, *gate.Verdict) error) error {
	if err := d.named(head); err != nil {
		return err
	}
	return d.ask(ctx, func(repo *git.Repo) error {
		req := d.Means
		req.Base, req.Head, req.Run, req.Now = d.Main, head, []string{}, d.Now().UTC()
		if head == "" && d.Work == nil {
			req.Snapshot = "worktree"
		} else {
			at, err := d.head(ctx, repo, head)
			if err != nil {
				return fmt.Errorf("head: %w", err)
			}
			req.Head = string(at)
		}
		outcome, err := judge.Run(ctx, repo, req)
		if err != nil {
			return err
		}
		return then(repo, outcome.Verdict)
	})
}

// verdict is what an agent needs of a verdict.
func verdict(v *gate.Verdict) mcp.Verdict {
	a := v.Assessment
	out := mcp.Verdict{Decision: v.Decision, Level: a.Level.String(), Base: a.Base, Head: a.Head,
		Findings: []mcp.Finding{}, Gates: gates(a.Gates), Reasons: []mcp.Reason{}}
	for _, f := range a.Findings {
		if f.State != finding.Unchanged && f.State != finding.Absent {
			out.Findings = append(out.Findings, mcp.Finding{Rule: f.Rule, Severity: string(f.Severity), Blocks: gate.Blocks(f),
				Path: f.Path, Line: f.Line, Message: f.Message, Fix: f.Fix})
		}
	}
	for _, r := range v.Reasons {
		out.Reasons = append(out.Reasons, mcp.Reason{Code: r.Code, Effect: r.Effect, Message: r.Message, Next: r.Next})
	}
	return out
}

func gates(all []gate.Gate) []mcp.Gate {
	out := []mcp.Gate{}
	for _, g := range all {
		out = append(out, mcp.Gate{Name: g.Name, State: g.State, Reason: g.Reason, Checks: g.Checks})
	}
	return out
}

func (d *desk) plan(ctx context.Context, head string) (out mcp.Answer[mcp.Plan], err error) {
	err = d.judge(ctx, head, func(repo *git.Repo, v *gate.Verdict) error {
		_, governance, err := judge.GovernanceAt(ctx, repo, git.OID(v.Assessment.Base))
		if err != nil {
			return err
		}
		plan := planOf(v, governance.Config)
		out = mcp.Answer[mcp.Plan]{Text: planText(plan), Data: plan}
		return nil
	})
	return out, err
}

func planOf(v *gate.Verdict, config manifest.Repository) mcp.Plan {
	a := v.Assessment
	p := mcp.Plan{Level: a.Level.String(), Why: []string{}, Gates: gates(a.Gates), Checks: []mcp.Check{}, Merge: string(v.Merge.Mode)}
	for _, r := range a.Floor {
		p.Why = append(p.Why, strings.TrimSpace(place(r.Path, r.Line)+r.Message))
	}
	for _, f := range a.Factors {
		p.Why = append(p.Why, f.Text)
	}
	var open []string
	for _, g := range a.Gates {
		if g.State == gate.Pending {
			open = append(open, g.Name)
		}
	}
	for _, c := range gate.Wanted(config, open) {
		p.Checks = append(p.Checks, mcp.Check{Name: c.Name, Kind: c.Kind, Command: strings.Join(c.Command, " ")})
	}
	return p
}

func planText(p mcp.Plan) string {
	var w strings.Builder
	fmt.Fprintf(&w, "%s risk, lands by %s\n", p.Level, p.Merge)
	for _, why := range p.Why {
		fmt.Fprintf(&w, "  because %s\n", why)
	}
	for _, g := range p.Gates {
		fmt.Fprintf(&w, "gate %s: %s", g.Name, g.State)
		if g.Reason != "" {
			fmt.Fprintf(&w, " (%s)", g.Reason)
		}
		fmt.Fprintln(&w)
	}
	for _, c := range p.Checks {
		fmt.Fprintf(&w, "check %s would run: %s\n", c.Name, c.Command)
	}
	return w.String()
}

func place(path string, line int) string {
	switch {
	case path == "":
		return ""
	case line == 0:
		return path + ": "
	}
	return fmt.Sprintf("%s:%d: ", path, line)
}
