package manifest

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// explain turns an error of the YAML library into a place and a sentence that helps. The library names the line a construct
// began at, or none; feeding it the text byte by byte shows how far it read before it gave up.
func explain(path string, c chunk, err error) *Diagnostic {
	read := readUntil(c.text)
	t := trouble{text: c.text, read: read, at: lastSeen(c.text, read), line: 1, problem: strings.TrimPrefix(err.Error(), "yaml: ")}
	if rest, ok := strings.CutPrefix(t.problem, "line "); ok {
		if number, problem, ok := strings.Cut(rest, ": "); ok {
			t.line, _ = strconv.Atoi(number)
			t.problem = problem
		}
	}
	at, message := t.advise()
	p := positionOf(c.text, at)
	return &Diagnostic{Path: path, Line: p.Line + c.line - 1, Column: p.Column, Message: message}
}

// trouble is what is known about an error: the text, how much of it the library read, the last character before that which
// is no space, the line it names and what it says.
type trouble struct {
	text    []byte
	read    int
	at      int
	line    int
	problem string
}

// advice translates the library's complaints, in the order they are tried.
var advice = []struct {
	says   string
	answer func(t trouble) (at int, message string)
}{
	{"cannot start any token", badStart},
	{"tab character", badStart},
	{"mapping values are not allowed", func(t trouble) (int, string) {
		return t.back(":", 4), `":" cannot stand here; put the text around it in quotes, or mend the indentation`
	}},
	{"could not find expected ':'", func(t trouble) (int, string) {
		return t.lineStart(t.line), `this is no "key: value"; add the ":", or mend the indentation or quotes above`
	}},
	{"did not find expected key", func(t trouble) (int, string) {
		return t.textStart(), "this does not fit the mapping above; mend the indentation, or the quotes of this line"
	}},
	{"did not find expected '-'", func(t trouble) (int, string) {
		return t.textStart(), "this does not fit the list above; mend the indentation"
	}},
	{"did not find expected ','", unclosed},
	{"did not find expected node content", unclosed},
	{"unexpected end of stream", func(t trouble) (int, string) { return t.quote(), "this quote is never closed" }},
	{"block sequence entries are not allowed", func(t trouble) (int, string) {
		return t.back("-", 4), `a list cannot start here; put its "-" on a line of its own`
	}},
	{"unknown anchor", unknownAnchor},
	{"control characters", func(t trouble) (int, string) {
		at := bytes.IndexFunc(t.text, isControl)
		return max(at, 0), "control characters are not allowed; write them as escapes in double quotes"
	}},
	{"unknown escape", func(t trouble) (int, string) {
		return t.back(`\`, 4), `unknown escape in double quotes; write \\ for a backslash, or use single quotes`
	}},
	{"comment or line break", func(t trouble) (int, string) {
		return t.back("|>", 6), "only a comment may follow here; the text starts on the next line"
	}},
	{"document start", func(t trouble) (int, string) { return t.at, "text after the end of the document" }},
	{"incompatible YAML document", func(t trouble) (int, string) {
		return max(bytes.Index(t.text, []byte("%YAML")), 0), "this version of YAML is not known; want 1.2"
	}},
}

func (t trouble) advise() (int, string) {
	for _, a := range advice {
		if strings.Contains(t.problem, a.says) {
			return a.answer(t)
		}
	}
	return t.at, t.problem
}

func isControl(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r >= 0x7f && r < 0xa0 && r != 0x85
}

func badStart(t trouble) (int, string) {
	at := max(t.read-4, 0) // the library looks four characters ahead
	if n := bytes.IndexAny(t.text[at:t.read], "\t@`%"); n >= 0 {
		at += n
	}
	if t.text[at] == '\t' {
		return at, "a tab cannot indent; use spaces"
	}
	r, _ := utf8.DecodeRune(t.text[at:])
	return at, fmt.Sprintf("a value cannot start with %q; put it in quotes", r)
}

// unclosed explains what goes wrong in a flow collection.
func unclosed(t trouble) (int, string) {
	open := t.opener()
	if open < 0 {
		r, _ := utf8.DecodeRune(t.text[t.at:])
		return t.at, fmt.Sprintf("%q cannot stand here; put it in quotes", r)
	}
	closing := "]"
	if t.text[open] == '{' {
		closing = "}"
	}
	if !bytes.Contains(t.text[t.at:], []byte(closing)) {
		return open, fmt.Sprintf("this %q is never closed", string(t.text[open]))
	}
	return t.textOrAt(open), fmt.Sprintf("expected \",\" or %q to go on with the %q above", closing, string(t.text[open]))
}

func unknownAnchor(t trouble) (int, string) {
	_, name, _ := strings.Cut(t.problem, "'")
	name, _, _ = strings.Cut(name, "'")
	at := bytes.Index(t.text, []byte("*"+name))
	if at < 0 {
		at = t.at
	}
	return at, fmt.Sprintf("alias *%s has no anchor &%s before it", name, name)
}

// back finds the nearest of chars at or within a few bytes before the place.
func (t trouble) back(chars string, within int) int {
	for at := t.at; at >= 0 && at >= t.at-within; at-- {
		if strings.IndexByte(chars, t.text[at]) >= 0 {
			return at
		}
	}
	return t.at
}

// textStart is the first character of the line the place is on.
func (t trouble) textStart() int {
	return t.lineStart(1 + bytes.Count(t.text[:t.at], []byte{'\n'}))
}

func (t trouble) textOrAt(open int) int {
	if start := t.textStart(); start > open {
		return start
	}
	return t.at
}

// lineStart is the first character of a line that is no space.
func (t trouble) lineStart(line int) int {
	at := 0
	for ; line > 1; line-- {
		n := bytes.IndexByte(t.text[at:], '\n')
		if n < 0 {
			return t.at
		}
		at += n + 1
	}
	for at+1 < len(t.text) && t.text[at] == ' ' {
		at++
	}
	return at
}

// opener is the nearest bracket before the place that is not closed, -1 when there is none.
func (t trouble) opener() int {
	depth := 0
	for at := t.at; at >= 0; at-- {
		switch t.text[at] {
		case ']', '}':
			if at < t.at {
				depth++
			}
		case '[', '{':
			if depth == 0 {
				return at
			}
			depth--
		}
	}
	return -1
}

// quote is where the quote opens that the library was in, on the line it names.
func (t trouble) quote() int {
	start := t.lineStart(t.line)
	end := len(t.text)
	if n := bytes.IndexByte(t.text[start:], '\n'); n >= 0 {
		end = start + n
	}
	for at := end - 1; at >= start; at-- {
		if c := t.text[at]; (c == '"' || c == '\'') && (at == start || bytes.IndexByte([]byte(" [{,:"), t.text[at-1]) >= 0) {
			return at
		}
	}
	return start
}

// readUntil is how many bytes the library reads before it fails.
func readUntil(text []byte) int {
	r := &meter{text: text}
	readFrom(r)
	return min(r.read, len(text))
}

// lastSeen is the last character before an offset that is no space.
func lastSeen(text []byte, at int) int {
	for at > 0 && (at == len(text) || bytes.IndexByte([]byte(" \t\r\n"), text[at]) >= 0) {
		at--
	}
	for at > 0 && text[at]&0xc0 == 0x80 {
		at--
	}
	return at
}

func readFrom(r *meter) {
	defer func() { _ = recover() }() // see readNode: only the place is wanted here
	_, _ = decodeNode(r)
}

// meter hands out one byte at a time and counts them.
type meter struct {
	text []byte
	read int
}

func (m *meter) Read(p []byte) (int, error) {
	if m.read >= len(m.text) || len(p) == 0 {
		return 0, io.EOF
	}
	p[0] = m.text[m.read]
	m.read++
	return 1, nil
}
