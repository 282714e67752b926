package architecture

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/graph/rules"
)

// The rules that compare what the catalog declares with what the files need.
const (
	Undeclared = "architecture/undeclared-dependency" // the files of a component need another that it does not declare
	Dead       = "architecture/dead-declaration"      // a component declares a dependency that none of its files has
)

// Declared compares the catalog with the graph both ways. A component declares another by dependsOn, or by consumesApis of an API
// that the other provides. A declaration is dead only when both components have files in the graph.
func Declared(g *graph.Graph, c *catalog.Catalog, severity finding.Severity) []rules.Violation {
	d := declared{catalog: c, severity: severity, seen: map[string]bool{}, edges: map[[2]string]rules.Violation{}}
	d.observe(code(g))
	promised := d.promises()
	var out []rules.Violation
	for pair, v := range d.edges {
		if _, ok := promised[pair]; !ok {
			out = append(out, v)
		}
	}
	for pair, e := range promised {
		if _, ok := d.edges[pair]; !ok && d.seen[pair[0]] && d.seen[pair[1]] {
			out = append(out, rules.Violation{Rule: Dead, Severity: severity, Kind: rules.KindDependency, From: pair[0], To: pair[1],
				File: e.Path, Line: e.Line, Message: fmt.Sprintf("%s declares that it needs %s, but none of its files does", pair[0], pair[1]),
				Fix: "remove the declaration, or say in the catalog that the tie is not in code"})
		}
	}
	slices.SortFunc(out, func(a, b rules.Violation) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return out
}

type declared struct {
	catalog  *catalog.Catalog
	severity finding.Severity
	seen     map[string]bool               // components with files in the graph
	edges    map[[2]string]rules.Violation // observed, as the violation it is when undeclared
}

// observe collects the edges between components, each with its first import.
func (d *declared) observe(g *graph.Graph) {
	of := make([]string, g.Len())
	for id := range graph.ID(g.Len()) {
		if e, ok := d.catalog.ComponentOf(g.Node(id).Name); ok {
			of[id], d.seen[e.Ref] = e.Ref, true
		}
	}
	for _, e := range g.Edges() {
		pair := [2]string{of[e.From], of[e.To]}
		if _, known := d.edges[pair]; known || pair[0] == "" || pair[1] == "" || pair[0] == pair[1] || g.Node(e.From).Test {
			continue
		}
		from, to := g.Node(e.From).Name, g.Node(e.To).Name
		d.edges[pair] = rules.Violation{Rule: Undeclared, Severity: d.severity, Kind: rules.KindDependency, From: pair[0], To: pair[1],
			File: from, Line: int(e.Line), Path: []string{from, to},
			Message: fmt.Sprintf("%s needs %s (%s needs %s), which the catalog does not declare", pair[0], pair[1], from, to),
			Fix:     fmt.Sprintf("add %s to spec.dependsOn of %s", pair[1], pair[0])}
	}
}

// promises are the declared dependencies between entities, with who declares them.
func (d *declared) promises() map[[2]string]*catalog.Entity {
	provider := map[string][]string{}
	for _, e := range d.catalog.Entities() {
		for _, r := range e.Relations {
			if r.Field == "providesApis" {
				provider[r.Target] = append(provider[r.Target], e.Ref)
			}
		}
	}
	out := map[[2]string]*catalog.Entity{}
	for _, e := range d.catalog.Entities() {
		for _, r := range e.Relations {
			switch r.Field {
			case "dependsOn":
				out[[2]string{e.Ref, r.Target}] = e
			case "consumesApis":
				for _, p := range provider[r.Target] {
					out[[2]string{e.Ref, p}] = e
				}
			}
		}
	}
	return out
}
