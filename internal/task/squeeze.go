package task

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Debt is what a ratchet mark still allows in one scope.
type Debt struct {
	Rule, Scope string
	Count       int
}

// SqueezeRules say who works off old violations, and how much of it.
type SqueezeRules struct {
	Agent    string
	PerDay   int
	Rules    []string // none = all
	MaxCount int      // in one scope; more is too much for one task
}

const (
	squeezePrefix   = "squeeze:"
	squeezePriority = -10
	squeezeRest     = 7 * 24 * time.Hour // until the same place is tried again
)

// Squeeze is the next task that idle agents may be given, nil when there is none: the smallest debt that nobody tried within a week.
// It is a function of its arguments and of the day, so asking again on that day opens the same task again, which is none.
func Squeeze(debts []Debt, tasks []State, rules SqueezeRules, now time.Time) *Operation {
	day := now.UTC().Truncate(24 * time.Hour)
	today, tried := 0, map[string]bool{}
	for _, s := range tasks {
		if s.Status.Live() {
			return nil // nobody is idle
		}
		if !strings.HasPrefix(s.Origin.Source, squeezePrefix) {
			continue
		}
		if !s.OpenedAt.Before(day) {
			today++
		}
		if !s.OpenedAt.Before(now.Add(-squeezeRest)) {
			tried[s.Origin.Source] = true
		}
	}
	debts = slices.DeleteFunc(slices.Clone(debts), func(d Debt) bool {
		return d.Count <= 0 || d.Count > rules.MaxCount || tried[d.source()] || len(rules.Rules) > 0 && !slices.Contains(rules.Rules, d.Rule)
	})
	if today >= rules.PerDay || len(debts) == 0 {
		return nil
	}
	d := slices.MinFunc(debts, func(a, b Debt) int {
		return cmp.Or(cmp.Compare(a.Count, b.Count), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Scope, b.Scope))
	})
	return &Operation{Time: day, Actor: roleKernel + ":squeeze", Body: d.opening(rules.Agent, day)}
}

func (d Debt) source() string { return clipLine(squeezePrefix + d.Rule + ":" + d.Scope) }

func (d Debt) opening(agent string, day time.Time) Opening {
	where := cmp.Or(strings.TrimSuffix(d.Scope, "/"), "the repository")
	o := Opening{Title: clipLine(fmt.Sprintf("Lower %s in %s from %d", d.Rule, where, d.Count)), Agent: agent, Target: "main", Priority: squeezePriority, Source: d.source(),
		Nonce: day.Format(time.DateOnly), Text: fmt.Sprintf("The rule %s has %d old violations in %s. Mend as many as you can without changing what the code does; each counts."+
			" Do not suppress, move or hide any, and touch nothing else. `adamant ratchet show` lists them. Once it lands, the mark drops and never rises again.", d.Rule, d.Count, where)}
	if d.Scope != "" {
		o.Paths = []string{d.Scope}
	}
	return o
}
