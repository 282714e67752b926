package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// parseJSON reads one JSON value. Comments and trailing commas are allowed, whatever the file is called: the document says
// jsonc then. A key that stands twice is refused, because readers disagree on which one counts.
func parseJSON(_ string, data []byte) []Document {
	doc := readJSON(formatJSON, data)
	if doc.Error == "" {
		return []Document{doc}
	}
	if plain := stripComments(data); !bytes.Equal(plain, data) {
		if lenient := readJSON(formatJSONC, plain); lenient.Error == "" {
			return []Document{lenient}
		}
	}
	return []Document{doc}
}

func readJSON(format string, data []byte) Document {
	r := jsonReader{data: data, dec: json.NewDecoder(bytes.NewReader(data)), lines: map[string]int{}}
	r.dec.UseNumber()
	r.starts = lineStarts(data)
	value, err := r.document()
	if err != nil {
		return failed(format, r.errorLine(err), err.Error())
	}
	return Document{Format: format, Value: value, Lines: r.lines}
}

// jsonReader builds a value from tokens and notes the line of each.
type jsonReader struct {
	data   []byte
	dec    *json.Decoder
	starts []int // offsets of line starts
	lines  map[string]int
}

func (r *jsonReader) document() (any, error) {
	r.lines[""] = 1
	value, err := r.value("", 0)
	if errors.Is(err, io.EOF) {
		return nil, errors.New("unexpected end of JSON")
	}
	if err != nil {
		return nil, err
	}
	if _, err := r.dec.Token(); err != io.EOF {
		return nil, errors.New("text after the end of the JSON value")
	}
	return value, nil
}

func (r *jsonReader) value(at string, depth int) (any, error) {
	if depth > manifest.MaxDepth {
		return nil, fmt.Errorf("nested more than %d levels deep", manifest.MaxDepth)
	}
	token, err := r.dec.Token()
	if err != nil {
		return nil, err
	}
	if _, ok := r.lines[at]; !ok {
		r.lines[at] = r.line()
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return r.object(at, depth)
		}
		return r.array(at, depth)
	case json.Number:
		return number(t), nil
	}
	return token, nil
}

func (r *jsonReader) object(at string, depth int) (any, error) {
	out := map[string]any{}
	for r.dec.More() {
		token, err := r.dec.Token()
		if err != nil {
			return nil, err
		}
		key, ok := token.(string)
		if !ok {
			return nil, fmt.Errorf("key %v is not a string", token)
		}
		if _, twice := out[key]; twice {
			return nil, fmt.Errorf("key %q is here twice", key)
		}
		below := pointer(at, key)
		r.lines[below] = r.line()
		if out[key], err = r.value(below, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := r.dec.Token()
	return out, err
}

func (r *jsonReader) array(at string, depth int) (any, error) {
	out := []any{}
	for r.dec.More() {
		value, err := r.value(pointer(at, strconv.Itoa(len(out))), depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, value)
	}
	_, err := r.dec.Token()
	return out, err
}

// line is where the token that was read last ends; tokens do not span lines.
func (r *jsonReader) line() int { return lineAt(r.starts, int(r.dec.InputOffset())-1) }

func (r *jsonReader) errorLine(err error) int {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return lineAt(r.starts, int(syntax.Offset)-1)
	}
	return r.line()
}

// number is int64 when it fits, the digits themselves when it is a longer integer, else float64.
func number(n json.Number) any {
	if i, err := n.Int64(); err == nil {
		return i
	}
	if !strings.ContainsAny(string(n), ".eE") {
		return n
	}
	f, err := n.Float64()
	if err != nil {
		return string(n) // beyond float64: JSON readers disagree on it
	}
	return f
}

func lineStarts(data []byte) []int {
	starts := []int{0}
	for i, c := range data {
		if c == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

// lineAt is the 1-based line of an offset.
func lineAt(starts []int, offset int) int {
	return max(1, sort.SearchInts(starts, offset+1))
}

// stripComments blanks comments and trailing commas; every other byte keeps its place.
func stripComments(data []byte) []byte {
	out := bytes.Clone(data)
	comma := -1 // offset of a comma that nothing follows yet
	for i := 0; i < len(out); {
		n := 1
		switch c := out[i]; {
		case c == '"':
			n, comma = stringLength(out[i:]), -1
		case c == '/':
			if n = commentLength(out[i:]); n > 0 {
				blank(out[i : i+n])
			} else {
				n, comma = 1, -1
			}
		case c == ',':
			comma = i
		case c == '}' || c == ']':
			if comma >= 0 {
				out[comma] = ' '
			}
			comma = -1
		case c != ' ' && c != '\t' && c != '\n' && c != '\r':
			comma = -1
		}
		i += n
	}
	return out
}

// stringLength is the length of the string that s begins with, to the end of s when it is not closed.
func stringLength(s []byte) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(s)
}

// commentLength is the length of the comment that s begins with, 0 when there is none.
func commentLength(s []byte) int {
	switch {
	case bytes.HasPrefix(s, []byte("//")):
		if n := bytes.IndexByte(s, '\n'); n >= 0 {
			return n
		}
		return len(s)
	case bytes.HasPrefix(s, []byte("/*")):
		if n := bytes.Index(s[2:], []byte("*/")); n >= 0 {
			return n + 4
		}
	}
	return 0
}

func blank(b []byte) {
	for i, c := range b {
		if c != '\n' && c != '\r' {
			b[i] = ' '
		}
	}
}
