// Package claude runs Claude Code headless: `claude -p` with a stream of JSON events. The CLI is installed by the operator;
// its model, its key and its tools all come from the attempt's endpoint, its settings from the attempt's own home folder and
// from the repository's main branch.
//
// It promises nothing about what the CLI does: the sandbox bounds that.
package claude

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/headless"
)

// mcpFile names the control plane's tools, below the home folder.
const mcpFile = ".claude/adamant-mcp.json"

type runner struct {
	headless.CLI
	locate func(command []string) (headless.Program, error)
}

// New is the runner `claude`.
func New() agent.Installed {
	cli := headless.CLI{Name: "claude", Command: "claude", Package: "@anthropic-ai/claude-code", Tested: []string{"2.1.330"}, APIs: []string{agent.Anthropic}}
	return runner{cli, cli.Locate}
}

func (r runner) Name() string { return r.CLI.Name }

func (r runner) Doctor(ctx context.Context) error { return r.CLI.Doctor(ctx) }

// Prepare says `claude -p` with the prompt on standard input. Its own permission prompts are off: the sandbox is around it.
func (r runner) Prepare(a agent.Attempt) (agent.Launch, error) {
	if err := r.Check(a); err != nil {
		return agent.Launch{}, err
	}
	program, err := r.locate(a.Command)
	if err != nil {
		return agent.Launch{}, err
	}
	files, err := Files(a)
	if err != nil {
		return agent.Launch{}, fmt.Errorf("prepare claude for %s: %w", a.ID, err)
	}
	return agent.Launch{
		Argv: append(program.Argv, arguments(a)...), Env: r.Environment(a, Env(a)...),
		Files: files, Stdin: []byte(a.Prompt), Mounts: program.Mounts,
	}, nil
}

func arguments(a agent.Attempt) []string {
	args := []string{
		"-p", "--output-format", "stream-json", "--verbose", "--model", a.Model, "--dangerously-skip-permissions",
		"--no-session-persistence", "--setting-sources", "user,project",
		"--strict-mcp-config", "--mcp-config", path.Join(a.Home, mcpFile), "--tools", strings.Join(tools(a), ","),
	}
	if a.MaxTurns > 0 {
		args = append(args, "--max-turns", strconv.Itoa(a.MaxTurns))
	}
	return args
}

// tools are the CLI's own: none that start more agents, plan the future or read the web, since an attempt has no network, one
// budget and one life.
func tools(a agent.Attempt) []string {
	table := []headless.ToolName{{Tool: "read", Name: "Read"}, {Tool: "list", Name: "Glob"}, {Tool: "search", Name: "Glob"}, {Tool: "search", Name: "Grep"}}
	if !a.Readonly {
		table = append(table, []headless.ToolName{{Tool: "edit", Name: "Edit"}, {Tool: "write", Name: "Write"}, {Tool: "run", Name: "Bash"}}...)
	}
	return headless.Names(a.Tools, table)
}

// Env is what Claude Code reads from its environment; acp uses it for the adapter that speaks for it.
func Env(a agent.Attempt) []string {
	return []string{
		"ANTHROPIC_BASE_URL=" + strings.TrimSuffix(a.Endpoint, "/"), "ANTHROPIC_API_KEY=" + a.Token, "ANTHROPIC_MODEL=" + a.Model,
		// Side calls go to the attempt's model, too: the gateway serves no other.
		"ANTHROPIC_DEFAULT_HAIKU_MODEL=" + a.Model, "CLAUDE_CODE_SUBAGENT_MODEL=" + a.Model,
		"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_TELEMETRY=1", "DISABLE_ERROR_REPORTING=1", "DISABLE_AUTOUPDATER=1",
		"CLAUDE_CODE_DISABLE_TERMINAL_TITLE=1", "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS=1",
		"IS_SANDBOX=1", // it refuses to skip its permissions as root otherwise
	}
}

// Files are the configuration of Claude Code, below the home folder; acp uses them for the adapter that speaks for it.
func Files(a agent.Attempt) (map[string][]byte, error) {
	type server struct {
		Type    string            `json:"type"`
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
	}
	mcp, err := json.Marshal(map[string]map[string]server{"mcpServers": {"adamant": {"http", a.Endpoint + "/mcp", map[string]string{"Authorization": "Bearer " + a.Token}}}})
	settings, err2 := json.Marshal(map[string]any{
		"includeCoAuthoredBy": false,
		"cleanupPeriodDays":   1,
		"permissions":         map[string]any{"deny": []string{"WebFetch", "WebSearch"}},
	})
	state, err3 := json.Marshal(map[string]any{
		"hasCompletedOnboarding": true,
		"projects":               map[string]any{a.Repo: map[string]any{"hasTrustDialogAccepted": true, "hasCompletedProjectOnboarding": true}},
	})
	return map[string][]byte{mcpFile: mcp, ".claude/settings.json": settings, ".claude.json": state}, errors.Join(err, err2, err3)
}
