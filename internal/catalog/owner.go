package catalog

import "strings"

// What an owner can be.
const (
	OwnerOperator = "operator" // the word operator: the human
	OwnerGroup    = "group"
	OwnerUser     = "user"
	OwnerPersona  = "persona" // an agent of .adamant/agents
	OwnerNone     = "none"    // the entity names no owner
	OwnerUnknown  = "unknown"
)

// Owner is who answers for an entity.
type Owner struct {
	Kind string // see the constants
	Ref  string // of the Group or User; else the name
}

// OwnerOf resolves the owner of an entity: a Group or User of the catalog first, then the operator, then a persona.
func (c *Catalog) OwnerOf(e *Entity) Owner {
	if e.Owner == "" {
		return Owner{Kind: OwnerNone}
	}
	namespace, _, _ := strings.Cut(strings.TrimPrefix(e.Ref, strings.ToLower(e.Kind)+":"), "/")
	full, err := ParseRef(e.Owner, "group", namespace)
	if err != nil {
		return Owner{Kind: OwnerUnknown, Ref: e.Owner}
	}
	kind, _, _ := strings.Cut(full, ":")
	if _, there := c.byRef[full]; there && (kind == "group" || kind == "user") {
		return Owner{Kind: kind, Ref: full}
	}
	name := full[strings.LastIndexByte(full, '/')+1:]
	switch {
	case kind != "group" && kind != "user" && kind != "agent":
		return Owner{Kind: OwnerUnknown, Ref: full}
	case name == "operator":
		return Owner{Kind: OwnerOperator, Ref: name}
	case c.personas[name]:
		return Owner{Kind: OwnerPersona, Ref: name}
	}
	return Owner{Kind: OwnerUnknown, Ref: full}
}
