package persona

import "slices"

// The roles of agents.
const (
	Coder      = "coder"
	Reviewer   = "reviewer"
	Auditor    = "auditor" // adamant's own gate: it has no model and no persona
	SRE        = "sre"
	RedTeam    = "red-team"
	RiskScorer = "risk-scorer"
)

// Role is a row of the table of docs/personas.md.
type Role struct {
	Name   string   `json:"name"`
	Does   string   `json:"does"`
	May    string   `json:"may"`
	MayNot string   `json:"mayNot"`
	Writes bool     `json:"writes"` // it proposes changes: its token may push, its checkout is writable
	Model  bool     `json:"model"`  // it is driven by a model
	Tools  []string `json:"tools,omitempty"`
}

// Tools lists the tools there are, in the order that people see.
func Tools() []string {
	return []string{"read", "list", "search", "edit", "write", "run", "check", "comment", "finish", "escalate"}
}

// Roles is the table of roles.
func Roles() []Role {
	coder := []string{"read", "list", "search", "edit", "write", "run", "check", "finish", "escalate"}
	reader := []string{"read", "list", "search", "comment", "finish", "escalate"}
	return []Role{
		{Name: Coder, Does: "features, tests, refactoring", May: "write its own branch, read the repository, search, try the gate", MayNot: "move main, see secrets or deploy keys, change governance", Writes: true, Model: true, Tools: coder},
		{Name: Reviewer, Does: "reads a change for logic, security and style", May: "read, comment, ask for changes", MayNot: "merge, write code", Model: true, Tools: reader},
		{Name: Auditor, Does: "policy, provenance, fitness: without a model", May: "read code, write assessments", MayNot: "write code, move main, be influenced by a model"},
		{Name: SRE, Does: "answers alerts with runbooks", May: "do what a runbook lists, within its budget", MayNot: "do anything that is in no runbook", Writes: true, Model: true, Tools: coder},
		{Name: RedTeam, Does: "attacks a change in an environment of its own", May: "reach that environment", MayNot: "do anything else", Model: true, Tools: []string{"read", "list", "search", "run", "finish", "escalate"}},
		{Name: RiskScorer, Does: "explains and may raise risk", May: "read", MayNot: "lower a level", Model: true, Tools: []string{"read", "list", "search", "comment", "finish"}},
	}
}

// RoleNamed finds a row of the table.
func RoleNamed(name string) (Role, bool) {
	roles := Roles()
	at := slices.IndexFunc(roles, func(r Role) bool { return r.Name == name })
	if at < 0 {
		return Role{}, false
	}
	return roles[at], true
}
