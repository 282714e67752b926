// Package exec runs any command line as an agent: what adamant has no adapter for, and what its users write themselves. The
// command finds its model by the environment or by placeholders; what it prints is shown as it is, line by line. docs/agents.md
// has recipes.
package exec

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/headless"
)

// promptFile is where {prompt_file} is, below the home folder.
const promptFile = "prompt.md"

// maxArgument is the longest argument that Linux takes.
const maxArgument = 128<<10 - 1

type runner struct {
	find func(program string) (headless.Program, error)
}

// New is the runner `exec`.
func New() agent.Runner { return runner{headless.Find} }

func (runner) Name() string { return "exec" }

func (r runner) Prepare(a agent.Attempt) (agent.Launch, error) {
	filled, variables := fill(a), assignments(a.Command)
	command := a.Command[variables:]
	if len(command) == 0 || command[0] == "" {
		return agent.Launch{}, fmt.Errorf("the exec runner needs a command line: spec.command of the persona of %s", a.Name)
	}
	l := agent.Launch{Argv: filled[variables:], Env: append(environment(a), filled[:variables]...), Files: map[string][]byte{promptFile: []byte(a.Prompt)}}
	if !ofCheckout(command[0]) {
		program, err := r.find(command[0])
		if err != nil {
			return agent.Launch{}, err
		}
		l.Argv, l.Mounts = append(slices.Clone(program.Argv), l.Argv[1:]...), program.Mounts
	}
	for _, arg := range l.Argv {
		if len(arg) > maxArgument {
			return agent.Launch{}, errors.New("the prompt is longer than a command line takes: use {prompt_file} instead of {prompt}")
		}
	}
	if !slices.ContainsFunc(command, namesPrompt) {
		l.Stdin = []byte(a.Prompt)
	}
	return l, nil
}

// assignments counts the variables that a command line begins with, as NAME=value before a command of the shell's.
func assignments(command []string) int {
	for i, arg := range command {
		name, _, ok := strings.Cut(arg, "=")
		if !ok || name == "" || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") != "" {
			return i
		}
	}
	return len(command)
}

// ofCheckout says whether a program is named as a file of the checkout, which only the sandbox sees.
func ofCheckout(program string) bool {
	return strings.HasPrefix(program, "./") || strings.HasPrefix(program, "{")
}

func namesPrompt(arg string) bool {
	return strings.Contains(arg, "{prompt}") || strings.Contains(arg, "{prompt_file}")
}

// fill replaces the placeholders, each once: what a prompt says in braces stays as it is.
func fill(a agent.Attempt) []string {
	values := strings.NewReplacer(
		"{prompt}", a.Prompt, "{prompt_file}", path.Join(a.Home, promptFile), "{model}", a.Model,
		"{endpoint}", a.Endpoint, "{token}", a.Token, "{repo}", a.Repo, "{home}", a.Home)
	argv := make([]string, len(a.Command))
	for i, arg := range a.Command {
		argv[i] = values.Replace(arg)
	}
	return argv
}

func environment(a agent.Attempt) []string {
	env := append(agent.BaseEnv(a), agent.ModelEnv(a)...)
	return append(env, "ADAMANT_ENDPOINT="+a.Endpoint, "ADAMANT_TOKEN="+a.Token, "ADAMANT_MODEL="+a.Model, "ADAMANT_MCP="+a.Endpoint+"/mcp",
		"ADAMANT_TASK="+a.Task, "ADAMANT_ROLE="+a.Role, "ADAMANT_PROMPT_FILE="+path.Join(a.Home, promptFile))
}

// Parse shows lines. A command may write events of adamant's own form, and is then shown like the builtin agent.
func (runner) Parse(r io.Reader, emit func(agent.Event)) error {
	return agent.EachLine(r, func(line []byte, cut bool) {
		e := agent.ParseEvent(line, cut)
		if e.Kind == agent.Unknown && !json.Valid(line) {
			e.Kind = agent.Message
		}
		emit(e)
	})
}

// Doctor cannot know which command will be run; the persona's is looked at by `adamant agent doctor`.
func (runner) Doctor(context.Context) error { return nil }
