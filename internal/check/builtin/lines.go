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
	raw    []byte // Text and End
}

// Lines yields the lines of a text. A text that ends with a newline has no empty line after it.
func Lines(text []byte) iter.Seq[Line] {
	return func(yield func(Line) bool) {
		for number, offset := 1, 0; offset < len(text); number++ {
			line, start := Line{Number: number, Offset: offset}, offset
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
			line.raw = text[start:offset]
			if !yield(line) {
				return
			}
		}
	}
}

// Changed yields the lines of the file that the other side has not. What both sides have in common at the beginning and
// at the end is set aside first; of several equal lines in between, the last are the surplus ones. Line endings count: a
// line whose ending changed has changed.
func (f *File) Changed() iter.Seq[Line] {
	head, tail := common(f.Text, f.Other)
	return func(yield func(Line) bool) {
		known := map[string]int{}
		for line := range Lines(f.Other[head : len(f.Other)-tail]) {
			known[string(line.raw)]++
		}
		first := bytes.Count(f.Text[:head], newline)
		for line := range Lines(f.Text[head : len(f.Text)-tail]) {
			if n := known[string(line.raw)]; n > 0 {
				known[string(line.raw)] = n - 1
				continue
			}
			line.Number += first
			line.Offset += head
			if !yield(line) {
				return
			}
		}
	}
}

// common returns the lengths of the whole lines that two texts begin and end with alike. They do not overlap.
func common(a, b []byte) (head, tail int) {
	most := min(len(a), len(b))
	same := 0
	for same < most && a[same] == b[same] {
		same++
	}
	if same == len(a) && same == len(b) {
		return same, 0
	}
	head = bytes.LastIndexByte(a[:same], '\n') + 1
	most -= head
	same = 0
	for same < most && a[len(a)-1-same] == b[len(b)-1-same] {
		same++
	}
	// The common end counts from the first line that begins in it.
	if at := bytes.IndexByte(a[len(a)-same:], '\n'); at >= 0 {
		tail = same - at - 1
	}
	return head, tail
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
