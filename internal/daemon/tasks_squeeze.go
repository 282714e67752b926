package daemon

import (
	"context"
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/task"
)

const squeezeEvery = time.Minute

// squeeze gives idle agents a mark to lower, where main's configuration wants that, nothing else goes on and money is left.
func (d *Daemon) squeeze(ctx context.Context) (time.Time, error) {
	next := d.now().Add(squeezeEvery)
	s := d.settings.Load()
	if s.fleet.squeeze == nil || d.crew.force == nil || d.pauseReason() != "" {
		return next, nil
	}
	tasks, err := d.crew.list(ctx)
	if err != nil {
		return next, err
	}
	if s.fleet.day > 0 && d.crew.spentToday(tasks) >= s.fleet.day {
		return next, nil
	}
	debts, err := d.debts(ctx)
	if err != nil {
		return next, err
	}
	states := make([]task.State, len(tasks))
	for i, t := range tasks {
		states[i] = t.State
	}
	rules := task.SqueezeRules{Agent: s.fleet.squeeze.Agent, PerDay: s.fleet.squeeze.PerDay, Rules: s.fleet.squeeze.Rules, MaxCount: s.fleet.squeeze.MaxCount}
	op := task.Squeeze(debts, states, rules, d.now())
	if op == nil || !slices.ContainsFunc(s.agents, func(a task.Agent) bool { return a.Name == rules.Agent && a.Role == task.RoleCoder }) {
		return next, nil
	}
	_, err = d.crew.create(ctx, *op)
	return next, err
}

// debts are what main's marks still allow.
func (d *Daemon) debts(ctx context.Context) ([]task.Debt, error) {
	main, err := d.kernel.Ref(ctx, kernel.RefMain)
	if err != nil {
		return nil, err
	}
	side, _, err := judge.GovernanceAt(ctx, d.kernel.Repo(), main)
	if err != nil {
		return nil, err
	}
	marks, _, err := facts.ReadMarks(ctx, side) // one that cannot be read is a finding elsewhere
	if err != nil {
		return nil, err
	}
	var out []task.Debt
	for _, m := range marks {
		for scope := range m.Scopes {
			out = append(out, task.Debt{Rule: m.Rule, Scope: scope, Count: m.Count(scope)})
		}
	}
	return out, nil
}
