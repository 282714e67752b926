// Package architecture compiles .adamant/architecture.yaml to package rules, proves each of its rules by the rule's own
// self-test, and watches what a change does to the boundaries between components. It promises that a rule that cannot fail or
// cannot pass is a diagnostic with a place. It reads no file and runs nothing.
package architecture

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/graph/rules"
	"github.com/adamant-os/adamant/internal/manifest"
)

// File is where the architecture is written.
const File = ".adamant/architecture.yaml"

// Tree is what must be known about paths. Every function is pure and answers for paths that do not exist, too.
type Tree struct {
	Component func(path string) string      // ref of the entity that owns it, "" for none
	Test      func(path string) bool        // it is a test
	Package   func(node *graph.Node) string // "" for what is in none
}

// Compile turns an architecture into rules. doc gives problems their place. With any diagnostic the set must not be used.
func Compile(a *manifest.Architecture, doc *manifest.YAMLDocument, tree Tree) (*rules.Set, []manifest.Diagnostic) {
	c := compiler{spec: &a.Spec, doc: doc, tree: tree, layers: map[string]*files{}}
	for i, l := range a.Spec.Layers {
		c.layers[l.Name] = c.files(fmt.Sprintf("/spec/layers/%d", i), l.Paths, l.Components)
	}
	set := &rules.Set{Levels: c.levels()}
	for i := range a.Spec.Rules {
		r := &a.Spec.Rules[i]
		if r.Type == "declared" {
			continue // judged with the catalog: Declared
		}
		rule := c.rule(r)
		c.prove(fmt.Sprintf("/spec/rules/%d", i), r, rule)
		set.Forbidden = append(set.Forbidden, rule)
	}
	return set, c.problems
}

type compiler struct {
	spec     *manifest.ArchitectureSpec
	doc      *manifest.YAMLDocument
	tree     Tree
	layers   map[string]*files
	problems []manifest.Diagnostic
}

func (c *compiler) report(pointer, format string, args ...any) {
	c.problems = append(c.problems, c.doc.Diagnose(pointer, fmt.Sprintf(format, args...)))
}

// levels are how a file is called where packages or components are counted.
func (c *compiler) levels() map[string]graph.Names {
	return map[string]graph.Names{
		"packages": func(n *graph.Node) string { return c.tree.Package(n) },
		"components": func(n *graph.Node) string {
			if n.Kind == graph.External || n.Kind == graph.Unresolved {
				return ""
			}
			return c.tree.Component(inside(n.Name))
		},
	}
}

// inside names a file of a package, which rules call by its folder.
func inside(name string) string {
	if strings.HasSuffix(name, "/") {
		return name + "_"
	}
	return name
}

// files is a rules.Pattern of globs and components, less exceptions.
type files struct {
	all        bool
	globs      *manifest.PathSet
	components map[string]bool
	layers     []*files
	except     *manifest.PathSet
	component  func(string) string
}

func (c *compiler) files(at string, globs, components []string) *files {
	f := &files{globs: c.globs(at+"/paths", globs), components: map[string]bool{}, component: c.tree.Component}
	for _, ref := range components {
		f.components[ref] = true
	}
	return f
}

func (c *compiler) globs(at string, globs []string) *manifest.PathSet {
	set, err := manifest.NewPathSet(globs)
	if err != nil {
		c.report(at, "%v", err)
		set, _ = manifest.NewPathSet(nil)
	}
	return set
}

// Match implements rules.Pattern. A component is matched by its ref where components are counted.
func (f *files) Match(name string, _ []string) ([]string, bool, error) { return nil, f.has(name), nil }

// Grouped implements rules.Pattern.
func (f *files) Grouped() bool { return false }

func (f *files) has(name string) bool {
	at := inside(name)
	if f.except != nil && f.except.Match(at) {
		return false
	}
	if f.all || f.components[name] || f.globs.Match(at) {
		return true
	}
	if len(f.components) > 0 && f.components[f.component(at)] {
		return true
	}
	return slices.ContainsFunc(f.layers, func(l *files) bool { return l.has(name) })
}

// selector compiles a selector; none selects all.
func (c *compiler) selector(at string, s *manifest.Selector) *files {
	if s == nil {
		s = &manifest.Selector{}
	}
	f := c.files(at, s.Paths, s.Components)
	f.except = c.globs(at+"/except", s.Except)
	f.all = len(s.Layers)+len(s.Paths)+len(s.Components) == 0
	for _, name := range s.Layers {
		if l := c.layers[name]; l != nil {
			f.layers = append(f.layers, l)
		}
	}
	return f
}

