package manifest

import (
	"slices"
	"strconv"
	"strings"
)

// Agent is .adamant/agents/<name>.yaml: a persona, which is what one kind of agent is and may do. Its name is the agent's name
// and the file's name. It is read at base, never from the change that the agent made.
type Agent struct {
	APIVersion string    `json:"apiVersion" enum:"adamant.dev/v1"`
	Kind       string    `json:"kind" enum:"Agent"`
	Metadata   Metadata  `json:"metadata"`
	Spec       AgentSpec `json:"spec"`
}

// AgentSpec is the body of a persona.
type AgentSpec struct {
	// Role says what it does and so what it may do at all (docs/personas.md). The auditor is adamant's own gate and has no persona.
	Role string `json:"role" enum:"coder,reviewer,sre,red-team,risk-scorer"`
	// Tier is how far it is trusted; default standard. What a junior makes always waits for the operator.
	Tier string `json:"tier,omitempty" enum:"senior,standard,experimental,junior"`
	// Runner is what runs it; default builtin, which needs nothing but a model.
	Runner string `json:"runner,omitempty" enum:"builtin,claude,codex,acp,exec,script,pi"`
	// Command is argv of an acp or exec runner, or of a CLI that is not where its runner looks for it.
	Command []string `json:"command,omitempty"`
	// Models it may use, the first by default; the others when the breaker swaps. Empty = the runner's or gateway's own.
	Models []AgentModel `json:"models,omitempty"`
	// Temperature of its requests, 0 to 2; left out: the provider's default.
	Temperature *float64 `json:"temperature,omitempty"`
	// MaxTokens bounds one answer of the model.
	MaxTokens int64 `json:"maxTokens,omitempty" min:"1" max:"1000000"`
	// Paths are globs it may write; empty = those of spec.agents.paths in adamant.yaml.
	Paths []string `json:"paths,omitempty" format:"glob"`
	// Denied are globs it may not write, whatever a task grants, beside those of spec.agents.denied in adamant.yaml.
	Denied []string `json:"denied,omitempty" format:"glob"`
	// Tools it may use; empty = all of its role.
	Tools []string `json:"tools,omitempty" enum:"read,list,search,edit,write,run,check,comment,finish,escalate"`
	// Egress are the hosts, as host or host:port, that its sandbox may reach beside the model; empty = none.
	Egress []string    `json:"egress,omitempty" min:"1"`
	Budget AgentBudget `json:"budget,omitzero"`
	// Concurrency is how many of it may run at a time; default 3.
	Concurrency int          `json:"concurrency,omitempty" min:"1" max:"100"`
	Breaker     AgentBreaker `json:"breaker,omitzero"`
}

// AgentModel is a model that a persona may use.
type AgentModel struct {
	Name string `json:"name" min:"1" max:"200"`
	// Provider is one of spec.gateway; empty = the one that offers the model.
	Provider string `json:"provider,omitempty" format:"name"`
	// Family is who trained it, such as claude or gpt; empty = by its name. A reviewer must be of another family than the coder.
	Family string `json:"family,omitempty" format:"name"`
	// Reasoning is none for a model that shows nothing of how it came to an answer: its actions may then stand without.
	Reasoning string `json:"reasoning,omitempty" enum:"shown,none"`
}

// AgentBudget bounds what one task and one day of a persona may cost. Left out: the defaults of docs/personas.md.
type AgentBudget struct {
	TaskUSD float64 `json:"taskUSD,omitempty"` // US dollars, of one task
	DayUSD  float64 `json:"dayUSD,omitempty"`  // US dollars, of one day (UTC), all tasks together
	Tokens  int64   `json:"tokens,omitempty" min:"1"`
	Turns   int     `json:"turns,omitempty" min:"1" max:"10000"` // requests to the model, of one attempt
	// Wall is how long one attempt may take.
	Wall string `json:"wall,omitempty" format:"duration"`
}

// AgentBreaker changes limits of the breaker for one persona (docs/personas.md). Its rules about loops have no switch.
type AgentBreaker struct {
	PerMinute int `json:"requestsPerMinute,omitempty" min:"1" max:"600"` // requests to the model; default 60
	FanOut    int `json:"fanOut,omitempty" min:"1" max:"50"`             // conversations of one attempt, its own included
}

// LoadAgent reads a persona as it is written, without defaults (JSON when path ends in .json). With any Diagnostic the result
// must not be used.
func LoadAgent(path string, data []byte) (*Agent, []Diagnostic) {
	doc, problem := single(path, data)
	if problem != nil {
		return nil, []Diagnostic{*problem}
	}
	a := &Agent{}
	problems := Decode(doc, a)
	v := validator{doc: doc}
	v.agent(a)
	return a, append(problems, v.problems...)
}

// agent checks what the tags of single fields do not say.
func (v *validator) agent(a *Agent) {
	s := a.Spec
	if (s.Runner == "exec" || s.Runner == "acp") && len(s.Command) == 0 {
		v.report("/spec/runner", "runner %s needs spec.command, the program to run", s.Runner)
	}
	if slices.Contains(s.Command, "") {
		v.report("/spec/command", "a word of the command is empty")
	}
	if t := s.Temperature; t != nil && !(*t >= 0 && *t <= 2) {
		v.report("/spec/temperature", "is %v; want 0 to 2", *t)
	}
	v.dollars("/spec/budget/taskUSD", s.Budget.TaskUSD)
	v.dollars("/spec/budget/dayUSD", s.Budget.DayUSD)
	if b := s.Budget; b.TaskUSD > 0 && b.DayUSD > 0 && b.DayUSD < b.TaskUSD {
		v.report("/spec/budget/dayUSD", "a day has less than one task: %v < %v", b.DayUSD, b.TaskUSD)
	}
	seen := map[string]bool{}
	for i, m := range s.Models {
		if key := m.Provider + " " + m.Name; seen[key] {
			v.report("/spec/models/"+strconv.Itoa(i)+"/name", "model %q is listed twice", m.Name)
		} else {
			seen[key] = true
		}
	}
	for i, host := range s.Egress {
		if problem := checkHost(host); problem != "" {
			v.report("/spec/egress/"+strconv.Itoa(i), "%q %s", host, problem)
		}
	}
}

// maxDollars is more than anybody means.
const maxDollars = 1_000_000

func (v *validator) dollars(pointer string, amount float64) {
	if !(amount >= 0 && amount <= maxDollars) {
		v.report(pointer, "is %v; want US dollars, more than 0 and at most %d", amount, maxDollars)
	}
}

// checkHost wants a name or an address with an optional port, and no pattern: *.com would be everybody.
func checkHost(text string) string {
	host, port := text, ""
	if at := strings.LastIndexByte(text, ':'); at >= 0 && !strings.HasSuffix(text, "]") {
		host, port = text[:at], text[at+1:]
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return "has no port between 1 and 65535 behind the colon"
		}
	}
	if host == "" || strings.ContainsAny(host, "/*? @\t") || strings.Contains(host, "://") {
		return "is no host; want a name such as proxy.golang.org, or with a port, proxy.golang.org:443"
	}
	return ""
}
