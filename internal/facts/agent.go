package facts

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/persona"
)

// Persona is what base says about the agent that made the change.
type Persona struct {
	Source string `json:"source"` // file; built-in
	Role   string `json:"role"`
	Writes bool   `json:"writes"` // the role proposes changes
	Tier   string `json:"tier"`
	// Paths are globs it may write, none = those of spec.agents.paths; Denied those it may not, beside spec.agents.denied.
	Paths  []string `json:"paths,omitempty"`
	Denied []string `json:"denied,omitempty"`
}

// Reasoning is what the ledger has about the actions by which agents made the change (docs/formats/thought.md).
type Reasoning struct {
	Entries int `json:"entries"` // actions on record
	Writing int `json:"writing"` // of those, actions that may have changed a file
	Missing int `json:"missing"` // actions that are not on record, or not as they were written
	// Silent are actions on record without any reasoning, of models that are not declared to show none.
	Silent  int      `json:"silent"`
	Gaps    []string `json:"gaps,omitempty"` // what is missing, in words, first 20
	Sources Sources  `json:"sources"`
	// Families and Models are those that answered, as the gateway saw them, sorted.
	Families []string `json:"families"`
	Models   []Model  `json:"models"`
}

// Sources counts actions by where their reasoning is from.
type Sources struct {
	Provider   int `json:"provider"`
	Summary    int `json:"summary"`
	SelfReport int `json:"selfReport"`
	None       int `json:"none"`
}

// Model is a model that answered an agent.
type Model struct {
	Name        string `json:"name"`
	Family      string `json:"family"`
	Temperature int64  `json:"temperature"` // in thousandths; -1 = the provider's default
}

// AgentReview is what a reviewing agent said about the change, with the models that answered it.
type AgentReview struct {
	Agent   string  `json:"agent"`
	Head    string  `json:"head"` // the patch set that it read
	Outcome string  `json:"outcome"`
	Models  []Model `json:"models"`
}

// BuiltIn is the source of a persona that no file describes.
const BuiltIn = "built-in"

// readPersonas reads the personas of a side. One that cannot be read is not among them.
func readPersonas(ctx context.Context, side *Side) (*persona.Set, error) {
	var files []persona.File
	for _, e := range side.Entries() {
		if !persona.IsFile(e.Path) {
			continue
		}
		file := persona.File{Path: SpellPath(e.Path), Problem: persona.FileProblem(e.Mode)}
		if file.Problem == "" {
			data, err := side.Blob(ctx, e.OID)
			if tooLarge := (*git.TooLargeError)(nil); errors.As(err, &tooLarge) {
				file.Problem, err = "is too large to be looked at", nil
			}
			if err != nil {
				return nil, fmt.Errorf("reading agent %s: %w", file.Path, err)
			}
			file.Data = data
		}
		files = append(files, file)
	}
	return persona.Parse(files), nil
}

// agentFacts adds what base says about the change's agent, and what is wrong with personas.
func (c *Collected) agentFacts(ctx context.Context) error {
	base := c.Governance.Personas
	merged := base
	if slices.ContainsFunc(c.Changes, func(f git.FileChange) bool { return persona.IsFile(f.Path) || persona.IsFile(f.OldPath) }) {
		var err error
		if merged, err = readPersonas(ctx, c.Merged); err != nil {
			return err
		}
	}
	in := c.Input
	in.Findings = append(in.Findings, finding.Compare(personaFindings(base), personaFindings(merged), in.Renames())...)
	if in.Change.Agent == "" {
		return nil
	}
	in.Change.Personas = base != nil && base.Declared
	if p, err := base.Get(in.Change.Agent); err == nil {
		role, _ := persona.RoleNamed(p.Role)
		in.Change.Persona = &Persona{Source: p.Source, Role: p.Role, Writes: role.Writes, Tier: string(p.Tier), Paths: p.Paths, Denied: p.Denied}
		if p.Source == "" {
			in.Change.Persona.Source = BuiltIn
		}
	}
	return nil
}

// UnreadableAgent is the rule of personas that cannot be read.
const UnreadableAgent = "agents/unreadable"

func personaFindings(set *persona.Set) []finding.Finding {
	if set == nil {
		return nil
	}
	var out []finding.Finding
	same := map[string]int{}
	for _, d := range set.Problems {
		snippet := d.Path + " " + d.Message
		same[snippet]++
		out = append(out, finding.Finding{Rule: UnreadableAgent, Severity: finding.Error, Path: d.Path, Line: d.Line, Column: d.Column, Tool: "adamant",
			Message: d.Message, Fix: "see docs/formats/agent.md, or adamant schema Agent", Fingerprint: finding.Fingerprint(UnreadableAgent, snippet, "", same[snippet]-1)})
	}
	return out
}
