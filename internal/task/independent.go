package task

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/persona"
)

// How far a reviewer's model is from the coder's, farthest first.
const (
	ByFamily      = "family"      // no family in common
	ByModel       = "model"       // of a family, but another model
	ByTemperature = "temperature" // the same model at another temperature
)

// Independence says how far the models of a reviewer are from those of a coder, "" when they are not apart, or when what answered
// one of them is not known: it is the gateway that knows, and nobody is asked.
func Independence(coder, reviewer []Model) string {
	if len(coder) == 0 || len(reviewer) == 0 {
		return ""
	}
	apart := func(same func(a, b Model) bool) bool {
		return !slices.ContainsFunc(coder, func(a Model) bool { return slices.ContainsFunc(reviewer, func(b Model) bool { return same(a, b) }) })
	}
	family := func(a, b Model) bool { return !a.known() || !b.known() || a.Family == b.Family }
	model := func(a, b Model) bool { return a.Name == b.Name }
	switch {
	case apart(family):
		return ByFamily
	case apart(model):
		return ByModel
	case apart(func(a, b Model) bool { return model(a, b) && a.Temperature == b.Temperature }):
		return ByTemperature
	}
	return ""
}

// known says that somebody knows of which family the model is.
func (m Model) known() bool { return m.Family != "" && m.Family != persona.Unknown }

// independentEnough says that a distance is at least the least one that counts.
func independentEnough(distance, least string) bool {
	rank := []string{ByFamily, ByModel, ByTemperature}
	at := slices.Index(rank, distance)
	return at >= 0 && at <= slices.Index(rank, least)
}

// families are those of models, sorted, each once.
func families(models []Model) []string {
	var out []string
	for _, m := range models {
		if m.known() {
			out = append(out, m.Family)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// describeModels names models for people.
func describeModels(models []Model) string {
	if len(models) == 0 {
		return "no model that the gateway saw"
	}
	var out []string
	for _, m := range models {
		name := m.Name
		if m.Family != "" {
			name = fmt.Sprintf("%s (%s)", m.Name, m.Family)
		}
		out = append(out, name)
	}
	return strings.Join(out, ", ")
}

// reviewerFor chooses who reads: one whose default is of a family that the coder did not use, else one that has such a model, else
// any. The choice is a wish; what counts is what the gateway saw (Independence).
func reviewerFor(agents []Agent, avoid []string) (Agent, bool) {
	best, rank := Agent{}, 0
	for _, a := range agents {
		if a.Role != RoleReviewer {
			continue
		}
		r := 1
		if len(avoid) > 0 && slices.ContainsFunc(a.Families, func(f string) bool { return !slices.Contains(avoid, f) }) {
			r = 2
			if !slices.Contains(avoid, a.Families[0]) {
				r = 3
			}
		}
		if r > rank {
			best, rank = a, r
		}
	}
	return best, rank > 0
}

// Reader is the agent that would read a patch set of a task, "" when nobody reads here.
func Reader(s State, head git.OID, agents []Agent) string {
	agent, _ := reviewerFor(agents, families(coderModels(s, head)))
	return agent.Name
}
