package draw

import (
	"github.com/adamant-os/adamant/internal/graph"
)

// findCycles numbers the cycles of head, in the order of their first boxes, and marks implied lines.
func (p *Picture) findCycles() {
	of, sizes := p.components()
	number := make([]int, len(sizes))
	p.Cycles = 0
	for i := range p.Boxes {
		p.Boxes[i].Cycle = 0
		c := of[i]
		if sizes[c] < 2 {
			continue
		}
		if number[c] == 0 {
			p.Cycles++
			number[c] = p.Cycles
		}
		p.Boxes[i].Cycle = number[c]
	}
	for i := range p.Lines {
		l := &p.Lines[i]
		l.Cycle = l.Change != Removed && of[l.From] == of[l.To]
	}
	p.findImplied(of, len(sizes))
}

// components are those of head: removed lines close no cycle.
func (p *Picture) components() (of, sizes []int32) {
	var b graph.Builder
	for i := range p.Boxes { // sorted by name, so that box i is node i
		b.Node(graph.Node{Name: p.Boxes[i].Name})
	}
	for _, l := range p.Lines {
		if l.Change != Removed {
			b.Edge(graph.Edge{From: graph.ID(l.From), To: graph.ID(l.To)})
		}
	}
	return b.Graph().Components(nil)
}

// maxImplied bounds the memory of findImplied: its bit table has this many rows and columns at most.
const maxImplied = 6000

// findImplied marks the lines between different components that another way goes around: what is left is the transitive
// reduction of the condensed graph. Components are numbered so that a line never leads to a higher one.
func (p *Picture) findImplied(of []int32, n int) {
	for i := range p.Lines {
		p.Lines[i].Implied = false
	}
	if n > maxImplied {
		return
	}
	next := make([][]int32, n)
	for _, l := range p.Lines {
		if a, b := of[l.From], of[l.To]; a != b && l.Change != Removed {
			next[a] = append(next[a], b)
		}
	}
	reach := make([]row, n)
	around := make([]row, n)
	for a := range n {
		reach[a], around[a] = make(row, (n+63)/64), make(row, (n+63)/64)
		for _, b := range next[a] {
			around[a].or(reach[b])
		}
		reach[a].or(around[a])
		for _, b := range next[a] {
			reach[a].set(int(b))
		}
	}
	for i := range p.Lines {
		l := &p.Lines[i]
		a, b := of[l.From], of[l.To]
		l.Implied = a != b && l.Change == Same && around[a].has(int(b))
	}
}

// row is a set of small numbers.
type row []uint64

func (r row) set(i int)      { r[i>>6] |= 1 << (i & 63) }
func (r row) has(i int) bool { return r[i>>6]&(1<<(i&63)) != 0 }
func (r row) or(other row) {
	for i := range r {
		r[i] |= other[i]
	}
}
