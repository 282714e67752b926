package source

import "bytes"

// lexer cuts one file into tokens. Every method either advances pos or returns false, so a lexer's work is linear in the
// file but for the look-ahead that each says of itself.
type lexer struct {
	stream
	g    *grammar
	pos  int
	line int32
	gap  flags // white space since the last token that is no plain comment
	near flags // white space since the last token of any kind
	head bool  // no code seen yet
	deep int   // parentheses open, where layoutMacro asks
	acts bool  // every comment of this file is a directive
	// doubtful is set by a comment that spans lines where line breaks matter: whether it counts as one is not known.
	doubtful bool
}

// lex cuts data by the language's grammar; nil when the language has none.
func lex(language string, data []byte) *stream {
	g := grammars[language]
	if g == nil {
		return nil
	}
	l := &lexer{g: g, line: 1, head: true, gap: flagNewline | flagSpace, near: flagNewline | flagStart}
	l.stream = stream{src: data, layout: g.layout, crlf: g.crlf, munch: g.munch, exact: true}
	if len(data) > maxSource {
		l.exact = false
		return &l.stream
	}
	l.tokens = make([]token, 0, len(data)/4+8)
	if bytes.IndexByte(data, 0) >= 0 || loneReturn(data) {
		l.exact = false
	}
	l.shebang()
	g.run(l)
	return &l.stream
}

// loneReturn finds a carriage return that ends a line by itself: some languages break lines there, others do not.
func loneReturn(data []byte) bool {
	for i := 0; ; i++ {
		j := bytes.IndexByte(data[i:], '\r')
		if j < 0 {
			return false
		}
		i += j
		if i+1 == len(data) || data[i+1] != '\n' {
			return true
		}
	}
}

func (l *lexer) shebang() {
	if bytes.HasPrefix(l.src, []byte("#!")) && !bytes.HasPrefix(l.src, []byte("#![")) {
		l.pos = l.endOfLine(0)
		l.emit(kindDirective, 0)
	}
}

// emit appends the token from start to pos and counts the lines it spans.
func (l *lexer) emit(k kind, start int) {
	t := token{start: int32(start), end: int32(l.pos), line: l.line, kind: k, flags: l.gap}
	switch k {
	case kindComment:
		t.flags = l.near
	case kindDirective:
		t.flags = l.near
		if l.head {
			t.flags |= flagHead
		}
		l.gap = 0
	default:
		t.flags |= l.near & flagStart
		if l.doubtful && l.gap&flagNewline == 0 {
			l.exact = false
		}
		if l.deep > 0 {
			t.flags |= flagParen
		}
		l.head, l.gap = false, 0
	}
	if k < kindComment || k == kindDirective {
		l.doubtful = false
	}
	l.near = 0
	if k != kindWord && k != kindPunct && l.pos-start > 0 {
		l.line += int32(bytes.Count(l.src[start:l.pos], newline))
	}
	l.tokens = append(l.tokens, t)
}

var newline = []byte("\n")

// space skips white space at pos and reports whether there was any.
func (l *lexer) space() bool {
	start := l.pos
	for l.pos < len(l.src) {
		switch l.src[l.pos] {
		case '\n':
			l.line++
			l.gap |= flagNewline | flagSpace
			l.near |= flagNewline | flagSpace | flagStart
		case ' ', '\t', '\r', '\f', '\v':
			l.gap |= flagSpace
			l.near = l.near&^flagStart | flagSpace
		default:
			return l.pos > start
		}
		l.pos++
	}
	return l.pos > start
}

func (l *lexer) endOfLine(from int) int {
	if i := bytes.IndexByte(l.src[from:], '\n'); i >= 0 {
		return from + i
	}
	return len(l.src)
}

func (l *lexer) at(text string) bool {
	return len(l.src)-l.pos >= len(text) && string(l.src[l.pos:l.pos+len(text)]) == text
}

func (l *lexer) peek(n int) byte {
	if l.pos+n < len(l.src) && l.pos+n >= 0 {
		return l.src[l.pos+n]
	}
	return 0
}

