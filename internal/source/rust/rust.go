// Package rust reads the modules, uses and paths of Rust files and resolves them by the Cargo.toml files of a tree, as Cargo and
// rustc do (https://doc.rust-lang.org/reference/items/modules.html). Conditions are not evaluated: every platform's and
// feature's modules count. Macros are not expanded, but what stands in their braces is read. It never runs cargo.
package rust

import (
	"bytes"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// Language is Rust.
func Language() imports.Language {
	return imports.Language{Name: "rust", Version: 1, Match: match, Extract: Extract, Surface: surface, Resolver: newResolver, Manifest: manifest}
}

func match(p string) bool { return strings.HasSuffix(p, ".rs") }

func manifest(p string) bool { return path.Base(p) == "Cargo.toml" }

// What Import.Exotic says here. That of a module is the paths its attributes give, a line each: an empty line is its usual
// place.
const (
	inCode     = "path"     // a path in an expression or type, which may be a local name
	byManifest = "manifest" // the file's name is relative to the crate's folder
)

// limits that no file written for a compiler comes near
const (
	maxSegments = 64
	maxNesting  = 64
)

// Extract reads one file.
func Extract(src []byte) *imports.File {
	r := &reader{scanner: scanner{src: bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")), line: 1}, file: &imports.File{},
		seen: map[string]bool{}, bodies: map[string]bool{}}
	r.read()
	r.own()
	r.file.Problem, r.file.Line = r.problem, r.at
	return r.file
}

// reader walks through the tokens of a file.
type reader struct {
	scanner
	tok      token
	file     *imports.File
	depth    int // open braces
	inline   []inline
	given    []string // paths of #[path] attributes before an item
	public   bool
	exported bool // pub without (crate)
	seen     map[string]bool
	bodies   map[string]bool // names of modules with a body, wherever they stand
}

// inline is a module with a body.
type inline struct {
	name  string
	depth int // of braces around it
}

func (r *reader) advance() token {
	r.tok = r.next()
	return r.tok
}

func (r *reader) read() {
	r.advance()
	for r.tok.kind != 0 {
		switch {
		case r.tok.is("#"):
			r.attribute()
		case r.tok.kind == 'i':
			r.word()
		default:
			r.punctuation()
		}
	}
}

// punctuation keeps count of braces. A path that does not begin here is none of ours: T::a, x.a, <T as U>::a.
func (r *reader) punctuation() {
	r.reset()
	text := r.tok.text
	r.advance()
	switch text {
	case "{":
		r.depth++
	case "}":
		r.depth = max(0, r.depth-1)
		if n := len(r.inline); n > 0 && r.inline[n-1].depth == r.depth {
			r.inline = r.inline[:n-1]
		}
	case "::":
		r.rootPath()
	case ".":
		if r.tok.kind == 'i' && !r.tok.name("await") {
			r.advance()
		}
	case "$":
		if r.tok.kind == 'i' && !r.tok.name("crate") {
			r.advance()
		}
	}
}

// rootPath skips the rest of a path whose beginning was no name.
func (r *reader) rootPath() {
	for r.tok.kind == 'i' {
		if r.advance(); !r.tok.is("::") {
			return
		}
		r.advance()
	}
}

func (r *reader) reset() { r.given, r.public, r.exported = nil, false, false }

// attribute reads #[...]: the paths it gives to a module, and files it includes.
func (r *reader) attribute() {
	if r.advance(); r.tok.is("!") {
		r.advance()
	}
	if !r.tok.is("[") {
		return
	}
	conditional := false
	r.advance()
	for depth := 1; depth > 0 && r.tok.kind != 0; {
		switch {
		case r.tok.is("["):
			depth++
		case r.tok.is("]"):
			depth--
		case r.tok.name("cfg_attr"):
			conditional = true
		case r.tok.name("path"):
			if r.advance(); r.tok.is("=") {
				r.path(conditional)
			}
			continue
		case r.tok.kind == 'i' && includes(r.tok.text):
			r.include()
			continue
		}
		r.advance()
	}
}

// path reads the value of a path attribute. One under a condition leaves the module's usual place possible.
func (r *reader) path(conditional bool) {
	if r.advance(); r.tok.kind != 's' || len(r.given) > maxNesting {
		return
	}
	if conditional && !slices.Contains(r.given, "") {
		r.given = append(r.given, "")
	}
	r.given = append(r.given, r.tok.text)
	r.advance()
}

func includes(name string) bool {
	return name == "include" || name == "include_str" || name == "include_bytes"
}

// word reads what begins with a name.
func (r *reader) word() {
	switch word := r.tok.text; {
	case word == "pub":
		r.visibility()
	case word == "mod":
		r.module()
	case word == "use":
		r.use()
	case word == "extern":
		r.external()
	case word == "macro_rules":
		r.macro()
	case includes(word):
		r.include()
	case declares(word) != "":
		r.declaration(declares(word))
	case word == "unsafe" || word == "async" || word == "auto":
		r.advance()
	default:
		r.code()
	}
}

// declares is the kind of symbol that a keyword declares, "" for none.
func declares(word string) string {
	switch word {
	case "fn":
		return "func"
	case "static":
		return "var"
	case "struct", "enum", "union", "trait", "type", "const":
		return word
	}
	return ""
}

// visibility reads pub, pub(crate), pub(in path).
func (r *reader) visibility() {
	r.public, r.exported = true, true
	if r.advance(); !r.tok.is("(") {
		return
	}
	r.advance()
	if !r.tok.name("crate") && !r.tok.name("super") && !r.tok.name("self") && !r.tok.name("in") {
		return // the type of a field: pub (A, B)
	}
	r.exported = false
	for r.tok.kind != 0 && !r.tok.is(")") && !r.tok.is(";") && !r.tok.is("{") {
		r.advance()
	}
	if r.tok.is(")") {
		r.advance()
	}
}

// declaration notes a public item. A const or static may be a part of one: const fn, static mut.
func (r *reader) declaration(kind string) {
	r.advance()
	for r.tok.kind == 'i' && (r.tok.text == "mut" || r.tok.text == "ref" || kind == "const" && r.tok.text == "unsafe") {
		r.advance()
	}
	if r.tok.kind != 'i' || declares(r.tok.text) != "" || r.tok.text == "extern" {
		return
	}
	r.export(kind)
	r.advance()
	r.reset()
}

func (r *reader) export(kind string) {
	if r.exported {
		r.file.Exports = append(r.file.Exports, imports.Symbol{Name: r.tok.text, Kind: kind, Line: r.tok.line})
	}
}

// macro reads macro_rules! name.
func (r *reader) macro() {
	if r.advance(); !r.tok.is("!") {
		return
	}
	if r.advance(); r.tok.kind == 'i' {
		r.exported = true
		r.export("macro")
		r.advance()
	}
	r.reset()
}

// module reads mod x; and mod x {.
func (r *reader) module() {
	line := r.tok.line
	if r.advance(); r.tok.kind != 'i' {
		return
	}
	name := r.tok.text
	r.export("module")
	switch r.advance(); {
	case r.tok.is(";"):
		r.file.Imports = append(r.file.Imports, imports.Import{Specifier: strings.Join(append(r.within(), name), "::"), Kind: imports.Module,
			Line: line, Exotic: strings.Join(r.given, "\n")})
	case r.tok.is("{") && len(r.inline) < maxNesting:
		r.inline = append(r.inline, inline{name, r.depth})
		r.bodies[name] = true
	}
	r.reset()
}

// own marks paths that begin with one of the file's own modules.
func (r *reader) own() {
	for i := range r.file.Imports {
		imp := &r.file.Imports[i]
		if first, _, _ := strings.Cut(imp.Specifier, "::"); r.bodies[first] && imp.Kind != imports.Module && imp.Kind != imports.Embed && imp.Kind != imports.Include {
			imp.Specifier = "self::" + imp.Specifier
		}
	}
}

// within names the modules with a body around the current place.
func (r *reader) within() []string {
	names := make([]string, 0, len(r.inline)+1)
	for _, m := range r.inline {
		names = append(names, m.name)
	}
	return names
}

// external reads extern crate x as y;
func (r *reader) external() {
	if r.advance(); r.tok.kind == 's' { // extern "C" fn
		r.advance()
		return
	}
	if !r.tok.name("crate") {
		return
	}
	if r.advance(); r.tok.kind == 'i' && r.tok.text != "self" {
		kind := imports.Static
		if r.public {
			kind = imports.Reexport
		}
		r.file.Imports = append(r.file.Imports, imports.Import{Specifier: "::" + r.tok.text, Kind: kind, Line: r.tok.line})
	}
	r.advance()
	r.reset()
}

// include reads include!("x") and its like.
func (r *reader) include() {
	kind, line := imports.Embed, r.tok.line
	if r.tok.text == "include" {
		kind = imports.Include
	}
	if r.advance(); !r.tok.is("!") {
		return
	}
	if r.advance(); !r.tok.is("(") && !r.tok.is("[") && !r.tok.is("{") {
		return
	}
	if r.tok.is("{") {
		r.depth++
	}
	r.advance()
	exotic, known := r.base()
	switch {
	case known && r.tok.kind == 's' && r.tok.text != "" && len(r.tok.text) < 4096 && !strings.ContainsAny(r.tok.text, "\\\n"):
		r.file.Imports = append(r.file.Imports, imports.Import{Specifier: r.tok.text, Kind: kind, Line: line, Exotic: exotic})
	case r.tok.is("$"): // the body of a macro
	default:
		r.file.Open = append(r.file.Open, line)
	}
}

// base is what the name of an included file is relative to: its own folder, or that of the crate when it begins with
// concat!(env!("CARGO_MANIFEST_DIR"), and nothing known for other calls.
func (r *reader) base() (exotic string, known bool) {
	if !r.tok.name("concat") {
		return "", true
	}
	for _, want := range []string{"concat", "!", "(", "env", "!", "(", "CARGO_MANIFEST_DIR", ")", ","} {
		if r.tok.text != want {
			return "", false
		}
		r.advance()
	}
	return byManifest, true
}
