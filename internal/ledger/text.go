package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Canonical JSON of this format: no white space, and every string in exactly one spelling, which is safe to print.

const hexDigits = "0123456789abcdef"

// escaped says that a rune is written as \uXXXX: controls, and what would hide or reorder text on a screen.
func escaped(c rune) bool {
	switch {
	case c < 0x20, c >= 0x7f && c <= 0x9f:
		return true
	case c >= 0x200b && c <= 0x200f, c >= 0x2028 && c <= 0x202e, c >= 0x2060 && c <= 0x206f, c == 0xfeff:
		return true
	}
	return false
}

// short returns the letter behind the backslash for a rune with a short escape, else 0.
func short(c rune) byte {
	if at := strings.IndexRune("\"\\\b\f\n\r\t", c); at >= 0 {
		return `"\bfnrt`[at]
	}
	return 0
}

// appendText writes a string. What is no UTF-8 becomes U+FFFD.
func appendText(dst []byte, text string) []byte {
	dst = append(dst, '"')
	for _, c := range text {
		switch letter := short(c); {
		case letter != 0:
			dst = append(dst, '\\', letter)
		case escaped(c):
			dst = append(dst, '\\', 'u', hexDigits[c>>12], hexDigits[c>>8&15], hexDigits[c>>4&15], hexDigits[c&15])
		default:
			dst = utf8.AppendRune(dst, c)
		}
	}
	return append(dst, '"')
}

// canonical rewrites any JSON text in the canonical form. Keys keep their order, numbers their digits.
func canonical(text []byte) ([]byte, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return nil, err
	}
	var out []byte
	for rest := compact.Bytes(); len(rest) > 0; {
		start := bytes.IndexByte(rest, '"')
		if start < 0 {
			return append(out, rest...), nil
		}
		end := start + 1
		for ; rest[end] != '"'; end++ {
			if rest[end] == '\\' {
				end++
			}
		}
		var value string
		if err := json.Unmarshal(rest[start:end+1], &value); err != nil {
			return nil, err
		}
		out = appendText(append(out, rest[:start]...), value)
		rest = rest[end+1:]
	}
	return out, nil
}

// scanner reads canonical JSON and refuses every other spelling.
type scanner struct {
	data string
	at   int
}

var errCanonical = errors.New("not canonical JSON")

func (s *scanner) fail(what string) error {
	return fmt.Errorf("column %d: %w: %s", s.at+1, errCanonical, what)
}

// literal takes text if it comes next.
func (s *scanner) literal(text string) bool {
	if strings.HasPrefix(s.data[s.at:], text) {
		s.at += len(text)
		return true
	}
	return false
}

func (s *scanner) peek() byte {
	if s.at < len(s.data) {
		return s.data[s.at]
	}
	return 0
}

// text reads a string.
func (s *scanner) text() (string, error) {
	raw, plain, err := s.rawText()
	if err != nil || plain {
		return raw, err
	}
	var value string
	if err := json.Unmarshal([]byte(`"`+raw+`"`), &value); err != nil {
		return "", s.fail(err.Error())
	}
	return value, nil
}

// rawText reads a string and returns what stands between the quotes, and whether it stands for itself.
func (s *scanner) rawText() (raw string, plain bool, err error) {
	if !s.literal(`"`) {
		return "", false, s.fail("want a string")
	}
	start, plain := s.at, true
	for s.at < len(s.data) {
		switch c := s.data[s.at]; {
		case c == '"':
			s.at++
			return s.data[start : s.at-1], plain, nil
		case c == '\\':
			plain = false
			if err := s.escape(); err != nil {
				return "", false, err
			}
		case c >= 0x20 && c < 0x7f:
			s.at++
		default:
			c, size := utf8.DecodeRuneInString(s.data[s.at:])
			if c == utf8.RuneError && size == 1 || escaped(c) {
				return "", false, s.fail("a byte that must be escaped")
			}
			s.at += size
		}
	}
	return "", false, s.fail("a string without an end")
}

// escape reads one escape in its only spelling.
func (s *scanner) escape() error {
	rest := s.data[s.at:]
	if len(rest) > 1 && strings.IndexByte(`"\bfnrt`, rest[1]) >= 0 {
		s.at += 2
		return nil
	}
	if len(rest) < 6 || rest[1] != 'u' {
		return s.fail("an escape of another spelling")
	}
	var c rune
	for i := 2; i < 6; i++ {
		digit := strings.IndexByte(hexDigits, rest[i])
		if digit < 0 {
			return s.fail("an escape of another spelling")
		}
		c = c<<4 | rune(digit)
	}
	if !escaped(c) || short(c) != 0 {
		return s.fail("an escape of what needs none")
	}
	s.at += 6
	return nil
}

// value reads one value of any type.
func (s *scanner) value(depth int) error {
	if depth > depthLimit {
		return s.fail(fmt.Sprintf("nested deeper than %d", depthLimit))
	}
	switch c := s.peek(); {
	case c == '{':
		return s.object(depth)
	case c == '[':
		return s.array(depth)
	case c == '"':
		_, _, err := s.rawText()
		return err
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case s.literal("true"), s.literal("false"), s.literal("null"):
		return nil
	}
	return s.fail("want a value")
}

func (s *scanner) array(depth int) error {
	s.at++
	if s.literal("]") {
		return nil
	}
	for {
		if err := s.value(depth + 1); err != nil {
			return err
		}
		if s.literal("]") {
			return nil
		}
		if !s.literal(",") {
			return s.fail("want , or ]")
		}
	}
}

// object refuses a key that comes twice: two readers could take two values.
func (s *scanner) object(depth int) error {
	s.at++
	if s.literal("}") {
		return nil
	}
	var keys keySet
	for {
		key, _, err := s.rawText()
		if err != nil {
			return err
		}
		if !keys.add(key) {
			return s.fail(fmt.Sprintf("the key %q comes twice", key))
		}
		if !s.literal(":") {
			return s.fail("want :")
		}
		if err := s.value(depth + 1); err != nil {
			return err
		}
		if s.literal("}") {
			return nil
		}
		if !s.literal(",") {
			return s.fail("want , or }")
		}
	}
}

// keySet is a set that costs nothing while it is small.
type keySet struct {
	few  []string
	many map[string]bool
}

func (k *keySet) add(key string) bool {
	if k.many != nil {
		known := k.many[key]
		k.many[key] = true
		return !known
	}
	for _, other := range k.few {
		if other == key {
			return false
		}
	}
	if k.few = append(k.few, key); len(k.few) > 16 {
		k.many = map[string]bool{}
		for _, other := range k.few {
			k.many[other] = true
		}
	}
	return true
}

func (s *scanner) digits() bool {
	start := s.at
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.at++
	}
	return s.at > start
}

// number reads a number by the grammar of RFC 8259, section 6.
func (s *scanner) number() error {
	s.literal("-")
	if !s.literal("0") && !s.digits() {
		return s.fail("want a digit")
	}
	if s.literal(".") && !s.digits() {
		return s.fail("want a digit")
	}
	if s.literal("e") || s.literal("E") {
		if !s.literal("-") {
			s.literal("+")
		}
		if !s.digits() {
			return s.fail("want a digit")
		}
	}
	return nil
}
