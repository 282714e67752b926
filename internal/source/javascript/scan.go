package javascript

import (
	"bytes"
	"unicode/utf8"
)

// kind is what a token is.
type kind uint8

const (
	end   kind = iota
	word       // identifier, keyword or private name
	text       // string, or template without substitutions: token.text is its content
	other      // template with substitutions, number, regular expression, JSX element: the end of an expression
	punct      // one byte of punctuation
)

// token is one token. text shares the source's memory.
type token struct {
	kind kind
	byte byte // of punct
	line int32
	text []byte
}

func (t *token) is(c byte) bool         { return t.kind == punct && t.byte == c }
func (t *token) named(name string) bool { return t.kind == word && string(t.text) == name }

// scanner cuts a source into tokens. It never fails: what is not closed ends with its line or with the file.
type scanner struct {
	src      []byte
	pos      int
	line     int32
	jsx      bool
	last     token  // decides between division, a regular expression and JSX
	parens   []bool // for each open parenthesis: it follows if, while, for or with
	closed   bool   // the parenthesis that was closed last was such a one
	braces   []open
	elements []int32 // for each JSX expression being read, how many of its tags are open
	problem  string
	at       int32 // line of problem
}

// brace is what an open { belongs to.
type brace uint8

const (
	block     brace = iota
	template        // ${ in a template: } goes on with the template
	container       // { in JSX: } goes on with the element's children
	attribute       // { in a JSX tag: } goes on with the tag
)

// open is an open { and how many JSX expressions were being read around it.
type open struct {
	brace
	elements int
}

// maxDepth bounds open braces, parentheses and JSX elements; what nests deeper is no source that people wrote.
const maxDepth = 10_000

func newScanner(src []byte, jsx bool) *scanner {
	s := &scanner{src: bytes.TrimPrefix(src, []byte("\xef\xbb\xbf")), line: 1, jsx: jsx}
	if bytes.HasPrefix(s.src, []byte("#!")) {
		s.toLineEnd()
	}
	return s
}

func (s *scanner) fail(message string, line int32) {
	if s.problem == "" {
		s.problem, s.at = message, line
	}
}

// next returns the next token.
func (s *scanner) next() token {
	s.blank()
	t := token{line: s.line}
	if s.pos >= len(s.src) {
		s.last = t
		return t
	}
	switch c := s.src[s.pos]; {
	case wordStart(c) || c == '#' || c == '\\':
		t.kind, t.text = word, s.name()
	case c == '"' || c == '\'':
		t.kind = text
		t.text = s.quoted(c)
	case c == '`':
		s.pos++
		t.kind, t.text = s.templatePart(true)
	case c >= '0' && c <= '9' || c == '.' && s.digitAt(s.pos+1):
		t.kind = other
		s.number()
	case c == '/' && s.operand():
		t.kind = other
		s.regexp()
	case c == '<' && s.jsx && s.operand() && s.element():
		return s.openElement(t)
	default:
		t.kind, t.byte = punct, c
		s.pos++
		if done, tok := s.nest(&t); done {
			return tok
		}
	}
	s.last = t
	return t
}

// nest keeps count of brackets. It returns true with another token when a } goes on with what surrounds it.
func (s *scanner) nest(t *token) (bool, token) {
	switch t.byte {
	case '(':
		s.push(&s.parens, s.last.kind == word && controls(s.last.text))
	case ')':
		if n := len(s.parens); n > 0 {
			s.closed, s.parens = s.parens[n-1], s.parens[:n-1]
		}
	case '{':
		s.open(block)
	case '}':
		n := len(s.braces)
		if n == 0 {
			return false, token{}
		}
		b := s.braces[n-1]
		s.braces = s.braces[:n-1]
		s.elements = s.elements[:min(b.elements, len(s.elements))] // what was left open inside is over
		return s.resume(b.brace, t)
	}
	return false, token{}
}

func (s *scanner) push(stack *[]bool, value bool) {
	if len(*stack) < maxDepth {
		*stack = append(*stack, value)
	}
}

func (s *scanner) open(b brace) {
	if len(s.braces) < maxDepth {
		s.braces = append(s.braces, open{b, len(s.elements)})
		return
	}
	s.fail("it is nested too deeply", s.line)
	s.pos = len(s.src)
}

// resume goes on with what a closing brace interrupted.
func (s *scanner) resume(b brace, t *token) (bool, token) {
	switch b {
	case template:
		t.kind, t.text = s.templatePart(false)
	case container, attribute:
		return true, s.markup(*t, b == attribute)
	default:
		return false, token{}
	}
	s.last = *t
	return true, *t
}

// controls are the words whose parentheses are followed by a statement.
func controls(name []byte) bool {
	switch string(name) {
	case "if", "while", "for", "with":
		return true
	}
	return false
}

