package api

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/source"
	"github.com/adamant-os/adamant/internal/source/exports"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// World is a tree in which uses are looked for.
type World struct {
	Graph *graph.Snapshot
	Paths []string                            // every file
	Read  func(path string) ([]byte, error)   // content of a file
	Class func(path string) (language string) // as Classify says, by the path

	cut map[string]*source.Code
}

// Definition is a place where a name is declared.
type Definition struct {
	Path      string `json:"path"`
	Line      int    `json:"line"`
	Name      string `json:"name"`
	Kind      string `json:"kind"`
	Language  string `json:"language"`
	Signature string `json:"signature,omitempty"`
}

// The kinds of uses, from the surest to the least.
const (
	UseImport = "import" // the name stands in an import of what declares it
	UseName   = "name"   // the name, qualified or bound by an import of what declares it
	UseMember = "member" // a member of that name, in a file that imports what declares it; its owner's type is not known
	UseText   = "text"   // the text alone
)

// Use is one place that uses a name.
type Use struct {
	Path string `json:"path"`
	Line int    `json:"line"`
	Kind string `json:"kind"`
	Text string `json:"text"` // as it stands there: "graph.Read"

	at int // index of the name's token
}

// Found is what is known of a name.
type Found struct {
	Symbol      string       `json:"symbol"`
	Definitions []Definition `json:"definitions"`
	Importers   []string     `json:"importers"` // files that import what declares it, however they do
	Uses        []Use        `json:"uses"`      // in order of files and lines
	Notes       []string     `json:"notes"`     // what cannot be known in the languages concerned
}

// maxDefinitions bounds how many declarations of a name are followed.
const maxDefinitions = 200

// Find looks for the declarations of a name and for their uses. Symbol is a name (Client, Client.Do, shop.v1.Order, GET /pets),
// or a file or folder, a colon and a name.
func Find(ctx context.Context, w *World, symbol string) (*Found, error) {
	within, name := "", symbol
	if at := strings.LastIndexByte(symbol, ':'); at > 0 && w.knows(symbol[:at]) {
		within, name = symbol[:at], symbol[at+1:]
	}
	f := &Found{Symbol: symbol, Definitions: []Definition{}, Importers: []string{}, Uses: []Use{}, Notes: []string{}}
	if err := w.define(ctx, f, within, name); err != nil {
		return nil, err
	}
	for _, d := range f.Definitions {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		t := w.trace(d.Language, d.Path, d.Name)
		f.Uses, f.Importers = append(f.Uses, t.uses...), append(f.Importers, t.importers...)
		f.Notes = append(f.Notes, notes[d.Language])
	}
	f.Uses = slices.DeleteFunc(f.Uses, func(u Use) bool {
		return slices.ContainsFunc(f.Definitions, func(d Definition) bool { return d.Path == u.Path && d.Line == u.Line && u.Kind != UseImport })
	})
	slices.SortFunc(f.Uses, compareUses)
	f.Uses = slices.CompactFunc(f.Uses, func(a, b Use) bool { return a.Path == b.Path && a.Line == b.Line && a.Text == b.Text })
	slices.Sort(f.Importers)
	f.Importers = slices.Compact(f.Importers)
	slices.Sort(f.Notes)
	f.Notes = slices.Compact(f.Notes)
	return f, nil
}

func compareUses(a, b Use) int {
	return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Kind, b.Kind))
}

// notes say what uses are worth, by language.
var notes = map[string]string{
	"go":         "go: names qualified by the package are sure; methods and fields are found by name in files that import it",
	"javascript": "javascript: imported names are followed over re-exports; members of objects are found by name in files that import them",
	"python":     "python: imported names and attributes of imported modules are followed; members are found by name in files that import their class",
	"proto":      "proto: names of messages and enums are found by their qualified form; fields are used by generated code only",
	"openapi":    "openapi: operationId and literal paths are found as text in all source files",
}

// knows says whether a path is a file or folder of the tree.
func (w *World) knows(p string) bool {
	p = strings.TrimSuffix(p, "/")
	if _, found := slices.BinarySearch(w.Paths, p); found || p == "." {
		return true
	}
	at, _ := slices.BinarySearch(w.Paths, p+"/")
	return at < len(w.Paths) && strings.HasPrefix(w.Paths[at], p+"/")
}

