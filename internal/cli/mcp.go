package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

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
				Check:       func(ctx context.Context, head string) (string, error) { return adviseCheck(ctx, env, dir, head) },
				ExplainRule: func(ctx context.Context, rule string) (string, error) { return adviseRule(ctx, rule) },
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
func adviseCheck(ctx context.Context, env *Env, dir, head string) (string, error) {
	req, err := checkFlags{head: head, worktree: head == "", run: "none", quiet: true}.request(env)
	if err != nil {
		return "", err
	}
	repo, err := openRepo(ctx, env, dir)
	if err != nil {
		return "", err
	}
	defer repo.Close()
	outcome, err := judge.Run(ctx, repo, req)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	writeVerdictText(&text, outcome.Verdict, style{})
	return text.String(), nil
}

func adviseRule(ctx context.Context, id string) (string, error) {
	engine, err := policy.Compile(ctx, nil, policy.Options{})
	if err != nil {
		return "", err
	}
	for _, r := range engine.Rules() {
		if r.ID == id {
			return fmt.Sprintf("%s (%s, %s)\n\n%s\n\nFix: %s\n\nFails:\n%s\n\nPasses:\n%s\n", r.Title, r.ID, r.Kind, r.Description, r.Fix, r.Failing, r.Passing), nil
		}
	}
	return "", fmt.Errorf("no built-in rule has id %q", id)
}
