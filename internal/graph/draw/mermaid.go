package draw

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// What Mermaid draws unless its host says otherwise (maxEdges and maxTextSize of its configuration).
const (
	mermaidLines = 500
	mermaidBytes = 50_000
)

// MermaidFits leaves out lesser lines and joins boxes until Mermaid's limits hold; p itself when they do.
func (p *Picture) MermaidFits() *Picture {
	for limit := len(p.Boxes); ; limit = limit * 2 / 3 {
		small := p.Collapse(limit, limit).strongest(mermaidLines)
		var text bytes.Buffer
		if err := small.Mermaid(&text); err == nil && text.Len() <= mermaidBytes || limit <= 1 {
			return small
		}
	}
}

// strongest keeps limit lines: changes first, then those that no other way implies, then those that stand for most.
func (p *Picture) strongest(limit int) *Picture {
	if len(p.Lines) <= limit {
		return p
	}
	out := *p
	out.Lines = slices.Clone(p.Lines)
	slices.SortStableFunc(out.Lines, func(a, b Line) int {
		return cmp.Or(compare(b.Change != Same, a.Change != Same), compare(a.Implied, b.Implied), b.Count-a.Count)
	})
	out.Omitted = len(out.Lines) - limit
	out.Lines = out.Lines[:limit]
	slices.SortFunc(out.Lines, func(a, b Line) int { return cmp.Or(a.From-b.From, a.To-b.To) })
	return &out
}

func compare(a, b bool) int { return bit(a) - bit(b) }

// Mermaid writes the picture as a Mermaid flowchart, as GitHub and GitLab draw it in Markdown.
func (p *Picture) Mermaid(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%%%% %s\n%%%% %s\nflowchart LR\n", comment(p.title()), comment(p.counts()))
	for i := range p.Boxes {
		b := &p.Boxes[i]
		open, end := "(", ")"
		if b.Group {
			open, end = "[[", "]]"
		}
		fmt.Fprintf(out, "  n%d%s\"%s\"%s%s\n", i, open, b.mermaid(), end, b.mermaidClass())
	}
	styled := make([][]string, len(lineStyles))
	for i := range p.Lines {
		l := &p.Lines[i]
		between, look := l.mermaid()
		if look >= 0 {
			styled[look] = append(styled[look], strconv.Itoa(i))
		}
		fmt.Fprintf(out, "  n%d %s n%d\n", l.From, between, l.To)
	}
	fmt.Fprint(out, mermaidClasses)
	for look, lines := range styled {
		if len(lines) > 0 {
			fmt.Fprintf(out, "  linkStyle %s %s\n", strings.Join(lines, ","), lineStyles[look])
		}
	}
	return out.Flush()
}

var lineStyles = [...]string{"stroke:#15803d,stroke-width:3px", "stroke:#c2352f", "stroke:#a8328f,stroke-width:2px"}

// mermaid is how a line is written, and which of lineStyles it has; -1 for none.
func (l *Line) mermaid() (between string, look int) {
	between, look = "-->", -1
	if l.Type {
		between = "-.->"
	}
	switch {
	case l.Change == Added:
		return "==>|new|", 0
	case l.Change == Removed:
		return "-.->|gone|", 1
	case l.Cycle:
		look = 2
	}
	return between, look
}

const mermaidClasses = `  classDef added stroke:#15803d,stroke-width:3px
  classDef removed stroke:#c2352f,stroke-dasharray:6 4
  classDef changed stroke:#a16207,stroke-width:3px
  classDef cyc stroke:#a8328f,stroke-width:2px
`

func (b *Box) mermaidClass() string {
	switch {
	case b.Change != Same:
		return ":::" + b.Change.String()
	case b.Cycle > 0:
		return ":::cyc"
	}
	return ""
}

func (b *Box) mermaid() string {
	lines := strings.Split(b.lines("\n"), "\n")
	for i := range lines {
		lines[i] = entities(lines[i])
	}
	return strings.Join(lines, "<br/>")
}

// entities writes everything that could mean something to Mermaid, Markdown or HTML as its number.
func entities(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r >= 0x80 || r == ' ' || r == '/' || r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, "#%d;", r)
		}
	}
	return b.String()
}

// comment keeps a text from being a directive: braces would make it one. Tags and fences are left out too.
func comment(s string) string {
	return strings.NewReplacer("{", "(", "}", ")", "<", "(", ">", ")", "`", "'").Replace(s)
}
