package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/persona"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/task"
)

// fleet is what spec.fleet of main's adamant.yaml says, completed.
type fleet struct {
	rules   task.Rules
	running int
	roles   map[string]int
	day     int64       // nano-USD; 0 = no limit
	review  *risk.Level // the least level that agents read; nil = never
	squeeze *manifest.Squeeze
}

const (
	fleetRunning   = 4
	squeezesPerDay = 3
	squeezeCount   = 25
)

// newFleet completes a configuration. An error goes with settings that can be used: what cannot be read lets nothing start.
func newFleet(f manifest.Fleet) (fleet, error) {
	out := fleet{rules: task.Rules{Attempts: f.Attempts, Independent: f.Independent}, running: cmp.Or(f.MaxRunning, fleetRunning), roles: maps.Clone(f.PerRole),
		squeeze: f.Squeeze}
	var wrong error
	if f.DayUSD != "" {
		if out.day, wrong = nanoUSD(f.DayUSD); wrong != nil {
			out.running, wrong = 0, fmt.Errorf("spec.fleet.dayUSD: %w", wrong)
		}
	}
	if f.Review != "never" {
		level, err := risk.ParseLevel(cmp.Or(f.Review, "low"))
		if err != nil {
			wrong = errors.Join(wrong, fmt.Errorf("spec.fleet.review: %w", err))
		}
		out.review = &level
	}
	if s := f.Squeeze; s != nil {
		done := *s
		done.PerDay, done.MaxCount = cmp.Or(s.PerDay, squeezesPerDay), cmp.Or(s.MaxCount, squeezeCount)
		out.squeeze = &done
	}
	return out, wrong
}

// nanoUSD reads a decimal amount of US dollars, such as 12.50, as billionths. 0 is written as 1: nothing may be spent.
func nanoUSD(text string) (int64, error) {
	whole, part, _ := strings.Cut(text, ".")
	if len(part) > 9 || len(whole) > 9 {
		return 0, fmt.Errorf("%q is not an amount of US dollars", text)
	}
	n, err := strconv.ParseInt(whole+part+strings.Repeat("0", 9-len(part)), 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not an amount of US dollars", text)
	}
	return max(n, 1), nil
}

// readAgents are the agents of a commit. What is wrong with a persona is trouble and leaves that one out.
func (d *Daemon) readAgents(ctx context.Context, main git.OID) ([]task.Agent, error) {
	set, err := persona.Load(ctx, d.kernel.Repo(), main)
	if err != nil {
		return nil, fmt.Errorf("reading the agents on main: %w", err)
	}
	d.trouble("agents' files", manifest.Join(set.Problems))
	var out []task.Agent
	for _, p := range set.List() {
		a := task.Agent{Name: p.Name, Role: p.Role, Models: len(p.Models), Concurrency: p.Concurrency, Paths: p.Paths}
		for _, m := range p.Models {
			if m.Family != persona.Unknown {
				a.Families = append(a.Families, m.Family)
			}
		}
		out = append(out, a)
	}
	return out, nil
}
