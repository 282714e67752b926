package facts_test

import (
	"testing"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/git/gittest"
)

func agentFile(name, spec string) string {
	return "apiVersion: adamant.dev/v1\nkind: Agent\nmetadata: {name: " + name + "}\nspec: {" + spec + "}\n"
}

// What an agent may do is read at base: a change that promotes its own author changes nothing about how it is judged.
func TestPersonaIsReadAtBase(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write(".adamant/agents/pupil.yaml", agentFile("pupil", "role: coder, tier: junior, paths: [\"src/**\"], denied: [\"src/keys/**\"]"))
	r.Commit("base")
	r.Branch("change")
	r.Write(".adamant/agents/pupil.yaml", agentFile("pupil", "role: coder, tier: senior"))
	r.Write(".adamant/agents/friend.yaml", agentFile("friend", "role: coder, tier: senior"))
	r.Commit("promote\n\nAgent: pupil\n")
	for agent, want := range map[string]*facts.Persona{
		"pupil":  {Source: ".adamant/agents/pupil.yaml", Role: "coder", Writes: true, Tier: "junior", Paths: []string{"src/**"}, Denied: []string{"src/keys/**"}},
		"friend": nil, "coder": nil,
	} {
		c, err := collectWith(t, r, "change", facts.Options{By: &facts.Identity{Agent: agent, Grants: []string{"docs/**"}}})
		if err != nil {
			t.Fatal(err)
		}
		got := c.Input.Change
		if !got.Personas || (got.Persona == nil) != (want == nil) || len(got.Grants) != 1 {
			t.Fatalf("%s: %+v", agent, got)
		}
		if want != nil && (got.Persona.Tier != want.Tier || got.Persona.Source != want.Source || len(got.Persona.Paths) != 1 || len(got.Persona.Denied) != 1 || !got.Persona.Writes) {
			t.Errorf("%s: %+v", agent, got.Persona)
		}
	}
	c, err := collectWith(t, r, "change", facts.Options{By: &facts.Identity{}})
	if err != nil || c.Input.Change.Persona != nil || c.Input.Change.Personas {
		t.Errorf("a person has a persona: %+v, %v", c.Input.Change, err)
	}
}

func TestBuiltInPersona(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("a.go", "x\n")
	r.Commit("base")
	r.Branch("change")
	r.Write("a.go", "y\n")
	r.Commit("change\n\nAgent: reviewer\n")
	c, err := collectWith(t, r, "change", facts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if p := c.Input.Change.Persona; c.Input.Change.Personas || p == nil || p.Source != facts.BuiltIn || p.Writes || p.Tier != "standard" {
		t.Errorf("%+v", p)
	}
}

// A persona that cannot be read is a new finding of the change that breaks it, and an old one of every other.
func TestUnreadableAgent(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write(".adamant/agents/old.yaml", agentFile("old", "role: boss"))
	r.Commit("base")
	r.Branch("change")
	r.Write(".adamant/agents/new.yaml", agentFile("new", "role: coder, path: [a]"))
	r.Commit("change\n\nAgent: old\n")
	c, err := collectWith(t, r, "change", facts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]finding.State{}
	for _, f := range c.Input.Findings {
		if f.Rule == facts.UnreadableAgent {
			states[f.Path] = f.State
		}
	}
	if len(states) != 2 || states[".adamant/agents/old.yaml"] != finding.Unchanged || states[".adamant/agents/new.yaml"] != finding.New {
		t.Errorf("%v", states)
	}
	if c.Input.Change.Persona != nil || !c.Input.Change.Personas {
		t.Errorf("half of a persona was taken: %+v", c.Input.Change.Persona)
	}
}
