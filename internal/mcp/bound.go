package mcp

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// An answer is at most so long, in bytes, once for those who read and once for programs. Agents pay for each of them.
const (
	maxText = 32 << 10
	maxData = 32 << 10
)

// omitted is the field of an answer that says what was left out.
const omitted = "omitted"

// cut shortens a text to whole lines, and says so.
func cut(t string, most int) string {
	if len(t) <= most {
		return t
	}
	end := most
	for end > 0 && !utf8.RuneStart(t[end]) {
		end--
	}
	if line := strings.LastIndexByte(t[:end], '\n'); line > end/2 {
		end = line
	}
	return fmt.Sprintf("%s\n... %d of %d bytes are left out here: ask about less", t[:end], len(t)-end, len(t))
}

// fit shortens the fields of an object, the longest first, until it is at most so long. What it left out stands in omitted.
func fit(v any, most int) (json.RawMessage, error) {
	data, err := json.Marshal(v)
	if err != nil || len(data) <= most {
		return data, err
	}
	fields, left := map[string]json.RawMessage{}, map[string]int{}
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	for len(data) > most {
		name := longest(fields)
		n := 0
		if fields[name], n, err = half(fields[name]); err != nil {
			return nil, fmt.Errorf("shortening %s: %w", name, err)
		}
		left[name] += n
		delete(fields, omitted)
		if fields[omitted], err = json.Marshal(left); err != nil {
			return nil, err
		}
		if data, err = json.Marshal(fields); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func longest(fields map[string]json.RawMessage) string {
	name := ""
	for k, v := range fields {
		if k != omitted && (len(v) > len(fields[name]) || len(v) == len(fields[name]) && k < name) {
			name = k
		}
	}
	return name
}

// half keeps the first half of a list or of a text, and says how much it left out.
func half(raw json.RawMessage) (json.RawMessage, int, error) {
	var items []json.RawMessage
	if json.Unmarshal(raw, &items) == nil {
		keep := len(items) / 2
		out, err := json.Marshal(items[:keep])
		return out, len(items) - keep, err
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, 0, err
	}
	keep := len(s) / 2
	for keep > 0 && !utf8.RuneStart(s[keep]) {
		keep--
	}
	out, err := json.Marshal(s[:keep])
	return out, len(s) - keep, err
}

// printable replaces what could steer a terminal or hide from a reader.
func printable(t string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, t)
}
