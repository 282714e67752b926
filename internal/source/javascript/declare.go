package javascript

import (
	"strings"

	"github.com/adamant-os/adamant/internal/source/exports"
)

// declaration reads the declaration at i, with its members, and gives the index behind it. Names begin with prefix.
func (m *module) declaration(i int, prefix string, depth int) ([]exports.Symbol, int) {
	c := m.code
	for c.Is(i, "@") { // a decorator
		i = m.decorator(i)
	}
	for c.Is(i, "declare") || c.Is(i, "abstract") || c.Is(i, "async") && c.Is(i+1, "function") || c.Is(i, "const") && c.Is(i+1, "enum") {
		i++
	}
	next := c.Word(i + 1)
	switch c.Word(i) {
	case "function":
		return m.function(i+1, prefix)
	case "class":
		return m.class(i+1, prefix)
	case "interface":
		if next != "" {
			return m.interfaces(i+1, prefix)
		}
	case "type":
		if next != "" && (c.Is(i+2, "=") || c.Is(i+2, "<")) {
			return m.alias(i+1, prefix)
		}
	case "enum":
		if next != "" {
			return m.enum(i+1, prefix)
		}
	case "namespace", "module":
		if c.Is(i+2, "{") || c.Is(i+2, ".") {
			return m.namespace(i+1, prefix, depth)
		}
	case "const", "let", "var", "using":
		return m.variables(i+1, prefix)
	}
	return nil, i + 1
}

// decorator gives the index behind @a.b(c).
func (m *module) decorator(i int) int {
	c := m.code
	for i++; c.Word(i) != "" && c.Is(i+1, "."); i += 2 {
	}
	i++
	if c.Is(i, "(") {
		i = c.After(i)
	}
	return i
}

// function reads name<T>(params): result { ... } behind the word function.
func (m *module) function(i int, prefix string) ([]exports.Symbol, int) {
	c := m.code
	line := m.line(i - 1)
	if c.Is(i, "*") {
		i++
	}
	name := c.Word(i)
	if name != "" {
		line = m.line(i)
		i++
	}
	s, end := m.callable(i)
	s.Name, s.Kind, s.Line = prefix+name, "func", line
	if c.Is(end, "{") {
		s.Hidden = true // an implementation: overloads count before it
		end = c.After(end)
	}
	return []exports.Symbol{s}, end
}

// callable reads <T>(params): result and gives the index behind it.
func (m *module) callable(i int) (exports.Symbol, int) {
	c := m.code
	var s exports.Symbol
	if c.Is(i, "<") {
		end := m.angles(i)
		s.Bases = []string{m.text(i, end)}
		i = end
	}
	if !c.Is(i, "(") {
		return s, i
	}
	s.Params = m.params(i)
	i = c.After(i)
	if c.Is(i, ":") {
		end := m.typeEnd(i + 1)
		s.Result = m.text(i+1, end)
		i = end
	}
	s.Signature = signature(&s)
	return s, i
}

// signature writes a callable's parts in one line; names of parameters are none of it.
func signature(s *exports.Symbol) string {
	var b strings.Builder
	b.WriteString(strings.Join(s.Bases, ""))
	b.WriteByte('(')
	for i, p := range s.Params {
		if i > 0 {
			b.WriteString(", ")
		}
		if p.Rest {
			b.WriteString("...")
		}
		if strings.HasPrefix(p.Name, "{") {
			b.WriteString(p.Name)
		} else {
			b.WriteByte('_')
		}
		if p.Optional {
			b.WriteByte('?')
		}
		if p.Type != "" {
			b.WriteString(": " + p.Type)
		}
		if b.Len() > maxSignature {
			break
		}
	}
	b.WriteByte(')')
	if s.Result != "" {
		b.WriteString(": " + s.Result)
	}
	return short(b.String())
}

// params reads the parameters between the parentheses at open.
func (m *module) params(open int) []exports.Param {
	c := m.code
	end := c.After(open) - 1
	var out []exports.Param
	for i := open + 1; i < end && len(out) < maxParams; {
		p, next := m.param(i, end)
		if p.Name != "this" {
			out = append(out, p)
		}
		i = max(next, i) + 1
	}
	return out
}

const maxParams = 255

// param reads one parameter and gives the index of the comma behind it.
func (m *module) param(i, end int) (exports.Param, int) {
	c := m.code
	var p exports.Param
	for c.Is(i, "@") {
		i = m.decorator(i)
	}
	for modifier(c.Word(i)) && i+1 < end && (c.Word(i+1) != "" || c.Is(i+1, "{")) {
		i++
	}
	if c.Is(i, "...") {
		p.Rest, p.Optional = true, true
		i++
	}
	p.Name = c.Word(i)
	if c.Is(i, "{") {
		p.Name = m.pattern(i)
	}
	i = c.After(i)
	if c.Is(i, "?") {
		p.Optional = true
		i++
	}
	if c.Is(i, ":") {
		to := min(m.typeEnd(i+1), end)
		p.Type = m.text(i+1, to)
		i = to
	}
	if c.Is(i, "=") {
		p.Optional = true
	}
	for i < end && !c.Is(i, ",") {
		i = c.After(i)
	}
	return p, i
}

