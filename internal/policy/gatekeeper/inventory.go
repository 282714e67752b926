package gatekeeper

import (
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Inventory is the other objects that templates may look at (data.inventory), and the namespaces that selectors ask for.
type Inventory struct {
	tree       ast.Object
	namespaces map[string]namespace
}

type namespace struct {
	object object
	term   *ast.Term
}

// ErrNoKind is wrapped when an object has no apiVersion or no kind that Kubernetes knows how to read.
var ErrNoKind = errors.New("no apiVersion or no kind")

// NewInventory makes an empty inventory.
func NewInventory() *Inventory {
	return &Inventory{tree: ast.NewObject(), namespaces: map[string]namespace{}}
}

// Add adds an object; of two with the same name the later one counts. term is its value for Rego; nil makes one.
func (inv *Inventory) Add(value any, term *ast.Term) error {
	o, ok := asObject(value)
	if !ok {
		return fmt.Errorf("an object of the inventory is no mapping")
	}
	g := o.gvk()
	if g.version == "" || g.kind == "" {
		return fmt.Errorf("the object %q of the inventory has %w", o.name(), ErrNoKind)
	}
	if term == nil {
		var err error
		if term, err = toTerm(value); err != nil {
			return fmt.Errorf("reading the object %q of the inventory: %w", o.name(), err)
		}
	}
	path := []string{"cluster", o.text("apiVersion"), g.kind, o.name()}
	if o.namespace() != "" {
		path = []string{"namespace", o.namespace(), o.text("apiVersion"), g.kind, o.name()}
	}
	if o.isNamespace() && g.version == "v1" && o.namespace() == "" {
		inv.namespaces[o.name()] = namespace{o, term}
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