// define finds the declarations of a name: those whose whole name it is, else those whose last part it is.
func (w *World) define(ctx context.Context, f *Found, within, name string) error {
	last := []byte(name[strings.LastIndexAny(name, ". /{")+1:])
	var parts []Definition
	for _, p := range w.Paths {
		if within != "" && within != "." && p != within && !strings.HasPrefix(p, strings.TrimSuffix(within, "/")+"/") {
			continue
		}
		for _, l := range Languages() {
			if !l.Match(p) || exports.Inside(p, "node_modules") {
				continue
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			data, err := w.Read(p)
			if err != nil || !bytes.Contains(data, last) {
				continue // a problem of the graph beside it
			}
			surface := l.Read(p, data)
			if surface == nil {
				continue
			}
			for _, s := range surface.Symbols {
				d := Definition{Path: p, Line: int(s.Line), Name: s.Name, Kind: s.Kind, Language: l.Name, Signature: exports.Clip(s.Signature)}
				switch {
				case s.Hidden || s.Kind == "reexport" || s.Kind == "reserved":
				case s.Name == name || l.Name == "openapi" && s.Kind == "operation" && s.Signature == name:
					f.Definitions = append(f.Definitions, d)
				case strings.HasSuffix(s.Name, "."+name):
					parts = append(parts, d)
				}
			}
		}
	}
	if len(f.Definitions) == 0 {
		f.Definitions = append(f.Definitions, parts...)
	}
	f.Definitions = f.Definitions[:min(len(f.Definitions), maxDefinitions)]
	return nil
}

// trail is what following one declaration found.
type trail struct {
	uses      []Use
	importers []string
}

// trace follows one declaration.
func (w *World) trace(language, file, name string) *trail {
	t := &trail{}
	switch language {
	case "go":
		w.traceGo(t, file, name)
	case "javascript":
		w.traceModules(t, file, name, javascriptBindings)
	case "python":
		w.traceModules(t, file, name, pythonBindings)
	case "proto":
		w.traceProto(t, file, name)
	case "openapi":
		w.traceText(t, file, name)
	}
	return t
}

// code cuts a file, once.
func (w *World) code(p string) *source.Code {
	if c, ok := w.cut[p]; ok {
		return c
	}
	if w.cut == nil {
		w.cut = map[string]*source.Code{}
	}
	var c *source.Code
	if data, err := w.Read(p); err == nil {
		c = source.Cut(w.Class(p), data)
	}
	if c == nil {
		c = &source.Code{}
	}
	w.cut[p] = c
	return c
}

// importing lists the edges that reach a node by an import, in order of the files.
func (w *World) importing(kind graph.NodeKind, name string) []*graph.Edge {
	id, ok := w.Graph.Graph.Find(kind, name)
	if !ok {
		return nil
	}
	var out []*graph.Edge
	for e := range w.Graph.Graph.In(id) {
		if e.Kind != imports.SamePackage && e.Kind != imports.Member && e.Kind != imports.Declared {
			out = append(out, e)
		}
	}
	return out
}

func (w *World) node(id graph.ID) string { return w.Graph.Graph.Node(id).Name }

// members finds .name behind anything.
func members(t *trail, p string, c *source.Code, name string) {
	for i := range c.Tokens {
		if c.Word(i) == name && (c.Is(i-1, ".") || c.Is(i-1, "?.")) {
			t.uses = append(t.uses, Use{Path: p, Line: int(c.Tokens[i].Line), Kind: UseMember, Text: c.Word(i-2) + "." + name, at: i})
		}
	}
}

// traceGo finds pkg.Name where the package is imported, and Name in the package itself.
func (w *World) traceGo(t *trail, file, name string) {
	root, member, _ := strings.Cut(name, ".")
	dir := path.Dir(file)
	clause := ""
	if f := w.Graph.File(file); f != nil {
		clause = f.Package
	}
	files := map[string]string{} // to the local name of the package
	for _, e := range w.importing(graph.Package, "go:"+dir) {
		from := w.node(e.From)
		if e.Kind == imports.Static {
			files[from] = goLocal(w.code(from), e, clause)
			t.importers = append(t.importers, from)
		}
	}
	if id, ok := w.Graph.Graph.Find(graph.Package, "go:"+dir); ok {
		for e := range w.Graph.Graph.In(id) {
			if e.Kind == imports.SamePackage {
				files[w.node(e.From)] = "."
			}
		}
	}
	for p, local := range files {
		c := w.code(p)
		if member != "" {
			members(t, p, c, member)
			continue
		}
		for i := range c.Tokens {
			qualified := local != "." && c.Word(i) == root && c.Is(i-1, ".") && c.Word(i-2) == local && !c.Is(i-3, ".")
			bare := local == "." && c.Word(i) == root && !c.Is(i-1, ".") && !c.Is(i-1, ")") && c.Word(i-1) != "func" && !declares(c.Word(i-1))
			if qualified || bare {
				text := root
				if qualified {
					text = local + "." + root
				}
				t.uses = append(t.uses, Use{Path: p, Line: int(c.Tokens[i].Line), Kind: UseName, Text: text, at: i})
			}
		}
	}
}

// goLocal is what a file calls a package: the name before the import path, else its package clause.
func goLocal(c *source.Code, e *graph.Edge, clause string) string {
	for i := range c.Tokens {
		if text, ok := c.Quoted(i); !ok || text != e.Specifier || c.Tokens[i].Line != e.Line {
			continue
		}
		if c.Is(i-1, ".") {
			return "."
		}
		if w := c.Word(i - 1); w != "" && w != "import" {
			return w
		}
		break
	}
	return cmp.Or(clause, path.Base(e.Specifier))
}

// traceProto finds a message's or enum's qualified name in files that import the one that declares it.
func (w *World) traceProto(t *trail, file, name string) {
	seen, todo := map[string]bool{file: true}, []string{file}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, e := range w.importing(graph.File, at) {
			from := w.node(e.From)
			if seen[from] {
				continue
			}
			seen[from] = true
			t.importers = append(t.importers, from)
			if e.Kind == imports.Reexport {
				todo = append(todo, from)
			}
		}
	}
	for p := range seen {
		if p == file || strings.HasSuffix(p, ".proto") {
			w.dotted(t, p, name)
		}
	}
}

