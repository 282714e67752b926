// Package codex runs OpenAI's Codex CLI headless: `codex exec --json`. The CLI is installed by the operator; its model, its key
// and its tools all come from the attempt's endpoint, its configuration from the attempt's own home folder.
//
// Codex's own sandbox is off: it would be a second one inside ours, it keeps .git read-only, and its helpers do not start below
// a temporary folder. adamant makes the commit. A reviewer's Codex has its shell like any other, since that is its only way to
// read: what it must not write, the sandbox shows read-only. The package promises nothing about what the CLI does: the sandbox bounds that.
package codex

import (
	"context"
	"path"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/headless"
)

// ConfigFile is the CLI's configuration, below the home folder.
const ConfigFile = ".codex/config.toml"

// tokenVariable is where the configuration looks for the attempt's token.
const tokenVariable = "ADAMANT_TOKEN"

type runner struct {
	headless.CLI
	locate func(command []string) (headless.Program, error)
}

// New is the runner `codex`.
func New() agent.Installed {
	cli := headless.CLI{Name: "codex", Command: "codex", Package: "@openai/codex", Tested: []string{"0.169.0"}, APIs: []string{agent.OpenAIResponses}}
	return runner{cli, cli.Locate}
}

func (r runner) Name() string { return r.CLI.Name }

func (r runner) Doctor(ctx context.Context) error { return r.CLI.Doctor(ctx) }

// Prepare says `codex exec` with the prompt on standard input. Codex has no limit of turns: the gateway's and the breaker's hold.
func (r runner) Prepare(a agent.Attempt) (agent.Launch, error) {
	if err := r.Check(a); err != nil {
		return agent.Launch{}, err
	}
	program, err := r.locate(a.Command)
	if err != nil {
		return agent.Launch{}, err
	}
	config, err := Config(a)
	if err != nil {
		return agent.Launch{}, err
	}
	return agent.Launch{
		Argv: append(program.Argv, "exec", "--json", "--skip-git-repo-check", "--ephemeral", "--color", "never", "-"),
		Env:  r.Environment(a, Env(a)...), Files: map[string][]byte{ConfigFile: config}, Stdin: []byte(a.Prompt), Mounts: program.Mounts,
	}, nil
}

// Env is what Codex reads from its environment; acp uses it for the adapter that speaks for it.
func Env(a agent.Attempt) []string {
	return []string{"CODEX_HOME=" + path.Join(a.Home, path.Dir(ConfigFile)), tokenVariable + "=" + a.Token}
}

type config struct {
	Model          string `toml:"model"`
	ModelProvider  string `toml:"model_provider"`
	ContextWindow  int    `toml:"model_context_window,omitempty"`
	ApprovalPolicy string `toml:"approval_policy"`
	SandboxMode    string `toml:"sandbox_mode"`
	Updates        bool   `toml:"check_for_update_on_startup"`
	RawReasoning   bool   `toml:"show_raw_agent_reasoning"`
	WebSearch      string `toml:"web_search"`

	Agents    map[string]bool              `toml:"agents"`
	Features  map[string]bool              `toml:"features"`
	History   map[string]string            `toml:"history"`
	Analytics map[string]bool              `toml:"analytics"`
	Feedback  map[string]bool              `toml:"feedback"`
	Otel      map[string]string            `toml:"otel"`
	Shell     map[string]string            `toml:"shell_environment_policy"`
	Projects  map[string]map[string]string `toml:"projects"`
	Providers map[string]provider          `toml:"model_providers"`
	Servers   map[string]server            `toml:"mcp_servers"`
}

type provider struct {
	Name           string `toml:"name"`
	BaseURL        string `toml:"base_url"`
	EnvKey         string `toml:"env_key"`
	WireAPI        string `toml:"wire_api"`
	RequestRetries int    `toml:"request_max_retries"`
	StreamRetries  int    `toml:"stream_max_retries"`
}

type server struct {
	URL      string `toml:"url"`
	TokenVar string `toml:"bearer_token_env_var"`
}

// Config is the CLI's config.toml for an attempt.
func Config(a agent.Attempt) ([]byte, error) {
	base := strings.TrimSuffix(a.Endpoint, "/")
	return toml.Marshal(config{
		Model: a.Model, ModelProvider: "adamant", ContextWindow: a.Context, ApprovalPolicy: "never", SandboxMode: "danger-full-access",
		RawReasoning: true, WebSearch: "disabled",
		// More agents, goals of its own and offers of its vendor have no place in an attempt.
		Agents:   map[string]bool{"enabled": false},
		Features: map[string]bool{"goals": false, "apps": false, "plugins": false, "image_generation": false, "skill_mcp_dependency_install": false},
		History:  map[string]string{"persistence": "none"}, Analytics: map[string]bool{"enabled": false}, Feedback: map[string]bool{"enabled": false},
		Otel: map[string]string{"exporter": "none"}, Shell: map[string]string{"inherit": "core"},
		Projects:  map[string]map[string]string{a.Repo: {"trust_level": "trusted"}},
		Providers: map[string]provider{"adamant": {"adamant", base + "/v1", tokenVariable, "responses", 4, 5}},
		Servers:   map[string]server{"adamant": {base + "/mcp", tokenVariable}},
	})
}
