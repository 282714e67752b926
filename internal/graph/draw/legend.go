package draw

import (
	"slices"
	"strings"
)

// rowHigh is the height of a row of the legend.
const rowHigh = 22

// key is one entry of the legend: a sample and what it means.
type key struct {
	line string // class of a line; "" when the sample is a sign
	sign string
	text string
}

func (k key) wide() int { return 40 + 7*textWidth(k.text) + 24 }

// keys lists what the picture has, nothing else.
func (p *Picture) keys() []key {
	keys := []key{{line: "l", text: "left needs right"}}
	when := func(have bool, k key) {
		if have {
			keys = append(keys, k)
		}
	}
	when(p.anyLine(func(l *Line) bool { return l.Implied }), key{line: "l implied", text: "implied: another way leads there"})
	when(p.anyLine(func(l *Line) bool { return l.Type }), key{line: "l type", text: "for types only"})
	when(p.Cycles > 0, key{line: "l cyc", text: "on a cycle; boxes say ↻ and its number"})
	when(p.Cycles > 0, key{line: "l cyc back", text: "closes a cycle: right to left"})
	when(p.anyLine(func(l *Line) bool { return l.Change == Added }), key{line: "l added", text: "new dependency"})
	when(p.anyLine(func(l *Line) bool { return l.Change == Removed }), key{line: "l removed", text: "dependency that is gone"})
	when(p.Base != "", key{sign: "+ − Δ", text: "new, gone, changed"})
	when(p.anyBox(func(b *Box) bool { return b.Group }), key{sign: "▣", text: "stack: a folder, drawn as one"})
	when(p.anyBox(func(b *Box) bool { return b.Outside }), key{sign: "┄", text: "broken edge: not in the repository"})
	return keys
}

func (p *Picture) anyLine(is func(*Line) bool) bool {
	for i := range p.Lines {
		if is(&p.Lines[i]) {
			return true
		}
	}
	return false
}

func (p *Picture) anyBox(is func(*Box) bool) bool {
	for i := range p.Boxes {
		if is(&p.Boxes[i]) {
			return true
		}
	}
	return false
}

// flow breaks the legend into rows.
func flow(keys []key, wide int) [][]key {
	rows, used := [][]key{nil}, 0
	for _, k := range keys {
		if used > 0 && used+k.wide() > wide {
			rows, used = append(rows, nil), 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], k)
		used += k.wide()
	}
	return rows
}

func (s *sheet) legend() {
	s.printf(`<g class="legend">` + "\n")
	y := s.h + 36
	for _, row := range s.rows {
		x := margin
		for _, k := range row {
			s.key(k, x, y)
			x += k.wide()
		}
		y += rowHigh
	}
	s.printf("</g>\n")
}

func (s *sheet) key(k key, x, y int) {
	if k.line == "" {
		s.printf(`<text class="k" x="%d" y="%d" text-anchor="end">%s</text>`, x+32, y+4, markup(k.sign))
	} else {
		marker, start := lineMarkers(k.line)
		s.printf(`<path class="%s" d="M%d %dH%d"%s marker-end="url(#m-%s)"/>`, k.line, x, y, x+32, start, marker)
	}
	s.printf(`<text class="k" x="%d" y="%d">%s</text>`+"\n", x+40, y+4, markup(k.text))
}

// lineMarkers are the ends of a line by its class.
func lineMarkers(class string) (marker, start string) {
	marker = "same"
	for _, kind := range strings.Fields(class) {
		switch kind {
		case "added":
			return kind, ` marker-start="url(#m-new)"`
		case "removed":
			return kind, ""
		case "cyc":
			marker = kind
		case "back":
			if marker == "cyc" {
				marker = kind
			}
		}
	}
	return marker, ""
}

// hues gives boxes the colour of their folder, at the shallowest depth that tells boxes apart.
func hues(boxes []Box) []int {
	var of []string
	for depth := 1; depth <= 4; depth++ {
		count, most := map[string]int{}, 0
		of = of[:0]
		for i := range boxes {
			path := boxes[i].Path
			name := strings.Join(path[:min(depth, len(path))], "/")
			of = append(of, name)
			count[name]++
			most = max(most, count[name])
		}
		if len(count) > 2 && most*10 <= len(boxes)*6 {
			break
		}
	}
	names := slices.Compact(slices.Sorted(slices.Values(of)))
	out := make([]int, len(boxes))
	for i, name := range of {
		at, _ := slices.BinarySearch(names, name)
		out[i] = at % 8
	}
	return out
}
