package manifest

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// explain turns an error of the YAML library into a place and a sentence that helps. The library names the line a construct
// began at, or none; feeding it the text byte by byte shows how far it read before it gave up.
func explain(path string, c chunk, err error) *Diagnostic {
	problem := strings.TrimPrefix(err.Error(), "yaml: ")
	if rest, ok := strings.CutPrefix(problem, "line "); ok {
		if _, text, ok := strings.Cut(rest, ": "); ok {
			problem = text
		}
	}
	at := problemAt(c.text)
	p := positionOf(c.text, at)
	return &Diagnostic{Path: path, Line: p.Line + c.line - 1, Column: p.Column, Message: advise(problem, c.text, at)}
}

// problemAt is the offset of the last character the library looked at before it failed.
func problemAt(text []byte) int {
	r := &meter{text: text}
	readFrom(r)
	at := min(r.read, len(text))
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

func advise(problem string, text []byte, at int) string {
	switch {
	case strings.Contains(problem, "cannot start any token"):
		return fmt.Sprintf("a value cannot start with %s; put it in quotes", problemRune(text, at))
	}
	return problem
}

func problemRune(text []byte, at int) string {
	if at >= len(text) {
		return "this"
	}
	return fmt.Sprintf("%q", []rune(string(text[at:min(at+4, len(text))]))[0])
}
