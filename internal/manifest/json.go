package manifest

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ParseJSON reads a JSON file (RFC 8259) the way ParseYAML reads YAML: same values, same positions, same bounds, and a key
// that is there twice is refused. The result is one document, with Err set when the file cannot be read.
func ParseJSON(path string, data []byte) *YAMLDocument {
	doc := &YAMLDocument{Path: path, Line: 1}
	text, diag := checkText(path, data)
	if diag == nil {
		p := jsonParser{path: path, data: string(text), cursor: cursor{Position: Position{1, 1}}, levels: MaxDepth}
		doc.root, diag = p.parse()
	}
	if diag != nil {
		doc.Err, doc.root = diag, node{}
		return doc
	}
	doc.Value, doc.Line = doc.root.value, doc.root.at.Line
	return doc
}

// cursor knows the line and column of an offset; it only moves forward, so a file is counted once.
type cursor struct {
	Position
	offset int
}

type jsonParser struct {
	path   string
	data   string
	at     int
	cursor cursor
	levels int // deepest nesting allowed
}

// jsonError leaves the parser from any depth; it never leaves parse.
type jsonError struct {
	offset  int
	message string
}

func (e *jsonError) Error() string { return e.message }

func (p *jsonParser) parse() (node, *Diagnostic) {
	root, fault := p.value(0)
	if fault == nil {
		p.space()
		if p.at < len(p.data) {
			fault = p.fail("text after the end of the document")
		}
	}
	if fault == nil {
		return root, nil
	}
	at := positionOf([]byte(p.data), fault.offset)
	return node{}, &Diagnostic{Path: p.path, Line: at.Line, Column: at.Column, Message: fault.message}
}

func (p *jsonParser) fail(format string, args ...any) *jsonError {
	return &jsonError{offset: p.at, message: fmt.Sprintf(format, args...)}
}

func (p *jsonParser) space() {
	for p.at < len(p.data) && strings.IndexByte(" \t\r\n", p.data[p.at]) >= 0 {
		p.at++
	}
}

// here is the place of the next character.
func (p *jsonParser) here() Position {
	for p.cursor.offset < p.at {
		if p.data[p.cursor.offset] == '\n' {
			p.cursor.Line++
			p.cursor.Column = 0
		}
		if p.data[p.cursor.offset]&0xc0 != 0x80 {
			p.cursor.Column++
		}
		p.cursor.offset++
	}
	return p.cursor.Position
}

func (p *jsonParser) value(depth int) (node, *jsonError) {
	p.space()
	if p.at >= len(p.data) {
		return node{}, p.fail("the file ends where a value is expected")
	}
	if depth > p.levels {
		return node{}, p.fail("nested more than %d levels deep", p.levels)
	}
	out := node{at: p.here(), size: 1}
	var fault *jsonError
	switch c := p.data[p.at]; {
	case c == '{':
		fault = p.object(&out, depth)
	case c == '[':
		fault = p.array(&out, depth)
	case c == '"':
		out.value, fault = p.text()
	case c == '-' || c >= '0' && c <= '9':
		out.value, fault = p.number()
	default:
		out.value, fault = p.literal()
	}
	return out, fault
}

func (p *jsonParser) object(out *node, depth int) *jsonError {
	out.kind = mapping
	values := map[string]any{}
	fault := p.list('}', func() *jsonError {
		keyAt := p.here()
		start := p.at
		if p.data[p.at] != '"' {
			return p.fail("expected a key in double quotes")
		}
		key, fault := p.text()
		if fault != nil {
			return fault
		}
		if _, twice := values[key]; twice {
			p.at = start
			return p.fail("key %q is here twice; the first one is on line %d", key, out.member(key).keyAt.Line)
		}
		p.space()
		if !p.eat(':') {
			return p.fail("expected \":\" after key %q", key)
		}
		child, fault := p.value(depth + 1)
		if fault != nil {
			return fault
		}
		child.key, child.keyAt = key, keyAt
		out.add(child, values)
		return nil
	})
	out.value = values
	return fault
}

func (p *jsonParser) array(out *node, depth int) *jsonError {
	out.kind = sequence
	list := []any{}
	fault := p.list(']', func() *jsonError {
		child, fault := p.value(depth + 1)
		if fault == nil {
			out.grow(child)
			list = append(list, child.value)
		}
		return fault
	})
	out.value = list
	return fault
}

