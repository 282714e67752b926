package source

import "bytes"

// runGo cuts Go as go/scanner does (a test compares them over GOROOT). Automatic semicolons are tokens; those that the
// language lets one leave out before ")" and "}" are dropped, so that one-line and spread forms are equal.
func runGo(l *lexer) {
	// A cgo preamble is C, and the expected output of an example is code. +build needs a blank line after it.
	l.acts = bytes.Contains(l.src, []byte(`"C"`)) || bytes.Contains(l.src, []byte("utput:"))
	l.exact = l.exact && !bytes.Contains(l.src, []byte("+build"))
	needs := false // a line break here is a semicolon
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case c == '\n':
			if needs {
				l.semicolon()
				needs = false
			} else {
				l.space()
			}
		case c == ' ' || c == '\t' || c == '\r':
			l.blanks()
		case c == '/' && l.peek(1) == '/':
			l.lineComment()
		case c == '/' && l.peek(1) == '*':
			needs = l.goBlock(needs)
		default:
			needs = l.goToken(c)
		}
	}
	if needs {
		l.emit(kindNewline, l.pos)
	}
}

// blanks skips white space within a line.
func (l *lexer) blanks() {
	for l.pos < len(l.src) && indexByte(" \t\r", l.src[l.pos]) {
		l.pos++
	}
	l.gap |= flagSpace
	l.near = l.near&^flagStart | flagSpace
}

// semicolon turns the line break at pos into a token.
func (l *lexer) semicolon() {
	start := l.pos
	l.pos++
	l.emit(kindNewline, start)
	l.gap |= flagNewline | flagSpace
	l.near |= flagNewline | flagSpace | flagStart
}

// goBlock cuts a general comment, which is a line break when it holds one.
func (l *lexer) goBlock(needs bool) bool {
	end := bytes.Index(l.src[l.pos+2:], []byte(starClose))
	if needs && end >= 0 && bytes.IndexByte(l.src[l.pos:l.pos+2+end], '\n') >= 0 {
		l.emit(kindNewline, l.pos)
		needs = false
	}
	l.blockComment(starOpen, starClose, false)
	return needs
}

// goToken cuts one token and reports whether a line break after it is a semicolon.
func (l *lexer) goToken(c byte) bool {
	start := l.pos
	switch {
	case isDigit(c) || c == '.' && isDigit(l.peek(1)):
		l.goNumber()
		return true
	case isWord(c):
		l.word("")
		return !goContinues(l.src[start:l.pos])
	case c == '"' || c == '\'':
		return l.simple(true, false)
	case c == '`':
		return l.simple(false, true)
	}
	l.pos += operatorLength(goOperators, l.src[l.pos:])
	if c == ')' || c == '}' {
		l.dropSemicolon()
	}
	l.emit(kindPunct, start)
	switch l.src[l.pos-1] {
	case ')', ']', '}':
		return true
	case '+', '-':
		return l.pos-start == 2
	}
	return false
}

// dropSemicolon removes the semicolon that may be left out before ")" and "}".
func (l *lexer) dropSemicolon() {
	i := len(l.tokens) - 1
	for i >= 0 && l.tokens[i].kind >= kindComment {
		i--
	}
	if i >= 0 && (l.tokens[i].kind == kindNewline || l.is(i, ";")) {
		l.tokens = append(l.tokens[:i], l.tokens[i+1:]...)
	}
}

// goContinues reports whether a keyword does not end a statement.
func goContinues(word []byte) bool {
	switch string(word) {
	case "case", "chan", "const", "default", "defer", "else", "for", "func", "go", "goto", "if", "import", "interface",
		"map", "package", "range", "select", "struct", "switch", "type", "var":
		return true
	}
	return false
}

// goNumber cuts by the Go specification: a sign follows an exponent only, "e" is a digit in hexadecimal.
func (l *lexer) goNumber() {
	start := l.pos
	exponents := "eE"
	if l.src[l.pos] == '0' && indexByte("xX", l.peek(1)) {
		exponents = "pP"
		l.pos++
	}
	for l.pos++; l.pos < len(l.src); l.pos++ {
		c := l.src[l.pos]
		sign := (c == '+' || c == '-') && indexByte(exponents, l.src[l.pos-1]) && l.pos > start+1
		if !sign && c != '.' && (!isWord(c) || c >= 0x80) {
			break
		}
	}
	l.emit(kindNumber, start)
}

// operators lists the operators of more than one byte by their first byte, longest first.
type operators [128][]string

func operatorTable(list ...string) *operators {
	t := new(operators)
	for _, s := range list {
		t[s[0]] = append(t[s[0]], s)
	}
	return t
}

// operatorLength is the length of the longest operator that text begins with, at least 1.
func operatorLength(t *operators, text []byte) int {
	if text[0] < 128 {
		for _, s := range t[text[0]] {
			if len(text) >= len(s) && string(text[:len(s)]) == s {
				return len(s)
			}
		}
	}
	return 1
}

var goOperators = operatorTable("<<=", ">>=", "&^=", "...", "&&", "||", "<-", "++", "--", "==", "!=", "<=", ">=", ":=",
	"+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>", "&^")
