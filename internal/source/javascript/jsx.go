package javascript

import "bytes"

// JSX is read as elements with children: tags with attributes, text that is no code, and { } with code in it. The scanner
// goes into the code and comes back by the brace that it left open.

// element says whether < begins a JSX element: a name or > follows, and it is no list of type parameters.
func (s *scanner) element() bool {
	rest := s.src[s.pos+1:]
	if len(rest) == 0 || rest[0] != '>' && !wordStart(rest[0]) {
		return false
	}
	n := 0
	for n < len(rest) && (wordPart(rest[n]) || rest[n] == '.' || rest[n] == '-' || rest[n] == ':') {
		n++
	}
	rest = bytes.TrimLeft(rest[n:], " \t")
	return !bytes.HasPrefix(rest, []byte(",")) && !bytes.HasPrefix(rest, []byte("extends ")) && !bytes.HasPrefix(rest, []byte("="))
}

// openElement begins an element at its <. elements counts the tags that are open in it.
func (s *scanner) openElement(t token) token {
	if len(s.elements) == maxDepth {
		s.fail("it is nested too deeply", s.line)
		s.pos = len(s.src)
		return s.finish(t)
	}
	s.elements = append(s.elements, 0)
	s.pos++
	return s.markup(t, true)
}

// markup reads on in an element, from inside a tag or among children, to its end or to the next {.
func (s *scanner) markup(t token, tag bool) token {
	for s.pos < len(s.src) {
		if s.src[s.pos] == '{' {
			return s.code(t, tag)
		}
		open := &s.elements[len(s.elements)-1]
		switch {
		case tag:
			tag = s.tagByte(open)
		default:
			tag = s.childByte(open)
		}
		if !tag && *open == 0 {
			s.elements = s.elements[:len(s.elements)-1]
			return s.finish(t)
		}
	}
	s.fail("a JSX element is not closed", t.line)
	return s.finish(t)
}

// tagByte reads on in a tag and says whether it goes on.
func (s *scanner) tagByte(open *int32) bool {
	switch c := s.src[s.pos]; {
	case c == '"' || c == '\'':
		s.attributeText(c)
	case c == '>':
		s.pos++
		*open++
		return false
	case c == '/' && s.follows("/>"):
		s.pos += 2
		return false
	case c == '/' && (s.follows("//") || s.follows("/*")):
		s.blank()
	default:
		s.advance()
	}
	return true
}

// childByte reads on among children and says whether a tag begins.
func (s *scanner) childByte(open *int32) bool {
	switch {
	case s.follows("</"):
		s.pos += 2
		for s.pos < len(s.src) && s.src[s.pos] != '>' {
			s.advance()
		}
		s.pos = min(s.pos+1, len(s.src))
		*open--
	case s.src[s.pos] == '<' && s.pos+1 < len(s.src) && (wordStart(s.src[s.pos+1]) || s.src[s.pos+1] == '>'):
		s.pos++
		return true
	default:
		s.advance()
	}
	return false
}

func (s *scanner) follows(what string) bool { return bytes.HasPrefix(s.src[s.pos:], []byte(what)) }

func (s *scanner) advance() {
	if s.src[s.pos] == '\n' {
		s.line++
	}
	s.pos++
}

// attributeText skips an attribute's text, which knows no escapes and may span lines.
func (s *scanner) attributeText(quote byte) {
	for s.advance(); s.pos < len(s.src) && s.src[s.pos] != quote; {
		s.advance()
	}
	s.pos = min(s.pos+1, len(s.src))
}

// code goes into { }.
func (s *scanner) code(t token, tag bool) token {
	b := container
	if tag {
		b = attribute
	}
	s.pos++
	s.open(b)
	t.kind, t.byte = punct, '{'
	s.last = t
	return t
}

// finish is the token of a whole element: an expression that ends here.
func (s *scanner) finish(t token) token {
	t.kind, t.text = other, nil
	s.last = t
	return t
}
