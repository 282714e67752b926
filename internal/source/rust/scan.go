package rust

import (
	"bytes"
	"unicode/utf8"
)

// token is one token of Rust. Comments and blanks are none.
type token struct {
	kind byte   // 'i' name, 's' string, 'p' punctuation, 'n' anything else, 0 end
	text string // a name without r#, a string's content as written, punctuation ("::" is one)
	line int32
}

// is says whether the token is this punctuation.
func (t token) is(punct string) bool { return t.kind == 'p' && t.text == punct }

// name says whether the token is this name.
func (t token) name(text string) bool { return t.kind == 'i' && t.text == text }

// scanner cuts a file into tokens.
type scanner struct {
	src     []byte
	pos     int
	line    int32
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

func letter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }

func wordByte(c byte) bool { return letter(c) || c >= '0' && c <= '9' }

func (s *scanner) next() token {
	s.blank()
	if s.pos >= len(s.src) {
		return token{line: s.line}
	}
	line, from := s.line, s.pos
	switch c := s.src[s.pos]; {
	case letter(c):
		return s.word(line)
	case c >= '0' && c <= '9':
		s.skipWord()
		return token{'n', "", line}
	case c == '"':
		return token{'s', s.text(), line}
	case c == '\'':
		s.quote()
		return token{'n', "", line}
	case c == ':' && s.peek(1) == ':':
		s.pos += 2
		return token{'p', "::", line}
	}
	s.pos++
	return token{'p', string(s.src[from:s.pos]), line}
}

// blank skips white space and comments.
func (s *scanner) blank() {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == '\n':
			s.line++
			s.pos++
		case c == ' ' || c == '\t' || c == '\r' || c == '\f':
			s.pos++
		case c == '/' && s.peek(1) == '/':
			end := bytes.IndexByte(s.src[s.pos:], '\n')
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

// comment skips a block comment. They nest.
func (s *scanner) comment() {
	opened, depth := s.line, 0
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == '/' && s.peek(1) == '*':
			depth++
			s.pos++
		case c == '*' && s.peek(1) == '/':
			depth--
			s.pos++
		case c == '\n':
			s.line++
		}
		s.pos++
		if depth == 0 {
			return
		}
	}
	s.fail("a comment is not closed", opened)
}

func (s *scanner) skipWord() {
	for s.pos < len(s.src) && wordByte(s.src[s.pos]) {
		s.pos++
	}
}

// word reads a name, or a string or character with a prefix: r"", br#""#, b'x', r#name.
func (s *scanner) word(line int32) token {
	from := s.pos
	s.skipWord()
	name := string(s.src[from:s.pos])
	switch c := s.peek(0); {
	case c == '\'' && name == "b":
		s.quote()
		return token{'n', "", line}
	case c == '"' && (name == "b" || name == "c"):
		return token{'s', s.text(), line}
	case (c == '"' || c == '#') && (name == "r" || name == "br" || name == "cr"):
		if text, ok := s.raw(); ok {
			return token{'s', text, line}
		}
		if name == "r" && letter(s.peek(1)) {
			s.pos++
			from = s.pos
			s.skipWord()
			name = string(s.src[from:s.pos])
		}
	}
	return token{'i', name, line}
}

// text moves behind a string and returns what is between its quotes.
func (s *scanner) text() string {
	opened, from := s.line, s.pos+1
	for s.pos++; s.pos < len(s.src); s.pos++ {
		switch s.src[s.pos] {
		case '\n':
			s.line++
		case '"':
			s.pos++
			return string(s.src[from : s.pos-1])
		case '\\':
			s.pos++
			if s.peek(0) == '\n' {
				s.line++
			}
		}
	}
	s.pos = len(s.src)
	s.fail("a string is not closed", opened)
	return ""
}

// raw moves behind ##"..."##, false when there is none here.
func (s *scanner) raw() (string, bool) {
	hashes := 0
	for s.peek(hashes) == '#' {
		hashes++
	}
	if s.peek(hashes) != '"' {
		return "", false
	}
	from := s.pos + hashes + 1
	closing := append([]byte{'"'}, s.src[s.pos:s.pos+hashes]...)
	end := bytes.Index(s.src[from:], closing)
	if end < 0 {
		s.fail("a string is not closed", s.line)
		s.pos = len(s.src)
		return "", true
	}
	s.pos = from + end + len(closing)
	text := s.src[from : from+end]
	s.line += int32(bytes.Count(text, []byte{'\n'}))
	return string(text), true
}

// quote moves behind a character or a lifetime.
func (s *scanner) quote() {
	s.pos++
	if s.peek(0) == '\\' {
		for s.pos += 2; s.pos < len(s.src) && s.src[s.pos] != '\'' && s.src[s.pos] != '\n'; s.pos++ {
		}
		if s.peek(0) == '\'' {
			s.pos++
		}
		s.pos = min(s.pos, len(s.src))
		return
	}
	_, size := utf8.DecodeRune(s.src[min(s.pos, len(s.src)):])
	if s.peek(size) == '\'' && s.peek(0) != '\n' {
		s.pos += size + 1
		return
	}
	s.skipWord()
}
