// Package builtin runs adamant's own agent: package loop, started by this executable inside the sandbox. It needs nothing but a
// model behind the gateway.
package builtin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/loop"
)

// Program is where adamant's executable is seen inside the sandbox.
const Program = "/opt/adamant/adamant"

// Verb is the hidden command of the executable.
const Verb = "agent-loop"

type runner struct{ executable string }

// New is the runner `builtin`. executable is adamant's own on the host, absolute.
func New(executable string) agent.Runner { return runner{executable} }

func (runner) Name() string { return "builtin" }

func (r runner) Prepare(a agent.Attempt) (agent.Launch, error) {
	return Launch(r.executable, a, loop.JobOf(a))
}

// Launch starts the executable with a job: also for runner script.
func Launch(executable string, a agent.Attempt, job loop.Job) (agent.Launch, error) {
	if !filepath.IsAbs(executable) {
		return agent.Launch{}, fmt.Errorf("adamant's own executable %q is no absolute path", executable)
	}
	stdin, err := json.Marshal(job)
	if err != nil {
		return agent.Launch{}, fmt.Errorf("describe the attempt %s: %w", a.ID, err)
	}
	return agent.Launch{
		Argv:   []string{Program, Verb},
		Env:    append(slices.Clone(agent.BaseEnv(a)), loop.TokenVariable+"="+a.Token),
		Stdin:  stdin,
		Mounts: []agent.Mount{{Source: executable, Target: Program}},
	}, nil
}

func (runner) Parse(r io.Reader, emit func(agent.Event)) error { return agent.ParseEvents(r, emit) }

// Doctor has nothing to find: the agent is this executable.
func (runner) Doctor(context.Context) error { return nil }
