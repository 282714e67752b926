package secrets

import (
	"bytes"
	"encoding/base64"
	"strings"

	"github.com/adamant-os/adamant/internal/check/builtin"
)

// manifestMatcher finds the values under data and stringData of Kubernetes Secrets in YAML. It reads lines, not YAML: the
// block style that kubectl writes. Group 1 is the key, group 2 the value, group 3 the block's name.
type manifestMatcher struct{}

func (manifestMatcher) find(text []byte) ([][]int, error) {
	var all, document [][]int
	secret, block := false, [2]int{}
	flush := func() {
		if secret {
			all = append(all, document...)
		}
		document, secret, block = nil, false, [2]int{}
	}
	for line := range builtin.Lines(text) {
		trimmed := bytes.TrimRight(line.Text, " \t")
		switch {
		case bytes.HasPrefix(trimmed, []byte("---")):
			flush()
		case len(trimmed) == 0 || trimmed[0] == '#':
		case trimmed[0] != ' ' && trimmed[0] != '-':
			key, value, _ := bytes.Cut(trimmed, []byte(":"))
			block = [2]int{}
			switch string(key) {
			case "kind":
				secret = strings.Trim(string(value), ` "'`) == "Secret"
			case "data", "stringData":
				block = [2]int{line.Offset, line.Offset + len(key)}
			}
		case block[1] > 0:
			if bounds := keyValue(trimmed, line.Offset); bounds != nil {
				document = append(document, append(bounds, block[0], block[1]))
			}
		}
	}
	flush()
	return all, nil
}

// keyValue returns the bounds of a line "  key: value", of its key and of its value without quotes; nil for other lines.
func keyValue(line []byte, offset int) []int {
	body := bytes.TrimLeft(line, " ")
	indent := len(line) - len(body)
	at := bytes.Index(body, []byte(": "))
	if at <= 0 || body[0] == '#' {
		return nil
	}
	raw := body[at+2:]
	value := bytes.Trim(raw, ` "'`)
	if len(value) == 0 || value[0] == '|' || value[0] == '>' {
		return nil
	}
	start := offset + indent + at + 2 + bytes.Index(raw, value)
	return []int{offset, offset + len(line), offset + indent, offset + indent + at, start, start + len(value)}
}

// manifestValue wants a value that somebody could use; data is base64 of it.
func manifestValue(m match) verdict {
	value := m.group(2)
	if string(m.group(3)) == "data" {
		plain, err := base64.StdEncoding.DecodeString(string(value))
		if err != nil {
			return rejected
		}
		value = bytes.TrimSpace(plain)
	}
	if len(value) < 6 || invented(value) || entropy(value) < 2000 {
		return rejected
	}
	return accepted
}
