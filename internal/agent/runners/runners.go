// Package runners lists the runners that adamant ships with: one line each.
package runners

import "github.com/adamant-os/adamant/internal/agent"

// Registry is every runner.
func Registry() (*agent.Registry, error) {
	return agent.NewRegistry()
}
