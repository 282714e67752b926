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
	p := jsonParser{data: raw.String(), cursor: cursor{Position: Position{1, 1}}, levels: 5 * MaxDepth} // documents lie within documents
	root, fault := p.value(0)
	if fault != nil {
		return nil, fmt.Errorf("encode as canonical JSON: %s", fault.message)
	}
	if fractions {
		root.spellFractions()
	}
	out, err := root.canonical(make([]byte, 0, raw.Len()))
	if err != nil {
		return nil, fmt.Errorf("encode as canonical JSON: %w", err)
	}
	return out, nil
}

func (n *node) spellFractions() {
	if f, ok := n.value.(float64); ok {
		n.value = json.Number(strconv.FormatFloat(f, 'g', -1, 64))
	}
	for i := range n.children {
		n.children[i].spellFractions()
	}
}

func (n *node) canonical(out []byte) ([]byte, error) {
	switch n.kind {
	case mapping:
		return n.canonicalObject(out)
	case sequence:
		return n.canonicalArray(out)
	}
	switch v := n.value.(type) {
	case string:
		return appendString(out, v), nil
	case int64:
		return strconv.AppendInt(out, v, 10), nil
	case json.Number:
		return append(out, v...), nil
	case bool:
		return strconv.AppendBool(out, v), nil
	case nil:
		return append(out, "null"...), nil
	}
	return nil, fmt.Errorf("%v is not an integer", n.value)
}

func (n *node) canonicalObject(out []byte) ([]byte, error) {
	slices.SortFunc(n.children, func(a, b node) int { return strings.Compare(a.key, b.key) })
	out = append(out, '{')
	for i := range n.children {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendString(out, n.children[i].key), ':')
		var err error
		if out, err = n.children[i].canonical(out); err != nil {
			return nil, within(EscapePointer(n.children[i].key), err)
		}
	}
	return append(out, '}'), nil
}

func (n *node) canonicalArray(out []byte) ([]byte, error) {
	out = append(out, '[')
	for i := range n.children {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = n.children[i].canonical(out); err != nil {
			return nil, within(strconv.Itoa(i), err)
		}
	}
	return append(out, ']'), nil
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
