package javascript

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/adamant-os/adamant/internal/source"
	"github.com/adamant-os/adamant/internal/source/exports"
)

// members reads the inside of a class, an interface or an object type: what is private is left out.
func (m *module) members(open int, owner string) []exports.Symbol {
	end := m.code.After(open) - 1
	var out []exports.Symbol
	for i := open + 1; i < end; {
		s, next, ok := m.member(i, end)
		if ok {
			s.Name = owner + "." + s.Name
			out = append(out, s)
		}
		i = max(next, i+1)
	}
	return out
}

// member reads one member and gives the index behind it.
func (m *module) member(i, end int) (exports.Symbol, int, bool) {
	c := m.code
	for c.Is(i, "@") {
		i = m.decorator(i)
	}
	visible, accessor := true, false
	for modifier(c.Word(i)) && i+1 < end && !endsName(c, i+1) {
		visible = visible && c.Word(i) != "private" && c.Word(i) != "protected"
		accessor = accessor || c.Is(i, "get") || c.Is(i, "set")
		i++
	}
	if c.Is(i, "*") {
		i++
	}
	s := exports.Symbol{Name: m.nameAt(i), Line: m.line(i)}
	switch {
	case c.Is(i, "(") || c.Is(i, "<"):
		s.Name = "()"
	case c.Is(i, "new") && (c.Is(i+1, "(") || c.Is(i+1, "<")):
		s.Name = "new"
		i++
	case c.Is(i, "["):
		s.Name = short("[" + m.text(i+1, c.After(i)-1) + "]")
		i = c.After(i)
	case s.Name == "" || c.Is(i, ";") || c.Is(i, ","):
		return s, i + 1, false
	default:
		i++
	}
	visible = visible && !strings.HasPrefix(s.Name, "#") && !strings.HasPrefix(s.Name, "_")
	optional := c.Is(i, "?")
	if optional || c.Is(i, "!") {
		i++
	}
	if (c.Is(i, "(") || c.Is(i, "<")) && !accessor {
		return m.method(s, i, optional, visible)
	}
	return m.property(s, i, end, optional, visible)
}

// endsName says whether what stands at i ends a member's name, so that a modifier before it is the name.
func endsName(c *source.Code, i int) bool {
	for _, p := range []string{"(", ":", "=", ";", ",", "?", "!", "<", "}"} {
		if c.Is(i, p) {
			return true
		}
	}
	return c.Tokens[i].Fresh && !c.Is(i-1, "static") && !c.Is(i-1, "async")
}

func (m *module) method(s exports.Symbol, i int, optional, visible bool) (exports.Symbol, int, bool) {
	f, next := m.callable(i)
	f.Name, f.Line, f.Kind = s.Name, s.Line, "method"
	if optional {
		f.Signature = "?" + f.Signature
	}
	if m.code.Is(next, "{") {
		f.Hidden = true
		next = m.code.After(next)
	}
	return f, next, visible
}

// property reads : type or = value behind a name, or the rest of an accessor.
func (m *module) property(s exports.Symbol, i, end int, optional, visible bool) (exports.Symbol, int, bool) {
	c := m.code
	s.Kind = "property"
	if c.Is(i, "(") { // get x(): T { }
		i = c.After(i)
	}
	if c.Is(i, ":") {
		to := min(m.typeEnd(i+1), end)
		s.Signature = m.text(i+1, to)
		i = to
	}
	if s.Signature == "" {
		s.Signature = unknown
	}
	if optional {
		s.Signature = "?" + s.Signature
	}
	if c.Is(i, "{") { // the body of an accessor
		return s, c.After(i), visible
	}
	if c.Is(i, "=") {
		if f := m.valueAt(i + 1); f.Kind == "func" && s.Signature == unknown {
			f.Name, f.Line, f.Kind = s.Name, s.Line, "method"
			s = f
		}
		i = min(m.expressionEnd(i+1), end)
	}
	return s, i, visible
}

// angles is the index behind the closing bracket of the < at i.
func (m *module) angles(i int) int {
	c := m.code
	open := 0
	for limit := i + maxLook; i < min(limit, len(c.Tokens)); {
		switch c.Tokens[i].Text {
		case "<":
			open++
		case ">":
			open--
		case ">>":
			open -= 2
		case ">>>":
			open -= 3
		case ";":
			return i
		}
		i = c.After(i)
		if open <= 0 {
			return i
		}
	}
	return i
}

