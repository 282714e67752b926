package draw

import (
	"bufio"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

//go:embed style.css
var style string

// SVG writes the picture with a layout of its own: what needs stands left of what is needed.
func (p *Picture) SVG(w io.Writer) error {
	s := newSheet(w, p)
	s.open(false)
	s.heading()
	s.body()
	s.legend()
	return s.close()
}

// sheet writes a plan as SVG.
type sheet struct {
	*plan
	out  *bufio.Writer
	hue  []int // of each box
	rows [][]key
}

func newSheet(w io.Writer, p *Picture) *sheet {
	s := &sheet{plan: layout(p), out: bufio.NewWriter(w), hue: hues(p.Boxes)}
	s.rows = flow(p.keys(), s.w-2*margin)
	return s
}

func (s *sheet) printf(format string, args ...any) { fmt.Fprintf(s.out, format, args...) }

// dense pictures have fainter lines.
func (p *Picture) dense() bool { return len(p.Lines) > 150 }

func (s *sheet) open(inPage bool) {
	class := "graph"
	if s.dense() {
		class += " dense"
	}
	high := s.h + 28 + len(s.rows)*rowHigh
	s.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" class="%s" role="img" aria-labelledby="title desc">`+"\n",
		s.w, high, s.w, high, class)
	s.printf(`<title id="title">%s</title>`+"\n"+`<desc id="desc">%s. What needs stands left of what is needed.</desc>`+"\n", markup(s.title()), markup(s.counts()))
	if !inPage {
		s.printf("<style>\n%s</style>\n", style)
	}
	s.printf("%s", markers)
	s.printf(`<rect class="bg" width="%d" height="%d"/>`+"\n", s.w, high)
}

const markers = `<defs>
` + arrow + `"m-same"` + arrowEnd + arrow + `"m-cyc"` + arrowEnd + arrow + `"m-back"` + arrowEnd + arrow + `"m-added"` + arrowEnd + arrow + `"m-removed"` + arrowEnd +
	`<marker id="m-new" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse"><circle cx="4" cy="4" r="3.5"/></marker>
</defs>
`

const (
	arrow    = `<marker id=`
	arrowEnd = ` viewBox="0 0 9 8" refX="8.5" refY="4" markerWidth="9" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0L9 4L0 8z"/></marker>` + "\n"
)

func (s *sheet) heading() {
	s.printf(`<text class="h1" x="%d" y="36">%s</text>`+"\n", margin, markup(s.title()))
	s.printf(`<text class="h2" x="%d" y="56">%s</text>`+"\n", margin, markup(s.counts()))
}

func (s *sheet) body() {
	s.printf(`<g class="lines">` + "\n")
	for _, i := range s.lineOrder() {
		s.line(i)
	}
	s.printf("</g>\n" + `<g class="boxes">` + "\n")
	if s.alone > 0 {
		s.printf(`<text class="h2" x="%d" y="%d">without dependencies in this picture</text>`+"\n", margin, s.alone)
	}
	for i := range s.Boxes {
		s.box(i)
	}
	s.printf("</g>\n")
}

// lineOrder draws what matters most last, over the rest.
func (s *sheet) lineOrder() []int {
	order := make([]int, len(s.Lines))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return s.weight(a) - s.weight(b) })
	return order
}

func (s *sheet) weight(i int) int {
	switch l := &s.Lines[i]; {
	case l.Change == Added:
		return 5
	case l.Change == Removed:
		return 4
	case l.Cycle && s.back[i]:
		return 3
	case l.Cycle:
		return 2
	case l.Implied:
		return 0
	}
	return 1
}

func (s *sheet) line(i int) {
	l := &s.Lines[i]
	class := l.class()
	if s.back[i] {
		class += " back"
	}
	marker, start := lineMarkers(class)
	s.printf(`<path class="%s" d="%s"%s marker-end="url(#m-%s)"><title>%s</title></path>`+"\n",
		class, path(s.ways[i]), start, marker, markup(s.say(l)))
}

func (l *Line) class() string {
	class := "l"
	if l.Type {
		class += " type"
	}
	switch {
	case l.Change != Same:
		class += " " + l.Change.String()
	case l.Cycle:
		class += " cyc"
	case l.Implied:
		class += " implied"
	}
	return class
}

// say puts a line into words.
func (p *Picture) say(l *Line) string {
	text := p.Boxes[l.From].Name + " needs " + p.Boxes[l.To].Name
	if l.Count > 1 {
		text += " (" + thousands(l.Count) + " times)"
	}
	if l.Type {
		text += ", for types only"
	}
	switch {
	case l.Change == Added:
		text += ": new"
	case l.Change == Removed:
		text += ": gone"
	}
	if l.Cycle {
		text += ", on cycle " + strconv.Itoa(p.Boxes[l.From].Cycle)
	}
	return text
}

// path is a line's way: bends between columns, straight through them.
func path(way []point) string {
	var b strings.Builder
	for i, p := range way {
		switch {
		case i == 0:
			fmt.Fprintf(&b, "M%d %d", p.x, p.y)
		case i%2 == 0:
			fmt.Fprintf(&b, "H%d", p.x)
		default:
			q := way[i-1]
			middle := (q.x + p.x) / 2
			fmt.Fprintf(&b, "C%d %d %d %d %d %d", middle, q.y, middle, p.y, p.x, p.y)
		}
	}
	return b.String()
}

func (s *sheet) box(i int) {
	b, r := &s.Boxes[i], s.places[i]
	s.printf(`<g class="%s" transform="translate(%d %d)"><title>%s</title>`, b.class(), r.x, r.y, markup(b.say()))
	if b.Group {
		s.printf(`<rect class="c" x="3" y="3" width="%d" height="%d" rx="7"/>`, r.w, r.h)
	}
	s.printf(`<rect class="c" width="%d" height="%d" rx="7"/><rect class="g%d" x="5" y="7" width="4" height="%d" rx="2"/>`, r.w, r.h, s.hue[i], r.h-14)
	title, sub := b.title(), b.subtitle()
	y := 32
	if sub == "" {
		y = 26
	} else {
		s.text("s", 16, 16, sub, charSmall)
	}
	s.text("t", 16, y, title, charWide)
	if m := b.mark(); m != "" {
		s.printf(`<text class="m" x="%d" y="16">%s</text>`, r.w-7, markup(m))
	}
	s.printf("</g>\n")
}

// text writes a label. What a monospace font may not have is held to the width that was counted on.
func (s *sheet) text(class string, x, y int, text string, wide int) {
	fit := ""
	if strings.ContainsFunc(text, func(r rune) bool { return r >= 0x250 && r != '…' && r != '·' }) {
		fit = fmt.Sprintf(` textLength="%d" lengthAdjust="spacingAndGlyphs"`, textWidth(text)*wide)
	}
	s.printf(`<text class="%s" x="%d" y="%d"%s>%s</text>`, class, x, y, fit, markup(text))
}

func (b *Box) class() string {
	class := "b"
	if b.Outside {
		class += " out"
	}
	switch {
	case b.Change != Same:
		class += " " + b.Change.String()
	case b.Cycle > 0:
		class += " cyc"
	}
	return class
}

// say puts a box into words.
func (b *Box) say() string {
	text := b.Name
	if c := b.count(); c != "" {
		text += ", " + c
	}
	if b.Change != Same {
		text += ", " + [...]string{"", "new", "gone", "changed"}[b.Change&3]
	}
	if b.Cycle > 0 {
		text += ", on cycle " + strconv.Itoa(b.Cycle)
	}
	return text
}

func (s *sheet) close() error {
	s.printf("</svg>\n")
	return s.out.Flush()
}
