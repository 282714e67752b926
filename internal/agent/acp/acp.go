// Package acp runs any agent that speaks the Agent Client Protocol (version 1) over its standard input and output: Gemini CLI,
// opencode, the adapters for Claude Code and Codex, and more. The persona names the command line.
//
// It is the client's side of the protocol, written to survive what agents really send: fields and updates that it does not know
// are kept as they are, an update of a call that was never announced announces it, usage may be missing or count anything.
// Requests for permission are answered at once from the attempt's tools and folders; nobody is asked. It offers the agent
// neither files nor a terminal, and refuses to serve them: both would act on the host, with the daemon's rights, on a folder
// that the agent owns. Agents use those of the sandbox they run in.
package acp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/claude"
	"github.com/adamant-os/adamant/internal/agent/codex"
	"github.com/adamant-os/adamant/internal/agent/headless"
)

type runner struct {
	locate func(command string) (headless.Program, error)
}

// New is the runner `acp`.
func New() agent.Dialogue { return runner{headless.Find} }

func (runner) Name() string { return "acp" }

// Prepare starts the persona's command with what the known agents need to find their model. The prompt is said by Converse.
func (r runner) Prepare(a agent.Attempt) (agent.Launch, error) {
	if len(a.Command) == 0 || a.Command[0] == "" {
		return agent.Launch{}, fmt.Errorf("the acp runner needs a command line: spec.command of the persona of %s, as [gemini, --acp]", a.Name)
	}
	program, err := r.locate(a.Command[0])
	if err != nil {
		return agent.Launch{}, err
	}
	files, err := configuration(a)
	if err != nil {
		return agent.Launch{}, fmt.Errorf("prepare %s for %s: %w", a.Command[0], a.ID, err)
	}
	return agent.Launch{Argv: append(program.Argv, a.Command[1:]...), Env: environment(a), Files: files, Mounts: program.Mounts}, nil
}

// environment is what the known agents read; a name that several of them want is there once.
func environment(a agent.Attempt) []string {
	env := headless.CLI{}.Environment(a, agent.ModelEnv(a)...)
	env = append(env, claude.Env(a)...)
	env = append(env, codex.Env(a)...)
	env = append(env, "OPENCODE_DISABLE_AUTOUPDATE=1", "OPENCODE_DISABLE_MODELS_FETCH=1", "OPENCODE_DISABLE_LSP_DOWNLOAD=1", "OPENCODE_DISABLE_SHARE=1")
	seen := map[string]bool{}
	return slices.DeleteFunc(env, func(v string) bool {
		twice := seen[v]
		seen[v] = true
		return twice
	})
}

func configuration(a agent.Attempt) (map[string][]byte, error) {
	files, err := claude.Files(a)
	codexConfig, err2 := codex.Config(a)
	opencodeConfig, err3 := opencode(a)
	files = maps.Clone(files)
	files[codex.ConfigFile] = codexConfig
	files[".config/opencode/opencode.json"] = opencodeConfig
	return files, errors.Join(err, err2, err3)
}

// Parse reads a recorded half of a conversation: what the agent said. A live agent is spoken to by Converse.
func (runner) Parse(r io.Reader, emit func(agent.Event)) error {
	t := newTeller(emit)
	return agent.EachLine(r, func(line []byte, cut bool) {
		if cut || !t.replay(line) {
			emit(agent.UnknownLine(line, cut))
		}
	})
}

// Doctor cannot know which command will be run; the persona's is looked at by `adamant agent doctor`.
func (runner) Doctor(context.Context) error { return nil }
