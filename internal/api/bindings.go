package api

import (
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/source"
	"github.com/adamant-os/adamant/internal/source/imports"
)

// binding is a name that a file gives to what it imports.
type binding struct {
	imported string // as the module calls it; "*" = the module itself; "" = passed on without a name of its own
	local    string // as the file calls it; may be dotted: import a.b
	passed   string // the name it is passed on by, when it is re-exported at once
	line     int
	at       int // index of a token in the import
}

// bindings reads what one import of a file binds.
type bindings func(c *source.Code, e *graph.Edge, target string) []binding

// passing is a name and the file that offers it.
type passing struct{ file, name string }

// maxPassed bounds how many files a name is followed to.
const maxPassed = 20_000

// traceModules follows a name from the module that declares it to those that import it, over those that pass it on.
func (w *World) traceModules(t *trail, file, name string, read bindings) {
	root, member, _ := strings.Cut(name, ".")
	seen, todo := map[passing]bool{}, []passing{{file, root}}
	for len(todo) > 0 && len(seen) < maxPassed {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[at] {
			continue
		}
		seen[at] = true
		if at.file == file && member == "" {
			w.local(t, file, w.code(file), root, -1)
		} else if at.file == file {
			members(t, file, w.code(file), member)
		}
		for _, e := range w.importing(graph.File, at.file) {
			from := w.node(e.From)
			t.importers = append(t.importers, from)
			c := w.code(from)
			for _, b := range read(c, e, at.file) {
				for _, next := range w.bound(t, from, c, b, at.name, member) {
					todo = append(todo, passing{from, next})
				}
			}
		}
	}
}

// bound follows one binding: uses of it in the file, and the names under which the file passes it on.
func (w *World) bound(t *trail, from string, c *source.Code, b binding, name, member string) (passed []string) {
	switch {
	case b.imported == "*" && b.passed == "*": // export *
		return []string{name}
	case b.imported == "*" && b.passed != "": // export * as ns
		return nil
	case b.imported == "*" && b.local == "": // from m import *
		if member == "" {
			w.local(t, from, c, name, -1)
		}
		return []string{name}
	case b.imported == "*":
		w.qualified(t, from, c, b.local, name, member)
		return nil
	case b.imported != name:
		return nil
	case b.passed != "":
		t.uses = append(t.uses, Use{Path: from, Line: b.line, Kind: UseImport, Text: name, at: b.at})
		return []string{b.passed}
	}
	if member == "" {
		t.uses = append(t.uses, Use{Path: from, Line: b.line, Kind: UseImport, Text: name, at: b.at})
		w.local(t, from, c, b.local, b.at)
	} else {
		members(t, from, c, member)
	}
	return []string{b.local}
}

// local finds a name that stands alone. Keys of objects and named arguments are none.
func (w *World) local(t *trail, p string, c *source.Code, name string, imported int) {
	for i := range c.Tokens {
		if c.Word(i) != name || i == imported || declares(c.Word(i-1)) || c.Is(i-1, ".") || c.Is(i-1, "?.") || c.Is(i+1, ":") && (c.Is(i-1, "{") || c.Is(i-1, ",")) {
			continue
		}
		if c.Is(i+1, "=") && (c.Is(i-1, "(") || c.Is(i-1, ",")) { // f(name=1)
			continue
		}
		t.uses = append(t.uses, Use{Path: p, Line: int(c.Tokens[i].Line), Kind: UseName, Text: name, at: i})
	}
}

// declares says whether a word before a name makes it a declaration.
func declares(w string) bool {
	switch w {
	case "def", "class", "function", "interface", "type", "enum", "const", "let", "var", "namespace":
		return true
	}
	return false
}

