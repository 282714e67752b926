package workforce

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/adamant-os/adamant/internal/agent"
	"github.com/adamant-os/adamant/internal/breaker"
	"github.com/adamant-os/adamant/internal/gateway"
	"github.com/adamant-os/adamant/internal/gateway/price"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/persona"
	"github.com/adamant-os/adamant/internal/task"
)

// cast is who plays an attempt: its persona, the models it may use in their order, and what it may spend.
type cast struct {
	persona persona.Persona
	role    persona.Role
	models  []persona.Model
}

// castFor finds who plays an attempt. A reviewer is of no family that is to be avoided as long as its persona has another; package
// task judges what answered in the end.
func castFor(set *persona.Set, a task.Attempt) (cast, error) {
	p, err := set.Get(a.Agent)
	if err != nil {
		return cast{}, fmt.Errorf("attempt %s: %w", a.ID, err)
	}
	role, ok := persona.RoleNamed(p.Role)
	if !ok || !role.Model {
		return cast{}, fmt.Errorf("agent %s has the role %s, which no model plays", p.Name, p.Role)
	}
	if p.Role != a.Role {
		return cast{}, fmt.Errorf("agent %s is a %s now, and the attempt wants a %s", p.Name, p.Role, a.Role)
	}
	models := slices.Clone(p.Models)
	if a.Swap && len(models) > 1 {
		models = append(models[1:], models[0])
	}
	slices.SortStableFunc(models, func(x, y persona.Model) int {
		return weight(slices.Contains(a.Avoid, x.Family)) - weight(slices.Contains(a.Avoid, y.Family))
	})
	return cast{persona: p, role: role, models: models}, nil
}

func weight(last bool) int {
	if last {
		return 1
	}
	return 0
}

func (c cast) modelNames() []string {
	names := make([]string, len(c.models))
	for i, m := range c.models {
		names[i] = m.Name
	}
	return names
}

// session is the cast as the gateway sees it.
func (c cast) session(a task.Attempt, pii bool) gateway.Attempt {
	b := c.persona.Budget
	return gateway.Attempt{Task: a.Task, Attempt: a.ID, Agent: a.Agent, Role: a.Role, Change: a.Change, Feature: a.Feature,
		Models: c.modelNames(), Temperature: decimal(c.persona.Temperature), MaxTokens: c.persona.MaxTokens,
		Budget:      gateway.Budget{NanoUSD: b.TaskNano, Tokens: b.Tokens, Requests: requests(b.Turns)},
		TaskBudget:  gateway.Budget{NanoUSD: b.TaskNano},
		AgentBudget: gateway.Budget{NanoUSD: b.DayNano},
		Providers:   c.providers(), PII: pii, RequestsPerMinute: c.persona.Breaker.PerMinute}
}

// providers are those that the persona names for its models.
func (c cast) providers() map[string]string {
	out := map[string]string{}
	for _, m := range c.models {
		if m.Provider != "" {
			out[m.Name] = m.Provider
		}
	}
	return out
}

// api is the wire format of the cast's first model: that of the provider that answers; empty where there is none.
func (c cast) api(g manifest.Gateway) string {
	if len(c.models) == 0 {
		return agent.Anthropic
	}
	first := c.models[0]
	for _, p := range g.Providers {
		serves := slices.ContainsFunc(p.Models, func(pattern string) bool { return price.Match(pattern, first.Name) })
		if !serves || first.Provider != "" && first.Provider != p.Name {
			continue
		}
		if p.API == "openai" {
			return agent.OpenAIResponses
		}
		return p.API
	}
	return "" // no provider: a script or a cassette answers, in whatever format it is asked
}

// requests allows side calls and retries beside the turns; the breaker counts turns exactly.
func requests(turns int) int64 { return int64(turns) * 2 }

// decimal writes thousandths; persona.Unset is nothing.
func decimal(thousandths int64) string {
	if thousandths == persona.Unset {
		return ""
	}
	return strconv.FormatFloat(float64(thousandths)/1000, 'f', -1, 64)
}

// limits are the cast's caps as the breaker sees them.
func (c cast) limits() breaker.Limits {
	b := c.persona.Budget
	return breaker.Limits{Turns: b.Turns, Tokens: b.Tokens, CostNano: b.TaskNano, Wall: b.Wall,
		FanOut: c.persona.Breaker.FanOut, RequestsPerMinute: c.persona.Breaker.PerMinute}
}

// limit is the same for people.
func (c cast) limit() task.Spent {
	b := c.persona.Budget
	return task.Spent{NanoUSD: b.TaskNano, Tokens: b.Tokens, Requests: int64(b.Turns), Seconds: int64(b.Wall.Seconds())}
}
