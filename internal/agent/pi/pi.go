// Package pi runs the pi coding agent headless: `pi --mode json`. It has four tools and a short prompt, so it is the cheapest of
// the CLIs of others. The CLI is installed by the operator; its model and its key come from the attempt's endpoint. It speaks
// no MCP: the control plane's tools are not there for it, and a task ends when it stops.
//
// It promises nothing about what the CLI does: the sandbox bounds that.
package pi

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/headless"
)

const (
	folder        = ".pi/agent"     // its configuration, below the home folder
	tokenVariable = "ADAMANT_TOKEN" // models.json names the variable, never the token
)

type runner struct {
	headless.CLI
	locate func(command []string) (headless.Program, error)
}

// New is the runner `pi`.
func New() agent.Installed {
	cli := headless.CLI{Name: "pi", Command: "pi", Package: "@mariozechner/pi-coding-agent", Tested: []string{"0.73.1"},
		APIs: []string{agent.OpenAIChat, agent.Anthropic, agent.OpenAIResponses}}
	return runner{cli, cli.Locate}
}

func (r runner) Name() string { return r.CLI.Name }

func (r runner) Doctor(ctx context.Context) error { return r.CLI.Doctor(ctx) }

// Prepare says `pi -p` with the prompt on standard input. pi has no limit of turns: the gateway's and the breaker's hold.
func (r runner) Prepare(a agent.Attempt) (agent.Launch, error) {
	if err := r.Check(a); err != nil {
		return agent.Launch{}, err
	}
	program, err := r.locate(a.Command)
	if err != nil {
		return agent.Launch{}, err
	}
	models, err := models(a)
	if err != nil {
		return agent.Launch{}, fmt.Errorf("prepare pi for %s: %w", a.ID, err)
	}
	return agent.Launch{
		Argv:  append(program.Argv, "--provider", "adamant", "--model", a.Model, "--mode", "json", "--no-session", "--tools", strings.Join(tools(a), ","), "-p"),
		Env:   r.Environment(a, "PI_CODING_AGENT_DIR="+path.Join(a.Home, folder), "PI_OFFLINE=1", "PI_TELEMETRY=0", tokenVariable+"="+a.Token),
		Files: map[string][]byte{folder + "/models.json": models}, Stdin: []byte(a.Prompt), Mounts: program.Mounts,
	}, nil
}

func tools(a agent.Attempt) []string {
	table := []headless.ToolName{{Tool: "read", Name: "read"}, {Tool: "list", Name: "ls"}, {Tool: "search", Name: "grep"}, {Tool: "search", Name: "find"}}
	if !a.Readonly {
		table = append(table, []headless.ToolName{{Tool: "edit", Name: "edit"}, {Tool: "write", Name: "write"}, {Tool: "run", Name: "bash"}}...)
	}
	return headless.Names(a.Tools, table)
}

func models(a agent.Attempt) ([]byte, error) {
	type model struct {
		ID      string `json:"id"`
		Context int    `json:"contextWindow,omitempty"`
	}
	type provider struct {
		BaseURL string          `json:"baseUrl"`
		API     string          `json:"api"`
		Key     string          `json:"apiKey"`
		Compat  map[string]bool `json:"compat"`
		Models  []model         `json:"models"`
	}
	base := strings.TrimSuffix(a.Endpoint, "/")
	p := provider{base + "/v1", "openai-completions", tokenVariable, map[string]bool{"supportsDeveloperRole": false}, []model{{a.Model, a.Context}}}
	switch a.API {
	case agent.Anthropic:
		p.BaseURL, p.API, p.Compat = base, "anthropic-messages", map[string]bool{}
	case agent.OpenAIResponses:
		p.API = "openai-responses"
	}
	return json.Marshal(map[string]map[string]provider{"providers": {"adamant": p}})
}