// qualified finds module.name, where module may be dotted.
func (w *World) qualified(t *trail, p string, c *source.Code, module, name, member string) {
	parts := strings.Split(module, ".")
	for i := range c.Tokens {
		if c.Word(i) != parts[0] || c.Is(i-1, ".") {
			continue
		}
		k := i
		for _, part := range parts[1:] {
			if !c.Is(k+1, ".") || c.Word(k+2) != part {
				k = -1
				break
			}
			k += 2
		}
		if k < 0 || !c.Is(k+1, ".") && !c.Is(k+1, "?.") || c.Word(k+2) != name {
			continue
		}
		if member == "" {
			t.uses = append(t.uses, Use{Path: p, Line: int(c.Tokens[k+2].Line), Kind: UseName, Text: module + "." + name, at: k + 2})
		} else {
			members(t, p, c, member)
			return
		}
	}
}

// javascriptBindings reads import, export from and require of one specifier. Equal imports are one edge, so its line tells nothing.
func javascriptBindings(c *source.Code, e *graph.Edge, _ string) []binding {
	var out []binding
	for i := range c.Tokens {
		if text, ok := c.Quoted(i); !ok || text != e.Specifier {
			continue
		}
		switch {
		case c.Is(i-1, "from"):
			out = append(out, clause(c, i-1)...)
		case c.Is(i-1, "("):
			out = append(out, required(c, i)...)
		}
	}
	return out
}

// clause reads back from the word from: what stands between import or export and it.
func clause(c *source.Code, from int) []binding {
	start := from
	for start >= 0 && !c.Is(start, "import") && !c.Is(start, "export") && start > from-1000 {
		start--
	}
	exporting := c.Is(start, "export")
	var out []binding
	for i := start + 1; i < from; i++ {
		w := c.Word(i)
		b := binding{line: int(c.Tokens[i].Line), at: i}
		switch {
		case c.Is(i, "*"):
			b.imported = "*"
			if exporting {
				b.passed = "*"
			}
			if c.Is(i+1, "as") {
				b.local = c.Word(i + 2)
				if exporting {
					b.passed = b.local
				}
				i += 2
			}
			out = append(out, b)
		case c.Is(i, "{"):
			out = append(out, listed(c, i, exporting)...)
			i = c.After(i) - 1
		case w != "" && w != "type":
			b.imported, b.local = "default", w
			out = append(out, b)
		}
	}
	return out
}

// listed reads { a, b as c, type d }.
func listed(c *source.Code, open int, exporting bool) []binding {
	var out []binding
	for i := open + 1; i < c.After(open)-1; i++ {
		if c.Is(i, "type") && !c.Is(i+1, ",") && !c.Is(i+1, "}") && !c.Is(i+1, "as") {
			i++
		}
		name := c.Word(i)
		if text, ok := c.Quoted(i); ok {
			name = text
		}
		b := binding{imported: name, local: name, line: int(c.Tokens[i].Line), at: i}
		if c.Is(i+1, "as") {
			i += 2
			b.local = c.Word(i)
			b.at = i
		}
		if exporting {
			b.passed = b.local
		}
		if name != "" {
			out = append(out, b)
		}
		for i < c.After(open)-1 && !c.Is(i, ",") {
			i++
		}
	}
	return out
}

// required reads const x = require("m"), const { a, b: c } = require("m") and require("m").a, where "m" stands at i.
func required(c *source.Code, i int) []binding {
	line := int(c.Tokens[i].Line)
	start := i - 2
	if c.Word(start) != "require" && c.Word(start) != "import" {
		return nil
	}
	if c.Is(start-1, "await") {
		start--
	}
	closing := c.After(i-1) - 1
	if c.Is(closing+1, ".") && c.Word(closing+2) != "" {
		return []binding{{imported: c.Word(closing + 2), local: "", line: line, at: closing + 2}}
	}
	if !c.Is(start-1, "=") {
		return nil
	}
	if w := c.Word(start - 2); w != "" {
		return []binding{{imported: "*", local: w, line: line}, {imported: "module.exports", local: w, line: line, at: start - 2}, {imported: "default", local: w, line: line, at: start - 2}}
	}
	if !c.Is(start-2, "}") {
		return nil
	}
	open := int(c.Match[start-2])
	var out []binding
	for k := open + 1; k > 0 && k < start-2; k++ {
		b := binding{imported: c.Word(k), local: c.Word(k), line: int(c.Tokens[k].Line), at: k}
		if c.Is(k+1, ":") {
			k += 2
			b.local, b.at = c.Word(k), k
		}
		if b.imported != "" {
			out = append(out, b)
		}
		for k < start-2 && !c.Is(k, ",") {
			k = c.After(k)
		}
	}
	return out
}

