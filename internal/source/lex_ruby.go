package source

import "bytes"

// runRuby cuts Ruby by lines: a comment is a line that begins with "#". Whatever may make such a line text is in doubt:
// literals that may span lines, heredocs, percent literals, regular expressions, =begin and __END__.
func runRuby(l *lexer) {
	for _, s := range []string{"<<", "=begin", "__END__", "%w", "%i", "%q", "%Q", "%W", "%I", "%r", "%s", "%x", "%(", "%[", "%{", "%<", "%|", "%!", "%/", "`"} {
		if bytes.Contains(l.src, []byte(s)) {
			l.exact = false
		}
	}
	l.lineByLine(func(line []byte) {
		trimmed := bytes.TrimSpace(line)
		switch {
		case len(trimmed) == 0:
			l.skipLine()
		case trimmed[0] == '#':
			l.whole(kindComment)
		default:
			l.exact = l.exact && !continued(line) && closedRuby(trimmed)
			l.whole(kindText)
		}
	})
}

// closedRuby reports whether every literal of the line surely ends on it.
func closedRuby(line []byte) bool {
	quote, braces := byte(0), 0
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote != 0 && c == '\\':
			i++
		case quote == '"' && c == '{' && line[i-1] == '#':
			braces++
		case quote == '"' && c == '}':
			braces--
		case c == quote:
			if braces > 0 {
				return false
			}
			quote, braces = 0, 0
		case quote != 0:
		case c == '"' || c == '\'':
			if i > 0 && indexByte("?$%", line[i-1]) {
				return false
			}
			quote = c
		case c == '/':
			return false
		}
	}
	return quote == 0
}
