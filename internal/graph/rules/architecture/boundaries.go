package architecture

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/graph/rules"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// The rules that watch what a change does to boundaries.
const (
	NewCoupling = "architecture/new-coupling" // two components that had no edge have one
	TestImports = "architecture/test-imports" // a test reaches into a component that its own does not need, or code into another's tests
	NewHub      = "architecture/new-hub"      // a file that many need now and did not at base
)

// HubFanIn is how many files may need one before it is a hub, unless the architecture says otherwise.
const HubFanIn = 30

// Boundaries compares two graphs. Both are of files, as graph.Read makes them; renames maps paths of base to paths of head. What
// concerns components needs a catalog. Whether the change's author is an agent is the caller's to ask.
func Boundaries(base, head *graph.Graph, tree Tree, spec *manifest.ArchitectureSpec, renames map[string]string) []rules.Violation {
	c := crossing{tree: tree, spec: spec, renames: renames, base: code(base), head: code(head)}
	c.old = c.coupled(c.base, func(n *graph.Node) string { return c.component(c.renamed(n.Name)) })
	var out []rules.Violation
	out = append(out, c.coupling()...)
	out = append(out, c.tests()...)
	out = append(out, c.hubs()...)
	slices.SortFunc(out, func(a, b rules.Violation) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return out
}

// code is a graph of files, without what a catalog declares.
func code(g *graph.Graph) *graph.Graph {
	g = g.View(graph.File, fileName)
	if !slices.ContainsFunc(g.Edges(), func(e graph.Edge) bool { return e.Kind == imports.Declared }) {
		return g
	}
	var b graph.Builder
	for id := range graph.ID(g.Len()) {
		b.Node(*g.Node(id)) // keeps its place: nodes come in order
	}
	for _, e := range g.Edges() {
		if e.Kind != imports.Declared {
			b.Edge(e)
		}
	}
	return b.Graph()
}

func fileName(n *graph.Node) string {
	if n.Kind == graph.File {
		return n.Name
	}
	return ""
}

type crossing struct {
	tree       Tree
	spec       *manifest.ArchitectureSpec
	renames    map[string]string
	base, head *graph.Graph // of files
	old        couples
}

// couples are the components of a graph, and which of them code, not tests, makes need which.
type couples struct {
	known map[string]bool
	code  map[[2]string]bool
	any   map[[2]string]bool
}

func (c *crossing) component(path string) string {
	if c.tree.Component == nil {
		return ""
	}
	return c.tree.Component(path)
}

func (c *crossing) renamed(name string) string {
	if to, ok := c.renames[name]; ok {
		return to
	}
	return name
}

func (c *crossing) coupled(g *graph.Graph, name graph.Names) couples {
	out := couples{map[string]bool{}, map[[2]string]bool{}, map[[2]string]bool{}}
	for id := range graph.ID(g.Len()) {
		out.known[name(g.Node(id))] = true
	}
	for _, e := range g.Edges() {
		from, to := g.Node(e.From), g.Node(e.To)
		pair := [2]string{name(from), name(to)}
		out.any[pair] = true
		if !from.Test {
			out.code[pair] = true
		}
	}
	return out
}

// severity is what the architecture says about a rule: a warning unless it says otherwise, "" when it is off.
func (c *crossing) severity(rule string) finding.Severity {
	switch c.spec.Boundaries[rule[len("architecture/"):]] {
	case "off":
		return ""
	case "deny":
		return finding.Error
	}
	return finding.Warning
}

// coupling reports the first edge between two components of base that had none.
func (c *crossing) coupling() []rules.Violation {
	severity := c.severity(NewCoupling)
	seen := map[[2]string]bool{}
	var out []rules.Violation
	for _, e := range c.head.Edges() {
		from, to := c.head.Node(e.From), c.head.Node(e.To)
		pair := [2]string{c.component(from.Name), c.component(to.Name)}
		if severity == "" || pair[0] == "" || pair[1] == "" || pair[0] == pair[1] || from.Test || seen[pair] || c.old.code[pair] ||
			!c.old.known[pair[0]] || !c.old.known[pair[1]] {
			continue
		}
		seen[pair] = true
		out = append(out, rules.Violation{Rule: NewCoupling, Severity: severity, Kind: rules.KindDependency, From: pair[0], To: pair[1],
			File: from.Name, Line: int(e.Line), Path: []string{from.Name, to.Name},
			Message: fmt.Sprintf("%s did not need %s before: %s needs %s", pair[0], pair[1], from.Name, to.Name),
			Fix:     "use what the component already needs, or let the operator decide that the two belong together"})
	}
	return out
}

// tests reports new edges by which tests cross components.
func (c *crossing) tests() []rules.Violation {
	severity := c.severity(TestImports)
	before := map[[2]string]bool{}
	for _, e := range c.base.Edges() {
		before[[2]string{c.renamed(c.base.Node(e.From).Name), c.renamed(c.base.Node(e.To).Name)}] = true
	}
	now := c.coupled(c.head, func(n *graph.Node) string { return c.component(n.Name) })
	var out []rules.Violation
	for _, e := range c.head.Edges() {
		from, to := c.head.Node(e.From), c.head.Node(e.To)
		pair := [2]string{c.component(from.Name), c.component(to.Name)}
		if severity == "" || pair[0] == "" || pair[1] == "" || pair[0] == pair[1] || before[[2]string{from.Name, to.Name}] {
			continue
		}
		if !to.Test && (!from.Test || now.code[pair]) {
			continue
		}
		out = append(out, rules.Violation{Rule: TestImports, Severity: severity, Kind: rules.KindDependency, From: from.Name, To: to.Name,
			File: from.Name, Line: int(e.Line),
			Message: fmt.Sprintf("%s of %s needs %s of %s by tests alone", from.Name, pair[0], to.Name, pair[1]),
			Fix:     "test through the component's own interface, or move the helper to a place both may need"})
	}
	return out
}

// hubs reports files whose fan-in rose over the limit.
func (c *crossing) hubs() []rules.Violation {
	severity, limit := c.severity(NewHub), cmp.Or(c.spec.HubFanIn, HubFanIn)
	if severity == "" {
		return nil
	}
	was := map[string]int{}
	for id := range graph.ID(c.base.Len()) {
		was[c.renamed(c.base.Node(id).Name)] = fanIn(c.base, id)
	}
	var out []rules.Violation
	for id := range graph.ID(c.head.Len()) {
		name, n := c.head.Node(id).Name, fanIn(c.head, id)
		if n <= limit || was[name] > limit {
			continue
		}
		out = append(out, rules.Violation{Rule: NewHub, Severity: severity, Kind: rules.KindModule, From: name, To: name, File: name,
			Message: fmt.Sprintf("%d files need %s, %d did before: a change to it can break them all", n, name, was[name]),
			Fix:     "split it by who needs what"})
	}
	return out
}

// fanIn counts the files that need one. Files of one package that only see each other do not count: a view has no such edges.
func fanIn(g *graph.Graph, id graph.ID) int {
	n, last := 0, graph.ID(-1)
	for e := range g.In(id) {
		if e.From != last && e.Kind != imports.Member {
			n++
		}
		last = e.From
	}
	return n
}
