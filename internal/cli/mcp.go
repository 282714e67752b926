package cli

import (
	"context"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/advice"
	"github.com/adamant-os/adamant/internal/document/kustomize"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/mcp"
)

func mcpCommand(env *Env) *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Serve agents at the keyboard over the Model Context Protocol (stdio)",
		Long: `Offers an agent that reads .mcp.json the tools check, plan, explain_rule, affected, graph_why, catalog and
request_waiver, over the working tree. Answers are advice for the agent: the gate that binds reads what the branch
carries. docs/mcp.md says how to set it up.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			desk, err := keyboard(env, dir)
			if err != nil {
				return err
			}
			return mcp.Serve(cmd.Context(), env.Stdin, env.Stdout, version(), desk.Tools())
		},
	}
	cmd.Flags().StringVar(&dir, "repo", "", "repository (default: where you are)")
	return cmd
}

// keyboard is the desk for agents at the keyboard: it answers for a working tree.
func keyboard(env *Env, dir string) (advice.Desk, error) {
	self, err := os.Executable()
	if err != nil {
		return advice.Desk{}, err
	}
	return advice.Desk{
		Open:  func(ctx context.Context) (*git.Repo, error) { return openRepo(ctx, env, dir) },
		Means: means(env, self), Text: plainVerdict, Now: env.Now,
	}, nil
}

// means is what the gate works with when it only advises.
func means(env *Env, self string) judge.Request {
	return judge.Request{Jobs: 1, Places: places(env), Getenv: env.Getenv, Version: Version, Render: kustomize.Renderer{Self: self}.Render}
}

// plainVerdict is the text that a person would read.
func plainVerdict(v *gate.Verdict) string {
	var text strings.Builder
	writeVerdictText(&text, v, style{})
	return text.String()
}
