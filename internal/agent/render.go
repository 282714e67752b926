package agent

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// How much of an event people see.
const (
	renderWidth = 100 // columns
	renderLines = 12  // of one event
)

// Render shows an event to people: lines of at most 100 columns without a line end, the first of which begins with the kind. No
// control or direction character of the agent's reaches the terminal. An event that says nothing is "".
func Render(e Event) string {
	label, text := headline(e)
	if text == "" {
		return ""
	}
	const indent = "          "
	label = fmt.Sprintf("%-*s", len(indent), label)
	lines := fold(text, renderWidth-len(indent))
	if more := len(lines) - renderLines; more > 0 {
		lines = append(lines[:renderLines], fmt.Sprintf("… %d more lines", more))
	}
	return label + strings.Join(lines, "\n"+indent)
}

// headline is an event's label and what is to be said about it.
func headline(e Event) (label, text string) {
	switch e.Kind {
	case Message:
		return "says", e.Text
	case Reasoning:
		return "thinks", e.Text
	case Tool:
		return "calls", strings.TrimSpace(e.Tool + " " + Brief(e.Args))
	case Result:
		if e.Exit != 0 {
			return fmt.Sprintf("failed %d", e.Exit), orNothing(e.Text)
		}
		return "result", orNothing(e.Text)
	case Finished:
		if e.Exit != 0 {
			return "gave up", orNothing(e.Text)
		}
		return "finished", orNothing(e.Text)
	case Unknown:
		return "unknown", e.Text + string(e.Raw)
	}
	if !known(e.Kind) {
		return "unknown", e.Text + string(e.Raw)
	}
	return string(e.Kind), e.Text
}

func orNothing(text string) string {
	if strings.TrimSpace(text) == "" {
		return "(nothing)"
	}
	return text
}

// Brief writes a call's arguments for people: name=value, what the call is about first, then in order of names; long values are
// cut. What is no object stays as it is.
func Brief(args json.RawMessage) string {
	var fields map[string]json.RawMessage
	if json.Unmarshal(args, &fields) != nil {
		return strings.TrimSpace(string(args))
	}
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(subject(b), subject(a)), cmp.Compare(a, b)) })
	var parts []string
	for _, name := range names {
		parts = append(parts, name+"="+briefValue(fields[name]))
	}
	return strings.Join(parts, " ")
}

// subject says how much an argument tells what a call is about.
func subject(name string) int {
	return 1 + slices.Index([]string{"glob", "pattern", "command", "path", "file_path"}, name)
}

const briefRunes = 60

// briefValue is a value in one line; text that is a word needs no quotes.
func briefValue(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		var compact bytes.Buffer
		if json.Compact(&compact, raw) != nil {
			return "?"
		}
		return cutRunes(compact.String())
	}
	short := cutRunes(text)
	if short == "" || strings.ContainsFunc(short, func(r rune) bool { return unicode.IsSpace(r) || r == '"' || r == '=' || !unicode.IsPrint(r) }) {
		return fmt.Sprintf("%q", short)
	}
	return short
}

func cutRunes(text string) string {
	runes := []rune(strings.ToValidUTF8(text, "\uFFFD"))
	if len(runes) <= briefRunes {
		return string(runes)
	}
	return string(runes[:briefRunes-1]) + "…"
}

// fold makes text safe and breaks it into lines of at most width columns, at spaces where it can. At most renderLines+1 lines
// are broken; the rest are counted as they are.
func fold(text string, width int) []string {
	var out []string
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		line = strings.TrimRight(safe(strings.TrimRight(line, "\r\n")), " ")
		if len(out) > renderLines {
			out = append(out, "")
			continue
		}
		out = append(out, foldLine(line, width)...)
	}
	return out
}

// safe replaces what is no visible character: control characters, escapes, direction marks, invalid bytes.
func safe(line string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case !unicode.IsPrint(r):
			return '\uFFFD'
		}
		return r
	}, line)
}

func foldLine(line string, width int) []string {
	var out []string
	for columns(line) > width && len(out) <= renderLines {
		at := breakAt(line, width)
		out = append(out, strings.TrimRight(line[:at], " "))
		line = strings.TrimLeft(line[at:], " ")
	}
	if columns(line) > width {
		line = line[:breakAt(line, width)]
	}
	return append(out, line)
}

// breakAt is the byte at which a line is broken: after the last space that fits, else where it is full.
func breakAt(line string, width int) int {
	used, full, space := 0, len(line), 0
	for i, r := range line {
		used += runeColumns(r)
		if used > width {
			full = i
			break
		}
		if r == ' ' {
			space = i + 1
		}
	}
	if strings.TrimSpace(line[:space]) != "" && space > full/2 {
		return space
	}
	_, first := utf8.DecodeRuneInString(line)
	return max(full, first)
}

func columns(line string) int {
	n := 0
	for _, r := range line {
		n += runeColumns(r)
	}
	return n
}

// runeColumns takes two columns for scripts and pictures that terminals show wide. Where it errs, it errs to the safe side:
// nothing counts as less than a terminal shows.
func runeColumns(r rune) int {
	switch {
	case r < 0x1100:
		return 1
	case r >= 0x2010 && r <= 0x2027, r >= 0x2190 && r <= 0x22ff, r >= 0x2500 && r <= 0x25ff, r == '\uFFFD':
		return 1
	case r <= 0x115f, r >= 0x231a && r < 0x2e80, r >= 0x2e80 && r <= 0xd7ff, r >= 0xf900 && r <= 0xfaff, r >= 0xfe30 && r <= 0xffe6, r >= 0x1f000:
		return 2
	}
	return 1
}