// comment ends a comment from start to pos.
func (l *lexer) comment(start int) {
	text := l.src[start:l.pos]
	if l.acts || directive(l.g.name, text, l.head) {
		l.emit(kindDirective, start)
		return
	}
	multi := bytes.IndexByte(text, '\n') >= 0
	l.emit(kindComment, start)
	if !l.g.tight {
		l.gap |= flagSpace
	}
	if multi && l.g.multiline {
		l.gap |= flagNewline
	} else if multi {
		l.doubtful = l.layout != layoutFree && l.layout != layoutAny && l.layout != layoutMacro
	}
}

// lineComment lexes from pos to the end of the line.
func (l *lexer) lineComment() {
	start := l.pos
	l.pos = l.endOfLine(start)
	if l.g.splice {
		l.spliced(start)
	}
	l.comment(start)
}

// spliced extends a C comment whose line ends in a backslash, and doubts it: compilers differ on what may follow.
func (l *lexer) spliced(start int) {
	if bytes.HasSuffix(bytes.TrimRight(l.src[start:l.pos], " \t\r\v\f"), []byte(`\`)) {
		l.exact = false
	}
}

// blockComment lexes from open, at pos, to the matching end; an unterminated one runs to the end of the file, in doubt.
func (l *lexer) blockComment(open, end string, nested bool) {
	start := l.pos
	l.pos += len(open)
	for depth := 1; depth > 0; {
		if !nested {
			l.toComment(end)
			break
		}
		i := bytes.IndexAny(l.src[l.pos:], open[:1]+end[:1])
		if i < 0 {
			l.pos = len(l.src)
			l.exact = false
			break
		}
		l.pos += i
		switch {
		case l.at(end):
			depth--
			l.pos += len(end)
		case l.at(open):
			depth++
			l.pos += len(open)
		default:
			l.pos++
		}
	}
	l.comment(start)
}

func (l *lexer) toComment(end string) {
	i := bytes.Index(l.src[l.pos:], []byte(end))
	if i < 0 {
		l.exact = false
		l.pos = len(l.src)
		return
	}
	l.pos += i + len(end)
}

// isWord reports whether c may be in an identifier; bytes of non-ASCII runes are.
func isWord(c byte) bool { return wordTable[c] }

var wordTable = func() (t [256]bool) {
	for c := range t {
		b := byte(c)
		t[c] = b == '_' || b >= 0x80 || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
	}
	return t
}()

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// word lexes an identifier; extra lists further bytes it may hold.
func (l *lexer) word(extra string) {
	start := l.pos
	for l.pos++; l.pos < len(l.src) && (wordTable[l.src[l.pos]] || extra != "" && indexByte(extra, l.src[l.pos])); {
		l.pos++
	}
	l.emit(kindWord, start)
}

func indexByte(s string, c byte) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == c {
			return true
		}
	}
	return false
}

// number lexes a preprocessing number: digits, letters, points, and signs after an exponent.
func (l *lexer) number() {
	start := l.pos
	for l.pos++; l.pos < len(l.src); l.pos++ {
		c := l.src[l.pos]
		if (c == '+' || c == '-') && indexByte("eEpP", l.src[l.pos-1]) && l.pos > start+1 {
			continue
		}
		if c == '\'' && l.g.quoteDigits && isWord(l.peek(1)) {
			continue
		}
		if !isWord(c) && c != '.' {
			break
		}
	}
	l.emit(kindNumber, start)
}

// quoted lexes a literal that ends at the next quote. A backslash escapes when escape is set; lines reports whether it may
// span lines. An unterminated one ends with its line or file, in doubt.
func (l *lexer) quoted(start int, quote byte, escape, lines bool) {
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		l.pos++
		switch {
		case c == quote:
			l.emit(kindString, start)
			return
		case c == '\\' && escape && l.pos < len(l.src):
			l.pos++
		case c == '\n' && !lines:
			l.pos--
			l.exact = false
			l.emit(kindString, start)
			return
		}
	}
	l.exact = false
	l.emit(kindString, start)
}

// until lexes a literal up to and with end.
func (l *lexer) until(start int, end string) {
	i := bytes.Index(l.src[l.pos:], []byte(end))
	if i < 0 {
		l.exact = false
		l.pos = len(l.src)
	} else {
		l.pos += i + len(end)
	}
	l.emit(kindString, start)
}
