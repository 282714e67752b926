// Package java reads the imports of Java and Kotlin files and the names of types they use without one, and resolves both by
// the packages that the files of a tree declare: source roots need not be known. It compiles nothing and evaluates no build
// file: what a build generates is not there. A type is known by its name, so a use that only the compiler sees (the type of
// a chained call's result) is none, and a constant's that the compiler copies is one.
package java

import (
	"bytes"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// Languages are Java and Kotlin, whose files see one another.
func Languages() []imports.Language {
	java := imports.Language{Name: "java", Family: "java", Version: 1, Match: isJava, Extract: Extract, Surface: surface,
		Sees: func(p string) bool { return isJava(p) || isKotlin(p) }, Resolver: newResolver}
	kotlin := java
	kotlin.Name, kotlin.Match, kotlin.Extract = "kotlin", isKotlin, ExtractKotlin
	return []imports.Language{java, kotlin}
}

func isJava(p string) bool { return strings.HasSuffix(p, ".java") }

func isKotlin(p string) bool { return strings.HasSuffix(p, ".kt") || strings.HasSuffix(p, ".kts") }

// What Import.Exotic says here.
const (
	static    = "static"    // import static
	qualified = "qualified" // a name in code with its package
	required  = "requires"  // a module of module-info.java
)

// Extract reads one file of Java.
func Extract(src []byte) *imports.File { return extract(src, false) }

// ExtractKotlin reads one file of Kotlin.
func ExtractKotlin(src []byte) *imports.File { return extract(src, true) }

func extract(src []byte, kotlin bool) *imports.File {
	r := &reader{scanner: scanner{src: bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")), line: 1, kotlin: kotlin}, file: &imports.File{},
		seen: map[string]bool{}, own: map[string]bool{}}
	r.read()
	r.file.Imports = slices.DeleteFunc(r.file.Imports, func(i imports.Import) bool { return i.Kind == imports.SamePackage && r.own[i.Specifier] })
	r.file.Problem, r.file.Line = r.problem, r.at
	return r.file
}

// reader walks through the tokens of a file.
type reader struct {
	scanner
	tok   token
	depth int // open braces
	file  *imports.File
	seen  map[string]bool // names in code
	own   map[string]bool // names the file declares or imports, which are no names of its package
}

func (r *reader) advance() token {
	r.tok = r.next()
	return r.tok
}

func (r *reader) read() {
	for r.advance(); r.tok.kind != 0; {
		switch {
		case r.tok.kind == 'i':
			r.word()
		case r.tok.is('{'):
			r.depth++
			r.advance()
		case r.tok.is('}'):
			r.depth = max(0, r.depth-1)
			r.advance()
		case r.tok.is('.'): // a member, whatever its name
			if r.advance(); r.tok.kind == 'i' {
				r.advance()
			}
		default:
			r.advance()
		}
	}
}

func (r *reader) word() {
	line := r.tok.line
	switch word := r.tok.text; {
	case word == "package" && r.depth == 0 && r.file.Package == "":
		r.advance()
		r.file.Package, _ = r.dotted()
	case word == "import" && r.depth == 0:
		r.advance()
		r.imported(line)
	case word == "class" || word == "interface" || word == "enum" || word == "object" && r.kotlin:
		r.advance()
		r.declared(word)
	case word == "record" && !r.kotlin || word == "typealias" && r.kotlin:
		r.advance()
		r.declared(word)
	case r.kotlin && r.depth > 0 && word == "fun":
		if r.advance(); r.tok.kind == 'i' && r.tok.text != "" && !upper(r.tok.text) {
			r.advance()
		}
	case r.kotlin && r.depth == 0 && (word == "fun" || word == "val" || word == "var"):
		r.advance()
		r.function(word)
	case word == "module" && r.depth == 0 && r.file.Package == "":
		r.advance()
		r.module(line)
	default:
		r.code(line)
	}
}

// maxName bounds a dotted name, in bytes.
const maxName = 1000

// dotted reads a.b.c, and says whether .* follows.
func (r *reader) dotted() (string, bool) {
	var name strings.Builder
	for r.tok.kind == 'i' {
		if name.Len() < maxName {
			name.WriteString(r.tok.text)
		}
		if r.advance(); !r.tok.is('.') {
			break
		}
		if r.advance(); r.tok.is('*') {
			r.advance()
			return name.String(), true
		}
		if r.tok.kind == 'i' {
			name.WriteByte('.')
		}
	}
	return name.String(), false
}

// imported reads what follows import: [static] a.b.C, a.b.*, and as D in Kotlin.
func (r *reader) imported(line int32) {
	imp := imports.Import{Line: line}
	if r.tok.name("static") && !r.kotlin {
		imp.Exotic = static
		r.advance()
	}
	name, all := r.dotted()
	if name == "" {
		return
	}
	imp.Specifier = name
	switch cut := strings.LastIndexByte(name, '.'); {
	case all:
		imp.Names = []string{"*"}
	case imp.Exotic == static && cut > 0:
		imp.Specifier, imp.Names = name[:cut], []string{name[cut+1:]}
	default:
		r.own[name[cut+1:]] = true
	}
	if r.kotlin && r.tok.name("as") {
		if r.advance(); r.tok.kind == 'i' {
			r.own[r.tok.text] = true
			r.advance()
		}
	}
	r.file.Imports = append(r.file.Imports, imp)
}

// declared reads the name of a type. One of the file's outermost level belongs to the package.
func (r *reader) declared(kind string) {
	if kind == "enum" && r.tok.name("class") && r.kotlin {
		return
	}
	if r.tok.kind != 'i' { // x.class; a variable called record
		return
	}
	name, line := r.tok.text, r.tok.line
	r.advance()
	if kind == "record" && !r.tok.is('(') && !r.tok.is('<') {
		return
	}
	r.own[name] = true
	if r.depth == 0 {
		r.file.Exports = append(r.file.Exports, imports.Symbol{Name: name, Kind: kind, Line: line})
	}
}

// function reads the name of a function or property of Kotlin's outermost level: fun <T> Receiver.name(
func (r *reader) function(word string) {
	for angle := 0; r.tok.kind != 0; r.advance() {
		switch {
		case r.tok.is('<'):
			angle++
		case r.tok.is('>'):
			angle--
		case angle == 0 && (r.tok.kind != 'i' && !r.tok.is('.') && !r.tok.is('?')):
			return
		case r.tok.kind == 'i' && angle == 0:
			name, line := r.tok.text, r.tok.line
			if r.advance(); r.tok.is('.') || r.tok.is('?') || r.tok.is('<') {
				r.use(name, line)
				if r.tok.is('<') {
					angle++
				}
				continue
			}
			kind := "func"
			if word != "fun" {
				kind = "var"
			}
			r.file.Exports = append(r.file.Exports, imports.Symbol{Name: name, Kind: kind, Line: line})
			r.own[name] = true
			return
		}
	}
}

// module reads module-info.java: its name and what it requires. Names of types in it are read as code.
func (r *reader) module(line int32) {
	name, _ := r.dotted()
	if name == "" || !r.tok.is('{') {
		return
	}
	r.file.Exports = append(r.file.Exports, imports.Symbol{Name: name, Kind: "module", Line: line})
	for r.advance(); r.tok.kind != 0 && !r.tok.is('}'); {
		directive, at := r.tok, r.tok.line
		if r.advance(); directive.kind != 'i' {
			continue
		}
		for r.tok.name("transitive") || r.tok.name("static") {
			r.advance()
		}
		if directive.name("requires") {
			if name, _ := r.dotted(); name != "" {
				r.file.Imports = append(r.file.Imports, imports.Import{Specifier: name, Kind: imports.Module, Line: at, Exotic: required})
			}
			continue
		}
		for r.tok.kind == 'i' {
			r.code(r.tok.line)
		}
	}
}

func upper(name string) bool { return name[0] >= 'A' && name[0] <= 'Z' || name[0] >= 0x80 }

// code reads a name in code: of a type, or of a package with a type in it.
func (r *reader) code(line int32) {
	first := r.tok.text
	r.advance()
	if first == "Class" && r.tok.is('.') {
		r.reflection(line)
		return
	}
	if first == "" || first == "this" || first == "super" {
		return
	}
	if upper(first) || r.kotlin && r.tok.is('(') {
		r.use(first, line)
		return
	}
	full := first
	for r.tok.is('.') && len(full) < maxName {
		if r.advance(); r.tok.kind != 'i' || r.tok.text == "" {
			return
		}
		name := r.tok.text
		full += "." + name
		r.advance()
		if upper(name) || r.kotlin && r.tok.is('(') {
			if !r.seen[full] {
				r.seen[full] = true
				r.file.Imports = append(r.file.Imports, imports.Import{Specifier: full, Line: line, Exotic: qualified})
			}
			return
		}
	}
}

// use notes a name that may be one of the file's own package, once.
func (r *reader) use(name string, line int32) {
	if name != "" && !r.seen[name] {
		r.seen[name] = true
		r.file.Imports = append(r.file.Imports, imports.Import{Specifier: name, Kind: imports.SamePackage, Line: line})
	}
}

// reflection reads Class.forName(...): a class by its name, or by one that is computed.
func (r *reader) reflection(line int32) {
	if r.advance(); !r.tok.name("forName") {
		return
	}
	if r.advance(); !r.tok.is('(') {
		return
	}
	name := r.advance()
	if name.kind == 's' {
		if r.advance(); (r.tok.is(')') || r.tok.is(',')) && name.text != "" && len(name.text) <= maxName && !strings.ContainsAny(name.text, "\\ /") {
			r.file.Imports = append(r.file.Imports, imports.Import{Specifier: name.text, Kind: imports.Dynamic, Line: line})
			return
		}
	}
	r.file.Open = append(r.file.Open, line)
}
