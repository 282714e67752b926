package source

import "bytes"

// shell is the state of the shell lexer: what is open, and the heredocs that wait for the end of the line.
type shell struct {
	*lexer
	open    []byte // ')' for $( and (, '}' for ${, '"' for double quotes, '`' for backquotes, ']' for $((
	pending []heredoc
}

type heredoc struct {
	id   string
	tabs bool
}

// runShell cuts POSIX shell and bash. It doubts case inside of substitutions, regular expressions and nested backquotes.
func runShell(l *lexer) {
	s := &shell{lexer: l}
	for l.pos < len(l.src) {
		s.step()
	}
	if len(s.open) > 0 || len(s.pending) > 0 {
		l.exact = false
	}
}

func (s *shell) step() {
	if len(s.pending) > 0 && s.src[s.pos] == '\n' && s.top() != '"' {
		s.bodies()
		return
	}
	if s.space() {
		return
	}
	s.piece()
}

func (s *shell) top() byte {
	if len(s.open) == 0 {
		return 0
	}
	return s.open[len(s.open)-1]
}

// space stops at a line break for which a heredoc waits.
func (s *shell) space() bool {
	c := s.src[s.pos]
	if c == '\n' || c == ' ' || c == '\t' || c == '\r' {
		start := s.pos
		s.pos++
		s.gap |= flagSpace
		s.near = s.near&^flagStart | flagSpace
		if c == '\n' {
			s.line++
			s.gap |= flagNewline
			s.near |= flagNewline | flagStart
		}
		return s.pos > start
	}
	return false
}

// piece cuts a comment, an operator, or a word with all its quoted and substituted parts.
func (s *shell) piece() {
	start := s.pos
	switch c := s.src[s.pos]; {
	case c == '#':
		s.exact = s.exact && (s.gap != 0 || start == 0) // (#q is a glob flag in zsh
		s.lineComment()
	case s.at("<<<"):
		s.pos += 3
		s.emit(kindPunct, start)
	case s.at("<<"):
		s.redirect()
	case indexByte(";&|<>()", c):
		s.pos++
		s.exact = s.exact && !s.at("(") // (( and friends: arithmetic
		s.emit(kindPunct, start)
	default:
		s.shellWord()
	}
}

// redirect notes a heredoc: its body follows the line.
func (s *shell) redirect() {
	start := s.pos
	s.pos += 2
	h := heredoc{tabs: s.peek(0) == '-'}
	if h.tabs {
		s.pos++
	}
	s.emit(kindPunct, start)
	for s.peek(0) == ' ' || s.peek(0) == '\t' {
		s.space()
	}
	start = s.pos
	for s.pos < len(s.src) && (isWord(s.src[s.pos]) || indexByte("'\"\\-.", s.src[s.pos])) {
		s.pos++
	}
	h.id = string(bytes.Trim(s.src[start:s.pos], `'"\`))
	if h.id == "" || bytes.ContainsAny([]byte(h.id), `'"\`) {
		s.exact = false
		return
	}
	s.emit(kindWord, start)
	s.pending = append(s.pending, h)
}

// bodies cuts the heredocs that the line at pos announced, as one literal.
func (s *shell) bodies() {
	start := s.pos
	for _, h := range s.pending {
		s.body(h)
	}
	s.pending = nil
	s.emit(kindString, start)
}

func (s *shell) body(h heredoc) {
	for s.pos < len(s.src) {
		from := s.pos + 1
		s.pos = s.endOfLine(min(from, len(s.src)))
		line := s.src[min(from, s.pos):s.pos]
		if h.tabs {
			line = bytes.TrimLeft(line, "\t")
		}
		if string(line) == h.id {
			return
		}
	}
	s.exact = false
}

// shellWord cuts a word; quotes and substitutions inside may hold anything, so they are kept to the byte.
func (s *shell) shellWord() {
	start := s.pos
	for s.pos < len(s.src) {
		c := s.src[s.pos]
		if len(s.open) == 0 && indexByte(" \t\r\n;&|<>()", c) {
			break
		}
		s.wordByte(c, start)
	}
	if len(s.open) > 0 {
		s.exact, s.open = false, nil
	}
	if string(s.src[start:s.pos]) == "=~" {
		s.exact = false // a pattern follows, by rules of its own
	}
	k := kindWord
	if bytes.ContainsAny(s.src[start:s.pos], "'\"`\n") {
		k = kindString
	}
	s.emit(k, start)
}

func (s *shell) wordByte(c byte, start int) {
	top := s.top()
	switch {
	case c == '\\':
		s.pos = min(s.pos+2, len(s.src))
		return
	case c == '\'' && top != '"':
		s.pos++
		i := bytes.IndexByte(s.src[s.pos:], '\'')
		if i < 0 || s.pos-2 >= start && s.src[s.pos-2] == '$' || top == '}' {
			s.exact = false
		}
		if i < 0 {
			i = len(s.src) - s.pos - 1
		}
		s.pos += i + 1
		return
	case top != 0 && c == top:
		s.open = s.open[:len(s.open)-1]
	case c == '"':
		s.open = append(s.open, '"')
	case c == '`':
		s.open = append(s.open, '`')
	case c == '$' && s.peek(1) == '(':
		s.open = append(s.open, ')')
		s.pos++
	case c == '$' && s.peek(1) == '{':
		s.open = append(s.open, '}')
		s.pos++
	case c == '(' && top == ')':
		s.open = append(s.open, ')')
	case (top == ')' || top == '`') && (c == '#' && !isWord(s.src[s.pos-1]) || s.at("case ") || s.at("<<") && !s.at("<<<")):
		s.exact = false // a comment, a pattern's parenthesis or a heredoc inside of a substitution
	}
	s.pos++
}
