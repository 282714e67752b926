package workforce

import (
	"slices"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/persona"
	"github.com/adamant-os/adamant/internal/task"
)

const agents = `apiVersion: adamant.dev/v1
kind: Agent
metadata: {name: NAME}
spec:
  role: ROLE
  models: [{name: claude-x}, {name: gpt-y}, {name: qwen-z}]
  budget: {taskUSD: 2, tokens: 1000, turns: 10, wall: 30m}
`

func personas(t *testing.T) *persona.Set {
	t.Helper()
	var files []persona.File
	for name, role := range map[string]string{"coder": "coder", "reader": "reviewer"} {
		text := strings.NewReplacer("NAME", name, "ROLE", role).Replace(agents)
		files = append(files, persona.File{Path: persona.Folder + "/" + name + ".yaml", Data: []byte(text)})
	}
	set := persona.Parse(files)
	if len(set.Problems) > 0 {
		t.Fatal(set.Problems)
	}
	return set
}

func TestCast(t *testing.T) {
	t.Parallel()
	set := personas(t)
	for _, c := range []struct {
		name    string
		attempt task.Attempt
		models  string // "" = refused
	}{
		{"as written", task.Attempt{Agent: "coder", Role: "coder"}, "claude-x gpt-y qwen-z"},
		{"the breaker stopped the first", task.Attempt{Agent: "coder", Role: "coder", Swap: true}, "gpt-y qwen-z claude-x"},
		{"a reviewer of another family", task.Attempt{Agent: "reader", Role: "reviewer", Avoid: []string{"claude"}}, "gpt-y qwen-z claude-x"},
		{"none is left", task.Attempt{Agent: "reader", Role: "reviewer", Avoid: []string{"claude", "gpt", "qwen"}}, "claude-x gpt-y qwen-z"},
		{"unknown", task.Attempt{Agent: "nobody", Role: "coder"}, ""},
		{"another role", task.Attempt{Agent: "reader", Role: "coder"}, ""},
	} {
		got, err := castFor(set, c.attempt)
		if (err == nil) != (c.models != "") || err == nil && strings.Join(got.modelNames(), " ") != c.models {
			t.Errorf("%s: %v, %v; want %q", c.name, got.modelNames(), err, c.models)
		}
	}
}

// TestBudgetsReachTheGateway: every bound of a persona is one of the session's or of the breaker's.
func TestBudgetsReachTheGateway(t *testing.T) {
	t.Parallel()
	c, err := castFor(personas(t), task.Attempt{Agent: "coder", Role: "coder"})
	if err != nil {
		t.Fatal(err)
	}
	s := c.session(task.Attempt{ID: "a-1", Task: "a"}, true)
	if s.Budget.NanoUSD != 2e9 || s.TaskBudget.NanoUSD != 2e9 || s.AgentBudget.NanoUSD < 2e9 || s.Budget.Tokens != 1000 || !s.PII || !slices.Equal(s.Models, c.modelNames()) {
		t.Errorf("session %+v", s)
	}
	if l := c.limits(); l.Turns != 10 || l.Tokens != 1000 || l.CostNano != 2e9 || l.Wall.Minutes() != 30 {
		t.Errorf("limits %+v", l)
	}
}

// TestAPI: our own agent speaks what the provider of its model speaks.
func TestAPI(t *testing.T) {
	t.Parallel()
	g := manifest.Gateway{Providers: []manifest.Provider{
		{Name: "one", API: "openai", Models: []string{"gpt-*"}}, {Name: "two", API: "openai-chat", Models: []string{"*"}}, {Name: "three", API: "anthropic", Models: []string{"claude-*"}}}}
	for _, c := range []struct {
		models []persona.Model
		want   string
	}{
		{nil, "anthropic"},
		{[]persona.Model{{Name: "gpt-y"}}, "openai-responses"},
		{[]persona.Model{{Name: "claude-x"}}, "openai-chat"},
		{[]persona.Model{{Name: "claude-x", Provider: "three"}}, "anthropic"},
		{[]persona.Model{{Name: "claude-x", Provider: "none"}}, ""},
	} {
		if got := (cast{models: c.models}).api(g); got != c.want {
			t.Errorf("%v: %s, want %s", c.models, got, c.want)
		}
	}
}
