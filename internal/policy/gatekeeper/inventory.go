package gatekeeper

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Inventory is the other objects that templates may look at (data.inventory), and the namespaces that selectors ask for.
type Inventory struct {
	tree       ast.Object
	namespaces map[string]object
}

// NewInventory makes an inventory of objects; of two with the same name the later one counts. terms are their values for
// Rego; nil makes them.
func NewInventory(objects []any, terms []*ast.Term) (*Inventory, error) {
	inv := &Inventory{tree: ast.NewObject(), namespaces: map[string]object{}}
	for i, value := range objects {
		var term *ast.Term
		if terms != nil {
			term = terms[i]
		}
		if err := inv.add(value, term); err != nil {
			return nil, err
		}
	}
	return inv, nil
}

func (inv *Inventory) add(value any, term *ast.Term) error {
	o, ok := asObject(value)
	if !ok {
		return fmt.Errorf("an object of the inventory is no mapping")
	}
	g := o.gvk()
	if g.version == "" || g.kind == "" {
		return fmt.Errorf("the object %q of the inventory has no apiVersion or no kind", o.name())
	}
	if term == nil {
		v, err := ast.InterfaceToValue(value)
		if err != nil {
			return fmt.Errorf("reading the object %q of the inventory: %w", o.name(), err)
		}
		term = ast.NewTerm(v)
	}
	path := []string{"cluster", o.text("apiVersion"), g.kind, o.name()}
	if o.namespace() != "" {
		path = []string{"namespace", o.namespace(), o.text("apiVersion"), g.kind, o.name()}
	}
	if o.isNamespace() && g.version == "v1" && o.namespace() == "" {
		inv.namespaces[o.name()] = o
	}
	insert(inv.tree, path, term)
	return nil
}

func insert(tree ast.Object, path []string, term *ast.Term) {
	for _, name := range path[:len(path)-1] {
		key := ast.StringTerm(name)
		below := tree.Get(key)
		if below == nil {
			below = ast.ObjectTerm()
			tree.Insert(key, below)
		}
		tree = below.Value.(ast.Object)
	}
	tree.Insert(ast.StringTerm(path[len(path)-1]), term)
}
