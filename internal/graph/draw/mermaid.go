package draw

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
)

// What Mermaid draws unless its host says otherwise (maxEdges and maxTextSize of its configuration).
const (
	mermaidLines = 500
	mermaidBytes = 50_000
)

// MermaidFits joins boxes until Mermaid's limits hold; false when even one box is too many.
func (p *Picture) MermaidFits() (*Picture, bool) {
	for limit := len(p.Boxes); limit > 0; limit = limit * 2 / 3 {
		small := p.Collapse(limit, limit)
		var text bytes.Buffer
		if len(small.Lines) <= mermaidLines && small.Mermaid(&text) == nil && text.Len() <= mermaidBytes {
			return small, true
		}
	}
	return p, false
}

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
	styles := map[string][]string{}
	for i := range p.Lines {
		l := &p.Lines[i]
		between := "-->"
		switch {
		case l.Change == Added:
			between = "==>|new|"
			styles["stroke:#15803d,stroke-width:3px"] = append(styles["stroke:#15803d,stroke-width:3px"], fmt.Sprint(i))
		case l.Change == Removed:
			between = "-.->|gone|"
			styles["stroke:#c2352f"] = append(styles["stroke:#c2352f"], fmt.Sprint(i))
		case l.Cycle:
			styles["stroke:#a8328f,stroke-width:2px"] = append(styles["stroke:#a8328f,stroke-width:2px"], fmt.Sprint(i))
		case l.Type:
			between = "-.->"
		}
		fmt.Fprintf(out, "  n%d %s n%d\n", l.From, between, l.To)
	}
	fmt.Fprint(out, mermaidClasses)
	for _, look := range []string{"stroke:#15803d,stroke-width:3px", "stroke:#c2352f", "stroke:#a8328f,stroke-width:2px"} {
		if lines := styles[look]; len(lines) > 0 {
			fmt.Fprintf(out, "  linkStyle %s %s\n", strings.Join(lines, ","), look)
		}
	}
	return out.Flush()
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

// comment keeps a text from being a directive: braces would make it one.
func comment(s string) string { return strings.NewReplacer("{", "(", "}", ")").Replace(s) }
