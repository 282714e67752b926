package javascript

import "github.com/adamant-os/adamant/internal/source/exports"

// common reads the statement at i when it exports in the way of CommonJS: exports.a = b, module.exports = { c, d: e },
// module.exports.f = g, Object.defineProperty(exports, "h", ...).
func (m *module) common(i int) {
	c := m.code
	line := m.line(i)
	if c.Is(i, "Object") {
		if c.Is(i+1, ".") && c.Is(i+2, "defineProperty") && c.Is(i+4, "exports") && c.Is(i+5, ",") {
			if name, ok := c.Quoted(i + 6); ok && name != "__esModule" {
				m.add(exports.Symbol{Name: name, Kind: "value", Signature: unknown, Line: line})
			}
		}
		return
	}
	if c.Is(i, "module") {
		if !c.Is(i+1, ".") || !c.Is(i+2, "exports") {
			return
		}
		i += 2
	}
	names, whole, value := m.targets(i)
	if whole {
		m.whole(value, line)
	}
	for _, name := range names {
		m.assigned(name, value, line)
	}
}

// targets reads the assignments in a row that begin at the word exports at i: the names that get a value, whether the module
// itself does, and where the value begins.
func (m *module) targets(i int) (names []string, whole bool, value int) {
	c := m.code
	for len(names) < maxParams {
		switch {
		case !c.Is(i, "exports"):
			return names, whole, i
		case c.Is(i+1, "="):
			whole, i = true, i+2
		case c.Is(i+1, ".") && c.Word(i+2) != "" && c.Is(i+3, "="):
			names, i = append(names, c.Word(i+2)), i+4
		default:
			return names, whole, i
		}
		if c.Is(i, "module") && c.Is(i+1, ".") && c.Is(i+2, "exports") {
			i += 2
		}
	}
	return names, whole, i
}

// whole reads what stands behind module.exports =.
func (m *module) whole(i int, line int32) {
	c := m.code
	switch {
	case c.Is(i, "{"):
		m.object(i)
	case c.Word(i) != "" && c.Is(i+1, "("): // f({ ... }), require("x")
		m.out.Open = "module.exports is computed"
		for k := i + 2; k < c.After(i+1)-1; k = c.After(k) {
			if c.Is(k, "{") && (c.Is(k-1, "(") || c.Is(k-1, ",")) {
				m.object(k)
			}
		}
	default:
		m.assigned("module.exports", i, line)
	}
}

// object reads the keys of an object literal.
func (m *module) object(open int) {
	c := m.code
	end := c.After(open) - 1
	for i := open + 1; i < end; {
		line := m.line(i)
		if c.Is(i, "...") {
			m.out.Open = "it spreads an object into module.exports"
		}
		for modifier(c.Word(i)) && !endsName(c, i+1) || c.Is(i, "*") {
			i++
		}
		name := m.nameAt(i)
		switch {
		case name == "":
		case c.Is(i+1, ":"):
			m.assigned(name, i+2, line)
		case c.Is(i+1, "("):
			s, _ := m.callable(i + 1)
			s.Name, s.Kind, s.Line = name, "func", line
			m.add(s)
		case c.Is(i+1, ",") || i+1 >= end:
			m.named = append(m.named, named{local: name, name: name, line: line})
		}
		for i < end && !c.Is(i, ",") {
			i = c.After(i)
		}
		i++
	}
}
