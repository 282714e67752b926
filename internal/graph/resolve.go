package graph

import (
	"maps"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// maxSearched is how many files are resolved without an index of the tree.
const maxSearched = 256

// resolve links what each file that is done again needs, and puts it in the place of what it needed before.
func (r *reading) resolve() {
	var b Builder
	count, edges := 0, 0
	for i, redo := range r.redo {
		if redo {
			count++
			edges += len(r.files[i].Imports)
			b.Node(r.node(i))
		}
	}
	b.edges = make([]Edge, 0, edges)
	if count > maxSearched {
		r.tree.index()
	}
	resolvers := r.resolvers()
	r.carry(resolvers)
	for i, redo := range r.redo {
		if redo {
			family := r.family(r.now.languages[i])
			r.tree.seen = r.now.families[family]
			r.link(&b, resolvers[family], i)
		}
	}
	r.tree.seen = nil
	if count == 0 && !r.moved {
		r.old.link.Do(r.old.graph.link)
		r.now.graph = r.old.graph
		return
	}
	r.now.graph = patch(r.old.graph, r.stays(), b.Graph())
	r.now.graph.spoken()
}

// stays says which nodes of the old graph are files that keep what they need.
func (r *reading) stays() []bool {
	out := make([]bool, r.old.graph.Len())
	at := 0
	for id := range out {
		n := r.old.graph.Node(ID(id))
		if n.Kind != File { // files are first
			break
		}
		for at < len(r.tree.paths) && r.tree.paths[at] < n.Name {
			at++
		}
		out[id] = at < len(r.tree.paths) && r.tree.paths[at] == n.Name && r.now.languages[at] >= 0 && !r.redo[at]
	}
	return out
}

// resolvers makes the resolver of each family that has something to resolve.
func (r *reading) resolvers() map[string]imports.Resolver {
	out := map[string]imports.Resolver{}
	for i, redo := range r.redo {
		if !redo {
			continue
		}
		family := r.family(r.now.languages[i])
		if out[family] != nil {
			continue
		}
		seen := map[string]sight{}
		if !r.touched[family] {
			maps.Copy(seen, r.old.families[family])
		}
		r.tree.seen, r.now.families[family] = seen, seen
		resolver, problems := r.opt.Languages[r.now.languages[i]].Resolver(r.tree)
		out[family] = resolver
		for _, p := range problems {
			r.now.problems = append(r.now.problems, note{family, p})
		}
	}
	return out
}

// carry takes over what is known of families that are not resolved again, and of files that are not extracted again.
func (r *reading) carry(resolvers map[string]imports.Resolver) {
	present := map[string]bool{}
	for _, at := range r.now.languages {
		if at >= 0 {
			present[r.family(at)] = true
		}
	}
	for family, seen := range r.old.families {
		if present[family] && resolvers[family] == nil {
			r.now.families[family] = seen
		}
	}
	for _, n := range r.old.problems {
		i, ok := r.tree.find(n.Path)
		if n.family != "" && present[n.family] && resolvers[n.family] == nil || n.family == "" && ok && r.now.languages[i] >= 0 && !r.redo[i] {
			r.now.problems = append(r.now.problems, n)
		}
	}
	for i, f := range r.files {
		if f != nil && f.Problem != "" {
			r.now.problems = append(r.now.problems, note{"", imports.Problem{Path: r.now.entries[i].Path, Line: f.Line, Message: f.Problem}})
		}
	}
}

func (r *reading) node(i int) Node {
	p := r.now.entries[i].Path
	n := Node{Name: p, Open: len(r.files[i].Open) > 0, Test: r.opt.Test != nil && r.opt.Test(p), Language: r.opt.Languages[r.now.languages[i]].Name}
	return n
}

func (r *reading) link(b *Builder, resolver imports.Resolver, i int) {
	from, f := r.now.entries[i].Path, r.files[i]
	id := b.Node(Node{Name: from})
	r.join(b, id, i)
	for k := range f.Imports {
		imp := &f.Imports[k]
		edge := Edge{From: id, Kind: imp.Kind, Line: imp.Line, Specifier: imp.Specifier}
		targets := resolver.Resolve(from, f, imp)
		if len(targets) == 0 {
			targets = []imports.Target{{}}
		}
		for _, t := range targets {
			edge.Types = t.Types
			edge.To = b.Node(target(t, imp))
			if edge.To != id { // a file that imports itself needs nothing
				b.Edge(edge)
			}
		}
	}
}

// join ties a file to its package, both ways: it sees the package's other files, and whoever imports the package gets it.
func (r *reading) join(b *Builder, id ID, i int) {
	l := &r.opt.Languages[r.now.languages[i]]
	if l.Package == nil {
		return
	}
	name, member := l.Package(r.now.entries[i].Path, r.files[i])
	if name == "" {
		return
	}
	pkg := b.Node(Node{Kind: Package, Name: name})
	b.Edge(Edge{From: id, To: pkg, Kind: imports.SamePackage})
	if member {
		b.Edge(Edge{From: pkg, To: id, Kind: imports.Member})
	}
}

func target(t imports.Target, imp *imports.Import) Node {
	switch {
	case t.Path != "":
		return Node{Name: t.Path}
	case t.Package != "":
		return Node{Kind: Package, Name: t.Package}
	case t.External != "":
		return Node{Kind: External, Name: t.External}
	}
	return Node{Kind: Unresolved, Name: imp.Specifier}
}
