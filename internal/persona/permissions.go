package persona

import (
	"slices"

	"github.com/adamant-os/adamant/internal/manifest"
)

// Permissions are what a persona comes to where it is enforced, as plain values. They are the most that holds: a task adds paths
// by its grants, and nothing else.
type Permissions struct {
	Push     bool     `json:"push"`             // its token may push: proposals and refs/heads/agents/<name>/<task>
	Reads    []string `json:"reads"`            // references that its token sees
	Writable bool     `json:"writable"`         // its checkout is writable; else the repository is mounted read-only
	Paths    []string `json:"paths,omitempty"`  // globs that its change may touch; none = all that is not denied
	Denied   []string `json:"denied,omitempty"` // globs that it may not, whatever a task grants
	Tools    []string `json:"tools"`            // offered to its model
	Egress   []string `json:"egress"`           // hosts that its sandbox reaches, beside its model
	Budget   Budget   `json:"budget"`
	Approval bool     `json:"approval"` // whatever it makes waits for the operator
}

// Governed are the globs that no agent changes, whatever its persona says: rule agents/governance.
func Governed() []string {
	return []string{"/.adamant/", "/policy/", "/.github/workflows/", "/.github/actions/", "CODEOWNERS", ".gitattributes", ".claude/", ".codex/", ".mcp.json"}
}

// Permissions joins the persona with what adamant.yaml says of all agents (spec.agents).
func (p Persona) Permissions(all manifest.AgentLimits) Permissions {
	role, _ := RoleNamed(p.Role)
	out := Permissions{
		Push: role.Writes, Writable: role.Writes, Reads: []string{"refs/heads/main", "refs/heads/agents/" + p.Name + "/"}, Paths: p.Paths,
		Denied: slices.Concat(all.Denied, p.Denied), Tools: p.Tools, Egress: append([]string{}, p.Egress...), Budget: p.Budget, Approval: p.Tier == Junior,
	}
	if len(out.Paths) == 0 {
		out.Paths = all.Paths
	}
	if !role.Writes {
		out.Paths = nil
	}
	return out
}
