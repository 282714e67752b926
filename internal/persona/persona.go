// Package persona says what the agents of a repository are and what each may do: the table of roles, the personas of
// .adamant/agents/<name>.yaml, and those that are built in where a repository has none.
//
// It promises that a persona is read strictly (an unknown field, tool or role is an error with file, line and column), that
// what a persona may do is never more than its role may, and that nothing here depends on what an agent says. Personas are
// read from a commit that the caller names, which is the base of a change, never the change. It never starts an agent and
// never decides whether a change may land.
package persona

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/manifest"
)

// Tier is how far an agent is trusted.
type Tier string

// The tiers, from most to least trusted.
const (
	Senior       Tier = "senior"
	Standard     Tier = "standard"
	Experimental Tier = "experimental"
	Junior       Tier = "junior" // everything it makes waits for the operator
)

// Tiers lists the tiers, most trusted first.
func Tiers() []Tier { return []Tier{Senior, Standard, Experimental, Junior} }

// Persona is what one kind of agent is, completed by defaults. Empty lists mean what their comments say.
type Persona struct {
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	Role        string        `json:"role"`
	Tier        Tier          `json:"tier"`
	Runner      string        `json:"runner"`
	Command     []string      `json:"command,omitempty"`
	Models      []Model       `json:"models,omitempty"`    // the first is the default; none = the runner's or gateway's own
	Temperature int64         `json:"temperature"`         // in thousandths; Unset = the provider's default
	MaxTokens   int64         `json:"maxTokens,omitempty"` // of one answer; 0 = the provider's default
	Paths       []string      `json:"paths,omitempty"`     // globs it may write; none = those of spec.agents.paths
	Denied      []string      `json:"denied,omitempty"`    // globs it may not write, whatever is granted
	Tools       []string      `json:"tools"`               // sorted as Tools lists them; never beyond its role
	Egress      []string      `json:"egress,omitempty"`    // host or host:port; none = no network but the model
	Budget      Budget        `json:"budget"`
	Concurrency int           `json:"concurrency"`
	Breaker     BreakerLimits `json:"breaker,omitzero"`
	Source      string        `json:"source,omitempty"` // file it was read from; "" = built in
}

// Unset is a temperature that nobody chose.
const Unset = -1

// Model is a model that a persona may use.
type Model struct {
	Name     string `json:"name"`
	Provider string `json:"provider,omitempty"` // of spec.gateway; "" = the one that offers it
	Family   string `json:"family"`             // who trained it; Unknown when nobody says
	Silent   bool   `json:"silent,omitempty"`   // declared to show nothing of its reasoning
}

// Budget bounds what an agent may use. Money is in billionths of a US dollar. 0 = no bound.
type Budget struct {
	TaskNano int64         `json:"taskNanoUSD"`
	DayNano  int64         `json:"dayNanoUSD"`
	Tokens   int64         `json:"tokens"` // of one attempt, all kinds together
	Turns    int           `json:"turns"`  // requests to the model, of one attempt
	Wall     time.Duration `json:"wall"`   // of one attempt
}

// BreakerLimits change the breaker's own; 0 = as it is.
type BreakerLimits struct {
	PerMinute int `json:"requestsPerMinute,omitempty"`
	FanOut    int `json:"fanOut,omitempty"`
}

// Set is the personas of one commit. The zero value is that of a repository that names none.
type Set struct {
	Declared bool                  // the repository names personas: others are unknown
	Problems []manifest.Diagnostic // of files that cannot be read: their personas are not in the set
	personas []Persona
}

// List is every persona that can be read, sorted by name.
func (s *Set) List() []Persona {
	if s == nil || !s.Declared {
		return builtins()
	}
	return slices.Clone(s.personas)
}

// UnknownError says that nothing describes an agent of that name, or that what does cannot be read.
type UnknownError struct {
	Name     string
	Known    []string              // sorted
	Problems []manifest.Diagnostic // of its file
}

func (e *UnknownError) Error() string {
	if len(e.Problems) > 0 {
		return fmt.Sprintf("agent %s cannot be read: %v", e.Name, manifest.Join(e.Problems))
	}
	return fmt.Sprintf("there is no agent %s; there are %s (to describe it: adamant agent new %s)", e.Name, strings.Join(e.Known, ", "), e.Name)
}

// Get finds a persona by the agent's name. The error is an *UnknownError.
func (s *Set) Get(name string) (Persona, error) {
	unknown := &UnknownError{Name: name}
	for _, p := range s.List() {
		if p.Name == name {
			return p, nil
		}
		unknown.Known = append(unknown.Known, p.Name)
	}
	if s != nil {
		for _, d := range s.Problems {
			if nameOf(d.Path) == name {
				unknown.Problems = append(unknown.Problems, d)
			}
		}
	}
	return Persona{}, unknown
}

// OfRole is every persona of a role, most trusted first.
func (s *Set) OfRole(role string) []Persona {
	var out []Persona
	for _, tier := range Tiers() {
		for _, p := range s.List() {
			if p.Role == role && p.Tier == tier {
				out = append(out, p)
			}
		}
	}
	return out
}

// IsSilent says that the persona declares a model to show nothing of its reasoning. What answers may say more of its version than
// the persona does.
func (p Persona) IsSilent(model string) bool {
	return slices.ContainsFunc(p.Models, func(m Model) bool { return m.Silent && strings.HasPrefix(model, m.Name) })
}
