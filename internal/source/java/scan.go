package java

import (
	"bytes"
)

// token is one token of Java or Kotlin. Comments and blanks are none.
type token struct {
	kind byte   // 'i' name, 's' string, 'p' punctuation, 'n' anything else, 0 end
	text string // a string's content as written
	line int32
}

func (t token) is(punct byte) bool { return t.kind == 'p' && t.text[0] == punct }

func (t token) name(text string) bool { return t.kind == 'i' && t.text == text }

// scanner cuts a file into tokens.
type scanner struct {
	src     []byte
	pos     int
	line    int32
	kotlin  bool
	problem string
	at      int32 // line of the problem
}

func (s *scanner) fail(message string, line int32) {
	if s.problem == "" {
		s.problem, s.at = message, line
	}
}

func (s *scanner) peek(n int) byte {
	if s.pos+n < len(s.src) {
		return s.src[s.pos+n]
	}
	return 0
}

// step moves over one byte and counts lines: they end with LF, CR or CRLF (JLS 3.4).
func (s *scanner) step() {
	if c := s.src[s.pos]; c == '\n' || c == '\r' && s.peek(1) != '\n' {
		s.line++
	}
	s.pos++
}

func letter(c byte) bool { return c == '_' || c == '$' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }

func wordByte(c byte) bool { return letter(c) || c >= '0' && c <= '9' }

func (s *scanner) next() token {
	s.blank()
	if s.pos >= len(s.src) {
		return token{line: s.line}
	}
	line, from := s.line, s.pos
	switch c := s.src[s.pos]; {
	case letter(c):
		s.skipWord()
		return token{'i', string(s.src[from:s.pos]), line}
	case c >= '0' && c <= '9':
		s.skipWord()
		return token{'n', "", line}
	case c == '"':
		return token{'s', s.text(0), line}
	case c == '\'':
		s.quoted('\'')
		return token{'n', "", line}
	case c == '`' && s.kotlin:
		if name := s.quoted('`'); name != "" {
			return token{'i', name, line}
		}
		return token{'p', "``", line} // no name; quoted has gone on
	}
	s.pos++
	return token{'p', string(s.src[from:s.pos]), line}
}

func (s *scanner) skipWord() {
	for s.pos < len(s.src) && wordByte(s.src[s.pos]) {
		s.pos++
	}
}

// blank skips white space and comments.
func (s *scanner) blank() {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == '\n' || c == ' ' || c == '\t' || c == '\r' || c == '\f':
			s.step()
		case c == '/' && s.peek(1) == '/':
			end := bytes.IndexAny(s.src[s.pos:], "\r\n")
			if end < 0 {
				end = len(s.src) - s.pos
			}
			s.pos += end
		case c == '/' && s.peek(1) == '*':
			s.comment()
		default:
			return
		}
	}
}

// comment skips a block comment. Those of Kotlin nest.
func (s *scanner) comment() {
	opened, depth := s.line, 1
	for s.pos += 2; s.pos < len(s.src); {
		switch c := s.src[s.pos]; {
		case c == '*' && s.peek(1) == '/':
			s.pos += 2
			if depth--; depth == 0 || !s.kotlin {
				return
			}
		case c == '/' && s.peek(1) == '*':
			s.pos += 2
			depth++
		default:
			s.step()
		}
	}
	s.pos = len(s.src)
	s.fail("a comment is not closed", opened)
}

// quoted moves behind a character or a name in backquotes, which end with their line at the latest.
func (s *scanner) quoted(quote byte) string {
	from := s.pos + 1
	for s.pos++; s.pos < len(s.src) && s.src[s.pos] != '\n' && s.src[s.pos] != '\r'; s.pos++ {
		switch s.src[s.pos] {
		case quote:
			s.pos++
			return string(s.src[from : s.pos-1])
		case '\\':
			if quote == '\'' && s.peek(1) != '\n' && s.peek(1) != '\r' {
				s.pos++
			}
		}
	}
	s.pos = min(s.pos, len(s.src))
	return ""
}

// maxTemplates is how many levels of strings within ${} of strings are read.
const maxTemplates = 32

// text moves behind a string or text block and returns what is between the quotes.
func (s *scanner) text(depth int) string {
	opened, block := s.line, bytes.HasPrefix(s.src[s.pos:], []byte(`"""`))
	s.pos++
	if block {
		s.pos += 2
	}
	from := s.pos
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == '"' && !block:
			s.pos++
			return string(s.src[from : s.pos-1])
		case c == '"' && bytes.HasPrefix(s.src[s.pos:], []byte(`"""`)):
			s.pos += 3
			for s.kotlin && s.peek(0) == '"' { // """a"""" ends with a quote
				s.pos++
			}
			return ""
		case c == '\\' && !(block && s.kotlin):
			s.pos++
			if s.pos < len(s.src) {
				s.step()
			}
		case c == '$' && s.kotlin && s.peek(1) == '{' && depth < maxTemplates:
			s.pos += 2
			s.template(depth + 1)
		case (c == '\n' || c == '\r') && !block:
			s.fail("a string is not closed", opened)
			return ""
		default:
			s.step()
		}
	}
	s.fail("a string is not closed", opened)
	return ""
}

// template moves behind the code of ${...} in a string of Kotlin.
func (s *scanner) template(depth int) {
	for braces := 1; s.pos < len(s.src); {
		switch c := s.src[s.pos]; {
		case c == '{':
			braces++
			s.pos++
		case c == '}':
			s.pos++
			if braces--; braces == 0 {
				return
			}
		case c == '"':
			s.text(depth)
		case c == '\'':
			s.quoted('\'')
		default:
			s.step()
		}
	}
}