// list reads an opening bracket, items with commas between, and the closing bracket.
func (p *jsonParser) list(closing byte, item func() *jsonError) *jsonError {
	p.at++
	p.space()
	if p.eat(closing) {
		return nil
	}
	for {
		p.space()
		if p.at >= len(p.data) {
			return p.fail("the file ends before %q", closing)
		}
		if fault := item(); fault != nil {
			return fault
		}
		p.space()
		if p.eat(closing) {
			return nil
		}
		if !p.eat(',') {
			return p.fail("expected \",\" or %q", closing)
		}
	}
}

func (p *jsonParser) eat(c byte) bool {
	if p.at < len(p.data) && p.data[p.at] == c {
		p.at++
		return true
	}
	return false
}

var literals = []struct {
	text  string
	value any
}{{"true", true}, {"false", false}, {"null", nil}}

func (p *jsonParser) literal() (any, *jsonError) {
	rest := p.data[p.at:]
	for _, word := range literals {
		if strings.HasPrefix(rest, word.text) {
			p.at += len(word.text)
			return word.value, nil
		}
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return nil, p.fail("a value cannot start with %q", r)
}

func (p *jsonParser) number() (any, *jsonError) {
	start := p.at
	for p.at < len(p.data) && strings.IndexByte("+-.0123456789eE", p.data[p.at]) >= 0 {
		p.at++
	}
	text := p.data[start:p.at]
	if !isJSONNumber(text) {
		p.at = start
		return nil, p.fail("%q is no JSON number", clip(text))
	}
	v, ok := number(text)
	if !ok {
		p.at = start
		return nil, p.fail("number %s is too large", clip(text))
	}
	return v, nil
}

// isJSONNumber is stricter than YAML: no leading zeros or plus sign, digits on both sides of the point.
func isJSONNumber(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	whole := span(digits)
	if whole == 0 || whole > 1 && digits[0] == '0' || s[0] == '+' {
		return false
	}
	if rest := digits[whole:]; strings.HasPrefix(rest, ".") && span(rest[1:]) == 0 {
		return false
	}
	return isFloat(s)
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:37] + "..."
	}
	return s
}

func (p *jsonParser) text() (string, *jsonError) {
	p.at++
	start := p.at
	for p.at < len(p.data) {
		switch c := p.data[p.at]; {
		case c == '"':
			p.at++
			return p.data[start : p.at-1], nil
		case c == '\\':
			return p.escapedText(start)
		case c < 0x20:
			return "", p.fail("a string cannot hold a raw control character; write \\u%04x", c)
		}
		p.at++
	}
	p.at = start - 1
	return "", p.fail("this string has no closing quote")
}

func (p *jsonParser) escapedText(start int) (string, *jsonError) {
	var b strings.Builder
	b.WriteString(p.data[start:p.at])
	for p.at < len(p.data) {
		switch c := p.data[p.at]; {
		case c == '"':
			p.at++
			return b.String(), nil
		case c < 0x20:
			return "", p.fail("a string cannot hold a raw control character; write \\u%04x", c)
		case c == '\\':
			r, n := unescape(p.data[p.at:])
			if n == 0 {
				return "", p.fail("unknown escape %q in a string", clip(p.data[p.at:min(p.at+2, len(p.data))]))
			}
			b.WriteRune(r)
			p.at += n
		default:
			b.WriteByte(c)
			p.at++
		}
	}
	p.at = start - 1
	return "", p.fail("this string has no closing quote")
}

// unescape reads one escape sequence and says how many bytes it took, 0 when it is none. A lone surrogate is U+FFFD.
func unescape(s string) (rune, int) {
	if len(s) < 2 {
		return 0, 0
	}
	if i := strings.IndexByte(`"\/bfnrt`, s[1]); i >= 0 {
		return rune("\"\\/\b\f\n\r\t"[i]), 2
	}
	r, ok := hexEscape(s)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(r) {
		low, ok := hexEscape(s[6:])
		if full := utf16.DecodeRune(r, low); ok && full != utf8.RuneError {
			return full, 12
		}
		return utf8.RuneError, 6
	}
	return r, 6
}

func hexEscape(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	v, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(v), err == nil && s[2] != '+'
}
