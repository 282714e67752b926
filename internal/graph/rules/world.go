package rules

import (
	"fmt"
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// Options say how a graph is taken.
type Options struct {
	// Bare takes packages outside the tree as not installed, as dependency-cruiser does in a clone without node_modules: npm
	// packages then cannot be resolved and go by what was written in the import. Otherwise "react/jsx-runtime" is called
	// node_modules/react/jsx-runtime.
	Bare bool
	// Sources says whose dependencies are judged; nil: every file's.
	Sources func(path string) bool
	// Links are symlinks to source files: each is a module of its own with its target's dependencies.
	Links map[string]string
}

// world is a graph as rules see it: modules by name, the edges between them, and what is computed from both when asked for.
type world struct {
	*graph.Graph
	files bool   // its modules are files and packages
	leaf  []bool // its own dependencies are unknown
	lost  []bool // could not be resolved
	comp  []int32
	sizes []int32
	down  []int32 // dependencies of each module, as they are counted
	up    []int32 // distinct dependents
	ways  *ways
}

// newWorld names, filters and links the modules of a graph.
func newWorld(g *graph.Graph, f Filter, opt Options) (*world, error) {
	b := builder{g: g, filter: f, opt: opt, leaves: map[string]bool{}, lost: map[string]bool{}, allowed: map[string]bool{}}
	links := map[string][]string{}
	for link, to := range opt.Links {
		links[to] = append(links[to], link)
	}
	for id := range graph.ID(g.Len()) {
		n := g.Node(id)
		if n.Kind != graph.File && n.Kind != graph.Package {
			continue
		}
		for _, name := range append([]string{nodeName(g, id)}, links[n.Name]...) {
			if err := b.module(id, name); err != nil {
				return nil, err
			}
		}
	}
	return b.world(), nil
}

type builder struct {
	graph.Builder
	g       *graph.Graph
	filter  Filter
	opt     Options
	leaves  map[string]bool
	lost    map[string]bool
	allowed map[string]bool // by name: not excluded
}

// nodeName is how rules call a node: a file by its path, a package by its folder with a slash at the end.
func nodeName(g *graph.Graph, id graph.ID) string {
	n := g.Node(id)
	if n.Kind != graph.Package {
		return n.Name
	}
	for _, e := range g.Out(id) {
		if e.Kind == imports.Member {
			return path.Dir(g.Node(e.To).Name) + "/"
		}
	}
	_, folder, _ := strings.Cut(n.Name, ":")
	return folder + "/"
}

// module adds a node and its edges, unless it is left out.
func (b *builder) module(id graph.ID, name string) error {
	n := *b.g.Node(id)
	n.Name = name
	if ok, err := b.keeps(name); err != nil || !ok {
		return err
	}
	if n.Kind == graph.File && b.opt.Sources != nil && !b.opt.Sources(name) {
		return nil
	}
	if leaf, err := matches(b.filter.Leaves, name); err != nil || leaf {
		return err // seen when something needs it, and only then
	}
	from := b.Node(n)
	for _, e := range b.g.Out(id) {
		if e.Kind == imports.Dynamic && declaration(name) {
			e.Kind, e.Types = imports.TypeOnly, e.Types&^imports.DynamicImport|imports.TypeImport
		}
		if err := b.edge(from, e); err != nil {
			return err
		}
	}
	return nil
}

// declaration says that a file holds nothing but types, so an import() in it is one of a type. Extraction sees no names.
func declaration(name string) bool {
	return strings.HasSuffix(name, ".d.ts") || strings.HasSuffix(name, ".d.mts") || strings.HasSuffix(name, ".d.cts")
}

func (b *builder) edge(from graph.ID, e graph.Edge) error {
	if e.Kind == imports.SamePackage || e.Kind == imports.Declared || // what a catalog declares nobody needs by that
		b.filter.NoTypes && e.Kind.TypeLevel() ||
		b.filter.ExcludeDynamic != nil && *b.filter.ExcludeDynamic == (e.Kind == imports.Dynamic) {
		return nil
	}
	to, lost := b.target(&e)
	if ok, err := b.keeps(to.Name); err != nil || !ok {
		return err
	}
	leaf, err := matches(b.filter.Leaves, to.Name)
	if err != nil {
		return err
	}
	if leaf || e.Types&b.filter.LeafTypes != 0 {
		b.leaves[to.Name] = true
	}
	if lost {
		b.lost[to.Name] = true
	}
	e.From, e.To = from, b.Node(to)
	if e.From != e.To {
		b.Edge(e)
	}
	return nil
}

// target names what an edge leads to, and says whether that could not be found.
func (b *builder) target(e *graph.Edge) (graph.Node, bool) {
	n := *b.g.Node(e.To)
	switch n.Kind {
	case graph.File:
		return n, false
	case graph.Package:
		n.Name = nodeName(b.g, e.To)
		return n, false
	case graph.Unresolved:
		if e.Types == 0 {
			e.Types = imports.Unknown
		}
		return n, true
	}
	if core, ok := strings.CutPrefix(n.Name, "node:"); ok {
		n.Name = core
		return n, false
	}
	if pkg, ok := strings.CutPrefix(n.Name, "npm:"); ok {
		if b.opt.Bare {
			e.Types = imports.Unknown
			return graph.Node{Kind: graph.Unresolved, Name: e.Specifier}, true
		}
		if e.Specifier == "" {
			e.Specifier = pkg
		}
		n.Name = "node_modules/" + e.Specifier
	}
	return n, false
}

func matches(p Pattern, name string) (bool, error) {
	if p == nil {
		return false, nil
	}
	_, ok, err := p.Match(name, nil)
	return ok, err
}

// keeps says whether a module takes part at all.
func (b *builder) keeps(name string) (bool, error) {
	if known, ok := b.allowed[name]; ok {
		return known, nil
	}
	out, err := matches(b.filter.Exclude, name)
	if err != nil {
		return false, fmt.Errorf("options.exclude: %w", err)
	}
	keep := !out
	if keep && b.filter.IncludeOnly != nil {
		if keep, err = matches(b.filter.IncludeOnly, name); err != nil {
			return false, fmt.Errorf("options.includeOnly: %w", err)
		}
	}
	b.allowed[name] = keep
	return keep, nil
}

func (b *builder) world() *world {
	w := &world{Graph: b.Graph(), files: true}
	w.leaf, w.lost = make([]bool, w.Len()), make([]bool, w.Len())
	for id := range w.Len() {
		n := w.Node(graph.ID(id))
		w.leaf[id], w.lost[id] = b.leaves[n.Name], n.Kind == graph.Unresolved && b.lost[n.Name]
	}
	w.measure()
	return w
}

// code is the world without tests.
func (w *world) code() *world {
	out := builder{leaves: map[string]bool{}, lost: map[string]bool{}}
	for id := range graph.ID(w.Len()) {
		if n := w.Node(id); !n.Test {
			out.leaves[n.Name], out.lost[n.Name] = w.leaf[id], w.lost[id]
			out.Node(*n)
		}
	}
	for _, e := range w.Edges() {
		if from, to := w.Node(e.From), w.Node(e.To); !from.Test && !to.Test {
			e.From, e.To = out.Node(*from), out.Node(*to)
			out.Edge(e)
		}
	}
	return out.world()
}

// measure counts what each module needs and what needs it. What is needed for its types and for its code counts twice, as it
// does for dependency-cruiser; otherwise an import that is written twice counts once. A module that needs it counts once.
func (w *world) measure() {
	w.down, w.up = make([]int32, w.Len()), make([]int32, w.Len())
	type need struct {
		to            graph.ID
		specifier     string
		types, export bool
	}
	for id := range graph.ID(w.Len()) {
		last := graph.ID(-1)
		seen := map[need]bool{}
		for _, e := range w.Out(id) {
			if e.To != last {
				w.up[e.To]++
			}
			last = e.To
			seen[need{e.To, e.Specifier, e.Kind.TypeLevel(), e.Kind == imports.Reexport || e.Kind == imports.TypeReexport}] = true
		}
		w.down[id] = int32(len(seen))
	}
}

// measurable says whether stability means something for a module.
func (w *world) measurable(id graph.ID) bool {
	k := w.Node(id).Kind
	return (k == graph.File || k == graph.Package) && !w.leaf[id]
}

// lessStable says that b is less stable than a: its share of outgoing among all ties is larger. No floats.
func (w *world) lessStable(a, b graph.ID) bool {
	if !w.measurable(a) || !w.measurable(b) {
		return false
	}
	an, ad := w.share(a)
	bn, bd := w.share(b)
	return an*bd < bn*ad
}

func (w *world) share(id graph.ID) (part, whole int64) {
	part = int64(w.down[id])
	return part, max(part+int64(w.up[id]), 1)
}

// cyclic says whether an edge is on a cycle.
func (w *world) cyclic(e *graph.Edge) bool {
	w.components()
	return w.comp[e.From] == w.comp[e.To]
}

func (w *world) components() {
	if w.comp == nil {
		w.comp, w.sizes = w.Components(nil)
	}
}
