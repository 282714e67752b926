package check

import (
	"context"
	"errors"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Runner runs declared checks on this machine. Scratch, State, Path and Engine are required.
type Runner struct {
	// Scratch is the folder that checkouts are made in, outside every repository; the runner clears what crashed runs left there.
	Scratch string
	// State is a folder of this user that holds setup results, logs and, if Cache is nil, nothing else.
	State string
	// Cache keeps results; nil runs everything.
	Cache *Cache
	// Path is the search path for commands. Relative entries are ignored.
	Path string
	// Home is the user's home folder; only toolchain managers below it are pointed at (docs/checks.md). May be empty.
	Home string
	// Getenv reads adamant's own environment, for PassEnv and for the proxy and registry variables that setup gets.
	Getenv func(string) string
	// Self is an executable whose main calls Init before anything else: adamant itself. Empty = no isolation (network: open).
	Self string
	// Engine is adamant's version, a part of every cache key.
	Engine string
	// Jobs is how many checks run at once; less than 1 means 1.
	Jobs int
	// Now is the clock.
	Now func() time.Time
	// Progress, when set, is told about each step, one call at a time.
	Progress func(Event)
}

// Run runs checks on job and returns one piece of evidence a check, in the order given, and what they found. An error means
// that adamant or the machine failed, or that ctx ended: then nothing was decided.
func (r *Runner) Run(ctx context.Context, checks []manifest.Check, job Job) ([]facts.Evidence, []finding.Finding, error) {
	return nil, nil, errors.New("run checks: not built yet")
}
