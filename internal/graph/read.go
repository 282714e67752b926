package graph

import (
	"cmp"
	"context"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// Entry is one file of a tree.
type Entry struct {
	Path    string
	Blob    string // object name
	Symlink bool   // git mode 120000: its content is a path
}

// Source is a tree to read: its files, sorted by path, and their contents by object name.
type Source interface {
	Entries() []Entry
	// Blob returns the content of an object; too large or absent is an error, and the file a problem.
	Blob(ctx context.Context, oid string) ([]byte, error)
}

// Options say how a tree is read.
type Options struct {
	Languages []imports.Language
	Store     *Store                 // nil keeps nothing
	Test      func(path string) bool // says which files are tests; nil: none
	Skip      func(path string) bool // files that are not read (vendored, generated); nil: none
}

// Snapshot is the graph of one tree and what could not be understood.
type Snapshot struct {
	Graph     *Graph
	Problems  []imports.Problem // sorted by path and line
	Links     map[string]string // symlinks to files of known languages, and the files they lead to
	files     map[string]*imports.File
	language  map[string]int32 // index into languages
	languages []imports.Language
	roots     map[string]bool // folders with a manifest
}

// File is what was extracted from a file, nil when its language is not read.
func (s *Snapshot) File(path string) *imports.File { return s.files[path] }

// Read extracts, resolves and links a tree. The error is ctx's; everything else is a problem of the snapshot.
func Read(ctx context.Context, src Source, opt Options) (*Snapshot, error) {
	if opt.Store == nil {
		opt.Store = &Store{kept: map[storeKey]string{}, used: map[storeKey]bool{}}
	}
	t := newTree(ctx, src)
	r := &reading{tree: t, opt: opt, snapshot: &Snapshot{
		files: map[string]*imports.File{}, language: map[string]int32{}, languages: opt.Languages, roots: map[string]bool{},
	}}
	t.files = r.snapshot.files
	if err := r.extract(ctx); err != nil {
		return nil, err
	}
	r.resolve()
	slices.SortFunc(r.snapshot.Problems, func(a, b imports.Problem) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	return r.snapshot, ctx.Err()
}

type reading struct {
	tree     *tree
	opt      Options
	snapshot *Snapshot
	mu       sync.Mutex
}

// extract reads every file of a known language, from the store where it is there.
func (r *reading) extract(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, e := range r.tree.entries {
		if e.Symlink {
			r.linked(e.Path)
			continue
		}
		if r.opt.Skip != nil && r.opt.Skip(e.Path) {
			continue
		}
		if slices.ContainsFunc(r.opt.Languages, func(l imports.Language) bool { return l.Manifest != nil && l.Manifest(e.Path) }) {
			r.snapshot.roots[path.Dir(e.Path)] = true
		}
		at := slices.IndexFunc(r.opt.Languages, func(l imports.Language) bool { return l.Match(e.Path) })
		if at < 0 {
			continue
		}
		r.snapshot.language[e.Path] = int32(at)
		if f := r.opt.Store.get(&r.opt.Languages[at], e.Blob); f != nil {
			r.keep(e.Path, f)
			continue
		}
		group.Go(func() error {
			r.keep(e.Path, r.file(ctx, &r.opt.Languages[at], e))
			return ctx.Err()
		})
	}
	return group.Wait()
}

// linked remembers a symlink to a file of a known language: it is no node of its own.
func (r *reading) linked(link string) {
	to := r.tree.Real(link)
	if to == "" || !slices.ContainsFunc(r.opt.Languages, func(l imports.Language) bool { return l.Match(to) }) {
		return
	}
	if r.snapshot.Links == nil {
		r.snapshot.Links = map[string]string{}
	}
	r.snapshot.Links[link] = to
}

func (r *reading) keep(path string, f *imports.File) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.snapshot.files[path] = f
	if f.Problem != "" {
		r.snapshot.Problems = append(r.snapshot.Problems, imports.Problem{Path: path, Line: f.Line, Message: f.Problem})
	}
}

func (r *reading) file(ctx context.Context, l *imports.Language, e Entry) *imports.File {
	data, err := r.tree.source.Blob(ctx, e.Blob)
	if err != nil { // says nothing about the content, so it is not kept
		return &imports.File{Problem: err.Error()}
	}
	f := l.Extract(data)
	r.opt.Store.put(l, e.Blob, f)
	return f
}

// resolve links what each file needs to where it is.
func (r *reading) resolve() {
	var b Builder
	resolvers := r.resolvers()
	for _, e := range r.tree.entries {
		if f := r.snapshot.files[e.Path]; f != nil {
			b.Node(r.node(e.Path, f))
		}
	}
	for _, e := range r.tree.entries {
		if f := r.snapshot.files[e.Path]; f != nil {
			r.link(&b, resolvers[r.snapshot.language[e.Path]], e.Path, f)
		}
	}
	r.snapshot.Graph = b.Graph()
}

// resolvers makes the resolver of each language that the tree has files of.
func (r *reading) resolvers() []imports.Resolver {
	out := make([]imports.Resolver, len(r.opt.Languages))
	families := map[string]imports.Resolver{}
	for _, at := range r.snapshot.language {
		if out[at] != nil {
			continue
		}
		l := &r.opt.Languages[at]
		family := cmp.Or(l.Family, l.Name)
		if families[family] == nil {
			resolver, problems := l.Resolver(r.tree)
			families[family] = resolver
			r.snapshot.Problems = append(r.snapshot.Problems, problems...)
		}
		out[at] = families[family]
	}
	return out
}

func (r *reading) node(path string, f *imports.File) Node {
	n := Node{Name: path, Open: len(f.Open) > 0, Test: r.opt.Test != nil && r.opt.Test(path)}
	if at, ok := r.snapshot.language[path]; ok {
		n.Language = r.opt.Languages[at].Name
	}
	return n
}

func (r *reading) link(b *Builder, resolver imports.Resolver, from string, f *imports.File) {
	id := b.Node(Node{Name: from})
	r.join(b, id, from, f)
	for i := range f.Imports {
		imp := &f.Imports[i]
		edge := Edge{From: id, Kind: imp.Kind, Line: imp.Line, Specifier: imp.Specifier}
		targets := resolver.Resolve(from, f, imp)
		if len(targets) == 0 {
			targets = []imports.Target{{}}
		}
		for _, t := range targets {
			edge.Types = t.Types
			edge.To = r.target(b, t, imp)
			if edge.To != id { // a file that imports itself needs nothing
				b.Edge(edge)
			}
		}
	}
}

// join ties a file to its package, both ways: it sees the package's other files, and whoever imports the package gets it.
func (r *reading) join(b *Builder, id ID, from string, f *imports.File) {
	l := &r.opt.Languages[r.snapshot.language[from]]
	if l.Package == nil {
		return
	}
	name, member := l.Package(from, f)
	if name == "" {
		return
	}
	pkg := b.Node(Node{Kind: Package, Name: name, Language: l.Name})
	b.Edge(Edge{From: id, To: pkg, Kind: imports.SamePackage})
	if member {
		b.Edge(Edge{From: pkg, To: id, Kind: imports.Member})
	}
}

func (r *reading) target(b *Builder, t imports.Target, imp *imports.Import) ID {
	switch {
	case t.Path != "":
		n := Node{Name: t.Path}
		if f := r.snapshot.files[t.Path]; f != nil {
			n = r.node(t.Path, f)
		}
		return b.Node(n)
	case t.Package != "":
		return b.Node(Node{Kind: Package, Name: t.Package})
	case t.External != "":
		return b.Node(Node{Kind: External, Name: t.External})
	}
	return b.Node(Node{Kind: Unresolved, Name: imp.Specifier})
}

// tree is a Source as resolvers see it.
type tree struct {
	ctx     context.Context //nolint:containedctx // resolvers read manifests while Read runs, and only then
	source  Source
	entries []Entry
	paths   []string
	at      map[string]int32
	files   map[string]*imports.File

	mu   sync.Mutex
	read map[string]content
}

type content struct {
	data []byte
	err  error
}

func newTree(ctx context.Context, src Source) *tree {
	t := &tree{ctx: ctx, source: src, entries: src.Entries(), read: map[string]content{}}
	t.paths, t.at = make([]string, len(t.entries)), make(map[string]int32, len(t.entries))
	for i, e := range t.entries {
		t.paths[i], t.at[e.Path] = e.Path, int32(i)
	}
	return t
}

func (t *tree) Paths() []string { return t.paths }

func (t *tree) Has(p string) bool { return t.Real(p) != "" }

func (t *tree) File(path string) *imports.File { return t.files[path] }

// maxLinks bounds chains of symlinks, as Linux does.
const maxLinks = 40

// Real follows symlinks of the file itself and of its folders.
func (t *tree) Real(p string) string {
	for range maxLinks {
		if i, ok := t.at[p]; ok && !t.entries[i].Symlink {
			return p
		}
		next, ok := t.follow(p)
		if !ok {
			return ""
		}
		p = next
	}
	return ""
}

// follow replaces the first symlink on the way to p by what it leads to.
func (t *tree) follow(p string) (string, bool) {
	for end := 0; end < len(p); {
		if i := strings.IndexByte(p[end:], '/'); i >= 0 {
			end += i
		} else {
			end = len(p)
		}
		if i, ok := t.at[p[:end]]; ok && t.entries[i].Symlink {
			link, err := t.Read(p[:end])
			if err != nil || strings.HasPrefix(string(link), "/") {
				return "", false
			}
			to := path.Join(path.Dir(p[:end]), string(link), p[end:])
			return to, to != ".." && !strings.HasPrefix(to, "../")
		}
		end++
	}
	return "", false
}

// Read returns a file's content as it is in git: that of a symlink is the path it leads to.
func (t *tree) Read(p string) ([]byte, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known, ok := t.read[p]; ok {
		return known.data, known.err
	}
	i, ok := t.at[p]
	if !ok {
		return nil, fmt.Errorf("%s is not in the tree", p)
	}
	data, err := t.source.Blob(t.ctx, t.entries[i].Blob)
	t.read[p] = content{data, err}
	return data, err
}

// PackageOf names the package a node is or belongs to: what its language imports as one, else the folder of the nearest
// manifest around it; "" for what is outside the tree.
func (s *Snapshot) PackageOf(n *Node) string {
	switch n.Kind {
	case Package:
		return n.Name
	case File:
		if at, ok := s.language[n.Name]; ok && s.languages[at].Package != nil {
			if name, _ := s.languages[at].Package(n.Name, s.files[n.Name]); name != "" {
				return name
			}
		}
		for dir := path.Dir(n.Name); ; dir = path.Dir(dir) {
			if s.roots[dir] || dir == "." {
				return dir
			}
		}
	}
	return ""
}