// pythonBindings reads the import statements of one specifier, as far as they lead to target: from a import b as c,
// from . import module, import a.b as c.
func pythonBindings(c *source.Code, e *graph.Edge, target string) []binding {
	if e.Kind != imports.Static && e.Kind != imports.TypeOnly {
		return nil
	}
	module := strings.TrimSuffix(path.Base(target), path.Ext(target))
	own := strings.Trim(e.Specifier, ".") == "" && module == "__init__" // from . import a, of the package itself
	if module == "__init__" {
		module = path.Base(path.Dir(target))
	}
	own = own || e.Specifier[strings.LastIndexByte(e.Specifier, '.')+1:] == module
	var out []binding
	for i := range c.Tokens {
		if !starts(c, i) {
			continue
		}
		switch {
		case c.Is(i, "from"):
			out = append(out, fromImport(c, i, e.Specifier, module, own)...)
		case c.Is(i, "import") && own:
			out = append(out, plainImport(c, i, e.Specifier)...)
		}
	}
	return out
}

// starts says whether a statement begins at i.
func starts(c *source.Code, i int) bool {
	return i == 0 || c.Tokens[i-1].Kind == source.LineEnd || c.Tokens[i-1].Kind == source.Indent || c.Tokens[i-1].Kind == source.Dedent || c.Is(i-1, ";") || c.Is(i-1, ":")
}

// fromImport reads one from statement. Where the specifier is not the module's own, the module is one of the names.
func fromImport(c *source.Code, i int, specifier, module string, own bool) []binding {
	var name strings.Builder
	for i++; i < len(c.Tokens) && !c.Is(i, "import") && c.Tokens[i].Kind != source.LineEnd; i++ {
		name.WriteString(c.Tokens[i].Text)
	}
	if name.String() != specifier {
		return nil
	}
	var out []binding
	for i++; i < len(c.Tokens) && c.Tokens[i].Kind != source.LineEnd && !c.Is(i, ")"); i++ {
		if c.Is(i, "*") && own {
			return []binding{{imported: "*", line: int(c.Tokens[i].Line), at: i}}
		}
		w := c.Word(i)
		if w == "" {
			continue
		}
		b := binding{imported: w, local: w, line: int(c.Tokens[i].Line), at: i}
		if c.Is(i+1, "as") {
			i += 2
			b.local, b.at = c.Word(i), i
		}
		switch {
		case own:
			out = append(out, b)
		case w == module:
			out = append(out, binding{imported: "*", local: b.local, line: b.line, at: b.at})
		}
	}
	return out
}

func plainImport(c *source.Code, i int, specifier string) []binding {
	var out []binding
	for i++; i < len(c.Tokens) && c.Tokens[i].Kind != source.LineEnd; i++ {
		from := i
		var name strings.Builder
		for c.Word(i) != "" && c.Word(i) != "as" || c.Is(i, ".") {
			name.WriteString(c.Tokens[i].Text)
			i++
		}
		local := name.String()
		if c.Is(i, "as") {
			local = c.Word(i + 1)
			i += 2
		}
		if name.String() == specifier {
			out = append(out, binding{imported: "*", local: local, line: int(c.Tokens[from].Line), at: from})
		}
	}
	return out
}
