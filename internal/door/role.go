package door

import (
	"slices"

	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/persona"
)

// role is what a role may do at the door, before the token's own bounds.
type role struct {
	agent  bool     // tokens of this role belong to an agent
	writes bool     // tokens of this role may be given the right to push
	reads  []string // beyond main
}

// roles is the table of docs/door.md: those of agents are package persona's. policy.rego says the same; a test compares the two.
var roles = withAgents(map[string]role{
	RoleOperator: {writes: true, reads: []string{"refs/heads/", "refs/tags/", kernel.PrefixOwn}},
	RolePerson:   {writes: true},
	RoleWorker:   {reads: []string{kernel.PrefixChanges}},
})

func withAgents(table map[string]role) map[string]role {
	for _, r := range persona.Roles() {
		table[r.Name] = role{agent: true, writes: r.Writes}
	}
	return table
}

// Roles lists the names of the roles, sorted.
func Roles() []string {
	out := make([]string, 0, len(roles))
	for name := range roles {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// secluded are the references that never leave the kernel, whatever a policy says.
var secluded = []string{kernel.PrefixQuarantine, kernel.PrefixPins, kernel.RefLease}
