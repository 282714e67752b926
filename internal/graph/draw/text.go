package draw

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// clean makes a name safe to show: what cannot be seen, which includes line breaks and marks that turn the direction of
// writing, becomes a visible escape.
func clean(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case !unicode.IsPrint(r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteRune(r)
		}
		s = s[size:]
	}
	return b.String()
}

// markup escapes a name for XML and HTML, text and attributes alike.
func markup(s string) string { return escapes.Replace(clean(s)) }

var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")

// maxLabel is the longest label in columns; the middle of a longer one is left out, and the full name is in its tooltip.
const (
	maxLabel = 38
	maxSub   = 30
)

func shorten(s string, limit int) string {
	if textWidth(s) <= limit {
		return s
	}
	runes := []rune(s)
	head, tail := 0, len(runes)
	for room := limit - 1; head < tail; {
		take := &head
		r := runes[head]
		if head > len(runes)-tail {
			take, r = &tail, runes[tail-1]
		}
		if room -= runeWidth(r); room < 0 {
			break
		}
		if take == &head {
			head++
		} else {
			tail--
		}
	}
	return string(runes[:head]) + "…" + string(runes[tail:])
}

// textWidth is how many columns of a monospace font a text takes.
func textWidth(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case r < 0x1100 && !unicode.Is(unicode.Mn, r):
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r >= 0x2000 && r < 0x2e80:
		return 1
	}
	return 2 // wide letters and pictures, and whatever a fallback font makes of the rest
}

// title is the large text of a box, subtitle the small one.
func (b *Box) title() string { return shorten(clean(b.Label), maxLabel) }

func (b *Box) subtitle() string {
	where, count := shorten(clean(b.Sub), maxSub), b.count()
	switch {
	case where == "":
		return count
	case count == "":
		return where
	}
	return where + " · " + count
}

func (b *Box) count() string {
	switch {
	case b.Outside && b.Group:
		return plural(b.Files, "package")
	case b.Files > 1 || b.Group:
		return plural(b.Files, "file")
	}
	return ""
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return thousands(n) + " " + strings.TrimSuffix(noun, "y") + map[bool]string{true: "ies", false: "s"}[strings.HasSuffix(noun, "y")]
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// mark is the sign at the right of a box.
func (b *Box) mark() string {
	sign := [...]string{"", "+", "−", "Δ"}[b.Change&3]
	if b.Cycle > 0 {
		sign += "↻" + strconv.Itoa(b.Cycle)
	}
	return sign
}

// title says what is drawn, counts what there is.
func (p *Picture) title() string {
	name := shorten(clean(p.Repository), maxLabel)
	if p.Level != "" {
		name += " · " + plural(2, p.Level)[2:]
	}
	return name
}

func (p *Picture) counts() string {
	var parts []string
	if c := p.commits(); c != "" {
		parts = append(parts, c)
	}
	boxes := plural(len(p.Boxes), p.noun())
	if p.Total > len(p.Boxes) {
		boxes = plural(len(p.Boxes), "node") + " for " + plural(p.Total, p.noun())
	}
	parts = append(parts, boxes, plural(len(p.Lines), "line"), plural(p.Cycles, "cycle"))
	if p.Omitted > 0 {
		parts = append(parts, plural(p.Omitted, "lesser line")+" left out")
	}
	return strings.Join(parts, " · ")
}

func (p *Picture) noun() string {
	if p.Level == "" {
		return "node"
	}
	return p.Level
}

func (p *Picture) commits() string {
	if p.Base != "" {
		return clean(p.Base) + " → " + clean(p.Commit)
	}
	return clean(p.Commit)
}
