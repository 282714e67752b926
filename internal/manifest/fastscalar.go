package manifest

import "strings"

// key reads a key with its ":" and says where the value may start.
func (f *fast) key(pos int) (key string, after int, ok bool) {
	end := f.lines[f.i].end
	if f.s[pos] == '"' || f.s[pos] == '\'' {
		key, p, ok := f.quoted(pos)
		p = f.skip(p)
		if !ok || p == end || f.s[p] != ':' || p+1 < end && f.s[p+1] != ' ' || p-pos > 1000 {
			return "", 0, false
		}
		return key, p + 1, true
	}
	if !f.startsPlain(pos) {
		return "", 0, false
	}
	for p := pos; p < end; p++ {
		switch f.s[p] {
		case ':':
			if p+1 == end || f.s[p+1] == ' ' {
				return strings.TrimRight(f.s[pos:p], " "), p + 1, p-pos <= 1000
			}
		case '#':
			if f.s[p-1] == ' ' {
				return "", 0, false
			}
		}
	}
	return "", 0, false
}

// startsPlain says whether a plain scalar may start here, leaving out what needs a second look.
func (f *fast) startsPlain(pos int) bool {
	c := f.s[pos]
	if c == '-' {
		return pos+1 < f.lines[f.i].end && f.s[pos+1] != ' '
	}
	return strings.IndexByte("?:,[]{}#&*!|>'\"%@`", c) < 0
}

// inline reads a value on one line and says where it ends.
func (f *fast) inline(pos, depth int) (out node, end int, ok bool) {
	out = node{at: f.position(pos), size: 1}
	switch f.s[pos] {
	case '"', '\'':
		out.value, end, ok = f.quoted(pos)
		return out, end, ok
	case '[', '{':
		return f.flow(pos, depth+1)
	}
	if !f.startsPlain(pos) {
		return node{}, 0, false
	}
	text := f.at(pos)
	if strings.Contains(text, ": ") || strings.HasSuffix(text, ":") {
		return node{}, 0, false
	}
	out.readPlain(text)
	return out, pos + len(text), true
}

// quoted reads a quoted scalar that ends on its line.
func (f *fast) quoted(pos int) (text string, end int, ok bool) {
	if f.s[pos] == '\'' {
		return f.singleQuoted(pos)
	}
	limit := f.lines[f.i].end
	for p := pos + 1; p < limit; p++ {
		switch f.s[p] {
		case '"':
			return f.s[pos+1 : p], p + 1, true
		case '\\':
			return f.escaped(pos)
		}
	}
	return "", 0, false
}

func (f *fast) singleQuoted(pos int) (text string, end int, ok bool) {
	limit := f.lines[f.i].end
	double := false
	for p := pos + 1; p < limit; p++ {
		if f.s[p] != '\'' {
			continue
		}
		if p+1 < limit && f.s[p+1] == '\'' {
			double = true
			p++
			continue
		}
		text = f.s[pos+1 : p]
		if double {
			text = strings.ReplaceAll(text, "''", "'")
		}
		return text, p + 1, true
	}
	return "", 0, false
}

// escaped reads a double-quoted scalar with the escapes that everybody uses.
func (f *fast) escaped(pos int) (text string, end int, ok bool) {
	var b strings.Builder
	limit := f.lines[f.i].end
	for p := pos + 1; p < limit; p++ {
		c := f.s[p]
		switch c {
		case '"':
			return b.String(), p + 1, true
		case '\\':
			p++
			at := -1
			if p < limit {
				at = strings.IndexByte(`"\nrt`, f.s[p])
			}
			if at < 0 {
				return "", 0, false
			}
			c = "\"\\\n\r\t"[at]
		}
		b.WriteByte(c)
	}
	return "", 0, false
}

// literal reads a "|" or "|-" block. column is the indentation of what holds it.
func (f *fast) literal(pos, column int) (node, bool) {
	out := node{at: f.position(pos), size: 1}
	header := f.at(pos)
	f.i++
	if header != "|" && header != "|-" || f.i == len(f.lines) {
		return node{}, false
	}
	first := f.lines[f.i]
	width := first.content - first.start
	if first.content == first.full || width <= column || width == 0 {
		return node{}, false
	}
	var b strings.Builder
	blank := 0
	for ; f.i < len(f.lines); f.i++ {
		l := f.lines[f.i]
		if l.content == l.full && l.content-l.start <= width {
			blank++
			continue
		}
		if l.content-l.start < width {
			break
		}
		if l.full == len(f.s) { // no line break at the end of the file
			return node{}, false
		}
		for ; blank > 0; blank-- {
			b.WriteByte('\n')
		}
		b.WriteString(f.s[l.start+width : l.full])
		b.WriteByte('\n')
	}
	out.value = b.String()
	if header == "|-" {
		out.value = strings.TrimSuffix(b.String(), "\n")
	}
	return out, f.i == len(f.lines) || f.indentOfAny() <= column
}

// indentOfAny is the indentation of the current line, even if it is a comment.
func (f *fast) indentOfAny() int { return f.lines[f.i].content - f.lines[f.i].start }
