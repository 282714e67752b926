package source

import "bytes"

// runPHP cuts a file that is one block of PHP; output text, short tags and heredocs are in doubt.
func runPHP(l *lexer) {
	l.space()
	if !l.at("<?php") || bytes.Contains(l.src, []byte("?>")) {
		l.exact = false // "?>" ends a comment, too
	} else {
		start := l.pos
		l.pos += len("<?php")
		l.emit(kindText, start)
	}
	runCode(l)
}

func phpLiteral(l *lexer) bool {
	switch l.src[l.pos] {
	case '<':
		if l.at("<<<") {
			return l.doubt()
		}
		return false
	case '"':
		return l.templated(l.pos, `"`, "{$", true, true)
	}
	return l.simple(true, true)
}

// hclLiteral cuts quoted templates and heredocs.
func hclLiteral(l *lexer) bool {
	start := l.pos
	if l.src[l.pos] == '"' {
		from := len(l.tokens)
		l.templated(start, `"`, "${", true, false)
		if bytes.Contains(l.text(l.tokens[from]), []byte("$${")) || bytes.Contains(l.text(l.tokens[from]), []byte("%{")) {
			l.exact = false
		}
		return true
	}
	if !l.at("<<") {
		return false
	}
	return l.heredoc(start)
}

// heredoc cuts <<ID or <<-ID up to the line that holds only ID, its line break left out.
func (l *lexer) heredoc(start int) bool {
	i := start + 2
	if i < len(l.src) && l.src[i] == '-' {
		i++
	}
	from := i
	for i < len(l.src) && isWord(l.src[i]) {
		i++
	}
	id := l.src[from:i]
	if len(id) == 0 || l.endOfLine(i) != i && l.src[i] != '\r' {
		return l.doubt()
	}
	for l.pos = l.endOfLine(i); l.pos < len(l.src); {
		lineStart := l.pos + 1
		l.pos = l.endOfLine(lineStart)
		if bytes.Equal(bytes.TrimSpace(l.src[lineStart:l.pos]), id) {
			l.emit(kindString, start)
			return true
		}
	}
	l.exact = false
	l.emit(kindString, start)
	return true
}

// runRego cuts Rego. In a file with METADATA blocks any comment may belong to one.
func runRego(l *lexer) {
	l.acts = bytes.Contains(l.src, []byte("METADATA"))
	runCode(l)
}

// runSQL cuts what all dialects read alike; "#", templates, "--x" and backslashes are in doubt.
func runSQL(l *lexer) {
	if bytes.Contains(l.src, []byte("{{")) || bytes.Contains(l.src, []byte("{%")) {
		l.exact = false
	}
	for l.space(); l.pos < len(l.src); l.space() {
		if l.at("--") && !indexByte(" \t\r\n", l.peek(2)) && l.peek(2) != 0 {
			l.exact = false
		}
		from := len(l.tokens)
		l.one()
		if t := l.tokens[len(l.tokens)-1]; len(l.tokens) > from && t.kind == kindComment && bytes.Contains(l.text(t)[2:], []byte(starOpen)) {
			l.exact = false // nests in some dialects
		}
	}
}

func sqlLiteral(l *lexer) bool {
	start := l.pos
	switch c := l.src[l.pos]; c {
	case '#', '\\':
		return l.doubt()
	case '[':
		return l.sqlBracket()
	case '$':
		return l.dollarQuoted()
	default:
		l.pos++
		l.doubled(start, c)
		if bytes.IndexByte(l.src[start:l.pos], '\\') >= 0 {
			l.exact = false
		}
	}
	return true
}

// sqlBracket doubts [names] that hold quotes or comments.
func (l *lexer) sqlBracket() bool {
	end := bytes.IndexByte(l.src[l.pos:min(l.pos+256, len(l.src))], ']')
	if end < 0 {
		return l.doubt()
	}
	name := l.src[l.pos : l.pos+end]
	if bytes.ContainsAny(name, "'\"`$") || bytes.Contains(name, []byte("--")) || bytes.Contains(name, []byte("/*")) {
		l.exact = false
	}
	return false
}

// dollarQuoted cuts $tag$ ... $tag$.
func (l *lexer) dollarQuoted() bool {
	start := l.pos
	if start > 0 && isWord(l.src[start-1]) {
		return false
	}
	i := start + 1
	for i < len(l.src) && isWord(l.src[i]) {
		i++
	}
	if i >= len(l.src) || l.src[i] != '$' {
		return false
	}
	l.pos = i + 1
	l.until(start, string(l.src[start:i+1]))
	return true
}

// runCSS cuts style sheets. @charset counts only as the very first bytes, so nothing before it is free.
func runCSS(l *lexer) {
	if bytes.Contains(l.src, []byte("@charset")) {
		l.exact = false
	}
	runCode(l)
}

// cssLiteral cuts strings and unquoted url(...).
func cssLiteral(l *lexer) bool {
	start := l.pos
	if c := l.src[l.pos]; c == '"' || c == '\'' {
		return l.simple(true, false)
	}
	if len(l.src)-start < 4 || !bytes.EqualFold(l.src[start:start+4], []byte("url(")) || start > 0 && isWord(l.src[start-1]) {
		return false
	}
	i := start + 4
	for i < len(l.src) && indexByte(" \t\r\n", l.src[i]) {
		i++
	}
	if i < len(l.src) && (l.src[i] == '"' || l.src[i] == '\'') {
		return false
	}
	l.pos = i
	l.until(start, ")")
	return true
}
