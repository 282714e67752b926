package javascript

import (
	"github.com/adamant-os/adamant/internal/source"
	"github.com/adamant-os/adamant/internal/source/exports"
)

// variables reads a = 1, b: T = 2, { c, d: e } = f.
func (m *module) variables(i int, prefix string) ([]exports.Symbol, int) {
	c := m.code
	var out []exports.Symbol
	for i < len(c.Tokens) {
		if c.Is(i, "{") || c.Is(i, "[") {
			out = append(out, m.taken(i, prefix)...)
			i = c.After(i)
		} else if w := c.Word(i); w != "" {
			s := exports.Symbol{Kind: "value", Signature: unknown}
			line := m.line(i)
			i++
			if c.Is(i, "!") {
				i++
			}
			if c.Is(i, ":") {
				end := m.typeEnd(i + 1)
				s.Signature = m.text(i+1, end)
				i = end
			} else if c.Is(i, "=") {
				s = m.valueAt(i + 1)
			}
			s.Name, s.Line = prefix+w, line
			out = append(out, s)
		} else {
			return out, i
		}
		i = m.expressionEnd(i)
		if !c.Is(i, ",") {
			return out, i
		}
		i++
	}
	return out, i
}

// taken are the names that a pattern declares.
func (m *module) taken(open int, prefix string) []exports.Symbol {
	c := m.code
	var out []exports.Symbol
	for i := open + 1; i < c.After(open)-1; i++ {
		if w := c.Word(i); w != "" && (c.Is(i+1, ",") || c.Is(i+1, "}") || c.Is(i+1, "]") || c.Is(i+1, "=")) {
			out = append(out, exports.Symbol{Name: prefix + w, Kind: "value", Signature: unknown, Line: m.line(i)})
		}
	}
	return out
}

// expressionEnd is the index of the comma or the end of statement behind the expression at i.
func (m *module) expressionEnd(i int) int {
	c := m.code
	for limit := i + maxLook; i < len(c.Tokens); {
		if c.Is(i, ",") || c.Is(i, ";") || i >= limit {
			return i
		}
		i = c.After(i)
		if i < len(c.Tokens) && c.Tokens[i].Fresh && !goesOn(c, i) {
			return i
		}
	}
	return i
}

// goesOn says whether an expression goes on over the line break before i.
func goesOn(c *source.Code, i int) bool {
	if c.Tokens[i].Kind == source.Punct {
		switch c.Tokens[i].Text {
		case "{", "}", "@", "#", "[", "(":
			return c.Tokens[i-1].Kind == source.Punct && !closes(c.Tokens[i-1].Text)
		}
		return true
	}
	return c.Tokens[i-1].Kind == source.Punct && !closes(c.Tokens[i-1].Text)
}

func closes(punct string) bool {
	switch punct {
	case ")", "]", "}", "++", "--", ";", ">":
		return true
	}
	return false
}

// valueAt is what the expression at i is known to be: a function, a class, or something.
func (m *module) valueAt(i int) exports.Symbol {
	c := m.code
	s := exports.Symbol{Kind: "value", Signature: unknown}
	from := i
	if c.Is(i, "async") {
		i++
	}
	switch {
	case c.Is(i, "function"):
		i++
		for c.Is(i, "*") || c.Word(i) != "" {
			i++
		}
		s, _ = m.callable(i)
		s.Kind = "func"
	case c.Is(i, "(") || c.Is(i, "<"):
		f, end := m.callable(i)
		if c.Is(end, "=>") {
			s, s.Kind = f, "func"
		}
	case c.Word(i) != "" && c.Is(i+1, "=>"):
		s = exports.Symbol{Kind: "func", Params: []exports.Param{{Name: c.Word(i)}}}
		s.Signature = signature(&s)
	case c.Is(from, "class"):
		s.Kind, s.Signature = "class", "class "
	}
	return s
}
