package source

import "bytes"

// lineByLine calls one for each line, without its break, and goes to the next. One may move pos further.
func (l *lexer) lineByLine(one func(line []byte)) {
	for l.pos < len(l.src) {
		end := l.endOfLine(l.pos)
		one(l.src[l.pos:end])
		if l.pos < len(l.src) && l.src[l.pos] == '\n' {
			l.pos++
			l.line++
			l.gap |= flagNewline | flagSpace
			l.near |= flagNewline | flagSpace | flagStart
		}
	}
}

// whole emits the line that begins at pos.
func (l *lexer) whole(k kind) {
	start := l.pos
	l.pos = l.endOfLine(start)
	if k == kindComment {
		l.comment(start)
		return
	}
	l.emit(k, start)
}

func (l *lexer) skipLine() { l.pos = l.endOfLine(l.pos) }

func continued(line []byte) bool { return bytes.HasSuffix(bytes.TrimRight(line, " \t\r"), []byte(`\`)) }

// runDockerfile keeps every line that is no comment and not blank. Heredocs and another escape character are in doubt.
func runDockerfile(l *lexer) {
	if bytes.Contains(l.src, []byte("<<")) || bytes.Contains(bytes.ToLower(l.src), []byte("escape")) {
		l.exact = false
	}
	inside := false
	l.lineByLine(func(line []byte) {
		trimmed := bytes.TrimSpace(line)
		from := len(l.tokens)
		defer func() { // parser directives end at the first line that is none
			l.head = l.head && len(l.tokens) > from && l.tokens[from].kind == kindDirective
		}()
		switch {
		case len(trimmed) == 0 && !inside:
			l.skipLine()
		case len(trimmed) > 0 && trimmed[0] == '#':
			l.whole(kindComment)
		default:
			inside = continued(line)
			l.whole(kindText)
		}
	})
}

// runMakefile keeps every line but blank ones outside of rules and comments in the first column. A comment marked "##" is
// help text that targets print; a continued comment, define and .RECIPEPREFIX are in doubt.
func runMakefile(l *lexer) {
	if bytes.Contains(l.src, []byte("define")) || bytes.Contains(l.src, []byte("RECIPEPREFIX")) || bytes.Contains(l.src, []byte(".ONESHELL")) {
		l.exact = false
	}
	inside := false
	l.lineByLine(func(line []byte) {
		switch {
		case len(bytes.TrimSpace(line)) == 0 && !inside && !bytes.HasPrefix(line, []byte("\t")):
			l.skipLine()
		case len(line) > 0 && line[0] == '#' && !inside && !bytes.HasPrefix(line, []byte("##")):
			if continued(line) {
				l.exact = false
			}
			l.whole(kindComment)
		default:
			inside = continued(line)
			l.whole(kindText)
		}
	})
}

// runINI keeps every line, blank ones too, but comments in the first column. A value that goes on over lines is in doubt.
func runINI(l *lexer) {
	inside := false
	l.lineByLine(func(line []byte) {
		if len(line) > 0 && (line[0] == '#' || line[0] == ';' && l.g.name == "ini") && !inside {
			if continued(line) {
				l.exact = false
			}
			l.whole(kindComment)
			return
		}
		if bytes.Count(line, []byte(`"`))%2 == 1 || bytes.Count(line, []byte("'"))%2 == 1 || bytes.ContainsAny(line, "`\\") {
			l.exact = false
		}
		inside = continued(line)
		l.whole(kindText)
	})
}

// runYAML finds comments only; values are compared by sameYAML. What may be no YAML comment is in doubt there, not here.
func runYAML(l *lexer) {
	l.exact = l.exact && len(l.src) <= maxYAML
	block := -1
	l.lineByLine(func(line []byte) {
		trimmed := bytes.TrimLeft(line, " ")
		depth := len(line) - len(trimmed)
		if len(bytes.TrimSpace(trimmed)) == 0 {
			l.skipLine()
			return
		}
		if block >= 0 && depth > block {
			l.whole(kindText)
			return
		}
		block = -1
		text, comment := splitYAML(line)
		if blockScalar(text) {
			block = depth
		}
		start := l.pos
		if len(bytes.TrimSpace(text)) > 0 {
			l.pos = start + len(text)
			l.emit(kindText, start)
		}
		if len(comment) > 0 {
			l.pos = start + len(text)
			l.whole(kindComment)
			return
		}
		l.skipLine()
	})
}

// splitYAML cuts a line at its comment: "#" first or behind white space, outside quotes.
func splitYAML(line []byte) (text, comment []byte) {
	quote := byte(0)
	for i, c := range line {
		switch {
		case quote != 0:
			if c == quote && (quote == '\'' || !escaped(line, i)) {
				quote = 0
			}
		case (c == '"' || c == '\'') && (i == 0 || indexByte(" \t[{,:-(", line[i-1])):
			quote = c
		case c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t'):
			return line[:i], line[i:]
		}
	}
	return line, nil
}

func escaped(line []byte, i int) bool {
	n := 0
	for n < i && line[i-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// blockScalar reports whether a line ends in "|" or ">", with indicators.
func blockScalar(text []byte) bool {
	text = bytes.TrimRight(bytes.TrimRight(text, " \t\r"), "+-0123456789")
	if !bytes.HasSuffix(text, []byte("|")) && !bytes.HasSuffix(text, []byte(">")) {
		return false
	}
	return len(text) == 1 || indexByte(" \t", text[len(text)-2])
}
