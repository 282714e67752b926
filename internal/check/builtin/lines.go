package builtin

import (
	"bytes"
	"iter"
	"strings"
)

// Line is one line of a text. Text has no line ending; End is "\n", "\r\n", or "" for a last line without one.
type Line struct {
	Number int // 1-based
	Offset int // of the first byte
	Text   []byte
	End    string
}

// Lines yields the lines of a text. A text that ends with a newline has no empty line after it.
func Lines(text []byte) iter.Seq[Line] {
	return func(yield func(Line) bool) {
		for number, offset := 1, 0; offset < len(text); number++ {
			line := Line{Number: number, Offset: offset}
			rest := text[offset:]
			at := bytes.IndexByte(rest, '\n')
			switch {
			case at < 0:
				line.Text, offset = rest, len(text)
			case at > 0 && rest[at-1] == '\r':
				line.Text, line.End, offset = rest[:at-1], "\r\n", offset+at+1
			default:
				line.Text, line.End, offset = rest[:at], "\n", offset+at+1
			}
			if !yield(line) {
				return
			}
		}
	}
}

// Changed yields the lines of the file that the other side has not. Which of several equal lines are the surplus ones
// cannot be told from the text; the last are taken. Line endings count: a line whose ending changed has changed.
func (f *File) Changed() iter.Seq[Line] {
	if len(f.Other) == 0 {
		return Lines(f.Text)
	}
	return func(yield func(Line) bool) {
		known := map[string]int{}
		for line := range Lines(f.Other) {
			known[string(f.Other[line.Offset:line.Offset+len(line.Text)+len(line.End)])]++
		}
		for line := range Lines(f.Text) {
			raw := f.Text[line.Offset : line.Offset+len(line.Text)+len(line.End)]
			if n := known[string(raw)]; n > 0 {
				known[string(raw)] = n - 1
				continue
			}
			if !yield(line) {
				return
			}
		}
	}
}

// Folders yields the folders a file lies in, from its own up to the root, which is ".".
func Folders(file string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			at := strings.LastIndexByte(file, '/')
			if at < 0 {
				yield(".")
				return
			}
			file = file[:at]
			if !yield(file) {
				return
			}
		}
	}
}
