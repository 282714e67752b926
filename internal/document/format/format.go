// Package format is what a file format gives to package document: values with the lines of their parts, or an error with its
// line. Formats know files only by name and content; they decide nothing and never read anything else.
package format

import (
	"path"
	"strings"

	"github.com/adamant-os/adamant/internal/manifest"
)

// MaxDepth is how many levels of nesting a format reads; policies read no deeper.
const MaxDepth = manifest.MaxDepth

// Tree is one document of a file. Value holds what JSON can hold: map[string]any, []any, string, int64, json.Number (integers
// beyond int64), float64, bool and nil. Either Value or Error is set.
type Tree struct {
	Name   string // of the format, when it is another one than the file's name says
	Value  any
	Places Places
	Error  string
	Line   int // of the error, 1-based
}

// Places knows the lines of a value's parts, 1-based, by JSON pointer (RFC 6901).
type Places interface {
	// LineOf is the line of the part at a pointer, or of the nearest parent that is there; 0 when nothing is.
	LineOf(pointer string) int
	// All lists the line of every part that has one. The caller must not change it.
	All() map[string]int
}

// Lines are places that are known from the start.
type Lines map[string]int

// All lists the lines.
func (l Lines) All() map[string]int { return l }

// LineOf finds the nearest part that has a line.
func (l Lines) LineOf(pointer string) int {
	for {
		if line, ok := l[pointer]; ok {
			return line
		}
		cut := strings.LastIndexByte(pointer, '/')
		if cut < 0 {
			return 0
		}
		pointer = pointer[:cut]
	}
}

// Of gives the places of a YAML or JSON document, which are looked for when they are asked for.
func Of(doc *manifest.YAMLDocument) Places { return found{doc} }

type found struct{ doc *manifest.YAMLDocument }

func (f found) LineOf(pointer string) int {
	line, _ := f.doc.Position(pointer)
	return line
}

func (f found) All() map[string]int {
	places := f.doc.Positions()
	out := make(map[string]int, len(places))
	for pointer, at := range places {
		out[pointer] = at.Line
	}
	return out
}

// Fail is the whole of a file that cannot be read.
func Fail(line int, message string) []Tree {
	return []Tree{{Error: message, Line: max(line, 1)}}
}

// Join appends one token to a JSON pointer.
func Join(pointer, token string) string {
	return pointer + "/" + manifest.EscapePointer(token)
}

// HasExtension matches base names that end with one of the extensions (lower case, with their dot) after a name.
func HasExtension(base string, extensions ...string) bool {
	ext := strings.ToLower(path.Ext(base))
	for _, e := range extensions {
		if ext == e && base != ext {
			return true
		}
	}
	return false
}
