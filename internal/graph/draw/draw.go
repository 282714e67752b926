// Package draw turns views of a dependency graph into text: Graphviz dot, Mermaid, SVG by a layered layout of our own, and a
// page that stands alone. It promises that equal pictures give equal bytes, that names are shown and never obeyed (they come
// from a repository: quotes, tags and line breaks are text), and that what colour says is said by shape or words as well. It
// never reads a file or a clock, never needs a network, and computes positions with integers only.
package draw

import (
	"cmp"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/graph"
)

// Change is what happened to a box or line between base and head.
type Change uint8

// The changes.
const (
	Same Change = iota
	Added
	Removed
	Changed // a box that is in both, with files that are not equal; never a line
)

var changeNames = [...]string{"same", "added", "removed", "changed"}

func (c Change) String() string { return changeNames[c&3] }

// Box is one node of a picture.
type Box struct {
	Name    string   // unique in the picture
	Label   string   // what is written large
	Sub     string   // what is written small above it: where it is
	Path    []string // the folders around it, outermost first
	Files   int      // how many files it stands for
	Group   bool     // it stands for what is inside a folder
	Outside bool     // it is not in the repository
	Change  Change
	Cycle   int // number of the cycle it is on, from 1; 0 = none
}

// Line is a dependency: From needs To, both indices of boxes.
type Line struct {
	From, To int
	Count    int  // how many dependencies it stands for
	Type     bool // all of them are erased before the program runs
	Change   Change
	Cycle    bool // both ends are on one cycle
	Implied  bool // there is another way from From to To, and neither is on a cycle
}

// Picture is what is drawn. Boxes are sorted by name, lines by their ends.
type Picture struct {
	Repository, Commit string
	Base               string // commit compared with; "" when nothing is
	Level              string // what a box is: "file", "package", "component", "folder"
	Total              int    // boxes before they were joined
	Omitted            int    // lines that are left out
	Boxes              []Box
	Lines              []Line
	Cycles             int
}

// View is one side of a picture: the graph of a tree and how its nodes are called.
type View struct {
	Graph *graph.Graph
	Names graph.Names
	// Around lists what a name is inside of, outermost first; nil means the folders of its path.
	Around func(name string) []string
}

// New makes the picture of head. With a base, what is only there is removed and what is only in head is added; changed says
// which names have files that differ.
func New(head View, base *View, changed map[string]bool) *Picture {
	m := merger{index: map[string]int{}, lines: map[[2]int]int{}}
	m.add(head, false)
	if base != nil {
		m.add(*base, true)
		m.settle(changed)
	}
	p := &Picture{Boxes: m.boxes, Lines: m.lineList, Total: len(m.boxes)}
	p.order()
	tellApart(p.Boxes)
	p.findCycles()
	return p
}

// merger joins the views of head and base.
type merger struct {
	boxes    []Box
	lineList []Line
	seen     []uint8 // of boxes: 1 head, 2 base
	lineSeen []uint8
	index    map[string]int
	lines    map[[2]int]int
}

func (m *merger) add(v View, base bool) {
	side := uint8(1)
	if base {
		side = 2
	}
	files := countFiles(v)
	view := v.Graph.View(graph.File, v.Names)
	at := make([]int, view.Len())
	for i := range at {
		n := view.Node(graph.ID(i))
		at[i] = m.box(n, v, side)
		if b := &m.boxes[at[i]]; b.Files == 0 {
			b.Files = files[n.Name]
		}
	}
	for _, e := range view.Edges() {
		m.line(at[e.From], at[e.To], e, side)
	}
}

func countFiles(v View) map[string]int {
	files := map[string]int{}
	for i := range v.Graph.Len() {
		if n := v.Graph.Node(graph.ID(i)); n.Kind == graph.File {
			if name := v.Names(n); name != "" {
				files[name]++
			}
		}
	}
	return files
}

func (m *merger) box(n *graph.Node, v View, side uint8) int {
	at, ok := m.index[n.Name]
	if !ok {
		at = len(m.boxes)
		m.index[n.Name] = at
		b := Box{Name: n.Name, Outside: n.Kind == graph.External}
		b.describe(v.Around)
		m.boxes, m.seen = append(m.boxes, b), append(m.seen, 0)
	}
	m.seen[at] |= side
	return at
}

func (m *merger) line(from, to int, e graph.Edge, side uint8) {
	at, ok := m.lines[[2]int{from, to}]
	if !ok {
		at = len(m.lineList)
		m.lines[[2]int{from, to}] = at
		m.lineList, m.lineSeen = append(m.lineList, Line{From: from, To: to, Type: true}), append(m.lineSeen, 0)
	}
	if side == 1 || m.lineSeen[at]&1 == 0 {
		m.lineList[at].Count++
		m.lineList[at].Type = m.lineList[at].Type && e.Kind.TypeLevel()
	}
	m.lineSeen[at] |= side
}

