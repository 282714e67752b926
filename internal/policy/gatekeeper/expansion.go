package gatekeeper

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// expansion is an ExpansionTemplate: which object a generator (a Deployment) makes, so that the product is judged too.
type expansion struct {
	name   string
	path   []string // of the product in the generator
	action string   // takes the place of the constraint's
	groups []expansionKind
	made   gvk
}

type expansionKind struct{ groups, versions, kinds []string }

// maxExpansions bounds products of products.
const maxExpansions = 30

// readExpansions reads the ExpansionTemplates of a file. Mutators are not applied.
func readExpansions(path string, data []byte) ([]*expansion, error) {
	var out []*expansion
	for _, doc := range manifest.ParseYAML(path, data) {
		if doc.Err != nil {
			return nil, manifest.Join([]manifest.Diagnostic{*doc.Err})
		}
		if doc.Value == nil {
			continue
		}
		v := newView(doc)
		if groupOf(doc.Value) != groupExpansion || v.field("kind").text() != "ExpansionTemplate" {
			v.complain("is no ExpansionTemplate")
		} else {
			out = append(out, readExpansion(v))
		}
		if err := manifest.Join(*v.problems); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b *expansion) int { return strings.Compare(a.name, b.name) })
	return out, nil
}

func readExpansion(v *view) *expansion {
	spec := v.field("spec")
	made := spec.field("generatedGVK")
	e := &expansion{name: v.field("metadata", "name").text(), action: spec.field("enforcementAction").text(),
		path: strings.Split(spec.field("templateSource").text(), "."),
		made: gvk{made.field("group").text(), made.field("version").text(), made.field("kind").text()}}
	for _, a := range spec.field("applyTo").items() {
		e.groups = append(e.groups, expansionKind{a.field("groups").texts(), a.field("versions").texts(), a.field("kinds").texts()})
	}
	switch {
	case e.name == "" || spec.field("templateSource").text() == "" || e.made == gvk{} || len(e.groups) == 0:
		v.complain("an ExpansionTemplate needs metadata.name, spec.templateSource, spec.generatedGVK and spec.applyTo")
	case e.applies(e.made):
		v.complain("the ExpansionTemplate makes %s of %s, without end", e.made.kind, e.made.kind)
	}
	return e
}

func (e *expansion) applies(g gvk) bool {
	return slices.ContainsFunc(e.groups, func(k expansionKind) bool {
		return slices.Contains(k.groups, g.group) && slices.Contains(k.versions, g.version) && slices.Contains(k.kinds, g.kind)
	})
}

// product is an object that another one makes.
type product struct {
	object object
	by     *expansion
}

// expand lists what an object makes, and what that makes.
func expand(list []*expansion, o object, depth int) ([]product, error) {
	if depth == maxExpansions {
		return nil, fmt.Errorf("the object %s makes objects that make objects, more than %d deep", o.name(), maxExpansions)
	}
	var out []product
	for _, e := range list {
		if !e.applies(o.gvk()) {
			continue
		}
		made, err := e.make(o)
		if err != nil {
			return nil, err
		}
		below, err := expand(list, made, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(append(out, product{made, e}), below...)
	}
	return out, nil
}

func (e *expansion) make(parent object) (object, error) {
	var value any = map[string]any(parent)
	for _, name := range e.path {
		fields, _ := value.(map[string]any)
		value = fields[name]
	}
	source, ok := asObject(value)
	if !ok {
		return nil, fmt.Errorf("the object %s has no %s to expand", parent.name(), strings.Join(e.path, "."))
	}
	metadata, _ := source["metadata"].(map[string]any)
	if metadata = maps.Clone(metadata); metadata == nil {
		metadata = map[string]any{}
	}
	metadata["name"] = strings.ToLower(parent.name() + "-" + e.made.kind)
	if ns := parent.namespace(); ns != "" {
		metadata["namespace"] = ns
	}
	metadata["ownerReferences"] = []any{map[string]any{
		"apiVersion": parent.text("apiVersion"), "kind": parent.text("kind"), "name": parent.name(), "uid": ""}}
	made := maps.Clone(source)
	made["metadata"], made["kind"], made["apiVersion"] = metadata, e.made.kind, e.made.apiVersion()
	return made, nil
}

func (g gvk) apiVersion() string {
	if g.group == "" {
		return g.version
	}
	return g.group + "/" + g.version
}
