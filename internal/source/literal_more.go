package source

import "bytes"

// maxMarks bounds the look-ahead over bytes that mark a raw literal. More of them are left to be operators.
const maxMarks = 64

// cLiteral cuts strings, characters, raw strings and whole preprocessor lines.
func cLiteral(l *lexer) bool {
	start := l.pos
	switch c := l.src[l.pos]; c {
	case '#':
		return l.preprocessor()
	case '"', '\'':
		return l.simple(true, false)
	default:
		if start > 0 && isWord(l.src[start-1]) {
			return false
		}
	}
	i := 0
	for i < 3 && indexByte("uUL8", l.peek(i)) {
		i++
	}
	if l.peek(i) != 'R' || l.peek(i+1) != '"' {
		return false
	}
	open := bytes.IndexByte(l.src[start:min(start+32, len(l.src))], '(')
	if open < 0 {
		return l.doubt()
	}
	delimiter := string(l.src[start+i+2 : start+open])
	l.pos = start + open + 1
	l.until(start, ")"+delimiter+`"`)
	return true
}

// preprocessor cuts a directive with its continuation lines as one token, comments included.
func (l *lexer) preprocessor() bool {
	start := l.pos
	if l.gap&flagNewline == 0 {
		return false
	}
	for {
		l.pos = l.endOfLine(l.pos)
		text := bytes.TrimRight(l.src[start:l.pos], " \t\r\v\f")
		if !bytes.HasSuffix(text, []byte(`\`)) || l.pos >= len(l.src) {
			break
		}
		l.pos++
	}
	text := l.src[start:l.pos]
	if bytes.Count(text, []byte(starOpen)) != bytes.Count(text, []byte(starClose)) {
		l.exact = false
	}
	for l.pos > start && indexByte(" \t\r", l.src[l.pos-1]) {
		l.pos--
	}
	l.emit(kindText, start)
	return true
}

// runC cuts C and C++. Trigraphs put the whole file in doubt: they can hide the end of a line.
func runC(l *lexer) {
	if bytes.Contains(l.src, []byte("??/")) {
		l.exact = false
	}
	runCode(l)
}

// runJava cuts Java. An escape such as \u000a is read before comments are: any escape of an ASCII character is in doubt.
func runJava(l *lexer) {
	for rest := l.src; ; {
		i := bytes.Index(rest, []byte(`\u`))
		if i < 0 {
			break
		}
		rest = bytes.TrimLeft(rest[i+2:], "u")
		if bytes.HasPrefix(rest, []byte("00")) && len(rest) > 2 && rest[2] < '8' {
			l.exact = false
			break
		}
	}
	runCode(l)
}

// csharpLiteral cuts the five kinds of C# strings, and preprocessor lines as C does. Text behind #if may be no C# at all.
func csharpLiteral(l *lexer) bool {
	start := l.pos
	c := l.src[l.pos]
	if c == '#' {
		if bytes.HasPrefix(bytes.TrimLeft(l.src[l.pos+1:min(l.pos+32, len(l.src))], " \t"), []byte("if")) {
			l.exact = false
		}
		return l.preprocessor()
	}
	i, dollars, verbatim := 0, 0, false
	for ; i < maxMarks && (l.peek(i) == '$' || l.peek(i) == '@'); i++ {
		verbatim = verbatim || l.peek(i) == '@'
		if l.peek(i) == '$' {
			dollars++
		}
	}
	switch {
	case c == '\'':
		return l.simple(true, false)
	case l.peek(i) != '"':
		return false
	case l.peek(i+1) == '"' && l.peek(i+2) == '"' && !verbatim:
		return l.rawCSharp(start, i, dollars)
	case dollars > 0:
		l.pos += i
		return l.formatted(start, verbatim)
	}
	l.pos += i + 1
	if verbatim {
		l.doubled(start, '"')
	} else {
		l.quoted(start, '"', true, false)
	}
	return true
}

// rawCSharp cuts a literal in three or more quotes; interpolated ones may nest and are in doubt.
func (l *lexer) rawCSharp(start, i, dollars int) bool {
	n := 0
	for l.peek(i+n) == '"' {
		n++
	}
	if dollars > 0 {
		l.exact = false
	}
	l.pos += i + n
	l.until(start, string(bytes.Repeat([]byte(`"`), n)))
	return true
}

// formatted cuts $"..." and doubts it when a hole holds a quote.
func (l *lexer) formatted(start int, verbatim bool) bool {
	from := l.pos
	l.pos++
	if verbatim {
		l.doubled(start, '"')
	} else {
		l.quoted(start, '"', true, false)
	}
	text := l.src[from:l.pos]
	if bytes.Count(text, []byte("{")) != bytes.Count(text, []byte("}")) {
		l.exact = false
	}
	return true
}

// doubled cuts a literal in which a doubled quote stands for one; pos is behind the opening quote.
func (l *lexer) doubled(start int, quote byte) {
	for l.pos < len(l.src) {
		i := bytes.IndexByte(l.src[l.pos:], quote)
		if i < 0 {
			break
		}
		l.pos += i + 1
		if l.peek(0) != quote {
			l.emit(kindString, start)
			return
		}
		l.pos++
	}
	l.pos = len(l.src)
	l.exact = false
	l.emit(kindString, start)
}

// swiftLiteral doubts bare regular expressions and interpolation in raw strings.
func swiftLiteral(l *lexer) bool {
	start := l.pos
	switch c := l.src[l.pos]; {
	case l.at("//") || l.at("/*"):
		return false
	case c == '/':
		next := l.peek(1)
		if l.gap != 0 && next != ' ' && next != '=' || l.pos == 0 || indexByte("(,=:[{", l.src[l.pos-1]) {
			return l.doubt()
		}
		return false
	case c == '"':
		if l.at(`"""`) {
			return l.templated(start, `"""`, `\(`, true, true)
		}
		return l.templated(start, `"`, `\(`, true, false)
	}
	n := 0
	for l.peek(n) == '#' && n < maxMarks {
		n++
	}
	if l.peek(n) != '"' {
		if n == maxMarks || l.peek(n) == '/' || bytes.HasPrefix(l.src[start:], []byte("#if")) {
			return l.doubt()
		}
		return false
	}
	l.pos += n + 1
	l.until(start, `"`+string(bytes.Repeat([]byte("#"), n)))
	if bytes.Contains(l.src[start:l.pos], []byte(`\#`)) || bytes.Contains(l.src[start:l.pos], []byte(`"""`)) {
		l.exact = false
	}
	return true
}
