package javascript

import (
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/source"
	"github.com/adamant-os/adamant/internal/source/exports"
)

// Exports reads what JavaScript and TypeScript modules export, in every form: declarations, lists, re-exports, export =, and
// CommonJS. Types are compared as written, token by token; what a type that is not written may be, nobody knows.
func Exports() exports.Language {
	return exports.Language{Name: "javascript", Match: hasExports, Unit: func(p string) string { return p }, Read: Surface, Compare: compareSurfaces,
		Scope: func(p string) string {
			if exports.Aside(p) {
				return exports.Repository
			}
			return exports.Public
		}}
}

func hasExports(p string) bool { return dialect(p) != "" }

// dialect is the language of a file as package source names it.
func dialect(p string) string {
	switch path.Ext(p) {
	case ".js", ".mjs", ".cjs":
		return "javascript"
	case ".jsx":
		return "jsx"
	case ".ts", ".mts", ".cts":
		return "typescript"
	case ".tsx":
		return "tsx"
	}
	return ""
}

// Surface reads what one module exports; nil for settings of tools.
func Surface(p string, src []byte) *exports.Surface {
	if base := path.Base(p); base[0] == '.' || strings.Contains(base, ".config.") {
		return nil
	}
	language := dialect(p)
	c := source.Cut(language, src)
	m := &module{code: c, path: p, out: &exports.Surface{}, locals: map[string][]exports.Symbol{}}
	if c == nil || len(c.Tokens) == 0 && len(strings.TrimSpace(string(src[:min(len(src), 1<<16)]))) > 0 && len(src) >= 1<<22 {
		m.out.Problem = "it is too large to be read"
		return m.out
	}
	m.statements(0, len(c.Tokens), "", 0)
	m.lists()
	m.out.Symbols = overloads(m.out.Symbols)
	return m.out
}

// module collects what one file exports.
type module struct {
	code   *source.Code
	path   string
	out    *exports.Surface
	locals map[string][]exports.Symbol // declarations at the top, by name
	named  []named                     // export { local as name }, settled when all declarations are known
}

// named is a name that is exported from where its declaration is not.
type named struct {
	local, name, kind string
	line              int32
}

// maxLook is how many tokens the end of something is looked for, so that a file of beginnings costs linear time.
const maxLook = 1000

// maxSpaces is how deep namespaces are read.
const maxSpaces = 8

func (m *module) add(s exports.Symbol) {
	s.Path = m.path
	m.out.Symbols = append(m.out.Symbols, s)
}

// statements reads the statements between two tokens. Inside a namespace names begin with prefix and its exports count.
func (m *module) statements(from, to int, prefix string, depth int) {
	for i := from; i < to; {
		if !m.starts(i, from) {
			i = m.code.After(i)
			continue
		}
		next := m.statement(i, prefix, depth)
		i = max(next, i+1)
	}
}

// starts says whether a statement may begin at i.
func (m *module) starts(i, from int) bool {
	return i == from || m.code.Tokens[i].Fresh || m.code.Is(i-1, ";") || m.code.Is(i-1, "}") || m.code.Is(i-1, ")") && m.code.Word(i) == "export"
}

// statement reads the statement at i and gives the index from where to go on.
func (m *module) statement(i int, prefix string, depth int) int {
	c := m.code
	for c.Is(i, "@") {
		i = m.decorator(i)
	}
	switch c.Word(i) {
	case "export":
		return m.export(i+1, prefix, depth)
	case "import":
		return i + 1
	case "exports", "module", "Object":
		if prefix == "" {
			m.common(i)
		}
		return i + 1
	}
	symbols, next := m.declaration(i, "", depth)
	if prefix == "" {
		m.remember(symbols)
	}
	return next
}

// remember keeps declarations with their members, for lists that export them.
func (m *module) remember(symbols []exports.Symbol) {
	for _, s := range symbols {
		name, _, _ := strings.Cut(s.Name, ".")
		m.locals[name] = append(m.locals[name], s)
	}
}

// export reads what stands behind the word export.
func (m *module) export(i int, prefix string, depth int) int {
	c := m.code
	line := m.line(i)
	switch {
	case c.Is(i, "default"):
		return m.byDefault(i+1, depth)
	case c.Is(i, "="):
		m.assigned("module.exports", i+1, line)
		return i + 1
	case c.Is(i, "*"):
		return m.star(i)
	case c.Is(i, "{"):
		return m.list(i, "")
	case c.Is(i, "type") && c.Is(i+1, "{"):
		return m.list(i+1, "type")
	case c.Is(i, "type") && c.Is(i+1, "*"):
		return m.star(i + 1)
	case c.Is(i, "as") && c.Is(i+1, "namespace"):
		return i + 3
	case c.Is(i, "import"): // export import a = b.c
		m.add(exports.Symbol{Name: prefix + c.Word(i+1), Kind: "value", Signature: unknown, Line: line})
		return i + 2
	}
	symbols, next := m.declaration(i, prefix, depth)
	for _, s := range symbols {
		m.add(s)
	}
	if prefix == "" {
		m.remember(symbols)
	}
	return next
}

