package source

import "bytes"

// doubt marks the file as not surely cut and says that no literal was found.
func (l *lexer) doubt() bool {
	l.exact = false
	return false
}

// triple cuts a literal in three quotes; escape says whether a backslash escapes.
func (l *lexer) triple(start int, quote string, escape bool) bool {
	l.pos += len(quote)
	for l.pos < len(l.src) {
		switch {
		case l.src[l.pos] == '\\' && escape:
			l.pos = min(l.pos+2, len(l.src))
		case l.at(quote):
			l.pos += len(quote)
			for l.pos < len(l.src) && l.src[l.pos] == quote[0] && !escape {
				l.pos++ // raw strings may end in quotes
			}
			l.emit(kindString, start)
			return true
		default:
			l.pos++
		}
	}
	l.exact = false
	l.emit(kindString, start)
	return true
}

// simple cuts a literal in the one quote at pos.
func (l *lexer) simple(escape, lines bool) bool {
	start := l.pos
	l.pos++
	l.quoted(start, l.src[start], escape, lines)
	return true
}

func plainLiteral(l *lexer) bool { return l.simple(true, false) }

// jsonLiteral cuts strings, and numbers with their sign.
func jsonLiteral(l *lexer) bool {
	if l.src[l.pos] != '"' {
		l.number()
		return true
	}
	return l.simple(true, false)
}

func javaLiteral(l *lexer) bool {
	if l.at(`"""`) {
		return l.triple(l.pos, `"""`, true)
	}
	return l.simple(true, false)
}

func graphqlLiteral(l *lexer) bool { return javaLiteral(l) }

func regoLiteral(l *lexer) bool { return l.simple(l.src[l.pos] == '"', l.src[l.pos] == '`') }

func tomlLiteral(l *lexer) bool {
	switch {
	case l.at(`"""`):
		return l.triple(l.pos, `"""`, true)
	case l.at(`'''`):
		return l.triple(l.pos, `'''`, false)
	}
	return l.simple(l.src[l.pos] == '"', false)
}

// templated cuts a literal in which open (such as "${") begins code up to the matching brace. Code that holds what the
// scan cannot follow (comments, character literals, triple quotes) is in doubt.
func (l *lexer) templated(start int, quote, open string, escape, lines bool) bool {
	var modes []byte // 's' a string, '{' code
	modes = append(modes, 's')
	l.pos += len(quote)
	for l.pos < len(l.src) && len(modes) > 0 {
		if modes[len(modes)-1] == 's' {
			modes = l.templateText(modes, quote, open, escape, lines)
		} else {
			modes = l.templateCode(modes, open)
		}
	}
	if len(modes) > 0 {
		l.exact = false
	}
	l.emit(kindString, start)
	return true
}

func (l *lexer) templateText(modes []byte, quote, open string, escape, lines bool) []byte {
	if len(modes) > 1 {
		quote, escape, lines = `"`, true, false
	}
	c := l.src[l.pos]
	switch {
	case l.at(open):
		l.pos += len(open)
		return append(modes, '{')
	case c == '\\' && escape:
		l.pos = min(l.pos+2, len(l.src))
	case l.at(quote):
		l.pos += len(quote)
		for len(quote) == 3 && l.pos < len(l.src) && l.src[l.pos] == '"' {
			l.pos++
		}
		return modes[:len(modes)-1]
	case c == '\n' && !lines:
		l.exact = false
		return nil
	default:
		l.pos++
	}
	return modes
}

func (l *lexer) templateCode(modes []byte, open string) []byte {
	c := l.src[l.pos]
	if c == '\'' || c == '`' || c == '#' || l.at(`"""`) || l.at("//") || l.at("/*") {
		l.exact = false
	}
	l.pos++
	opener := open[len(open)-1]
	closer := byte('}')
	if opener == '(' {
		closer = ')'
	} else {
		opener = '{'
	}
	switch c {
	case '"':
		return append(modes, 's')
	case opener:
		return append(modes, '{')
	case closer:
		return modes[:len(modes)-1]
	}
	return modes
}

func kotlinLiteral(l *lexer) bool {
	switch {
	case l.at(`"""`):
		return l.templated(l.pos, `"""`, "${", false, true)
	case l.src[l.pos] == '"':
		return l.templated(l.pos, `"`, "${", true, false)
	case l.src[l.pos] == '\'' && l.g.name == "scala" && isWord(l.peek(1)) && l.peek(2) != '\'':
		return l.doubt() // an old symbol literal
	}
	return l.simple(l.src[l.pos] == '\'', false)
}

// groovyLiteral doubts slashy strings: they cannot be told from division.
func groovyLiteral(l *lexer) bool {
	switch {
	case l.at("//") || l.at("/*"):
		return false
	case l.src[l.pos] == '/' || l.at("$/"):
		return l.doubt()
	case l.src[l.pos] == '$':
		return false
	case l.at(`'''`):
		return l.triple(l.pos, `'''`, true)
	case l.at(`"""`):
		return l.templated(l.pos, `"""`, "${", true, true)
	case l.src[l.pos] == '"':
		return l.templated(l.pos, `"`, "${", true, false)
	}
	return l.simple(true, false)
}

func rustLiteral(l *lexer) bool {
	start := l.pos
	c := l.src[l.pos]
	switch {
	case c == '"':
		return l.simple(true, true)
	case c == '\'':
		return l.rustQuote()
	case start > 0 && isWord(l.src[start-1]):
		return false
	}
	i := 1
	if c != 'r' && l.peek(1) == 'r' {
		i = 2
	}
	raw := c == 'r' || i == 2
	hashes := 0
	for raw && l.peek(i+hashes) == '#' && hashes < maxMarks {
		hashes++
	}
	if raw && l.peek(i+hashes) == '"' {
		l.pos += i + hashes + 1
		l.until(start, `"`+string(bytes.Repeat([]byte("#"), hashes)))
		return true
	}
	if !raw && l.peek(1) == '"' {
		l.pos += 2
		l.quoted(start, '"', true, true)
		return true
	}
	return false
}

// rustQuote tells characters from lifetimes: 'x' and '\n' against 'static.
func (l *lexer) rustQuote() bool {
	if l.peek(1) == '\\' {
		return l.simple(true, false)
	}
	start := l.pos
	end := l.pos + 2
	for end < len(l.src) && l.src[end]&0xC0 == 0x80 {
		end++
	}
	if end < len(l.src) && l.src[end] == '\'' {
		l.pos = end + 1
		l.emit(kindString, start)
		return true
	}
	if isWord(l.peek(1)) {
		l.word("")
		return true
	}
	return l.doubt()
}
