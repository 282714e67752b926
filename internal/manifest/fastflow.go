package manifest

import "strings"

// flow reads a flow collection that ends on its line and holds nothing but simple values.
func (f *fast) flow(pos, depth int) (out node, end int, ok bool) {
	if depth > MaxDepth {
		return node{}, 0, false
	}
	out = node{at: f.position(pos)}
	closing := byte(']')
	out.kind = sequence
	if f.s[pos] == '{' {
		closing, out.kind = '}', mapping
	}
	base := len(f.stack)
	limit := f.lines[f.i].end
	p := f.skip(pos + 1)
	for p < limit && f.s[p] != closing {
		child, after, ok := f.flowEntry(p, depth, out.kind == mapping)
		if !ok {
			return node{}, 0, false
		}
		f.stack = append(f.stack, child)
		if p = f.skip(after); p < limit && f.s[p] == ',' {
			p = f.skip(p + 1)
		} else if p == limit || f.s[p] != closing {
			return node{}, 0, false
		}
	}
	if p >= limit {
		return node{}, 0, false
	}
	if out.kind == mapping {
		out, ok = f.finishMapping(out, base)
		return out, p + 1, ok
	}
	return f.finishSequence(out, base), p + 1, true
}

func (f *fast) flowEntry(pos, depth int, inMapping bool) (node, int, bool) {
	if !inMapping {
		return f.flowValue(pos, depth)
	}
	key, p, ok := f.flowText(pos)
	limit := f.lines[f.i].end
	if !ok || p+2 >= limit || f.s[p] != ':' || f.s[p+1] != ' ' || key == "<<" {
		return node{}, 0, false
	}
	child, end, ok := f.flowValue(f.skip(p+1), depth)
	child.key, child.keyAt = key, f.position(pos)
	return child, end, ok
}

func (f *fast) flowValue(pos, depth int) (node, int, bool) {
	if pos >= f.lines[f.i].end {
		return node{}, 0, false
	}
	if c := f.s[pos]; c == '[' || c == '{' {
		return f.flow(pos, depth+1)
	}
	text, end, ok := f.flowText(pos)
	out := node{at: f.position(pos), size: 1, value: text}
	if c := f.s[pos]; c != '"' && c != '\'' {
		out.readPlain(text)
	}
	return out, end, ok
}

// flowText reads a quoted scalar, or a plain one of harmless characters.
func (f *fast) flowText(pos int) (text string, end int, ok bool) {
	if c := f.s[pos]; c == '"' || c == '\'' {
		return f.quoted(pos)
	}
	if !f.startsPlain(pos) {
		return "", 0, false
	}
	p := pos
	for limit := f.lines[f.i].end; p < limit && harmless(f.s[p]); p++ {
	}
	text = strings.TrimRight(f.s[pos:p], " ")
	return text, pos + len(text), text != ""
}

func harmless(c byte) bool {
	return isAlnum(c) || strings.IndexByte("_./-+$=()~<>^; ", c) >= 0
}
