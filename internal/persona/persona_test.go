package persona

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
)

const full = `apiVersion: adamant.dev/v1
kind: Agent
metadata: {name: coder, description: writes}
spec:
  role: coder
  tier: senior
  runner: claude
  command: [claude]
  models:
    - {name: claude-opus-9, provider: anthropic}
    - {name: local/q, family: qwen, reasoning: none}
  temperature: 0.2
  maxTokens: 8000
  paths: ["src/**"]
  denied: ["src/auth/**"]
  tools: [run, edit, read]
  egress: ["proxy.golang.org:443", "[::1]:80"]
  budget: {taskUSD: 2.5, dayUSD: 10, tokens: 1000, turns: 40, wall: 30m}
  concurrency: 3
  breaker: {requestsPerMinute: 20, fanOut: 2}
`

func file(name, text string) File { return File{Path: Folder + "/" + name, Data: []byte(text)} }

func TestPersona(t *testing.T) {
	t.Parallel()
	set := Parse([]File{file("coder.yaml", full)})
	got, err := set.Get("coder")
	if err != nil || len(set.Problems) > 0 {
		t.Fatal(err, set.Problems)
	}
	want := Persona{
		Name: "coder", Description: "writes", Role: Coder, Tier: Senior, Runner: "claude", Command: []string{"claude"},
		Models:      []Model{{Name: "claude-opus-9", Provider: "anthropic", Family: "claude"}, {Name: "local/q", Family: "qwen", Silent: true}},
		Temperature: 200, MaxTokens: 8000, Paths: []string{"src/**"}, Denied: []string{"src/auth/**"}, Tools: []string{"read", "edit", "run"},
		Egress:      []string{"proxy.golang.org:443", "[::1]:80"},
		Budget:      Budget{TaskNano: 2_500_000_000, DayNano: 10_000_000_000, Tokens: 1000, Turns: 40, Wall: 30 * time.Minute},
		Concurrency: 3, Breaker: BreakerLimits{PerMinute: 20, FanOut: 2}, Source: ".adamant/agents/coder.yaml",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func minimal(name, spec string) string {
	return "apiVersion: adamant.dev/v1\nkind: Agent\nmetadata: {name: " + name + "}\nspec: {" + spec + "}\n"
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	p, err := Parse([]File{file("r.yaml", minimal("r", "role: reviewer"))}).Get("r")
	if err != nil {
		t.Fatal(err)
	}
	if p.Tier != Standard || p.Runner != "builtin" || p.Temperature != Unset || p.Concurrency != DefaultConcurrency || p.Budget != DefaultBudget() || slices.Contains(p.Tools, "edit") {
		t.Errorf("%+v", p)
	}
	// A task may not cost more than a day, whichever of them is given.
	for spec, want := range map[string][2]int64{"taskUSD: 100": {100e9, 100e9}, "dayUSD: 1": {1e9, 1e9}, "taskUSD: 1": {1e9, 25e9}} {
		p, err := Parse([]File{file("c.yaml", minimal("c", "role: coder, budget: {"+spec+"}"))}).Get("c")
		if err != nil || p.Budget.TaskNano != want[0] || p.Budget.DayNano != want[1] {
			t.Errorf("%s: %+v, %v", spec, p.Budget, err)
		}
	}
}

func TestWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, file, text, want string }{
		{"unknown field", "c.yaml", minimal("c", "role: coder, path: [a]"), `c.yaml:4:21: unknown field "path"; did you mean "paths"?`},
		{"role", "c.yaml", minimal("c", "role: auditor"), `cannot be "auditor"`},
		{"no role", "c.yaml", minimal("c", "tier: junior"), `must have "role"`},
		{"tier", "c.yaml", minimal("c", "role: coder, tier: master"), `cannot be "master"`},
		{"tool", "c.yaml", minimal("c", "role: coder, tools: [merge]"), `cannot be "merge"`},
		{"tool of another role", "c.yaml", minimal("c", "role: reviewer, tools: [read, edit]"), `"edit" is no tool of a reviewer; it has read, list, search`},
		{"the file's name", "d.yaml", minimal("c", "role: coder"), `metadata.name is "c"; the file's name says "d"`},
		{"a name for references", "C_.yaml", minimal("C_", "role: coder"), `want letters and digits`},
		{"a name in capitals", "C.yaml", minimal("C", "role: coder"), `"C" cannot be an agent's name`},
		{"command", "c.yaml", minimal("c", "role: coder, runner: exec"), `runner exec needs spec.command`},
		{"empty word", "c.yaml", minimal("c", `role: coder, runner: exec, command: [a, ""]`), `a word of the command is empty`},
		{"temperature", "c.yaml", minimal("c", "role: coder, temperature: 2.5"), `want 0 to 2`},
		{"budget", "c.yaml", minimal("c", "role: coder, budget: {taskUSD: -1}"), `want US dollars`},
		{"a day", "c.yaml", minimal("c", "role: coder, budget: {taskUSD: 2, dayUSD: 1}"), `a day has less than one task`},
		{"wall", "c.yaml", minimal("c", "role: coder, budget: {wall: soon}"), `want a time span`},
		{"models", "c.yaml", minimal("c", "role: coder, models: [{name: a}, {name: a}]"), `model "a" is listed twice`},
		{"egress", "c.yaml", minimal("c", `role: coder, egress: ["*.com"]`), `is no host`},
		{"egress's port", "c.yaml", minimal("c", `role: coder, egress: ["a.com:0"]`), `no port between`},
		{"glob", "c.yaml", minimal("c", `role: coder, paths: ["{a"]`), `is malformed`},
		{"kind", "c.yaml", strings.Replace(minimal("c", "role: coder"), "kind: Agent", "kind: Waiver", 1), `cannot be "Waiver"`},
		{"two documents", "c.yaml", minimal("c", "role: coder") + "---\n" + minimal("d", "role: coder"), `must hold one document`},
		{"empty", "c.yaml", "", `the file is empty`},
		{"fanOut", "c.yaml", minimal("c", "role: coder, breaker: {fanOut: 0}"), `want 1 to 50`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			set := Parse([]File{file(tt.file, tt.text), file("ok.yaml", minimal("ok", "role: coder"))})
			var all []string
			for _, p := range set.Problems {
				all = append(all, p.Error())
			}
			if got := strings.Join(all, "\n"); !strings.Contains(got, tt.want) || !strings.HasPrefix(got, Folder) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			name := strings.TrimSuffix(tt.file, ".yaml")
			if _, err := set.Get(name); err == nil {
				t.Error("it was read all the same")
			} else if unknown := (*UnknownError)(nil); !errors.As(err, &unknown) || len(unknown.Problems) == 0 {
				t.Errorf("the error does not say why: %v", err)
			}
			if _, err := set.Get("ok"); err != nil {
				t.Errorf("the others are gone too: %v", err)
			}
		})
	}
}