// typeEnd is the index behind the type at i: a comma, a closing bracket, = , a body or the end of a statement.
func (m *module) typeEnd(i int) int {
	c := m.code
	from, conditional := i, 0
	for limit := i + maxLook; i < min(limit, len(c.Tokens)); {
		t := &c.Tokens[i]
		operand := i == from || wantsType(c, i-1)
		if t.Fresh && i > from && !operand && !joins(c, i) {
			return i
		}
		if t.Kind == source.Punct {
			switch t.Text {
			case ",", ";", "=", ")", "]", "}":
				return i
			case "=>":
				if !c.Is(i-1, ")") || !functionType(c, from, i) {
					return i
				}
			case "{":
				if !operand {
					return i
				}
			case "?":
				conditional++
			case ":":
				if conditional == 0 {
					return i
				}
				conditional--
			case "<":
				i = m.angles(i)
				continue
			}
		}
		i = c.After(i)
	}
	return i
}

// wantsType says whether the type goes on behind the token at i.
func wantsType(c *source.Code, i int) bool {
	switch c.Tokens[i].Text {
	case "|", "&", "=>", "?", ":", "extends", "keyof", "typeof", "readonly", "is", "infer", "unique", "asserts", "new", "abstract", "in", ".", "<":
		return true
	}
	return false
}

// joins says whether the token at i goes on with the type of the line before.
func joins(c *source.Code, i int) bool {
	switch c.Tokens[i].Text {
	case "|", "&", "=>", "?", ":", "extends", ".", ">", "is":
		return true
	}
	return false
}

// functionType says whether the => at i belongs to a type and not to the function whose result is read: before it stands a
// parenthesis at which the type, or an alternative of it, begins.
func functionType(c *source.Code, from, i int) bool {
	open := int(c.Match[i-1])
	if open < from {
		return false
	}
	return open == from || wantsType(c, open-1) || c.Is(open-1, ">")
}

const maxSignature = 4096

// short replaces a long text by its digest, which is as good to compare.
func short(text string) string {
	if len(text) <= maxSignature {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	return text[:maxSignature/8] + "#" + hex.EncodeToString(sum[:])
}

// text joins the tokens between two indices in one form: names of parameters, separators and quotes do not count.
func (m *module) text(from, to int) string {
	c := m.code
	var b strings.Builder
	to = min(to, len(c.Tokens))
	for i := from; i < to; i++ {
		t := &c.Tokens[i]
		text := t.Text
		switch {
		case (text == "|" || text == "&") && (i == from || leads(c, i-1)):
			continue
		case (text == ";" || text == ",") && t.Kind == source.Punct && (i+1 >= to || c.Is(i+1, "}") || c.Is(i+1, ")") || c.Is(i+1, ">") || c.Is(i+1, "]")):
			continue
		case text == "," && t.Kind == source.Punct && inBraces(c, i):
			text = ";"
		case t.Kind == source.String && len(text) > 1 && text[0] == '\'':
			text = `"` + text[1:len(text)-1] + `"`
		case t.Kind == source.Word && (c.Is(i+1, ":") || c.Is(i+1, "?") && c.Is(i+2, ":")) && (c.Is(i-1, "(") || c.Is(i-1, ",") || c.Is(i-1, "...")) && !inBraces(c, i):
			text = "_"
		}
		if t.Fresh && i > from && b.Len() > 0 && inBraces(c, i) && !c.Is(i-1, ";") && !c.Is(i-1, ",") && !c.Is(i-1, "{") && !wantsType(c, i-1) && !joins(c, i) && text != "}" {
			b.WriteString(" ;")
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(text)
	}
	return short(b.String())
}

// leads says whether a bar behind the token at i stands before the first alternative, where it means nothing.
func leads(c *source.Code, i int) bool {
	switch c.Tokens[i].Text {
	case "?", ":", "(", "<", ",", "=>", "=", "[", "extends":
		return true
	}
	return false
}

// inBraces says whether the innermost bracket around i, as far as that is easily seen, is a brace.
func inBraces(c *source.Code, i int) bool {
	for k := i - 1; k >= 0 && k > i-maxBack; k-- {
		if j := int(c.Match[k]); j >= 0 && j < k { // a bracket that was closed
			k = j
			continue
		} else if j > k {
			return c.Tokens[k].Text == "{"
		}
	}
	return false
}

const maxBack = 200
