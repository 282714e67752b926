package agentsmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// architecture are the rules about what may need what that have files here.
func (p *place) architecture() []string {
	var out []string
	if spec := p.repository.Architecture; spec != nil {
		for _, r := range spec.Rules {
			for _, l := range p.rule(r) {
				if r.Reason != "" {
					l += " Why: " + sentence(r.Reason)
				}
				if r.Fix != "" {
					l += " If it does: " + sentence(r.Fix)
				}
				out = append(out, l+" ("+code("architecture/"+r.Name)+")")
			}
		}
	}
	for _, name := range p.repository.Paths {
		if strings.HasPrefix(name, ".dependency-cruiser.") {
			out = append(out, "Imports keep to the rules of "+code(name)+".")
		}
	}
	return out
}

// rule says what one rule wants of the files here; nothing when it has none of them.
func (p *place) rule(r manifest.ArchitectureRule) []string {
	switch r.Type {
	case "layers", "onion", "independence":
		return p.layered(r)
	case "forbidden", "protected", "required":
		return p.tied(r)
	case "declared":
		return []string{"What a component needs stands in its catalog entry (`dependsOn`, `consumesApis`), and nothing else does."}
	}
	if r.From != nil && !p.has(*r.From) {
		return nil
	}
	of := "Files"
	if r.Level == "packages" || r.Level == "components" {
		of = strings.ToUpper(r.Level[:1]) + r.Level[1:]
	}
	switch r.Type {
	case "acyclic":
		return []string{of + " do not need each other in circles."}
	case "orphan":
		return []string{"No file without any tie to another."}
	case "fan-in":
		return []string{fmt.Sprintf("%s are needed by at most %d others.", of, r.Max)}
	case "fan-out":
		return []string{fmt.Sprintf("%s need at most %d others.", of, r.Max)}
	case "stability":
		return []string{of + " need only what is at least as stable as they are."}
	}
	return nil
}

func (p *place) layered(r manifest.ArchitectureRule) []string {
	here := p.layers(r.Layers)
	if len(here) == 0 {
		return nil
	}
	if len(here) > 1 {
		switch r.Type {
		case "layers":
			return []string{"Layers from the top down: " + listed(r.Layers) + "; none needs one above it" + closed(r) + "."}
		case "onion":
			return []string{"Rings from the inside out: " + listed(r.Layers) + "; none needs one further out."}
		}
		return []string{listed(r.Layers) + " do not need each other."}
	}
	at := slices.Index(r.Layers, here[0])
	above, below := r.Layers[:at], r.Layers[at+1:]
	switch {
	case r.Type == "independence":
		return []string{"This is " + code(here[0]) + ", which needs none of " + listed(slices.Concat(above, below)) + "."}
	case r.Type == "onion" && len(below) == 0:
		return []string{"This is the outermost ring, " + code(here[0]) + ": nothing further in needs it."}
	case r.Type == "onion":
		return []string{"This is the ring " + code(here[0]) + ": it needs nothing of " + listed(below) + ", which lie further out."}
	case at == 0:
		return []string{"This is the top layer, " + code(here[0]) + ": it is needed by nothing of " + listed(below) + closed(r) + "."}
	}
	return []string{"This is the layer " + code(here[0]) + ": it needs nothing of the layers above it, " + listed(above) + closed(r) + "."}
}

func closed(r manifest.ArchitectureRule) string {
	if r.Closed {
		return "; a layer needs only the next one below"
	}
	return ""
}

// tied is about rules from some files to others.
func (p *place) tied(r manifest.ArchitectureRule) []string {
	if r.From == nil || r.To == nil {
		return nil
	}
	from, to := p.name(*r.From), p.name(*r.To)
	here, there := p.has(*r.From), p.has(*r.To)
	switch {
	case r.Type == "required" && here:
		return []string{"Each file of " + from + " needs one of " + to + "."}
	case r.Type == "forbidden" && (here || there):
		return []string{"Nothing of " + from + " needs " + to + "."}
	case r.Type == "protected" && (there || !here):
		return []string{"Nobody but " + from + " needs " + to + "."}
	}
	return nil
}

// name says which files a selector picks.
func (p *place) name(s manifest.Selector) string {
	var parts []string
	for _, l := range s.Layers {
		parts = append(parts, "the layer "+code(l))
	}
	for _, ref := range s.Components {
		parts = append(parts, code(short(ref)))
	}
	if len(s.Paths) > 0 {
		parts = append(parts, codes(s.Paths))
	}
	out := strings.Join(parts, ", ")
	if out == "" {
		out = "any file"
	}
	if len(s.Except) > 0 {
		out += " (but " + codes(s.Except) + ")"
	}
	return out
}

// has says that a selector picks a file here.
func (p *place) has(s manifest.Selector) bool {
	all := len(s.Layers)+len(s.Paths)+len(s.Components) == 0
	return slices.ContainsFunc(p.bound(), func(f string) bool {
		if p.repository.matches(s.Except, f) {
			return false
		}
		return all || p.repository.matches(s.Paths, f) || p.owned(s.Components, f) || slices.ContainsFunc(s.Layers, func(l string) bool { return p.inLayer(l, f) })
	})
}

// layers are those of a rule that have a file here.
func (p *place) layers(names []string) []string {
	var out []string
	for _, f := range p.bound() {
		i := slices.IndexFunc(names, func(l string) bool { return p.inLayer(l, f) })
		if i >= 0 && !slices.Contains(out, names[i]) {
			out = append(out, names[i])
		}
	}
	return out
}

func (p *place) inLayer(name, file string) bool {
	for _, l := range p.repository.Architecture.Layers {
		if l.Name == name {
			return p.repository.matches(l.Paths, file) || p.owned(l.Components, file)
		}
	}
	return false
}

func (p *place) owned(refs []string, file string) bool {
	if len(refs) == 0 {
		return false
	}
	e, ok := p.repository.Catalog.ComponentOf(file)
	return ok && slices.Contains(refs, e.Ref)
}
