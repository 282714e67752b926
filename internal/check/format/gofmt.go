package format

import (
	"bytes"
	"errors"
	"go/format"
	"go/scanner"

	"github.com/adamant-os/adamant/internal/check/builtin"
	"github.com/adamant-os/adamant/internal/finding"
)

// judgeGo wants Go as gofmt writes it. A modified file is judged by its declarations that the other side has not.
func judgeGo(text, other []byte) *fault {
	if len(text) == 0 {
		return nil
	}
	if other == nil {
		return judgeWhole(text)
	}
	known := map[string]bool{}
	for _, part := range declarations(other) {
		known[string(other[part[0]:part[1]])] = true
	}
	for i, part := range declarations(text) {
		chunk := text[part[0]:part[1]]
		if known[string(chunk)] {
			continue
		}
		body := bytes.TrimRight(chunk, "\n")
		if gap := len(chunk) - len(body); gap > 2 || gap != 1 && part[1] == len(text) {
			return judgeWhole(text) // too many empty lines, or none at the end
		}
		formatted, err := formatDeclaration(body, i == 0)
		if err != nil {
			return judgeWhole(text) // broken, or not a declaration after all
		}
		if !bytes.Equal(formatted, body) {
			return difference(text, part[0], chunk, formatted)
		}
	}
	return nil
}

// formatDeclaration formats a part as it would stand in a file; the first part has the package clause itself.
func formatDeclaration(body []byte, first bool) ([]byte, error) {
	const clause = "package p\n\n"
	if !first {
		body = append([]byte(clause), body...)
	}
	formatted, err := format.Source(body)
	if !first {
		formatted = bytes.TrimPrefix(formatted, []byte(clause))
	}
	return bytes.TrimRight(formatted, "\n"), err
}

func judgeWhole(text []byte) *fault {
	formatted, err := format.Source(text)
	if err != nil {
		return syntaxFault(text, err)
	}
	if bytes.Equal(formatted, text) {
		return nil
	}
	return difference(text, 0, text, formatted)
}

func syntaxFault(text []byte, err error) *fault {
	f := &fault{rule: "go-syntax", fix: "correct it here, or just above", message: "the file is not valid Go: " + err.Error()}
	var list scanner.ErrorList
	if errors.As(err, &list) && len(list) > 0 {
		f.offset = min(list[0].Pos.Offset, len(text))
		f.message, f.snippet = "the file is not valid Go: "+list[0].Msg, list[0].Msg
	}
	return f
}

// difference is at the first line that gofmt would write in another way.
func difference(text []byte, at int, chunk, formatted []byte) *fault {
	same := 0
	for same < len(chunk) && same < len(formatted) && chunk[same] == formatted[same] {
		same++
	}
	start := at + bytes.LastIndexByte(chunk[:same], '\n') + 1
	end := len(text)
	if n := bytes.IndexByte(text[start:], '\n'); n >= 0 {
		end = start + n
	}
	return &fault{rule: "gofmt", message: "the file is not formatted as gofmt does; this is the first line that differs",
		fix: "run gofmt -w on it", offset: start, snippet: finding.Normalise(string(text[start:end]))}
}

// declarations splits a Go file before each line that begins a top-level declaration or its comment, if an empty line goes
// before: neighbours without one are aligned together. A raw string may hold such a line too; the parts then do not parse,
// and the whole file is judged.
func declarations(text []byte) [][2]int {
	var parts [][2]int
	start, comment, blank := 0, -1, false // comment: start of the comment lines just before; blank: an empty line before them
	for line := range builtin.Lines(text) {
		switch {
		case bytes.HasPrefix(line.Text, []byte("//")):
			if comment < 0 {
				comment = line.Offset
			}
			continue
		case blank && beginsDeclaration(line.Text):
			at := line.Offset
			if comment >= 0 {
				at = comment
			}
			parts = append(parts, [2]int{start, at})
			start = at
		}
		comment, blank = -1, len(line.Text) == 0
	}
	return append(parts, [2]int{start, len(text)})
}

func beginsDeclaration(line []byte) bool {
	for _, word := range []string{"func ", "type ", "var ", "const ", "import "} {
		if bytes.HasPrefix(line, []byte(word)) {
			return true
		}
	}
	return false
}
