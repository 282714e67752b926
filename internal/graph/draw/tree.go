package draw

import (
	"slices"
	"strings"
)

// tree holds the folders of a picture. Group 0 is the root; a group's parent comes before it.
type tree struct {
	groups []group
	of     []int // innermost group of each box
}

type group struct {
	name   string // path with a slash at its end; "x/*" for the files that lie directly in x when it has folders too
	parent int
	groups []int
	boxes  []int
	total  int // boxes in it, at any depth
	open   bool
}

func newTree(boxes []Box) *tree {
	t := &tree{groups: []group{{parent: -1, open: true}}, of: make([]int, len(boxes))}
	index := map[string]int{"": 0}
	for i := range boxes {
		at, name := 0, ""
		for _, part := range boxes[i].Path {
			name += part + "/"
			if _, ok := index[name]; !ok {
				index[name] = t.child(at, name)
			}
			at = index[name]
		}
		t.groups[at].boxes, t.of[i] = append(t.groups[at].boxes, i), at
	}
	t.gather()
	for i := len(t.groups) - 1; i >= 0; i-- {
		g := &t.groups[i]
		if g.total += len(g.boxes); g.parent >= 0 {
			t.groups[g.parent].total += g.total
		}
	}
	return t
}

func (t *tree) child(parent int, name string) int {
	t.groups = append(t.groups, group{name: name, parent: parent})
	t.groups[parent].groups = append(t.groups[parent].groups, len(t.groups)-1)
	return len(t.groups) - 1
}

// gather puts the boxes that lie directly beside folders into a group of their own.
func (t *tree) gather() {
	for i := range len(t.groups) {
		if boxes := t.groups[i].boxes; len(boxes) > 1 && (len(t.groups[i].groups) > 0 || i == 0 && len(boxes) > Readable) {
			own := t.child(i, t.groups[i].name+"*")
			t.groups[own].boxes, t.groups[i].boxes = boxes, nil
			for _, b := range boxes {
				t.of[b] = own
			}
		}
	}
}

// unfold opens groups, the fullest first, as long as at most limit things are to be seen. Unless single boxes are wanted, what
// holds nothing but boxes stays closed.
func (t *tree) unfold(limit int, single bool) {
	queue, seen := []int{0}, 1
	for len(queue) > 0 {
		best := 0
		for i, g := range queue {
			if t.groups[g].total > t.groups[queue[best]].total {
				best = i
			}
		}
		at := queue[best]
		queue = slices.Delete(queue, best, best+1)
		chain := []int{at} // folders with one folder in them and nothing else open together
		for len(t.groups[at].groups) == 1 && len(t.groups[at].boxes) == 0 {
			at = t.groups[at].groups[0]
			chain = append(chain, at)
		}
		more := len(t.groups[at].groups) + len(t.groups[at].boxes) - 1
		if at != 0 && (seen+more > limit || !single && len(t.groups[at].groups) == 0 && more > 0) {
			continue
		}
		for _, g := range chain {
			t.groups[g].open = true
		}
		seen += more
		queue = append(queue, t.groups[at].groups...)
	}
}

// shown is the outermost closed group around a box, -1 when all are open.
func (t *tree) shown(box int) int {
	closed := -1
	for g := t.of[box]; g >= 0; g = t.groups[g].parent {
		if !t.groups[g].open {
			closed = g
		}
	}
	return closed
}

// Readable is how many boxes a picture can have and still be read; Overview is how many are left when more are joined.
const (
	Readable = 300
	Overview = 90
)

// Collapse returns a picture of more boxes than readable with folders in place of what is in them: at most as many as overview
// says, where that is possible. The fullest folders are opened first. A picture that is small enough is returned as it is.
func (p *Picture) Collapse(readable, overview int) *Picture {
	if len(p.Boxes) <= readable {
		return p
	}
	return p.fold(p.folded(readable, overview))
}

// folded is the tree of a picture with the groups open that are to be seen into.
func (p *Picture) folded(readable, overview int) *tree {
	t := newTree(p.Boxes)
	if len(p.Boxes) <= readable {
		t.unfold(len(p.Boxes), true)
	} else {
		t.unfold(overview, false)
	}
	return t
}

// fold joins the boxes of closed groups.
func (p *Picture) fold(t *tree) *Picture {
	out := *p
	out.Boxes, out.Lines = nil, nil
	at, place := make([]int, len(p.Boxes)), map[int]int{}
	for i := range p.Boxes {
		g := t.shown(i)
		to, ok := place[g]
		if g < 0 || !ok {
			to = len(out.Boxes)
			out.Boxes = append(out.Boxes, p.Boxes[i])
			if g >= 0 {
				place[g], out.Boxes[to] = to, groupBox(t.groups[g].name, &p.Boxes[i])
			}
		}
		if at[i] = to; g >= 0 {
			out.Boxes[to].join(&p.Boxes[i])
		}
	}
	out.foldLines(p.Lines, at)
	out.order()
	tellApart(out.Boxes)
	out.findCycles()
	return &out
}

func groupBox(name string, first *Box) Box {
	path := strings.Split(strings.TrimSuffix(name, "/"), "/")
	label, around := path[len(path)-1]+"/", path[:len(path)-1]
	if path[len(path)-1] == "*" && len(path) > 1 {
		label, around = path[len(path)-2]+"/*", path[:max(len(path)-2, 0)]
	} else if path[len(path)-1] == "*" {
		label = "(root)/*"
	}
	return Box{Name: name, Label: label, Sub: strings.Join(around, "/"), Path: around, Group: true, Outside: first.Outside, Change: first.Change}
}

// join counts a box into the group that stands for it: a group is added or removed when all that is in it is.
func (b *Box) join(inner *Box) {
	b.Files += max(inner.Files, 1)
	b.Outside = b.Outside && inner.Outside
	if b.Change != inner.Change {
		b.Change = Changed
	}
}

func (p *Picture) foldLines(lines []Line, at []int) {
	index := map[[2]int]int{}
	for _, l := range lines {
		if l.From, l.To = at[l.From], at[l.To]; l.From == l.To {
			continue
		}
		i, ok := index[[2]int{l.From, l.To}]
		if !ok {
			index[[2]int{l.From, l.To}] = len(p.Lines)
			p.Lines = append(p.Lines, l)
			continue
		}
		have := &p.Lines[i]
		have.Count += l.Count
		have.Type = have.Type && l.Type
		if have.Change != l.Change {
			have.Change = Same
		}
	}
}
