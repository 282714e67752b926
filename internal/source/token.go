package source

import "bytes"

// maxSource is the largest file that is lexed, in bytes. Larger files are never proven trivial.
const maxSource = 4 << 20

type kind uint8

const (
	kindWord      kind = iota // identifier or keyword
	kindNumber                //
	kindString                // a literal with its delimiters, or a chunk of a template
	kindPunct                 //
	kindNewline               // an end of line that is a token: Python's NEWLINE, Go's automatic semicolon
	kindIndent                // Python
	kindDedent                // Python
	kindText                  // markup text, a whole line of a line-based format, a preprocessor line
	kindComment               //
	kindDirective             // a comment that a tool acts upon: compared like code
)

type flags uint8

const (
	flagSpace   flags = 1 << iota // white space, a line break or (but in CSS) a comment before the token
	flagNewline                   // a line break before the token
	flagStart                     // first byte of its line
	flagHead                      // a directive before any code
	flagParen                     // inside parentheses (C only: macro arguments are stringified)
)

// token is a piece of source; 16 bytes, since files have many.
type token struct {
	start, end int32
	line       int32 // 1-based
	kind       kind
	flags      flags
}

// layout says what white space between tokens may mean in a language.
type layout uint8

const (
	layoutFree   layout = iota // nothing
	layoutLine                 // line breaks separate
	layoutAny                  // its presence separates; a line break is a space
	layoutSpace                // its presence and line breaks separate
	layoutIndent               // as layoutSpace, and the indentation of lines counts
	layoutMacro                // its presence counts inside parentheses (C)
	layoutASI                  // line breaks count where automatic semicolons may go (JavaScript)
)

// stream is one lexed file.
type stream struct {
	src    []byte
	tokens []token
	layout layout
	crlf   bool // the language reads CRLF as LF inside literals
	munch  bool // operators are whole tokens; else they are single bytes and their adjacency counts
	exact  bool // the lexer is sure of every token
}

func (s *stream) text(t token) []byte { return s.src[t.start:t.end] }

// is reports whether token i is exactly text. Out of range is never.
func (s *stream) is(i int, text string) bool {
	if i < 0 || i >= len(s.tokens) {
		return false
	}
	t := s.tokens[i]
	return t.kind != kindString && t.kind < kindComment && string(s.src[t.start:t.end]) == text
}

// code is s without comments and directives, sharing the source.
func (s *stream) code() *stream {
	c := *s
	c.tokens = make([]token, 0, len(s.tokens))
	for _, t := range s.tokens {
		if t.kind < kindComment {
			c.tokens = append(c.tokens, t)
		}
	}
	return &c
}

// sameCode reports whether two streams are equal but for plain comments.
func sameCode(a, b *stream) bool {
	i, j := a.next(0), b.next(0)
	last := token{kind: kindNewline}
	for i < len(a.tokens) && j < len(b.tokens) {
		x, y := a.tokens[i], b.tokens[j]
		if !sameToken(a, b, x, y) || !sameLayout(a, b, last, x, y) {
			return false
		}
		last = x
		i, j = a.next(i+1), b.next(j+1)
	}
	return i >= len(a.tokens) && j >= len(b.tokens)
}

// next is the index of the first token at or after i that is no plain comment.
func (s *stream) next(i int) int {
	for i < len(s.tokens) && s.tokens[i].kind == kindComment {
		i++
	}
	return i
}

// sameComments reports whether the plain comments of two streams are equal but for white space around them.
func sameComments(a, b *stream) bool {
	i, j := a.nextComment(0), b.nextComment(0)
	for i < len(a.tokens) && j < len(b.tokens) {
		if !bytes.Equal(bytes.TrimSpace(a.text(a.tokens[i])), bytes.TrimSpace(b.text(b.tokens[j]))) {
			return false
		}
		i, j = a.nextComment(i+1), b.nextComment(j+1)
	}
	return i >= len(a.tokens) && j >= len(b.tokens)
}

func (s *stream) nextComment(i int) int {
	for i < len(s.tokens) && s.tokens[i].kind != kindComment {
		i++
	}
	return i
}

func sameToken(a, b *stream, x, y token) bool {
	if x.kind != y.kind {
		return false
	}
	switch x.kind {
	case kindNewline, kindIndent, kindDedent:
		return true
	case kindDirective:
		const fixed = flagNewline | flagStart | flagHead
		return x.flags&fixed == y.flags&fixed && bytes.Equal(bytes.TrimRight(a.text(x), " \t\r"), bytes.TrimRight(b.text(y), " \t\r"))
	}
	s, t := a.text(x), b.text(y)
	if bytes.Equal(s, t) {
		return true
	}
	return a.crlf && x.kind == kindString && bytes.Equal(lf(s), lf(t))
}

func lf(s []byte) []byte { return bytes.ReplaceAll(s, []byte("\r\n"), []byte("\n")) }

// sameLayout reports whether the white space before x and y may be told apart by the language; last is the token before x.
func sameLayout(a, b *stream, last, x, y token) bool {
	diff := x.flags ^ y.flags
	if diff&flagSpace != 0 && touching(a, last, x) {
		return false
	}
	if x.kind == kindDirective || last.kind == kindNewline {
		return a.layout != layoutIndent || indent(a.src, x) == indent(b.src, y)
	}
	switch a.layout {
	case layoutLine:
		return diff&flagNewline == 0
	case layoutAny:
		return diff&flagSpace == 0
	case layoutSpace:
		return diff&(flagNewline|flagSpace) == 0
	case layoutIndent:
		return diff&(flagNewline|flagSpace) == 0 && (x.flags&flagNewline == 0 || indent(a.src, x) == indent(b.src, y))
	case layoutMacro:
		return x.flags&flagParen == 0 || diff&flagSpace == 0
	case layoutASI:
		return diff&flagNewline == 0 || lineBreakSafe(a.text(last), last.kind, a.text(x), x.kind)
	}
	return true
}

// touching reports whether white space between two tokens may make two of one: of letters, digits and literals ("a"_s, r"a"),
// of operators, and behind a prefix such as "@".
func touching(s *stream, last, x token) bool {
	switch {
	case last.kind == kindNewline:
		return false
	case s.munch:
		return x.kind == kindString && last.kind == kindWord
	case last.kind == kindPunct && x.kind == kindPunct:
		return operator(s.src[last.start]) && operator(s.src[x.start])
	case last.kind == kindPunct:
		return indexByte("@$#", s.src[last.start])
	}
	return x.kind != kindPunct
}

// operator reports whether c may join its neighbours to one operator.
func operator(c byte) bool { return !indexByte("(){}[];,", c) }

// indent is the white space before t on its line.
func indent(src []byte, t token) string {
	from := bytes.LastIndexByte(src[:t.start], '\n') + 1
	to := from
	for to < int(t.start) && (src[to] == ' ' || src[to] == '\t') {
		to++
	}
	return string(src[from:to])
}