func (c *compiler) rule(r *manifest.ArchitectureRule) rules.Rule {
	at := fmt.Sprintf("/spec/rules/%d", slices.IndexFunc(c.spec.Rules, func(o manifest.ArchitectureRule) bool { return o.Name == r.Name }))
	out := rules.Rule{Name: "architecture/" + r.Name, Comment: r.Reason, Severity: severity(r.Severity), Fix: cmp.Or(r.Fix, remedy(r.Type))}
	from, to := c.selector(at+"/from", r.From), c.selector(at+"/to", r.To)
	for _, s := range []struct {
		what string
		is   *manifest.Selector
		f    *files
	}{{"from", r.From, from}, {"to", r.To, to}} {
		if s.is != nil {
			out.Selects = append(out.Selects, rules.Selection{What: s.what, Where: rules.Where{Path: s.f}})
		}
	}
	if r.Level != "files" {
		out.Level = r.Level
	}
	out.NoTests = r.Tests == "ignore"
	where := rules.Where{Path: from}
	switch r.Type {
	case "layers", "onion", "independence":
		out.Between = c.between(r)
		for _, name := range r.Layers {
			out.Selects = append(out.Selects, rules.Selection{What: "layer " + name, Where: rules.Where{Path: c.layers[name]}})
		}
	case "forbidden":
		out.From, out.To.Where = where, rules.Where{Path: to}
	case "protected": // everybody but from, and what is protected itself
		out.From, out.To.Where = rules.Where{Not: either{from, to}}, rules.Where{Path: to}
	case "required":
		out.Shape, out.Module, out.To.Where = rules.Needs, where, rules.Where{Path: to}
	case "acyclic":
		out.Shape, out.Module = rules.Acyclic, where
	case "orphan":
		out.Shape, out.Orphan, out.From = rules.Orphans, true, where
	case "fan-in":
		out.Shape, out.Module, out.More = rules.FanIn, where, &r.Max
	case "fan-out":
		out.Shape, out.Module, out.More = rules.FanOut, where, &r.Max
	case "stability":
		on := true
		out.From, out.To.MoreUnstable = where, &on
	}
	return out
}

// either is a rules.Pattern of what any of some has.
type either []rules.Pattern

func (e either) Match(name string, groups []string) ([]string, bool, error) {
	for _, p := range e {
		if _, ok, err := p.Match(name, groups); err != nil || ok {
			return nil, ok, err
		}
	}
	return nil, false, nil
}
func (either) Grouped() bool { return false }

// between judges an edge by the layers of its ends.
func (c *compiler) between(r *manifest.ArchitectureRule) func(from, to string) string {
	rank := func(name string) int {
		return slices.IndexFunc(r.Layers, func(layer string) bool { return c.layers[layer].has(name) })
	}
	return func(from, to string) string {
		i, j := rank(from), rank(to)
		if i < 0 || j < 0 || i == j {
			return ""
		}
		why := ""
		switch {
		case r.Type == "independence":
			why = "they must not need each other"
		case r.Type == "onion" && j > i:
			why = "the inside must not need the outside"
		case r.Type == "layers" && j < i:
			why = "a layer must not need one above it"
		case r.Type == "layers" && r.Closed && c.passes(r.Layers[i+1:j]):
			why = "a layer may need the next one below and no other"
		default:
			return ""
		}
		text := fmt.Sprintf("%s is in layer %s and needs %s in layer %s: %s", from, r.Layers[i], to, r.Layers[j], why)
		if r.Reason != "" {
			text += " (" + r.Reason + ")"
		}
		return text
	}
}

// passes says that one of the layers between is closed.
func (c *compiler) passes(between []string) bool {
	return slices.ContainsFunc(between, func(name string) bool {
		return !slices.ContainsFunc(c.spec.Layers, func(l manifest.Layer) bool { return l.Name == name && l.Open })
	})
}

func severity(word string) finding.Severity {
	switch word {
	case "warn":
		return finding.Warning
	case "info":
		return finding.Note
	}
	return finding.Error
}

// remedy is what to do where the rule does not say.
func remedy(kind string) string {
	switch kind {
	case "acyclic":
		return "turn one dependency around, or move what both sides need to a place below them; adamant graph cycles suggests a cut"
	case "orphan":
		return "use it or remove it"
	case "fan-in", "fan-out":
		return "split it by who needs what"
	case "required":
		return "add the dependency"
	case "stability":
		return "let both need an interface that changes less often"
	}
	return "move the code, or let the upper part hand down what is needed as an interface; adamant graph why shows the way"
}

// dirOf is the package of a file that need not exist.
func dirOf(n *graph.Node) string { return path.Dir(inside(n.Name)) }
