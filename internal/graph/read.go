package graph

import (
	"cmp"
	"context"
	"maps"
	"path"
	"slices"
	"sync"

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
	// Blobs reads objects and calls fn for each, in any order; too large or absent is fn's err, and the file a problem. Data
	// is valid until fn returns. The error of fn, or of the whole, ends it.
	Blobs(ctx context.Context, oids []string, fn func(i int, data []byte, err error) error) error
}

// Options say how a tree is read.
type Options struct {
	Languages []imports.Language
	Cache     *Cache                 // nil keeps nothing
	Test      func(path string) bool // says which files are tests; nil: none
	Skip      func(path string) bool // files that are not read (vendored, generated); nil: none
	// Key names everything else that a graph depends on: what Test and Skip go by, and the program. Snapshots are kept for
	// those who give the same.
	Key string
}

// Snapshot is the graph of one tree and what could not be understood.
type Snapshot struct {
	Graph    *Graph
	Problems []imports.Problem // sorted by path and line
	Links    map[string]string // symlinks to files of known languages, and the files they lead to

	languages []imports.Language
	entries   []Entry
	roots     func() map[string]bool // folders with a manifest
	file      func(path string) *imports.File
}

// File is what was extracted from a file, nil when its language is not read. It is read again when the snapshot was kept.
func (s *Snapshot) File(path string) *imports.File { return s.file(path) }

// Read extracts, resolves and links a tree. Of a tree that is like one whose snapshot is kept, only what differs is done. The
// error is ctx's; everything else is a problem of the snapshot.
func Read(ctx context.Context, src Source, opt Options) (*Snapshot, error) {
	if opt.Cache == nil {
		opt.Cache = OpenCache("", nil)
	}
	t := newTree(ctx, src)
	r := newReading(t, opt, opt.Cache.nearest(keyOfOptions(opt), t.entries))
	r.compare()
	if err := r.extractAll(ctx); err != nil {
		return nil, err
	}
	r.resolve()
	r.links()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r.count() > opt.Cache.few {
		opt.Cache.keep(keyOfOptions(opt), r.sure())
	}
	return r.snapshot(), nil
}

// state is all that is kept of a tree: what it was, what came out, and what that depends on.
type state struct {
	entries   []Entry // a blob that is "" could not be read
	languages []int8  // of entries: indices, -1 for none
	surfaces  []string
	graph     *Graph
	problems  []note
	families  map[string]map[string]sight // by family: manifests that its resolver read, by path
	links     map[string]string
	link      sync.Once // of graph, which is not linked when it was read
}

// note is a problem and who found it: a family's resolver, or "" for extraction.
type note struct {
	family string
	imports.Problem
}

func (s *state) linked() bool {
	return slices.ContainsFunc(s.entries, func(e Entry) bool { return e.Symlink })
}

// reading is a tree on its way from an old state to the one that is now.
type reading struct {
	opt     Options
	tree    *tree
	old     *state
	now     state
	redo    []bool          // of entries: extract and resolve
	touched map[string]bool // families whose every file is resolved again
	moved   bool            // paths came, went or became links

	mu    sync.Mutex
	files []*imports.File // of entries, where redo
	gone  []int           // entries that could not be read
}

func newReading(t *tree, opt Options, old *state) *reading {
	for _, read := range old.families {
		maps.Copy(t.contents, read)
	}
	n := len(t.entries)
	r := &reading{opt: opt, tree: t, old: old, redo: make([]bool, n), touched: map[string]bool{}, files: make([]*imports.File, n)}
	r.now = state{entries: t.entries, languages: make([]int8, n), surfaces: make([]string, n), families: map[string]map[string]sight{}}
	t.surfaces = r.now.surfaces
	return r
}

func (r *reading) family(language int8) string {
	l := &r.opt.Languages[language]
	return cmp.Or(l.Family, l.Name)
}

// compare finds what differs: files to do again, and families to resolve again.
func (r *reading) compare() {
	linked := r.tree.linked || r.old.linked()
	was, now := r.old.entries, r.now.entries
	for i, j := 0, 0; i < len(was) || j < len(now); {
		switch {
		case j == len(now) || i < len(was) && was[i].Path < now[j].Path:
			r.shift(was[i].Path, linked)
			i++
		case i == len(was) || now[j].Path < was[i].Path:
			r.shift(now[j].Path, linked)
			r.appear(j)
			j++
		default:
			r.same(i, j)
			i++
			j++
		}
	}
}

