package javascript

import (
	"bytes"
	"slices"

	"github.com/adamant-os/adamant/internal/source/imports"
)

// reader finds what imports in a stream of tokens.
type reader struct {
	*scanner
	file *imports.File
	tok  token // the next token
	prev token // the one before it
	dots int   // how many dots in a row prev ends
}

// advance takes the next token.
func (r *reader) take() token {
	r.prev, r.tok = r.tok, r.next()
	if r.prev.is('.') {
		r.dots++
	} else {
		r.dots = 0
	}
	return r.prev
}

// run reads a source. skim may pass over tokens that import nothing.
func (r *reader) run(skim func()) {
	r.directives()
	r.take()
	for skim(); r.tok.kind != end; skim() {
		r.statement()
	}
	r.file.Imports = slices.DeleteFunc(r.file.Imports, func(i imports.Import) bool { return i.Specifier == "" }) // import ""
	r.file.Problem, r.file.Line = r.problem, r.at
}

// directives reads TypeScript's triple-slash directives, which stand before the first statement.
func (r *reader) directives() {
	number := int32(0)
	for line := range bytes.Lines(r.src[:min(len(r.src), 16<<10)]) {
		number++
		line = bytes.TrimSpace(line)
		rest, ok := bytes.CutPrefix(line, []byte("///"))
		if !ok && len(line) > 0 && !bytes.HasPrefix(line, []byte("//")) && !bytes.HasPrefix(line, []byte("#!")) {
			return
		}
		for _, form := range [][2]string{{"path", "triple-slash-file"}, {"types", "triple-slash-type"}} {
			if value := attributeOf(rest, form[0]); ok && value != "" {
				r.add(value, imports.TypeOnly, number).Exotic = form[1]
			}
		}
	}
}

// attributeOf reads <reference NAME="value" />.
func attributeOf(directive []byte, name string) string {
	rest := bytes.TrimSpace(directive)
	if !bytes.HasPrefix(rest, []byte("<reference")) {
		return ""
	}
	_, rest, ok := bytes.Cut(rest, []byte(" "+name+"="))
	if !ok || len(rest) < 2 {
		return ""
	}
	value, _, ok := bytes.Cut(rest[1:], rest[:1])
	if !ok {
		return ""
	}
	return string(value)
}

func (r *reader) add(specifier string, kind imports.Kind, line int32) *imports.Import {
	r.file.Imports = append(r.file.Imports, imports.Import{Specifier: specifier, Kind: kind, Line: line})
	return &r.file.Imports[len(r.file.Imports)-1]
}

// statement looks at one token, and at what belongs to it when it imports. A word behind a dot is a member; behind three it
// is spread.
func (r *reader) statement() {
	member := r.dots == 1 || r.dots == 2
	typeof := r.prev.named("typeof")
	t := r.take()
	if t.kind != word || member {
		return
	}
	switch string(t.text) {
	case "import":
		r.importing(t, typeof)
	case "export":
		if r.tok.is('{') || r.tok.is('*') || r.tok.named("type") {
			r.clause(t, imports.Reexport, imports.TypeReexport)
		}
	case "require":
		if r.tok.is('(') {
			r.call(t.line, imports.Require)
		}
	}
}

// importing reads on behind the word import.
func (r *reader) importing(t token, typeof bool) {
	switch {
	case r.tok.is('(') && typeof:
		r.call(t.line, imports.TypeOnly)
	case r.tok.is('('):
		r.call(t.line, imports.Dynamic)
	case r.tok.kind == text: // import "x"
		r.add(string(r.take().text), imports.Static, t.line)
	default:
		r.clause(t, imports.Static, imports.TypeOnly)
	}
}

// clause reads what stands between import or export and the module's name: `type a, * as b, {c, type d as e} from "x"`. Behind
// import it may also be `a = require("x")`.
func (r *reader) clause(t token, value, typed imports.Kind) {
	var tokens []token
	for r.tok.kind == word || r.tok.is('{') || r.tok.is('}') || r.tok.is(',') || r.tok.is('*') || r.tok.kind == text && !r.prev.named("from") {
		tokens = append(tokens, r.take())
	}
	n := len(tokens)
	switch {
	case r.tok.kind == text && n > 0 && tokens[n-1].named("from"):
		names, onlyTypes := bindings(tokens[:n-1])
		kind := value
		if onlyTypes {
			kind = typed
		}
		r.add(string(r.take().text), kind, t.line).Names = names
	case r.tok.is('=') && value == imports.Static && n > 0:
		r.equals(tokens[0].named("type") && n > 1)
	}
}

// equals reads = require("x") of TypeScript's import a = require("x").
func (r *reader) equals(typed bool) {
	r.take()
	if !r.tok.named("require") {
		return // an alias of a namespace
	}
	line := r.take().line
	kind := imports.Require
	if typed {
		kind = imports.TypeOnly
	}
	if r.tok.is('(') {
		if imp := r.call(line, kind); imp != nil {
			imp.Exotic = "import-equals"
		}
	}
}

// bindings are the names that a clause takes, and whether all of them are types.
func bindings(tokens []token) (names []string, onlyTypes bool) {
	if n := len(tokens); n > 1 && (tokens[0].named("type") || tokens[0].named("typeof")) && !tokens[1].is(',') {
		names, _ = bindings(tokens[1:])
		return names, true
	}
	values := 0
	for i := 0; i < len(tokens); i++ {
		switch t := &tokens[i]; {
		case t.is('{'):
			from := i + 1
			for i < len(tokens) && !tokens[i].is('}') {
				i++
			}
			list, plain := specifiers(tokens[from:i])
			names, values = append(names, list...), values+plain
		case t.is('*'):
			names, values = append(names, "*"), values+1
			i += 2 // as name
		case t.kind == word:
			names, values = append(names, "default"), values+1
		}
	}
	return names, values == 0 && len(names) > 0
}

// specifiers reads the inside of braces: how the names are called in the module, and how many of them are no types.
func specifiers(tokens []token) (names []string, values int) {
	for len(tokens) > 0 {
		n := 0
		for n < len(tokens) && !tokens[n].is(',') {
			n++
		}
		one := tokens[:n]
		tokens = tokens[min(n+1, len(tokens)):]
		if n == 0 {
			continue
		}
		typed := n >= 2 && one[0].named("type") && !(n == 3 && one[1].named("as"))
		if typed {
			one = one[1:]
		} else {
			values++
		}
		names = append(names, string(one[0].text))
	}
	return names, values
}

// call reads ("x") behind import or require. Anything else in the parentheses is computed when the program runs.
func (r *reader) call(line int32, kind imports.Kind) *imports.Import {
	r.take()
	if r.tok.kind == text {
		name := r.take()
		if r.tok.is(')') || r.tok.is(',') {
			return r.add(string(name.text), kind, line)
		}
	}
	if !r.tok.is(')') {
		r.file.Open = append(r.file.Open, line)
	}
	return nil
}