// pattern writes the names that an object pattern takes, without what they are called inside.
func (m *module) pattern(open int) string {
	c := m.code
	end := c.After(open) - 1
	var names []string
	for i := open + 1; i < end && len(names) < maxParams; {
		name := m.nameAt(i)
		if c.Is(i, "...") {
			name = "..."
		}
		names = append(names, name)
		for i < end && !c.Is(i, ",") {
			i = c.After(i)
		}
		i++
	}
	return "{" + short(strings.Join(names, ",")) + "}"
}

func modifier(w string) bool {
	switch w {
	case "public", "private", "protected", "static", "readonly", "abstract", "override", "declare", "async", "get", "set", "accessor":
		return true
	}
	return false
}

// class reads name<T> extends X implements Y { members }.
func (m *module) class(i int, prefix string) ([]exports.Symbol, int) {
	c := m.code
	s := exports.Symbol{Kind: "class", Line: m.line(i - 1)}
	if w := c.Word(i); w != "" && w != "extends" && w != "implements" {
		s.Name, s.Line = w, m.line(i)
		i++
	}
	s.Name = prefix + s.Name
	from := i
	for limit := i + maxLook; i < min(limit, len(c.Tokens)) && !c.Is(i, "{") && !c.Is(i, ";"); {
		if c.Is(i, "extends") {
			s.Bases = append(s.Bases, m.text(i+1, m.heritageEnd(i+1)))
		}
		i = c.After(i)
	}
	if !c.Is(i, "{") {
		return nil, i
	}
	if c.Is(from, "<") {
		s.Result = m.text(from, m.angles(from))
	}
	s.Signature = "class " + s.Result
	out := append([]exports.Symbol{s}, m.members(i, s.Name)...)
	return out, c.After(i)
}

// heritageEnd is the index behind what a class extends.
func (m *module) heritageEnd(i int) int {
	c := m.code
	for limit := i + maxLook; i < min(limit, len(c.Tokens)) && !c.Is(i, "{") && !c.Is(i, "implements"); {
		i = c.After(i)
	}
	return i
}

// interfaces reads name<T> extends A, B { members }.
func (m *module) interfaces(i int, prefix string) ([]exports.Symbol, int) {
	c := m.code
	s := exports.Symbol{Name: prefix + c.Word(i), Kind: "interface", Line: m.line(i)}
	i++
	if c.Is(i, "<") {
		end := m.angles(i)
		s.Result = m.text(i, end)
		i = end
	}
	if c.Is(i, "extends") {
		end := i + 1
		for limit := i + maxLook; end < min(limit, len(c.Tokens)) && !c.Is(end, "{"); end++ {
			if c.Is(end, "<") {
				end = m.angles(end) - 1
			}
		}
		s.Bases = []string{m.text(i+1, end)}
		i = end
	}
	if !c.Is(i, "{") {
		return nil, i
	}
	s.Signature = "interface " + s.Result
	return append([]exports.Symbol{s}, m.members(i, s.Name)...), c.After(i)
}

// alias reads name<T> = type.
func (m *module) alias(i int, prefix string) ([]exports.Symbol, int) {
	c := m.code
	s := exports.Symbol{Name: prefix + c.Word(i), Kind: "type", Line: m.line(i)}
	i++
	if c.Is(i, "<") {
		end := m.angles(i)
		s.Result = m.text(i, end)
		i = end
	}
	if !c.Is(i, "=") {
		return nil, i
	}
	end := m.typeEnd(i + 1)
	if c.Is(i+1, "{") && c.After(i+1) == end {
		s.Kind, s.Signature = "interface", "interface "+s.Result
		return append([]exports.Symbol{s}, m.members(i+1, s.Name)...), end
	}
	s.Signature = m.text(i+1, end)
	return []exports.Symbol{s}, end
}

func (m *module) enum(i int, prefix string) ([]exports.Symbol, int) {
	c := m.code
	name := prefix + c.Word(i)
	out := []exports.Symbol{{Name: name, Kind: "enum", Signature: "enum", Line: m.line(i)}}
	if !c.Is(i+1, "{") {
		return nil, i + 1
	}
	end := c.After(i+1) - 1
	for k := i + 2; k < end; {
		s := exports.Symbol{Name: name + "." + m.nameAt(k), Kind: "member", Line: m.line(k)}
		from := k + 1
		for k < end && !c.Is(k, ",") {
			k = c.After(k)
		}
		s.Signature = m.text(from, min(k, end))
		out = append(out, s)
		k++
	}
	return out, end + 1
}

// namespace reads name { ... }: what is exported in it.
func (m *module) namespace(i int, prefix string, depth int) ([]exports.Symbol, int) {
	c := m.code
	name := c.Word(i)
	for i++; c.Is(i, "."); i += 2 {
		name += "." + c.Word(i+1)
	}
	if !c.Is(i, "{") || depth >= maxSpaces || name == "" {
		return nil, i + 1
	}
	inner := &module{code: c, path: m.path, out: &exports.Surface{}, locals: map[string][]exports.Symbol{}}
	inner.statements(i+1, c.After(i)-1, prefix+name+".", depth+1)
	s := exports.Symbol{Name: prefix + name, Kind: "namespace", Signature: "namespace", Line: m.line(i)}
	return append([]exports.Symbol{s}, inner.out.Symbols...), c.After(i)
}
