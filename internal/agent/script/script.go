// Package script runs an agent that does what a list of steps says: for tests and demonstrations, without a model. The steps are
// the persona's command, one JSON object an element, or, where it has none, the block fenced as ```script in the prompt.
package script

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/builtin"
	"github.com/adamant-os/adamant/internal/agent/loop"
)

type runner struct{ executable string }

// New is the runner `script`. executable is adamant's own on the host, absolute.
func New(executable string) agent.Runner { return runner{executable} }

func (runner) Name() string { return "script" }

func (r runner) Prepare(a agent.Attempt) (agent.Launch, error) {
	text := strings.Join(a.Command, "\n")
	if len(a.Command) == 0 {
		text = fenced(a.Prompt)
	}
	steps, err := loop.ReadSteps(strings.NewReader(text))
	if err != nil {
		return agent.Launch{}, err
	}
	if len(steps) == 0 {
		return agent.Launch{}, errors.New("the script runner needs steps: the persona's command, one JSON object an element, or a block fenced as ```script in the task")
	}
	job := loop.JobOf(a)
	job.Steps = steps
	return builtin.Launch(r.executable, a, job)
}

// fenced is what stands in the last block fenced as ```script: a task's feedback comes after its first words.
func fenced(prompt string) string {
	const fence = "```script\n"
	at := strings.LastIndex("\n"+prompt, "\n"+fence)
	if at < 0 {
		return ""
	}
	block, _, _ := strings.Cut(prompt[at+len(fence):], "\n```")
	return block
}

func (runner) Parse(r io.Reader, emit func(agent.Event)) error { return agent.ParseEvents(r, emit) }

// Doctor has nothing to find: the agent is this executable.
func (runner) Doctor(context.Context) error { return nil }
