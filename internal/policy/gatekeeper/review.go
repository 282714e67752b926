package gatekeeper

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Review is one object to be judged, as Gatekeeper would see it in an admission request.
type Review struct {
	object    object // nil in a deletion that gave none
	old       object
	namespace string // the request's
	source    string
	request   map[string]any // input.review without objects
	assume    bool
	value     *ast.Term // of object, when the caller has it
}

// NewReview makes a review of an object as it stands in a file. It is taken for selected by any namespaceSelector when its
// namespace is not among the objects that are known. term is the value, for Rego; nil makes one.
func NewReview(value any, term *ast.Term) (*Review, error) {
	o, ok := asObject(value)
	if !ok || o.text("kind") == "" || o.text("apiVersion") == "" {
		return nil, fmt.Errorf("a Kubernetes object has apiVersion and kind")
	}
	r := objectReview(o, sourceOriginal)
	r.assume, r.value = true, term
	return r, nil
}

// objectReview is the request that Gatekeeper makes of an object on its own.
func objectReview(o object, source string) *Review {
	g := o.gvk()
	request := map[string]any{
		"uid":       "",
		"kind":      map[string]any{"group": g.group, "version": g.version, "kind": g.kind},
		"resource":  map[string]any{"group": "", "version": "", "resource": ""},
		"operation": "",
		"userInfo":  map[string]any{},
		"options":   nil,
	}
	for name, text := range map[string]string{"name": o.name(), "namespace": o.namespace()} {
		if text != "" {
			request[name] = text
		}
	}
	return &Review{object: o, namespace: o.namespace(), source: source, request: request}
}

// input is input.review.
func (r *Review) input(inv *Inventory) (*ast.Term, error) {
	request, err := toTerm(r.request)
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err)
	}
	review := request.Value.(ast.Object)
	insert := func(name string, o object, term *ast.Term) {
		if term == nil && err == nil {
			term, err = toTerm(orNull(o))
		}
		review.Insert(ast.StringTerm(name), term)
	}
	insert("object", r.object, r.value)
	insert("oldObject", r.old, nil)
	home := ast.ObjectTerm()
	if ns := inv.namespaces[r.namespace]; ns.object != nil && r.assume {
		home = ns.term // gator leaves it empty
	}
	insert("namespaceObject", nil, home)
	if err != nil {
		return nil, fmt.Errorf("reading the object: %w", err)
	}
	return request, nil
}

func toTerm(value any) (*ast.Term, error) {
	v, err := ast.InterfaceToValue(value)
	if err != nil {
		return nil, err
	}
	return ast.NewTerm(v), nil
}

func orNull(o object) any {
	if o == nil {
		return nil
	}
	return map[string]any(o)
}

// selects says whether a constraint is about the object, or about what it was. An error means that Gatekeeper would reject it
// because it cannot tell.
func (c *Constraint) selects(r *Review, inv *Inventory) (bool, error) {
	for _, o := range []object{r.object, r.old} {
		if o == nil {
			continue
		}
		s := subject{object: o, source: r.source, assume: r.assume}
		if r.namespace != "" {
			s.namespace = inv.namespaces[r.namespace].object
		}
		if ok, err := c.match.matches(s); ok || err != nil {
			return ok, err
		}
	}
	return false, nil
}

// assumes says that a constraint is asked about the object because nobody knows the labels of its namespace.
func (c *Constraint) assumes(r *Review, inv *Inventory) bool {
	return r.assume && c.match != nil && c.match.namespaceLabels != nil && r.namespace != "" && inv.namespaces[r.namespace].object == nil
}
