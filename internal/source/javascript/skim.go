package javascript

import "unicode/utf8"

// class is what a byte begins.
type class uint8

const (
	rare class = iota // what next looks at: templates, private names, bytes that are not ASCII
	mark              // punctuation that nothing depends on but whether an expression may begin
	space
	line // break
	letter
	digit
	quote
	dot
	slash
	bracket
)

// classes are those of bytes.
var classes = [256]class{
	' ': space, '\t': space, '\r': space, '\v': space, '\f': space, '\n': line, '"': quote, '\'': quote, '.': dot, '/': slash,
	'(': bracket, ')': bracket, '{': bracket, '}': bracket, '<': bracket, '_': letter, '$': letter,
	';': mark, ',': mark, ':': mark, '=': mark, '!': mark, '?': mark, '+': mark, '-': mark, '*': mark, '%': mark, '&': mark,
	'|': mark, '^': mark, '~': mark, '@': mark, '[': mark, ']': mark, '>': mark,
	'0': digit, '1': digit, '2': digit, '3': digit, '4': digit, '5': digit, '6': digit, '7': digit, '8': digit, '9': digit,
	'a': letter, 'b': letter, 'c': letter, 'd': letter, 'e': letter, 'f': letter, 'g': letter, 'h': letter, 'i': letter,
	'j': letter, 'k': letter, 'l': letter, 'm': letter, 'n': letter, 'o': letter, 'p': letter, 'q': letter, 'r': letter,
	's': letter, 't': letter, 'u': letter, 'v': letter, 'w': letter, 'x': letter, 'y': letter, 'z': letter,
	'A': letter, 'B': letter, 'C': letter, 'D': letter, 'E': letter, 'F': letter, 'G': letter, 'H': letter, 'I': letter,
	'J': letter, 'K': letter, 'L': letter, 'M': letter, 'N': letter, 'O': letter, 'P': letter, 'Q': letter, 'R': letter,
	'S': letter, 'T': letter, 'U': letter, 'V': letter, 'W': letter, 'X': letter, 'Y': letter, 'Z': letter,
}

// inName says that a byte goes on with a name.
func inName(c byte) bool {
	k := classes[c]
	return k == letter || k == digit || c >= utf8.RuneSelf || c == '\\'
}

// mayImport says that a name begins what the reader looks at.
func mayImport(name []byte) bool {
	switch string(name) {
	case "import", "export", "require":
		return true
	}
	return false
}

// skim passes over tokens up to a name that may import, or to the end: what take would do again and again, four times as
// fast, as no tokens are made. Most of every source is read here. What is not simple is left to next; only the kind, the
// byte and a name's text of the last token are kept, as nothing else decides what follows.
func (r *reader) skim() {
	last, dots := r.tok, 0
	if last.kind == end || last.kind == word && mayImport(last.text) {
		return
	}
	if last.is('.') {
		dots = r.dots + 1
	}
	s, src, at, number := r.scanner, r.src, r.pos, r.line
	for {
		simple := false
		if at < len(src) {
			switch c := src[at]; classes[c] {
			case space:
				at++
				continue
			case line:
				at, number = at+1, number+1
				continue
			case letter:
				to := at + 1
				for to < len(src) && inName(src[to]) {
					to++
				}
				if name := src[at:to]; len(name) < 6 || len(name) > 7 || !mayImport(name) {
					at, last.kind, last.text, dots = to, word, name, 0
					continue
				}
			case quote:
				to := at + 1
				for to < len(src) && src[to] != c && src[to] != '\\' && src[to] != '\n' {
					to++
				}
				if to < len(src) && src[to] == c {
					at, last.kind, dots = to+1, text, 0
					continue
				}
			case slash:
				if at+1 < len(src) && (src[at+1] == '/' || src[at+1] == '*') {
					s.pos, s.line = at, number
					s.blank()
					at, number = s.pos, s.line
					continue
				}
			case dot:
				if simple = !s.digitAt(at + 1); simple {
					dots++
				}
			case bracket:
				simple, dots = s.bracket(c, &last), 0
			case mark:
				simple, dots = true, 0
			}
		}
		if simple {
			last.kind, last.byte = punct, src[at]
			at++
			continue
		}
		s.pos, s.line, s.last = at, number, last
		t := s.next()
		if t.kind == end || t.kind == word && mayImport(t.text) {
			r.prev, r.tok, r.dots = last, t, dots
			return
		}
		if dots++; !t.is('.') {
			dots = 0
		}
		at, number, last = s.pos, s.line, t
	}
}

// bracket keeps count of a bracket as nest does. It is false, and nothing is counted, for one that nest has to look at.
func (s *scanner) bracket(c byte, last *token) bool {
	switch c {
	case '(':
		s.push(&s.parens, last.kind == word && controls(last.text))
	case ')':
		if n := len(s.parens); n > 0 {
			s.closed, s.parens = s.parens[n-1], s.parens[:n-1]
		}
	case '{':
		if len(s.braces) >= maxDepth {
			return false
		}
		s.braces = append(s.braces, open{block, len(s.elements)})
	case '}':
		n := len(s.braces)
		if n == 0 {
			return true
		}
		b := s.braces[n-1]
		if b.brace != block {
			return false
		}
		s.braces, s.elements = s.braces[:n-1], s.elements[:min(b.elements, len(s.elements))]
	case '<':
		return !s.jsx
	}
	return true
}
