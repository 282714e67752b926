package python

import (
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/source"
	"github.com/adamant-os/adamant/internal/source/exports"
)

// Exports reads the names that Python modules offer: what __all__ lists where it is written out, else every name without a
// leading underscore that is defined at the top or in a class there. Annotations are not compared: nothing checks them when
// the program runs.
func Exports() exports.Language {
	return exports.Language{Name: "python", Match: match, Unit: func(p string) string { return p }, Read: Surface, Compare: compareSurfaces, Scope: scopeOf}
}

func scopeOf(p string) string {
	if exports.Aside(p) {
		return exports.Repository
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(p, path.Ext(p)), "/") {
		if private(part) {
			return exports.Repository
		}
	}
	return exports.Public
}

// private says whether a name is for its own module or package only; names such as __init__ are not.
func private(name string) bool {
	return strings.HasPrefix(name, "_") && !(strings.HasPrefix(name, "__") && strings.HasSuffix(name, "__"))
}

// Surface reads what one module offers; nil for programs and for settings of tools.
func Surface(p string, src []byte) *exports.Surface {
	switch path.Base(p) {
	case "setup.py", "conftest.py", "noxfile.py", "__main__.py", "manage.py", "tasks.py":
		return nil
	}
	c := source.Cut("python", src)
	m := &module{code: c, path: p, out: &exports.Surface{}, pack: strings.HasPrefix(path.Base(p), "__init__.")}
	if len(c.Tokens) == 0 && len(src) >= 1<<22 {
		m.out.Problem = "it is too large to be read"
		return m.out
	}
	m.read()
	m.publish()
	return m.out
}

// module collects the names of one file.
type module struct {
	code  *source.Code
	path  string
	pack  bool // it is the module of a package
	out   *exports.Surface
	all   map[string]bool // names of __all__; nil when there is none
	open  []scope
	next  scope    // of the block that the statement at hand may open
	decor []string // words of the decorators before a definition
}

// scope is a block and what names in it belong to.
type scope struct {
	prefix string
	class  bool
	inside bool // of a function, or of a program's main part: names mean nothing outside
}

// maxBlocks is how deep blocks are followed.
const maxBlocks = 100

func (m *module) scope() scope {
	if len(m.open) == 0 {
		return scope{}
	}
	return m.open[len(m.open)-1]
}

func (m *module) read() {
	c := m.code
	for i := 0; i < len(c.Tokens); {
		switch c.Tokens[i].Kind {
		case source.Indent:
			if len(m.open) >= maxBlocks {
				m.next.inside = true
			}
			m.open = append(m.open, m.next)
			i++
		case source.Dedent:
			m.open = m.open[:max(0, len(m.open)-1)]
			i++
		default:
			end := i
			for end < len(c.Tokens) && c.Tokens[end].Kind != source.LineEnd {
				end++
			}
			m.next = m.scope()
			if !m.next.inside {
				m.statement(i, end)
			}
			i = end + 1
		}
	}
}

func (m *module) add(s exports.Symbol, i int) {
	s.Name, s.Path, s.Line = m.scope().prefix+s.Name, m.path, m.code.Tokens[i].Line
	m.out.Symbols = append(m.out.Symbols, s)
}

// statement reads the tokens from i up to end.
func (m *module) statement(i, end int) {
	c := m.code
	decorators := m.decor
	m.decor = nil
	switch w := c.Word(i); {
	case c.Is(i, "@"):
		m.decor = decorators
		for k := i + 1; k < end && len(m.decor) < maxParams && !c.Is(k, "("); k++ {
			m.decor = append(m.decor, c.Word(k))
		}
	case w == "async" && c.Is(i+1, "def"):
		m.function(i+1, decorators, "async ")
	case w == "def":
		m.function(i, decorators, "")
	case w == "class":
		m.class(i, end)
	case w == "if" && c.Is(i+1, "__name__"):
		m.next.inside = true
	case w == "import" || w == "from":
		m.imported(i, end)
	case keyword(w):
	case w != "":
		m.assigned(i, end)
	}
}

func keyword(w string) bool {
	switch w {
	case "if", "elif", "else", "try", "except", "finally", "with", "for", "while", "return", "raise", "pass", "assert", "del", "global", "nonlocal", "lambda",
		"not", "await", "yield", "break", "continue":
		return true
	}
	return false
}

func has(list []string, words ...string) bool {
	for _, w := range words {
		for _, l := range list {
			if l == w {
				return true
			}
		}
	}
	return false
}

// function reads def name(params).
func (m *module) function(i int, decorators []string, kind string) {
	c := m.code
	name := c.Word(i + 1)
	at := m.scope()
	m.next = scope{inside: true}
	switch {
	case name == "" || has(decorators, "overload", "setter", "deleter"):
		return
	case name == "__getattr__" && at.prefix == "":
		m.out.Open = "__getattr__"
		return
	case at.class && has(decorators, "property", "cached_property"):
		m.add(exports.Symbol{Name: name, Kind: "attribute"}, i+1)
		return
	}
	k := i + 2
	if c.Is(k, "[") { // type parameters
		k = c.After(k)
	}
	if !c.Is(k, "(") {
		return
	}
	s := exports.Symbol{Name: name, Kind: "func", Params: m.params(k)}
	if at.class {
		s.Kind = "method"
		if !has(decorators, "staticmethod") && len(s.Params) > 0 && !s.Params[0].Rest {
			s.Params = s.Params[1:]
		}
	}
	s.Signature = kind + signature(s.Params)
	if opaque(decorators) {
		s.Params, s.Signature = nil, unknown
	}
	m.add(s, i+1)
}