// settle turns what was seen where into changes.
func (m *merger) settle(changed map[string]bool) {
	for i := range m.boxes {
		m.boxes[i].Change = changeOf(m.seen[i])
		if m.boxes[i].Change == Same && changed[m.boxes[i].Name] {
			m.boxes[i].Change = Changed
		}
	}
	for i := range m.lineList {
		m.lineList[i].Change = changeOf(m.lineSeen[i])
	}
}

func changeOf(seen uint8) Change { return [...]Change{Same, Added, Removed, Same}[seen&3] }

// describe splits a name into what is written: "go:internal/graph" is graph in internal, "npm:@a/b" is @a/b of npm.
func (b *Box) describe(around func(string) []string) {
	prefix, rest, ok := strings.Cut(b.Name, ":")
	if !ok || strings.Contains(prefix, "/") {
		prefix, rest = "", b.Name
	}
	if b.Outside {
		b.Label, b.Sub, b.Path = rest, prefix, []string{cmp.Or(prefix, "outside")}
		return
	}
	folder, label := "", rest
	if i := strings.LastIndexByte(rest, '/'); i >= 0 {
		folder, label = rest[:i], rest[i+1:]
	}
	if label == "." || label == "" {
		label = "(root)"
	}
	b.Label, b.Sub = label, folder
	switch {
	case around != nil:
		b.Path = around(b.Name)
		b.Sub = cmp.Or(strings.Join(b.Path, "/"), folder)
	case folder != "":
		b.Path = strings.Split(folder, "/")
	}
}

// tellApart puts the folder into labels that several boxes have, and one more if that is not enough.
func tellApart(boxes []Box) {
	for range 2 {
		count := map[string]int{}
		for i := range boxes {
			count[boxes[i].Label]++
		}
		for i := range boxes {
			b := &boxes[i]
			if count[b.Label] > 1 && b.Sub != "" && !b.Outside {
				i := strings.LastIndexByte(b.Sub, '/')
				b.Label, b.Sub = b.Sub[i+1:]+"/"+b.Label, b.Sub[:max(i, 0)]
			}
		}
	}
}

// order sorts boxes by name and lines by their ends.
func (p *Picture) order() {
	by := make([]int, len(p.Boxes))
	for i := range by {
		by[i] = i
	}
	slices.SortFunc(by, func(a, b int) int { return cmp.Compare(p.Boxes[a].Name, p.Boxes[b].Name) })
	p.pick(by)
}

// pick keeps the boxes of a list, in its order, and the lines between them.
func (p *Picture) pick(list []int) {
	place := make([]int, len(p.Boxes))
	for i := range place {
		place[i] = -1
	}
	boxes := make([]Box, len(list))
	for to, from := range list {
		boxes[to], place[from] = p.Boxes[from], to
	}
	lines := make([]Line, 0, len(p.Lines))
	for _, l := range p.Lines {
		if l.From, l.To = place[l.From], place[l.To]; l.From >= 0 && l.To >= 0 {
			lines = append(lines, l)
		}
	}
	slices.SortFunc(lines, func(a, b Line) int { return cmp.Or(a.From-b.From, a.To-b.To) })
	p.Boxes, p.Lines = boxes, lines
}

// Filter keeps the boxes that keep says yes to, and what is at most depth lines away from them in either direction.
func (p *Picture) Filter(keep func(*Box) bool, depth int) {
	near := make([]bool, len(p.Boxes))
	for i := range p.Boxes {
		near[i] = keep(&p.Boxes[i])
	}
	for range depth {
		next := slices.Clone(near)
		for _, l := range p.Lines {
			if near[l.From] || near[l.To] {
				next[l.From], next[l.To] = true, true
			}
		}
		near = next
	}
	var list []int
	for i, n := range near {
		if n {
			list = append(list, i)
		}
	}
	p.pick(list)
	p.Total = len(p.Boxes)
	p.findCycles()
}

// Touched names the boxes that changed and the ends of lines that did.
func (p *Picture) Touched() map[string]bool {
	out := map[string]bool{}
	for i := range p.Boxes {
		if p.Boxes[i].Change != Same {
			out[p.Boxes[i].Name] = true
		}
	}
	for _, l := range p.Lines {
		if l.Change != Same {
			out[p.Boxes[l.From].Name], out[p.Boxes[l.To].Name] = true, true
		}
	}
	return out
}
