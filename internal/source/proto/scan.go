package proto

import "bytes"

// token is one token of Protocol Buffers. Comments and blanks are none.
type token struct {
	kind byte   // 'i' a name, with its dots; 's' string, 'p' punctuation, 0 end
	text string // a string's content as written
	line int32
}

func (t token) is(punct byte) bool { return t.kind == 'p' && t.text[0] == punct }

// scanner cuts a file into tokens.
type scanner struct {
	src     []byte
	pos     int
	line    int32
	problem string
	at      int32 // line of the problem
}

func (s *scanner) fail(message string) {
	if s.problem == "" {
		s.problem, s.at = message, s.line
	}
}

func wordByte(c byte) bool {
	return c == '_' || c == '.' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c >= 0x80
}

func (s *scanner) next() token {
	s.blank()
	if s.pos >= len(s.src) {
		return token{line: s.line}
	}
	line, from := s.line, s.pos
	switch c := s.src[s.pos]; {
	case wordByte(c):
		for s.pos < len(s.src) && wordByte(s.src[s.pos]) {
			s.pos++
		}
		return token{'i', string(s.src[from:s.pos]), line}
	case c == '"' || c == '\'':
		return token{'s', s.text(c), line}
	}
	s.pos++
	return token{'p', string(s.src[from:s.pos]), line}
}

// blank skips white space and comments.
func (s *scanner) blank() {
	for s.pos < len(s.src) {
		rest := s.src[s.pos:]
		switch {
		case rest[0] == '\n':
			s.line++
			s.pos++
		case rest[0] == ' ' || rest[0] >= '\t' && rest[0] <= '\r':
			s.pos++
		case bytes.HasPrefix(rest, []byte("//")):
			s.skip(rest, bytes.IndexByte(rest, '\n'), 0)
		case bytes.HasPrefix(rest, []byte("/*")):
			end := bytes.Index(rest[2:], []byte("*/"))
			if end < 0 {
				s.fail("a comment is not closed")
			}
			s.skip(rest[2:], end, 4)
		default:
			return
		}
	}
}

// skip moves over n bytes and what is around them, to the end when n is negative.
func (s *scanner) skip(rest []byte, n, around int) {
	if n < 0 {
		s.pos = len(s.src)
		return
	}
	s.line += int32(bytes.Count(rest[:n], []byte{'\n'}))
	s.pos += n + around
}

// text moves behind a string, which ends with its line at the latest.
func (s *scanner) text(quote byte) string {
	from := s.pos + 1
	for s.pos++; s.pos < len(s.src) && s.src[s.pos] != '\n'; s.pos++ {
		switch s.src[s.pos] {
		case quote:
			s.pos++
			return string(s.src[from : s.pos-1])
		case '\\':
			if s.pos+1 < len(s.src) && s.src[s.pos+1] != '\n' {
				s.pos++
			}
		}
	}
	s.pos = min(s.pos, len(s.src))
	s.fail("a string is not closed")
	return ""
}
