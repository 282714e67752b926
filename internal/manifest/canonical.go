package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// CanonicalJSON encodes v in the one form that adamant hashes and signs: RFC 8785 without floats. Keys are sorted bytewise
// as UTF-8, there is no white space and no newline at the end, strings escape only what JSON demands (", \ and control
// characters), and numbers are integers: a number with a fraction or an exponent is an error, because it would not mean
// the same to every reader. v is first encoded by encoding/json, so its tags and MarshalJSON methods count.
func CanonicalJSON(v any) ([]byte, error) { return canonicalJSON(v, false) }

// CanonicalDocument is CanonicalJSON for values that hold other people's documents: a fraction that was read from a file is
// kept, in the shortest form that reads back as the same float64.
func CanonicalDocument(v any) ([]byte, error) { return canonicalJSON(v, true) }

func canonicalJSON(v any, fractions bool) ([]byte, error) {
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode as canonical JSON: %w", err)
	}
	c := canon{jsonParser: jsonParser{data: raw.String(), levels: 5 * MaxDepth}, // documents lie within documents
		out: make([]byte, 0, raw.Len()), fractions: fractions}
	if err := c.value(0); err != nil {
		return nil, fmt.Errorf("encode as canonical JSON: %w", err)
	}
	return c.out, nil
}

// canon rewrites the JSON of encoding/json, member by member, without making values of it.
type canon struct {
	jsonParser
	out       []byte
	spare     []byte
	fractions bool
}

func (c *canon) value(depth int) error {
	if depth > c.levels {
		return c.fail("nested more than %d levels deep", c.levels)
	}
	c.space()
	switch c.data[c.at] { // encoding/json wrote a value here
	case '{':
		return c.object(depth)
	case '[':
		return c.array(depth)
	case '"':
		_, err := c.string()
		return err
	case 't', 'f', 'n':
		end := c.at
		for end < len(c.data) && c.data[end] >= 'a' && c.data[end] <= 'z' {
			end++
		}
		c.out = append(c.out, c.data[c.at:end]...)
		c.at = end
		return nil
	}
	return c.number()
}

// member is one member of an object, as it was written to out.
type member struct {
	key        string
	start, end int
}

func (c *canon) object(depth int) error {
	c.at++
	c.out = append(c.out, '{')
	start := len(c.out)
	var few [16]member
	members := few[:0]
	for c.space(); !c.eat('}'); c.space() {
		if len(members) > 0 {
			c.eat(',')
			c.space()
			c.out = append(c.out, ',')
		}
		m := member{start: len(c.out)}
		var err error
		if m.key, err = c.string(); err != nil {
			return err
		}
		c.space()
		c.eat(':')
		c.out = append(c.out, ':')
		if err := c.value(depth + 1); err != nil {
			return within(EscapePointer(m.key), err)
		}
		m.end = len(c.out)
		members = append(members, m)
	}
	if err := c.sort(start, members); err != nil {
		return err
	}
	c.out = append(c.out, '}')
	return nil
}

// sort puts the members of the object that begins at start in order.
func (c *canon) sort(start int, members []member) error {
	byKey := func(a, b member) int { return strings.Compare(a.key, b.key) }
	if !slices.IsSortedFunc(members, byKey) {
		slices.SortStableFunc(members, byKey)
		c.spare = append(c.spare[:0], c.out[start:]...)
		c.out = c.out[:start]
		for i, m := range members {
			if i > 0 {
				c.out = append(c.out, ',')
			}
			c.out = append(c.out, c.spare[m.start-start:m.end-start]...)
		}
	}
	for i := 1; i < len(members); i++ {
		if members[i].key == members[i-1].key {
			return fmt.Errorf("key %q is here twice", members[i].key)
		}
	}
	return nil
}

func (c *canon) array(depth int) error {
	c.at++
	c.out = append(c.out, '[')
	n := 0
	for c.space(); !c.eat(']'); c.space() {
		if n > 0 {
			c.eat(',')
			c.out = append(c.out, ',')
		}
		if err := c.value(depth + 1); err != nil {
			return within(strconv.Itoa(n), err)
		}
		n++
	}
	c.out = append(c.out, ']')
	return nil
}

// string writes a string and returns what it means. One without escapes is written as it is.
func (c *canon) string() (string, error) {
	start := c.at
	text, fault := c.text()
	if fault != nil {
		return "", fault
	}
	if raw := c.data[start:c.at]; len(raw) == len(text)+2 {
		c.out = append(c.out, raw...)
	} else {
		c.out = appendString(c.out, text)
	}
	return text, nil
}

func (c *canon) number() error {
	v, fault := c.jsonParser.number()
	if fault != nil {
		return fault
	}
	switch v := v.(type) {
	case int64:
		c.out = strconv.AppendInt(c.out, v, 10)
		return nil
	case json.Number:
		c.out = append(c.out, v...)
		return nil
	case float64:
		if c.fractions {
			c.out = strconv.AppendFloat(c.out, v, 'g', -1, 64)
			return nil
		}
	}
	return fmt.Errorf("%v is not an integer", v)
}

// pointerError says at which JSON pointer an error happened.
type pointerError struct {
	pointer string
	err     error
}

func (e *pointerError) Error() string { return e.pointer + ": " + e.err.Error() }
func (e *pointerError) Unwrap() error { return e.err }

func within(token string, err error) error {
	var inner *pointerError
	if errors.As(err, &inner) {
		return &pointerError{pointer: "/" + token + inner.pointer, err: inner.err}
	}
	return &pointerError{pointer: "/" + token, err: err}
}

func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		out = append(out, s[start:i]...)
		start = i + 1
		if at := strings.IndexByte("\"\\\b\f\n\r\t", c); at >= 0 {
			out = append(out, '\\', `"\bfnrt`[at])
		} else {
			out = append(out, fmt.Sprintf(`\u%04x`, c)...)
		}
	}
	return append(append(out, s[start:]...), '"')
}
