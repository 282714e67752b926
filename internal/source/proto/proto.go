// Package proto reads the imports and declarations of Protocol Buffers files and resolves them from the folders that hold such
// files, as protoc does with each of them given as a path (https://protobuf.dev/reference/protobuf/proto3-spec/). No compiler
// runs, and no module of a registry is fetched.
package proto

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// Language is Protocol Buffers.
func Language() imports.Language {
	return imports.Language{Name: "proto", Version: 1, Match: match, Extract: Extract, Resolver: newResolver}
}

func match(p string) bool { return strings.HasSuffix(p, ".proto") }

// Extract reads one file.
func Extract(src []byte) *imports.File {
	r := &reader{scanner: scanner{src: bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")), line: 1}, file: &imports.File{}}
	r.read()
	r.file.Problem, r.file.Line = r.problem, r.at
	return r.file
}

type reader struct {
	scanner
	file  *imports.File
	tok   token
	depth int      // open braces
	names []string // of the blocks around, "" for those without one
}

// maxNames is how many levels of messages have names that count.
const maxNames = 32

func (r *reader) advance() token {
	r.tok = r.next()
	return r.tok
}

// read looks at the beginning of each statement.
func (r *reader) read() {
	for r.advance(); r.tok.kind != 0; {
		switch {
		case r.tok.is('}'):
			r.close()
			r.advance()
		case r.tok.kind == 'i':
			r.statement()
		default:
			r.advance()
		}
	}
}

func (r *reader) statement() {
	word, line := r.tok.text, r.tok.line
	r.advance()
	switch {
	case word == "import" && r.depth == 0:
		r.imported(line)
	case word == "package" && r.depth == 0 && r.tok.kind == 'i':
		r.file.Package = r.tok.text
	case (word == "message" || word == "enum" || word == "service" || word == "rpc") && r.tok.kind == 'i':
		r.declared(word, line)
		return
	}
	r.rest("")
}

// imported reads: import [public|weak|option] "a/b.proto";
func (r *reader) imported(line int32) {
	imp := imports.Import{Kind: imports.Include, Line: line}
	if r.tok.kind == 'i' {
		switch r.tok.text {
		case "public":
			imp.Kind = imports.Reexport
		case "weak", "option":
			imp.Exotic = r.tok.text
		}
		r.advance()
	}
	if r.tok.kind == 's' && r.tok.text != "" && len(r.tok.text) < 4096 {
		imp.Specifier = r.tok.text
		r.file.Imports = append(r.file.Imports, imp)
	}
}

// declared notes a message, enum, service or method by its name within the file.
func (r *reader) declared(kind string, line int32) {
	name := r.tok.text
	r.advance()
	if r.tok.kind == 'i' && kind != "rpc" || r.tok.is('=') { // a field whose type has the name of a keyword
		r.rest("")
		return
	}
	full := append(slices.DeleteFunc(slices.Clone(r.names), func(n string) bool { return n == "" }), name)
	r.file.Exports = append(r.file.Exports, imports.Symbol{Name: strings.Join(full, "."), Kind: kind, Line: line})
	r.rest(name)
}

// rest moves to the end of a statement, or into its block.
func (r *reader) rest(name string) {
	for ; r.tok.kind != 0; r.advance() {
		switch {
		case r.tok.is(';'):
			r.advance()
			return
		case r.tok.is('}'):
			return
		case r.tok.is('{'):
			r.depth++
			if len(r.names) < maxNames && len(r.names) == r.depth-1 {
				r.names = append(r.names, name[:min(len(name), 200)])
			}
			r.advance()
			return
		}
	}
}

func (r *reader) close() {
	r.depth = max(0, r.depth-1)
	if len(r.names) > r.depth {
		r.names = r.names[:r.depth]
	}
}

type resolver struct {
	tree  imports.Tree
	roots []string // folders with buf.yaml and usual roots, inner ones first
	bases map[string][]string
}

func newResolver(tree imports.Tree) (imports.Resolver, []imports.Problem) {
	r := &resolver{tree: tree, bases: map[string][]string{}}
	roots := map[string]bool{".": true}
	for _, p := range tree.Paths() {
		base := path.Base(p)
		if base == "buf.yaml" || base == "buf.work.yaml" {
			roots[path.Dir(p)] = true
		}
		if !match(p) {
			continue
		}
		r.bases[base] = append(r.bases[base], p)
		for dir := path.Dir(p); dir != "." && !roots[dir]; dir = path.Dir(dir) {
			roots[dir] = usual(path.Base(dir))
		}
	}
	for dir, yes := range roots {
		if yes {
			r.roots = append(r.roots, dir)
		}
	}
	slices.Sort(r.roots)
	slices.Reverse(r.roots)
	return r, nil
}

// usual says whether a folder of this name is often given to protoc as a path.
func usual(base string) bool {
	switch base {
	case "proto", "protos", "protobuf", "api", "src", "include", "third_party", "googleapis", "idl", "schemas":
		return true
	}
	return false
}

// Resolve implements imports.Resolver: the folders around the file count first, from the inside out, since one of them is the
// path it is compiled with; then the usual roots; then the one file of the tree whose path ends so.
func (r *resolver) Resolve(from string, _ *imports.File, imp *imports.Import) []imports.Target {
	name := path.Clean("/" + imp.Specifier)[1:]
	for dir := path.Dir(from); ; dir = path.Dir(dir) {
		if p := r.tree.Real(path.Join(dir, name)); p != "" {
			return []imports.Target{{Path: p}}
		}
		if dir == "." {
			break
		}
	}
	for _, root := range r.roots {
		if p := r.tree.Real(path.Join(root, name)); p != "" {
			return []imports.Target{{Path: p}}
		}
	}
	if p := r.only(name); p != "" {
		return []imports.Target{{Path: p}}
	}
	if dir := path.Dir(name); dir != "." {
		return []imports.Target{{External: "proto:" + dir}}
	}
	return nil
}

// only is the one file of the tree whose path ends in name, "" when there are none or several.
func (r *resolver) only(name string) string {
	found := ""
	for _, p := range r.bases[path.Base(name)] {
		if strings.HasSuffix(p, "/"+name) {
			if found != "" {
				return ""
			}
			found = p
		}
	}
	return found
}
