package toml

import (
	"bytes"
	"fmt"

	"github.com/adamant-os/adamant/internal/document/format"
)

// maxKeys bounds keys and tables: the library looks for each among all before it, which takes half a second for so many.
const maxKeys = 20_000

// check refuses text that the library, whose parser is recursive and knows no depth, would follow without end. It reads
// valid text as the library does; at the first mistake the library stops too.
func check(data []byte) (line int, fault string) {
	line = 1
	depth, dots, keys := 0, 0, 0
	for at := 0; at < len(data); {
		n := 1
		switch c := data[at]; c {
		case '"', '\'':
			n = stringLength(data[at:])
			line += bytes.Count(data[at:at+n], []byte{'\n'})
		case '#':
			n = lineLength(data[at:])
		case '[', '{':
			if depth == 0 {
				keys++
			}
			depth, dots = depth+1, 0
		case ']', '}':
			depth, dots = max(depth-1, 0), 0
		case '.':
			dots++
		case '=':
			keys, dots = keys+1, 0
		case ',':
			dots = 0
		case '\n':
			line, dots = line+1, 0
		}
		if depth > format.MaxDepth || dots > format.MaxDepth {
			return line, tooDeep()
		}
		if keys > maxKeys {
			return line, fmt.Sprintf("more than %d keys and tables; split the file", maxKeys)
		}
		at += n
	}
	return 0, ""
}

func tooDeep() string { return fmt.Sprintf("nested more than %d levels deep", format.MaxDepth) }

func lineLength(s []byte) int {
	if n := bytes.IndexByte(s, '\n'); n >= 0 {
		return n
	}
	return len(s)
}

// stringLength is the length of the string that s begins with, to the end of s when it is not closed.
func stringLength(s []byte) int {
	end := s[:1]
	if triple := bytes.Repeat(end, 3); bytes.HasPrefix(s, triple) {
		end = triple
	}
	for i := len(end); i < len(s); i++ {
		switch {
		case s[i] == '\\' && s[0] == '"':
			i++
		case bytes.HasPrefix(s[i:], end):
			i += len(end)
			for len(end) == 3 && i < len(s) && s[i] == end[0] { // up to two more quotes belong to the string
				i++
			}
			return i
		}
	}
	return len(s)
}