// dotted finds a.b.C where it may mean the full name.
func (w *World) dotted(t *trail, p, full string) {
	c := w.code(p)
	for i := 0; i < len(c.Tokens); i++ {
		if c.Word(i) == "" {
			continue
		}
		from, text := i, c.Word(i)
		for c.Is(i+1, ".") && c.Word(i+2) != "" {
			text += "." + c.Word(i+2)
			i += 2
		}
		declared := c.Is(from-1, "message") || c.Is(from-1, "enum") || c.Is(from-1, "service") || c.Is(i+1, "=")
		if !declared && (text == full || strings.HasSuffix(full, "."+text)) {
			t.uses = append(t.uses, Use{Path: p, Line: int(c.Tokens[from].Line), Kind: UseName, Text: text, at: i})
		}
	}
}

// traceText finds an operation's id as a word and its path as a literal, in all sources.
func (w *World) traceText(t *trail, file, name string) {
	data, err := w.Read(file)
	if err != nil {
		return
	}
	id, address := "", ""
	for _, l := range Languages() {
		if l.Name != "openapi" {
			continue
		}
		if s := l.Read(file, data); s != nil {
			for _, sym := range s.Symbols {
				if sym.Name == name && sym.Kind == "operation" {
					id = sym.Signature
				}
			}
		}
	}
	if _, rest, ok := strings.Cut(name, " "); ok && !strings.ContainsAny(rest, " {") {
		address = rest
	}
	for _, p := range w.Paths {
		data, err := w.Read(p)
		if err != nil || p == file || (id == "" || !bytes.Contains(data, []byte(id))) && (len(address) < 3 || !bytes.Contains(data, []byte(address))) {
			continue
		}
		c := w.code(p)
		for i := range c.Tokens {
			text, quoted := c.Quoted(i)
			switch {
			case id != "" && strings.EqualFold(c.Word(i), id):
				text = c.Word(i)
			case len(address) > 2 && quoted && strings.HasSuffix(text, address):
			default:
				continue
			}
			t.uses = append(t.uses, Use{Path: p, Line: int(c.Tokens[i].Line), Kind: UseText, Text: fmt.Sprintf("%.80s", text), at: i})
		}
	}
}
