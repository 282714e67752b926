package source

import (
	"bytes"
	"regexp"
	"sync"
)

// runPython cuts Python as its tokenizer does (make test-interop compares them): NEWLINE, INDENT and DEDENT are tokens, line
// breaks inside brackets and blank lines are none.
func runPython(l *lexer) {
	p := &python{lexer: l, columns: []int{0}, alternate: []int{0}}
	l.acts = bytes.Contains(l.src, []byte("# ///"))
	l.exact = l.exact && bytes.IndexByte(l.src, '\f') < 0 && plainEncoding(l.src)
	for l.pos < len(l.src) {
		p.step()
	}
	p.end()
}

type python struct {
	*lexer
	depth     int // open brackets
	columns   []int
	alternate []int // columns with tabs of width 1: both must agree
	inLine    bool  // a statement has begun
}

var encodingLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+)`)
})

// plainEncoding refuses declared encodings in which a comment may hold code, such as utf-7.
func plainEncoding(data []byte) bool {
	for range 2 {
		line, rest, _ := bytes.Cut(data, newline)
		if m := encodingLine().FindSubmatch(line); m != nil {
			switch string(bytes.ToLower(m[1])) {
			case "utf-8", "utf8", "ascii", "us-ascii", "latin-1", "latin1", "iso-8859-1", "utf_8":
			default:
				return false
			}
		}
		data = rest
	}
	return true
}

func (p *python) step() {
	if !p.inLine && p.depth == 0 {
		p.indentation()
		if p.pos >= len(p.src) {
			return
		}
	}
	c := p.src[p.pos]
	switch {
	case c == '\n':
		p.lineBreak()
	case c == ' ' || c == '\t' || c == '\r':
		p.blanks()
	case c == '\\' && (p.peek(1) == '\n' || p.peek(1) == '\r'):
		p.join()
	case c == '#':
		p.head = p.line <= 2
		p.lineComment()
	default:
		p.token(c)
	}
}

// indentation measures a line and emits INDENT and DEDENT before its first token; blank lines and comments have none.
func (p *python) indentation() {
	start, column, alternate := p.pos, 0, 0
	for p.pos < len(p.src) && (p.src[p.pos] == ' ' || p.src[p.pos] == '\t') {
		if p.src[p.pos] == '\t' {
			column = column/8*8 + 8
		} else {
			column++
		}
		alternate++
		p.pos++
	}
	if p.pos > start {
		p.near = p.near&^flagStart | flagSpace
	}
	if p.pos >= len(p.src) || p.src[p.pos] == '\n' || p.src[p.pos] == '\r' || p.src[p.pos] == '#' {
		return
	}
	if p.src[p.pos] == '\\' {
		p.exact = false // a joined line's indentation is settled later
	}
	p.inLine = true
	p.dent(column, alternate)
}

func (p *python) dent(column, alternate int) {
	top := len(p.columns) - 1
	if column > p.columns[top] {
		p.exact = p.exact && alternate > p.alternate[top]
		p.columns = append(p.columns, column)
		p.alternate = append(p.alternate, alternate)
		p.emit(kindIndent, p.pos)
		return
	}
	for ; column < p.columns[top]; top-- {
		p.emit(kindDedent, p.pos)
	}
	p.exact = p.exact && column == p.columns[top] && alternate == p.alternate[top]
	p.columns, p.alternate = p.columns[:top+1], p.alternate[:top+1]
}

func (p *python) lineBreak() {
	start := p.pos
	p.pos++
	if p.inLine && p.depth == 0 {
		p.emit(kindNewline, start)
		p.inLine = false
	} else {
		p.line++
	}
	p.gap |= flagNewline | flagSpace
	p.near |= flagNewline | flagSpace | flagStart
}

// join skips a backslash and its line break.
func (p *python) join() {
	p.pos = min(p.endOfLine(p.pos)+1, len(p.src))
	p.line += int32(bytes.Count(p.src[p.pos-1:p.pos], newline))
	if p.pos == len(p.src) {
		p.exact = false // nothing to join: a syntax error
	}
	p.gap |= flagSpace
	p.near |= flagSpace
}

func (p *python) token(c byte) {
	start := p.pos
	switch {
	case c == '"' || c == '\'':
		p.str(start, false, false)
	case isDigit(c) || c == '.' && isDigit(p.peek(1)):
		p.pythonNumber()
	case isWord(c):
		p.wordOrString()
	default:
		p.pos += operatorLength(pythonOperators, p.src[p.pos:])
		p.bracket(c)
		if c == '$' || c == '?' || c == '`' || c == '\\' {
			p.exact = false
		}
		p.emit(kindPunct, start)
	}
}

func (p *python) bracket(c byte) {
	switch c {
	case '(', '[', '{':
		p.depth++
	case ')', ']', '}':
		if p.depth == 0 {
			p.exact = false
		}
		p.depth = max(0, p.depth-1)
	}
}

// pythonNumber doubts a number with letters behind it that are no number's: 1if x is two tokens.
func (p *python) pythonNumber() {
	p.number()
	for _, c := range p.text(p.tokens[len(p.tokens)-1]) {
		if c != '.' && c != '+' && c != '-' && !indexByte("0123456789_abcdefABCDEFxXoOjJ", c) {
			p.exact = false
		}
	}
}

// wordOrString cuts an identifier, or the literal that it is the prefix of.
func (p *python) wordOrString() {
	start, i := p.pos, 0
	raw, format := false, false
	for ; i < 3; i++ {
		c := p.peek(i) | 0x20
		if !indexByte("rbuft", c) {
			break
		}
		raw = raw || c == 'r'
		format = format || c == 'f' || c == 't'
	}
	if q := p.peek(i); i > 0 && (q == '"' || q == '\'') {
		p.pos += i
		p.str(start, raw, format)
		return
	}
	p.word("")
}

// str cuts a literal whose quote is at pos. The quote of a raw string may be escaped as well.
func (p *python) str(start int, raw, format bool) {
	quote := p.src[p.pos]
	from := p.pos
	if p.peek(1) == quote && p.peek(2) == quote {
		p.triple(start, string(p.src[p.pos:p.pos+3]), true)
	} else {
		p.pos++
		p.quoted(start, quote, true, false)
	}
	if format && !closedFormat(p.src[from:p.pos]) {
		p.exact = false
	}
}

// closedFormat reports whether every hole of an f-string ends before the literal does: otherwise a hole holds the same
// quotes, which Python cuts differently since 3.12. A "#" in a hole may be a comment there.
func closedFormat(text []byte) bool {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{':
			if depth == 0 && i+1 < len(text) && text[i+1] == '{' {
				i++
				continue
			}
			depth++
		case '}':
			depth = max(0, depth-1)
		case '#', '\\':
			if depth > 0 && text[i] == '#' && !indexByte(":", text[i-1]) {
				return false
			}
		}
	}
	return depth == 0
}

// end closes the last line and all blocks.
func (p *python) end() {
	if p.depth > 0 {
		p.exact = false
	}
	if p.inLine {
		p.emit(kindNewline, p.pos)
	}
	for i := len(p.columns) - 1; i > 0; i-- {
		p.emit(kindDedent, p.pos)
	}
}

var pythonOperators = operatorTable("**=", "//=", ">>=", "<<=", "...", "!=", "->", "**", "//", ">>", "<<", "<=", ">=", "==",
	":=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "@=")
