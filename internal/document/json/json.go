// Package json reads JSON, and JSON with comments and trailing commas.
package json

import (
	"bytes"

	"github.com/adamant-os/adamant/internal/document/format"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Match knows JSON by its extension.
func Match(base string) bool { return format.HasExtension(base, ".json", ".jsonc") }

// Parse reads one JSON value. Comments and trailing commas are allowed, whatever the file is called: the document says
// jsonc then.
func Parse(path string, data []byte) []format.Tree {
	doc := manifest.ParseJSON(path, data)
	name := ""
	if plain := stripComments(data); doc.Err != nil && !bytes.Equal(plain, data) {
		if lenient := manifest.ParseJSON(path, plain); lenient.Err == nil {
			doc, name = lenient, "jsonc"
		}
	}
	if doc.Err != nil {
		return format.Fail(doc.Err.Line, doc.Err.Message)
	}
	return []format.Tree{{Name: name, Value: doc.Value, Places: format.Of(doc)}}
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