// operand says whether an expression may begin here: then / begins a regular expression and < an element.
func (s *scanner) operand() bool {
	switch s.last.kind {
	case end:
		return true
	case text, other:
		return false
	case word:
		switch string(s.last.text) {
		case "return", "typeof", "instanceof", "in", "of", "new", "delete", "void", "throw", "case", "do", "else", "yield", "await", "default", "extends":
			return true
		}
		return false
	}
	switch s.last.byte {
	case ')':
		return s.closed
	case ']':
		return false
	}
	return true
}

// blank skips spaces and comments.
func (s *scanner) blank() {
	for s.pos < len(s.src) {
		switch c := s.src[s.pos]; {
		case c == '\n':
			s.line++
			s.pos++
		case c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f':
			s.pos++
		case c == '/' && s.pos+1 < len(s.src) && s.src[s.pos+1] == '/':
			s.toLineEnd()
		case c == '/' && s.pos+1 < len(s.src) && s.src[s.pos+1] == '*':
			s.comment()
		case c >= utf8.RuneSelf && s.space():
		default:
			return
		}
	}
}

// space skips a no-break space, a byte order mark or a line separator.
func (s *scanner) space() bool {
	r, size := utf8.DecodeRune(s.src[s.pos:])
	switch r {
	case '\u00a0', '\ufeff', '\u2028', '\u2029':
		s.pos += size
		return true
	}
	return false
}

func (s *scanner) toLineEnd() {
	if i := bytes.IndexByte(s.src[s.pos:], '\n'); i >= 0 {
		s.pos += i
		return
	}
	s.pos = len(s.src)
}

func (s *scanner) comment() {
	i := bytes.Index(s.src[s.pos+2:], []byte("*/"))
	if i < 0 {
		s.fail("a comment is not closed", s.line)
		s.pos = len(s.src)
		return
	}
	body := s.src[s.pos : s.pos+2+i]
	s.line += int32(bytes.Count(body, []byte{'\n'}))
	s.pos += 2 + i + 2
}

func wordStart(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '$' || c >= utf8.RuneSelf
}

func wordPart(c byte) bool { return wordStart(c) || c >= '0' && c <= '9' }

func (s *scanner) name() []byte {
	from := s.pos
	for s.pos++; s.pos < len(s.src) && (wordPart(s.src[s.pos]) || s.src[s.pos] == '\\'); s.pos++ {
	}
	return s.src[from:s.pos]
}

func (s *scanner) digitAt(i int) bool { return i < len(s.src) && s.src[i] >= '0' && s.src[i] <= '9' }

// number skips digits, letters, dots and the sign of an exponent.
func (s *scanner) number() {
	for ; s.pos < len(s.src); s.pos++ {
		c := s.src[s.pos]
		sign := (c == '+' || c == '-') && s.src[s.pos-1]|0x20 == 'e'
		if !wordPart(c) && c != '.' && !sign {
			return
		}
	}
}

// quoted reads a string from its opening quote. One that is not closed ends with its line.
func (s *scanner) quoted(quote byte) []byte {
	s.pos++
	from := s.pos
	for ; s.pos < len(s.src); s.pos++ {
		switch c := s.src[s.pos]; {
		case c == quote:
			s.pos++
			return s.src[from : s.pos-1]
		case c == '\\':
			s.pos++
			if s.pos < len(s.src) && s.src[s.pos] == '\n' {
				s.line++
			}
		case c == '\n':
			return s.src[from:s.pos]
		}
	}
	s.pos = min(s.pos, len(s.src))
	return s.src[from:s.pos]
}

// templatePart reads a template up to its end or the next ${. Only a whole template without substitutions is a text.
func (s *scanner) templatePart(whole bool) (kind, []byte) {
	from, line := s.pos, s.line
	for ; s.pos < len(s.src); s.pos++ {
		switch c := s.src[s.pos]; {
		case c == '`':
			content := s.src[from:s.pos]
			s.pos++
			if whole {
				return text, content
			}
			return other, nil
		case c == '\\':
			s.pos++
			if s.pos < len(s.src) && s.src[s.pos] == '\n' {
				s.line++
			}
		case c == '\n':
			s.line++
		case c == '$' && s.pos+1 < len(s.src) && s.src[s.pos+1] == '{':
			s.pos += 2
			s.open(template)
			return punct, nil
		}
	}
	s.pos = min(s.pos, len(s.src))
	s.fail("a template is not closed", line)
	return other, nil
}

// regexp skips a regular expression and its flags. One that is not closed was a division: it ends at once.
func (s *scanner) regexp() {
	from, class := s.pos, false
	for s.pos++; s.pos < len(s.src); s.pos++ {
		switch c := s.src[s.pos]; {
		case c == '\n':
			s.pos = from + 1
			return
		case c == '\\':
			s.pos++
			if s.pos < len(s.src) && s.src[s.pos] == '\n' {
				s.pos = from + 1
				return
			}
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			s.pos++
			for s.pos < len(s.src) && wordPart(s.src[s.pos]) {
				s.pos++
			}
			return
		}
	}
	s.pos = from + 1
}