func TestTwiceTheSameName(t *testing.T) {
	t.Parallel()
	set := Parse([]File{file("c.yaml", minimal("c", "role: coder")), file("c.yml", minimal("c", "role: coder, tier: junior"))})
	if len(set.Problems) != 1 || !strings.Contains(set.Problems[0].Error(), "described in .adamant/agents/c.yaml already") {
		t.Error(set.Problems)
	}
	if p, err := set.Get("c"); err == nil {
		t.Errorf("one of the two was taken: %+v", p)
	}
}

func TestBuiltins(t *testing.T) {
	t.Parallel()
	for _, set := range []*Set{nil, {}, Parse(nil)} {
		var names []string
		for _, p := range set.List() {
			names = append(names, p.Name)
			if p.Source != "" || p.Tier != Standard || p.Role != p.Name {
				t.Errorf("%+v", p)
			}
		}
		if !slices.Equal(names, []string{"coder", "reviewer"}) {
			t.Errorf("got %q", names)
		}
	}
	// Whoever describes one agent describes all.
	set := Parse([]File{file("r.yaml", minimal("r", "role: coder"))})
	if _, err := set.Get("coder"); err == nil || !strings.Contains(err.Error(), "adamant agent new coder") {
		t.Errorf("got %v", err)
	}
	if got := set.OfRole(Coder); len(got) != 1 || len(set.OfRole(Reviewer)) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestMostTrustedFirst(t *testing.T) {
	t.Parallel()
	set := Parse([]File{file("a.yaml", minimal("a", "role: coder, tier: junior")), file("b.yaml", minimal("b", "role: coder")), file("c.yaml", minimal("c", "role: coder, tier: senior"))})
	var names []string
	for _, p := range set.OfRole(Coder) {
		names = append(names, p.Name)
	}
	if !slices.Equal(names, []string{"c", "b", "a"}) {
		t.Errorf("got %q", names)
	}
}

func TestAFileOfAnotherNameTakesNothingAway(t *testing.T) {
	t.Parallel()
	set := Parse([]File{file("c.yaml", minimal("c", "role: coder")), file("d.yaml", minimal("c", "role: coder"))})
	if _, err := set.Get("c"); err != nil || len(set.Problems) == 0 {
		t.Errorf("%v, %v", err, set.Problems)
	}
}

// No tool of a role that does not write changes a file.
func TestRoleTable(t *testing.T) {
	t.Parallel()
	for _, r := range Roles() {
		for _, tool := range r.Tools {
			if !slices.Contains(Tools(), tool) {
				t.Errorf("%s has %s, which is none", r.Name, tool)
			}
			if !r.Writes && (tool == "edit" || tool == "write") {
				t.Errorf("%s has %s and writes nothing", r.Name, tool)
			}
		}
		if r.Model == (len(r.Tools) == 0) {
			t.Errorf("%s: model %v, tools %q", r.Name, r.Model, r.Tools)
		}
		if !r.Writes && r.Name == Coder {
			t.Error("coders write")
		}
	}
	if _, ok := RoleNamed("king"); ok {
		t.Error("there is a king")
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	r := gittest.New(t)
	r.Write("README.md", "x\n")
	r.Commit("no agents")
	repo, err := git.Open(t.Context(), r.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	at := func() *Set {
		t.Helper()
		head, err := repo.Resolve(t.Context(), "HEAD")
		if err != nil {
			t.Fatal(err)
		}
		set, err := Load(t.Context(), repo, head)
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	if at().Declared {
		t.Error("agents out of nothing")
	}
	r.Write(Folder+"/coder.yaml", full)
	r.Write(Folder+"/README.md", "not an agent\n")
	r.Write(Folder+"/old/x.yaml", "neither\n")
	r.Write(Folder+"/big.yaml", strings.Repeat("#", fileLimit+1))
	if err := os.Symlink("coder.yaml", filepath.Join(r.Dir, Folder, "linked.yaml")); err != nil {
		t.Fatal(err)
	}
	r.Commit("agents")
	set := at()
	if !set.Declared || len(set.List()) != 1 || len(set.Problems) != 2 {
		t.Errorf("%+v", set)
	}
	for name, want := range map[string]string{"big": "too large", "linked": "no regular file"} {
		if _, err := set.Get(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFamily(t *testing.T) {
	t.Parallel()
	for model, want := range map[string]string{
		"claude-opus-4-5": "claude", "us.anthropic.claude-3-5-sonnet-20241022-v2:0": "claude", "openrouter/anthropic/claude-x": "claude",
		"gpt-5.1-codex": "gpt", "o3-mini": "gpt", "models/gemini-3-pro": "gemini", "Qwen/Qwen3-Coder": "qwen", "meta.llama3-70b": "llama",
		"deepseek-chat": "deepseek", "grok-4": "grok", "my-model": Unknown, "": Unknown, "mistral-large": "mistral",
	} {
		if got := Family(model); got != want {
			t.Errorf("%s: got %s, want %s", model, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(full)
	f.Add(minimal("c", "role: coder"))
	f.Add("{}")
	f.Fuzz(func(t *testing.T, text string) {
		set := Parse([]File{file("coder.yaml", text)})
		if len(set.Problems) == 0 != (len(set.List()) == 1) {
			t.Errorf("%d personas, problems %v", len(set.List()), set.Problems)
		}
	})
}
