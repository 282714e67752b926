package cli

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adamant-os/adamant/internal/advice"
	"github.com/adamant-os/adamant/internal/document/kustomize"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/mcp"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

func mcpCommand(env *Env) *cobra.Command {
	var dir string
	var relayed bool
	f := &deskFlags{env: env}
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Serve agents at the keyboard over the Model Context Protocol",
		Long: `Offers an agent that reads .mcp.json the tools check, plan, explain_rule, affected, graph_why, catalog and
request_waiver, over the working tree, on standard input and output. Answers are advice for the agent: the gate that
binds reads what the branch carries. docs/mcp.md says how to set it up.

A daemon (adamant up) offers the same over HTTP on its socket, path /mcp. --http passes everything on to it.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if relayed {
				return f.relay(cmd.Context())
			}
			desk, err := keyboard(env, dir)
			if err != nil {
				return err
			}
			return mcp.Serve(cmd.Context(), env.Stdin, env.Stdout, version(), desk.Tools())
		},
	}
	cmd.Flags().StringVar(&dir, "repo", "", "repository (default: where you are)")
	cmd.Flags().BoolVar(&relayed, "http", false, "ask the daemon, over HTTP on its socket, instead of answering here")
	cmd.Flags().StringVar(&f.socket, "socket", "", "with --http, the daemon's socket (default: $ADAMANT_SOCKET, else daemon.sock of the kernel)")
	cmd.Flags().StringVar(&f.kernel, "kernel", "", "with --http, the kernel's folder (default: $ADAMANT_KERNEL, else by the repository's name)")
	cmd.MarkFlagsMutuallyExclusive("repo", "http")
	return cmd
}

// relay passes everything on to the daemon. That there is one is seen to first: a client tells its user why a server did not start.
func (f *deskFlags) relay(ctx context.Context) error {
	socket, err := f.socketPath(ctx)
	if err != nil {
		return err
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	probe, err := dial(ctx, "", "")
	if err != nil {
		return usage(fmt.Errorf("%w: %s; adamant up starts one, and without --http no daemon is needed", desk.ErrNoDaemon, socket))
	}
	if err := probe.Close(); err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dial}}
	return mcp.Relay(ctx, f.env.Stdin, f.env.Stdout, client, "http://adamant/mcp")
}

// keyboard is the desk for agents at the keyboard: it answers for a working tree.
func keyboard(env *Env, dir string) (advice.Desk, error) {
	self, err := os.Executable()
	if err != nil {
		return advice.Desk{}, fmt.Errorf("finding adamant's own executable, which renders kustomizations: %w", err)
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