func (m *module) line(i int) int32 {
	if i < len(m.code.Tokens) {
		return m.code.Tokens[i].Line
	}
	return 0
}

// byDefault reads export default.
func (m *module) byDefault(i, depth int) int {
	c := m.code
	symbols, next := m.declaration(i, "", depth)
	if len(symbols) > 0 && (c.Is(i, "function") || c.Is(i, "async") || c.Is(i, "class") || c.Is(i, "abstract") || c.Is(i, "interface")) {
		name := symbols[0].Name
		for _, s := range symbols {
			s.Name = "default" + strings.TrimPrefix(s.Name, name)
			m.add(s)
		}
		return next
	}
	m.assigned("default", i, m.line(i))
	return i + 1
}

// assigned is a name that gets the value of the expression at i: a declaration's name or something anonymous.
func (m *module) assigned(name string, i int, line int32) {
	c := m.code
	if w := c.Word(i); w != "" && !reserved(w) && (i+1 >= len(c.Tokens) || c.Tokens[i+1].Fresh || c.Is(i+1, ";") || c.Is(i+1, ",") || c.Is(i+1, "}")) {
		m.named = append(m.named, named{local: w, name: name, kind: "", line: line})
		return
	}
	s := m.valueAt(i)
	s.Name, s.Line = name, line
	m.add(s)
}

func reserved(w string) bool {
	switch w {
	case "function", "class", "async", "new", "require", "await", "true", "false", "null", "undefined", "this", "typeof", "void":
		return true
	}
	return false
}

// star reads * from "x" and * as name from "x".
func (m *module) star(i int) int {
	c := m.code
	if c.Is(i+1, "as") {
		name := c.Word(i + 2)
		if text, ok := c.Quoted(i + 2); ok {
			name = text
		}
		m.add(exports.Symbol{Name: name, Kind: "namespace", Signature: unknown, Line: m.line(i)})
		return i + 3
	}
	if from, ok := c.Quoted(i + 2); ok {
		m.add(exports.Symbol{Name: "* from " + from, Kind: "all", Line: m.line(i)})
		m.out.Open = `export * from "` + from + `"`
	}
	return i + 3
}

// list reads { a, b as c, type d } and what may follow: from "x".
func (m *module) list(open int, kind string) int {
	c := m.code
	end := c.After(open) - 1
	_, outside := c.Quoted(end + 2)
	outside = outside && c.Is(end+1, "from")
	for i := open + 1; i < end; i++ {
		typed := kind
		if c.Is(i, "type") && !c.Is(i+1, ",") && !c.Is(i+1, "as") && i+1 < end {
			typed = "type"
			i++
		}
		n := named{local: m.nameAt(i), kind: typed, line: m.line(i)}
		n.name = n.local
		if c.Is(i+1, "as") {
			i += 2
			n.name = m.nameAt(i)
		}
		if outside {
			m.add(exports.Symbol{Name: n.name, Kind: "reexport", Signature: unknown, Line: n.line})
		} else if n.local != "" {
			m.named = append(m.named, n)
		}
		for i < end && !c.Is(i, ",") {
			i = c.After(i)
		}
	}
	return end + 1
}

func (m *module) nameAt(i int) string {
	if text, ok := m.code.Quoted(i); ok {
		return text
	}
	return m.code.Word(i)
}

// lists settles the names whose declarations stand elsewhere in the file; one that is imported may be anything.
func (m *module) lists() {
	for _, n := range m.named {
		found := m.locals[n.local]
		if len(found) == 0 || len(m.out.Symbols) > maxSymbols {
			m.add(exports.Symbol{Name: n.name, Kind: "reexport", Signature: unknown, Line: n.line})
			continue
		}
		for _, s := range found {
			s.Name = n.name + strings.TrimPrefix(s.Name, n.local)
			m.add(s)
		}
	}
}

// maxSymbols bounds what lists may multiply.
const maxSymbols = 100_000

// overloads joins the declarations of one function: those without a body count, the implementation only when it is alone.
func overloads(list []exports.Symbol) []exports.Symbol {
	count := map[string]int{}
	for _, s := range list {
		if s.Kind == "func" || s.Kind == "method" {
			count[s.Name]++
		}
	}
	at := map[string]int{}
	out := list[:0]
	for _, s := range list {
		if (s.Kind != "func" && s.Kind != "method") || count[s.Name] < 2 {
			out = append(out, s)
			continue
		}
		i, known := at[s.Name]
		switch {
		case !known:
			at[s.Name] = len(out)
			out = append(out, exports.Symbol{Name: s.Name, Kind: s.Kind, Line: s.Line, Path: s.Path, Bases: []string{s.Signature}, Result: overloaded, Signature: s.Signature})
		case !s.Hidden && len(out[i].Bases) < maxOverloads: // Hidden: it has a body
			out[i].Bases = append(out[i].Bases, s.Signature)
			out[i].Signature += " & " + s.Signature
		}
	}
	for i := range out {
		out[i].Hidden = false
	}
	return out
}

const (
	overloaded   = "overloaded"
	maxOverloads = 32
	unknown      = "?"
)