// shift notes that a path came or went.
func (r *reading) shift(p string, linked bool) {
	r.moved = true
	if len(r.old.entries) == 0 { // every file is done anyway
		return
	}
	for i := range r.opt.Languages {
		if l := &r.opt.Languages[i]; linked || l.Sees == nil || l.Sees(p) {
			r.touched[cmp.Or(l.Family, l.Name)] = true
		}
	}
}

func (r *reading) appear(j int) {
	e := &r.now.entries[j]
	r.now.languages[j], r.now.surfaces[j] = -1, ""
	if e.Symlink || r.opt.Skip != nil && r.opt.Skip(e.Path) {
		return
	}
	at := slices.IndexFunc(r.opt.Languages, func(l imports.Language) bool { return l.Match(e.Path) })
	r.now.languages[j], r.redo[j] = int8(at), at >= 0
}

func (r *reading) same(i, j int) {
	was, now := &r.old.entries[i], &r.now.entries[j]
	r.now.languages[j], r.now.surfaces[j] = r.old.languages[i], r.old.surfaces[i]
	if was.Blob == now.Blob && was.Symlink == now.Symlink {
		return
	}
	if was.Symlink || now.Symlink { // another way through the tree
		r.shift(now.Path, true)
		r.appear(j)
		return
	}
	r.redo[j] = r.now.languages[j] >= 0
	for family, read := range r.old.families {
		if _, ok := read[now.Path]; ok {
			r.touched[family] = true
		}
	}
}

// count is how many files were done again.
func (r *reading) count() int {
	n := 0
	for _, redo := range r.redo {
		if redo {
			n++
		}
	}
	return n
}

// sure is the state with what could not be read taken out, so that it is tried again.
func (r *reading) sure() *state {
	out := &state{entries: slices.Clone(r.now.entries), languages: r.now.languages, surfaces: r.now.surfaces, graph: r.now.graph,
		problems: r.now.problems, families: r.now.families, links: r.now.links}
	for _, i := range r.gone {
		out.entries[i].Blob = ""
	}
	for _, seen := range out.families {
		for p, s := range seen {
			if i, ok := r.tree.find(p); ok && s.err != nil {
				out.entries[i].Blob = ""
			}
		}
	}
	return out
}

// links finds symlinks to files of known languages: they are no nodes of their own.
func (r *reading) links() {
	if r.now.links = r.old.links; !r.moved {
		return
	}
	r.now.links = nil
	for i := range r.now.entries {
		e := &r.now.entries[i]
		if !e.Symlink {
			continue
		}
		to := r.tree.Real(e.Path)
		if to == "" || !slices.ContainsFunc(r.opt.Languages, func(l imports.Language) bool { return l.Match(to) }) {
			continue
		}
		if r.now.links == nil {
			r.now.links = map[string]string{}
		}
		r.now.links[e.Path] = to
	}
}

func (r *reading) snapshot() *Snapshot {
	s := &Snapshot{Graph: r.now.graph, Links: r.now.links, languages: r.opt.Languages, entries: r.now.entries}
	for i := range r.now.problems {
		s.Problems = append(s.Problems, r.now.problems[i].Problem)
	}
	slices.SortFunc(s.Problems, func(a, b imports.Problem) int {
		return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Message, b.Message))
	})
	s.roots = sync.OnceValue(s.manifests)
	s.file = r.again()
	return s
}

// manifests lists the folders with a manifest.
func (s *Snapshot) manifests() map[string]bool {
	roots := map[string]bool{}
	for i := range s.entries {
		p := s.entries[i].Path
		if !s.entries[i].Symlink && slices.ContainsFunc(s.languages, func(l imports.Language) bool { return l.Manifest != nil && l.Manifest(p) }) {
			roots[path.Dir(p)] = true
		}
	}
	return roots
}

// PackageOf names the package a node is or belongs to: what its language imports as one, else the folder of the nearest
// manifest around it; "" for what is outside the tree.
func (s *Snapshot) PackageOf(n *Node) string {
	switch n.Kind {
	case Package:
		return n.Name
	case File:
		if id, ok := s.Graph.Find(File, n.Name); ok {
			for _, e := range s.Graph.Out(id) {
				if to := s.Graph.Node(e.To); e.Kind == imports.SamePackage && to.Kind == Package {
					return to.Name
				}
			}
		}
		for dir := path.Dir(n.Name); ; dir = path.Dir(dir) {
			if s.roots()[dir] || dir == "." {
				return dir
			}
		}
	}
	return ""
}
