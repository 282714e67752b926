package draw

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// DOT writes the picture in the language of Graphviz.
func (p *Picture) DOT(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "digraph adamant {\n  graph [rankdir=LR, fontname=\"Helvetica\", labelloc=t, label=%s];\n", quote(p.title()+"\n"+p.counts()))
	fmt.Fprint(out, "  node [shape=box, style=rounded, fontname=\"monospace\", fontsize=11];\n  edge [color=\"#7d8899\"];\n")
	for i := range p.Boxes {
		b := &p.Boxes[i]
		fmt.Fprintf(out, "  n%d [label=%s, tooltip=%s%s];\n", i, quote(b.lines("\n")), quote(clean(b.say())), b.dot())
	}
	for i := range p.Lines {
		l := &p.Lines[i]
		fmt.Fprintf(out, "  n%d -> n%d%s;\n", l.From, l.To, l.dot())
	}
	fmt.Fprint(out, "}\n")
	return out.Flush()
}

// lines are a box's texts, without the empty ones. Each is clean.
func (b *Box) lines(between string) string {
	var texts []string
	if sub := b.subtitle(); sub != "" {
		texts = append(texts, sub)
	}
	title := b.title()
	if m := b.mark(); m != "" {
		title += " " + m
	}
	return strings.Join(append(texts, title), between)
}

// quote makes a string of dot; \N, \G, &lt; and the like are text in it.
func quote(s string) string {
	return `"` + strings.NewReplacer("&", "&amp;", `\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

func (b *Box) dot() string {
	out := ""
	switch b.Change {
	case Added:
		out = `, color="#15803d", penwidth=2`
	case Removed:
		out = `, color="#c2352f", style="rounded,dashed"`
	case Changed:
		out = `, color="#a16207", penwidth=2`
	case Same:
		if b.Cycle > 0 {
			out = `, color="#a8328f", penwidth=1.5`
		}
	}
	if b.Group {
		out += ", peripheries=2"
	}
	return out
}

func (l *Line) dot() string {
	var attributes []string
	switch {
	case l.Change == Added:
		attributes = append(attributes, `color="#15803d"`, "penwidth=2", "dir=both", "arrowtail=dot")
	case l.Change == Removed:
		attributes = append(attributes, `color="#c2352f"`, "style=dashed")
	case l.Cycle:
		attributes = append(attributes, `color="#a8328f"`, "penwidth=2")
	}
	if l.Type && l.Change != Removed {
		attributes = append(attributes, "style=dotted")
	}
	if len(attributes) == 0 {
		return ""
	}
	return " [" + strings.Join(attributes, ", ") + "]"
}
