package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/adamant-os/adamant/internal/advice"
	"github.com/adamant-os/adamant/internal/agent/runners"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gateway"
	"github.com/adamant-os/adamant/internal/gateway/script"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/mcp"
	"github.com/adamant-os/adamant/internal/sandbox"
	"github.com/adamant-os/adamant/internal/task"
	"github.com/adamant-os/adamant/internal/workforce"
	"github.com/adamant-os/adamant/internal/workspace"
)

// modelFlags say who answers agents in place of the providers that adamant.yaml names.
type modelFlags struct{ script, record, replay string }

func (m *modelFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&m.script, "script", "", "answer agents from this script instead of a model (docs/formats/script.md)")
	flags.StringVar(&m.record, "record", "", "keep what models answer in this cassette")
	flags.StringVar(&m.replay, "replay", "", "answer agents from this cassette; no key is needed")
}

// args are the flags again, for the daemon that is left running.
func (m *modelFlags) args(env *Env) []string {
	var out []string
	for _, f := range [...]struct{ name, value string }{{"--script", m.script}, {"--record", m.record}, {"--replay", m.replay}} {
		if f.value != "" {
			out = append(out, f.name, absolute(env, f.value))
		}
	}
	return out
}

// apply puts the flags into a gateway's configuration.
func (m *modelFlags) apply(env *Env, c *gateway.Config) error {
	given := 0
	for _, f := range []string{m.script, m.record, m.replay} {
		if f != "" {
			given++
		}
	}
	if given > 1 {
		return usage(errors.New("--script, --record and --replay exclude each other"))
	}
	switch {
	case m.record != "":
		c.Mode, c.Cassette = gateway.Record, absolute(env, m.record)
	case m.replay != "":
		c.Mode, c.Cassette = gateway.Replay, absolute(env, m.replay)
	case m.script != "":
		path := absolute(env, m.script)
		data, err := os.ReadFile(path)
		if err != nil {
			return usage(fmt.Errorf("reading the script: %w", err))
		}
		if c.Script, err = script.Load(m.script, data); err != nil {
			return usage(err)
		}
		c.Mode = gateway.Script
	}
	return nil
}

// workspacesFolder is where the workspaces of a kernel's agents are.
func workspacesFolder(env *Env, kernelDir string) string {
	return filepath.Join(stateFolder(env, kernelDir), "workspaces")
}

// workforce makes what runs agents, once the kernel is held.
func (f *upFlags) workforce(k *kernel.Kernel, clone *git.Repo, self string, log *slog.Logger) (func(context.Context) (task.Workforce, error), error) {
	home, err := os.UserHomeDir()
	if err != nil {
		home = "" // keys that begin with ~ are then refused
	}
	models := gateway.Config{Repository: clone.Root(), Home: home, Getenv: f.env.Getenv, Now: f.env.Now}
	if err := f.models.apply(f.env, &models); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (task.Workforce, error) {
		box, err := sandbox.New(ctx, sandbox.Options{Self: self})
		if err != nil {
			return nil, err
		}
		spaces, err := workspace.Open(workspace.Config{Dir: workspacesFolder(f.env, k.Dir()), Kernel: k})
		if err != nil {
			return nil, err
		}
		registry, err := runners.Registry(self)
		if err != nil {
			return nil, err
		}
		return workforce.New(ctx, workforce.Config{Kernel: k, Workspaces: spaces, Sandbox: box, Runners: registry, Gateway: models,
			Furnish: func(ctx context.Context, commit git.OID, checkout, home string) error {
				return judge.Furnish(ctx, k.Repo(), commit, judge.Request{Places: places(f.env), Getenv: f.env.Getenv, Version: Version}, checkout, home)
			},
			Desk: f.desk(k, self), Version: Version, Now: f.env.Now, Log: log})
	}, nil
}

// desk is what agents may ask: about main, and about what their attempt has made.
func (f *upFlags) desk(k *kernel.Kernel, self string) workforce.Desk {
	return func(a task.Attempt, work func(context.Context) (git.OID, error)) mcp.Tools {
		m := means(f.env, self)
		m.Target = "main"
		m.By = &facts.Identity{Agent: a.Agent, Role: a.Role, Task: a.Task, Feature: a.Feature, Grants: a.Grants}
		return advice.Desk{
			Open:  func(ctx context.Context) (*git.Repo, error) { return git.Open(ctx, k.Repo().GitDir()) },
			Means: m, Main: kernel.RefMain, Work: work, Closed: true, Text: plainVerdict, Now: f.env.Now,
		}.Tools()
	}
}
