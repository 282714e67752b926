package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// maxDepth bounds how deep JSON may be nested.
const maxDepth = 256

// member is one member of a JSON object as it is written.
type member struct {
	key        string
	start, end int // from the key's quote to the end of the value
	value      []byte
}

// syntaxError says where JSON is broken.
type syntaxError struct {
	at   int
	what string
}

func (e *syntaxError) Error() string { return fmt.Sprintf("byte %d: %s", e.at, e.what) }

var (
	errEnd   = errors.New("it ends too early")
	errDepth = fmt.Errorf("it is nested more than %d levels deep", maxDepth)
)

// members are the members of the object raw, in order. A key that is there twice is refused: two readers could take different
// ones for true.
func members(raw []byte) ([]member, error) {
	var out []member
	seen := map[string]bool{}
	err := each(raw, '{', func(i int) (int, error) {
		at, end, err := skipKey(raw, i)
		if err != nil {
			return 0, err
		}
		var key string
		if err := json.Unmarshal(raw[i:end], &key); err != nil {
			return 0, &syntaxError{i, "this is no key"}
		}
		if seen[key] {
			return 0, &syntaxError{i, fmt.Sprintf("the key %q is there twice", key)}
		}
		seen[key] = true
		stop, err := skip(raw, at)
		if err == nil {
			out = append(out, member{key: key, start: i, end: stop, value: raw[at:stop]})
		}
		return stop, err
	})
	return out, err
}

// elements are the items of the list raw.
func elements(raw []byte) ([][]byte, error) {
	var out [][]byte
	err := each(raw, '[', func(i int) (int, error) {
		stop, err := skip(raw, i)
		if err == nil {
			out = append(out, raw[i:stop])
		}
		return stop, err
	})
	return out, err
}

// each calls item with the beginning of each item of the object or list raw; item says where it ends.
func each(raw []byte, open byte, item func(int) (int, error)) error {
	i := space(raw, 0)
	if i >= len(raw) || raw[i] != open {
		return &syntaxError{i, fmt.Sprintf("want %q", open)}
	}
	shut := open + 2 // ']' and '}' are two behind '[' and '{'
	i = space(raw, i+1)
	if i < len(raw) && raw[i] == shut {
		return trailing(raw, i+1)
	}
	for {
		next, err := item(i)
		if err != nil {
			return err
		}
		i = space(raw, next)
		switch {
		case i >= len(raw):
			return errEnd
		case raw[i] == shut:
			return trailing(raw, i+1)
		case raw[i] != ',':
			return &syntaxError{i, fmt.Sprintf("want \",\" or %q", shut)}
		}
		i = space(raw, i+1)
	}
}

func trailing(raw []byte, i int) error {
	if i = space(raw, i); i < len(raw) {
		return &syntaxError{i, "there is more behind the end"}
	}
	return nil
}

func space(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\n' || raw[i] == '\t' || raw[i] == '\r') {
		i++
	}
	return i
}

// skipKey passes a key and its colon: the beginning of the value, and the end of the key.
func skipKey(raw []byte, i int) (value, end int, err error) {
	if i >= len(raw) || raw[i] != '"' {
		return 0, 0, &syntaxError{i, "want a key in double quotes"}
	}
	if end, err = skipString(raw, i); err != nil {
		return 0, 0, err
	}
	at := space(raw, end)
	if at >= len(raw) || raw[at] != ':' {
		return 0, 0, &syntaxError{at, "want \":\""}
	}
	return space(raw, at+1), end, nil
}

// skip passes one value. Inside lists and objects it counts brackets and knows strings; it does not check their grammar.
func skip(raw []byte, i int) (int, error) {
	var open [maxDepth]byte
	depth := 0
	for i < len(raw) {
		switch c := raw[i]; c {
		case '"':
			end, err := skipString(raw, i)
			if err != nil {
				return 0, err
			}
			i = end
		case '{', '[':
			if depth == maxDepth {
				return 0, errDepth
			}
			open[depth] = c + 2
			depth++
			i++
		case '}', ']':
			if depth == 0 || open[depth-1] != c {
				return 0, &syntaxError{i, "this bracket closes nothing"}
			}
			depth--
			i++
		case ' ', '\n', '\t', '\r', ',', ':':
			if depth == 0 {
				return 0, &syntaxError{i, "want a value"}
			}
			i++
			continue
		default:
			end := skipWord(raw, i)
			if end == i {
				return 0, &syntaxError{i, fmt.Sprintf("a value cannot have %q here", c)}
			}
			i = end
		}
		if depth == 0 {
			return i, nil
		}
	}
	return 0, errEnd
}

// skipString passes a string; i is at its first quote.
func skipString(raw []byte, i int) (int, error) {
	from := i + 1
	for at := from; ; {
		quote := bytes.IndexByte(raw[at:], '"')
		if quote < 0 {
			return 0, errEnd
		}
		quote += at
		slashes := 0
		for p := quote - 1; p >= at && raw[p] == '\\'; p-- {
			slashes++
		}
		if slashes%2 == 0 {
			return quote + 1, nil
		}
		at = quote + 1
	}
}

// skipWord passes a number or a literal.
func skipWord(raw []byte, i int) int {
	for i < len(raw) {
		c := raw[i]
		if c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E' {
			i++
			continue
		}
		break
	}
	return i
}

// edit replaces, adds or (nil) removes members of the object raw, whose members are given. Everything else keeps its bytes.
func edit(raw []byte, ms []member, changes []change) []byte {
	var out bytes.Buffer
	out.Grow(len(raw) + 256)
	first := true
	put := func(key string, value []byte, written []byte) {
		if !first {
			out.WriteByte(',')
		}
		first = false
		if written != nil {
			out.Write(written)
			return
		}
		name, _ := json.Marshal(key) // a string always has a JSON form
		out.Write(name)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('{')
	done := map[string]bool{}
	for _, m := range ms {
		c, changed := find(changes, m.key)
		switch {
		case !changed:
			put("", nil, raw[m.start:m.end])
		case c.value != nil:
			put(m.key, c.value, nil)
		}
		done[m.key] = true
	}
	for _, c := range changes {
		if !done[c.key] && c.value != nil {
			put(c.key, c.value, nil)
			done[c.key] = true
		}
	}
	out.WriteByte('}')
	return out.Bytes()
}

// change is what a member becomes; nil: it goes.
type change struct {
	key   string
	value []byte
}

// find is the last change of a key.
func find(changes []change, key string) (change, bool) {
	for i := len(changes) - 1; i >= 0; i-- {
		if changes[i].key == key {
			return changes[i], true
		}
	}
	return change{}, false
}

// at is the value of a member, nil when it is missing or null.
func at(ms []member, key string) []byte {
	for _, m := range ms {
		if m.key == key && !bytes.Equal(m.value, []byte("null")) {
			return m.value
		}
	}
	return nil
}

// text is a member's string, "" when it is none.
func text(ms []member, key string) string { return asString(at(ms, key)) }

func asString(raw []byte) string {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}
