package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/mcp"
	"github.com/adamant-os/adamant/internal/policy"
)

func mcpCommand(env *Env) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Serve agents at the keyboard over the Model Context Protocol (stdio)",
		Long: `Offers the tools check and explain_rule to an agent that reads .mcp.json. Answers are advice for the agent: the
gate that binds reads what the branch carries.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			tools := mcp.Tools{
				Check: func(ctx context.Context, head string) (mcp.Answer[mcp.Verdict], error) {
					return adviseCheck(ctx, env, dir, head)
				},
				ExplainRule: adviseRule,
			}
			return mcp.Serve(cmd.Context(), io.NopCloser(env.Stdin), nopCloser{env.Stdout}, version(), tools)
		},
	}
	cmd.Flags().StringVar(&dir, "repo", "", "repository (default: where you are)")
	return cmd
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

// adviseCheck judges without running tests and answers with the text a person would read.
func adviseCheck(ctx context.Context, env *Env, dir, head string) (out mcp.Answer[mcp.Verdict], err error) {
	req, err := checkFlags{head: head, worktree: head == "", run: "none", quiet: true}.request(env)
	if err != nil {
		return out, err
	}
	repo, err := openRepo(ctx, env, dir)
	if err != nil {
		return out, err
	}
	defer repo.Close()
	outcome, err := judge.Run(ctx, repo, req)
	if err != nil {
		return out, err
	}
	var text strings.Builder
	writeVerdictText(&text, outcome.Verdict, style{})
	return mcp.Answer[mcp.Verdict]{Text: text.String(), Data: verdictData(outcome.Verdict)}, nil
}

// verdictData is what an agent needs of a verdict.
func verdictData(v *gate.Verdict) mcp.Verdict {
	a := v.Assessment
	out := mcp.Verdict{Decision: v.Decision, Level: a.Level.String(), Base: a.Base, Head: a.Head,
		Findings: []mcp.Finding{}, Gates: gatesData(a.Gates), Reasons: []mcp.Reason{}}
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

func gatesData(gates []gate.Gate) []mcp.Gate {
	out := []mcp.Gate{}
	for _, g := range gates {
		out = append(out, mcp.Gate{Name: g.Name, State: g.State, Reason: g.Reason, Checks: g.Checks})
	}
	return out
}

func adviseRule(ctx context.Context, id string) (out mcp.Answer[mcp.Rule], err error) {
	engine, err := policy.Compile(ctx, nil, policy.Options{})
	if err != nil {
		return out, err
	}
	for _, r := range engine.Rules() {
		if r.ID == id {
			return mcp.Answer[mcp.Rule]{
				Text: fmt.Sprintf("%s (%s, %s)\n\n%s\n\nFix: %s\n\nFails:\n%s\n\nPasses:\n%s\n", r.Title, r.ID, r.Kind, r.Description, r.Fix, r.Failing, r.Passing),
				Data: mcp.Rule{ID: r.ID, Title: r.Title, Kind: r.Kind, Severity: r.Severity, Description: r.Description, Fix: r.Fix, Failing: r.Failing, Passing: r.Passing},
			}, nil
		}
	}
	return out, fmt.Errorf("no built-in rule has id %q", id)
}