const unknown = "?"

// opaque says whether a decorator is known to decide how a function is called.
func opaque(decorators []string) bool {
	return has(decorators, "fixture", "command", "group", "hookimpl", "singledispatch")
}

// class reads class name(bases).
func (m *module) class(i, end int) {
	c := m.code
	name := c.Word(i + 1)
	at := m.scope()
	if name == "" {
		return
	}
	s := exports.Symbol{Name: name, Kind: "class"}
	k := i + 2
	if c.Is(k, "[") {
		k = c.After(k)
	}
	if c.Is(k, "(") {
		s.Bases = m.bases(k)
	}
	s.Signature = "class(" + strings.Join(s.Bases, ", ") + ")"
	m.add(s, i+1)
	m.next = scope{prefix: at.prefix + name + ".", class: true}
	if strings.Count(at.prefix, ".") > 8 {
		m.next.inside = true
	}
}

// imported reads the names that an import binds.
func (m *module) imported(i, end int) {
	c := m.code
	from := c.Is(i, "from")
	relative := from && (c.Is(i+1, ".") || c.Is(i+1, "..."))
	k := i + 1
	if from {
		for k < end && !c.Is(k, "import") {
			k++
		}
		k++
	}
	if c.Is(k, "*") {
		m.out.Open = "from ... import *"
		return
	}
	for k < end {
		if c.Is(k, "(") || c.Is(k, ")") || c.Is(k, ",") {
			k++
			continue
		}
		at, name := k, c.Word(k)
		same := false
		for k < end && !c.Is(k, ",") && !c.Is(k, ")") {
			if c.Is(k, "as") {
				same = c.Word(k+1) == name && k == at+1
				at, name = k+1, c.Word(k+1)
			}
			k++
		}
		if name != "" {
			m.add(exports.Symbol{Name: name, Kind: "reexport", Hidden: !(m.pack && relative || same)}, at)
		}
	}
}

// assigned reads a = b, a, b = c, a: T = d, and what is done to __all__.
func (m *module) assigned(i, end int) {
	c := m.code
	if c.Is(i, "__all__") && m.scope().prefix == "" {
		m.listed(i+1, end)
		return
	}
	kind := "value"
	if m.scope().class {
		kind = "attribute"
	}
	if c.Is(i, "type") && c.Word(i+1) != "" { // type A = B
		i++
	}
	if c.Is(i+1, ":") {
		m.add(exports.Symbol{Name: c.Word(i), Kind: kind}, i)
		return
	}
	hidden := m.typeVariable(i, end)
	var targets []int
	for k := i; k < end && len(targets) < maxParams; {
		if c.Word(k) == "" {
			return
		}
		targets = append(targets, k)
		switch {
		case c.Is(k+1, "="):
			for _, t := range targets {
				m.add(exports.Symbol{Name: c.Word(t), Kind: kind, Hidden: hidden}, t)
			}
			targets, k = nil, k+2
		case c.Is(k+1, ","):
			k += 2
		default:
			return
		}
	}
}

// typeVariable says whether a name stands for a type in annotations only: T = typing.TypeVar("T").
func (m *module) typeVariable(i, end int) bool {
	for k := i + 1; k < min(end, i+6); k++ {
		switch m.code.Word(k) {
		case "TypeVar", "ParamSpec", "TypeVarTuple":
			return m.code.Is(k+1, "(")
		}
	}
	return false
}

// listed reads = [...], += (...) and .extend([...]) behind __all__.
func (m *module) listed(i, end int) {
	c := m.code
	if m.all == nil {
		m.all = map[string]bool{}
	}
	literal := false
	for k := i; k < end; k++ {
		if name, ok := c.Quoted(k); ok {
			m.all[name] = true
			literal = true
		} else if w := c.Word(k); w != "" && w != "extend" && w != "append" {
			m.out.Open = "__all__ is computed"
		}
	}
	if !literal && !c.Is(i, "=") {
		m.out.Open = "__all__ is computed"
	}
}

// publish hides what others are not meant to use.
func (m *module) publish() {
	for i := range m.out.Symbols {
		s := &m.out.Symbols[i]
		root, member, _ := strings.Cut(s.Name, ".")
		switch {
		case m.all != nil && m.out.Open == "" || m.all[root]:
			s.Hidden = !m.all[root] || hiddenMember(member)
		default:
			s.Hidden = s.Hidden || private(root) || strings.HasPrefix(root, "__") || hiddenMember(member)
		}
	}
}

// hiddenMember says whether a part of a member's name is private. Of special methods only those count that callers name or call.
func hiddenMember(member string) bool {
	if member == "" {
		return false
	}
	for part := range strings.SplitSeq(member, ".") {
		if private(part) || strings.HasPrefix(part, "__") && part != "__init__" && part != "__call__" && part != "__new__" {
			return true
		}
	}
	return false
}
