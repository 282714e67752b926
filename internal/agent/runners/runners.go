// Package runners lists the runners that adamant ships with: one line each.
package runners

import (
	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/agent/acp"
	"github.com/adamant-os/adamant/internal/agent/builtin"
	"github.com/adamant-os/adamant/internal/agent/claude"
	"github.com/adamant-os/adamant/internal/agent/codex"
	"github.com/adamant-os/adamant/internal/agent/exec"
	"github.com/adamant-os/adamant/internal/agent/pi"
	"github.com/adamant-os/adamant/internal/agent/script"
)

// Registry is every runner. executable is adamant's own, absolute: the runners of our own agent start it inside the sandbox.
func Registry(executable string) (*agent.Registry, error) {
	return agent.NewRegistry(
		acp.New(),
		builtin.New(executable),
		claude.New(),
		codex.New(),
		exec.New(),
		pi.New(),
		script.New(executable),
	)
}
