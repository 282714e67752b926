package draw

import "slices"

// Measures of a picture, in pixels.
const (
	boxHeight = 42
	boxGap    = 14 // between boxes of a column
	laneGap   = 9  // between lanes, or a lane and a box
	shelfGap  = 48 // between parts
	charWide  = 8  // of a label's character: 13 px monospace has 7.83
	charSmall = 6  // of a small character: 10 px monospace has 6.02
	boxInside = 34 // stripe, margins and the mark at the right
	boxLeast  = 96
	margin    = 32
	headHigh  = 76 // title
)

// rect is where a box stands.
type rect struct{ x, y, w, h int }

// point is a corner of a line's way.
type point struct{ x, y int }

// plan is a picture with places.
type plan struct {
	*Picture
	places []rect
	ways   [][]point // of each line: from its box to its box; between odd and even points it bends, else it is straight
	back   []bool    // lines that run right to left
	alone  int       // y of the heading over boxes without lines, 0 when there are none
	w, h   int
}

// layout places boxes and lines. Parts that are not connected are laid out one by one and set on shelves.
func layout(p *Picture) *plan {
	pl := &plan{Picture: p, places: make([]rect, len(p.Boxes)), back: make([]bool, len(p.Lines)), ways: make([][]point, len(p.Lines))}
	parts, alone := split(p)
	for _, s := range parts {
		s.layout()
	}
	pl.shelve(parts)
	pl.placeAlone(alone)
	pl.w = max(pl.w+margin, leastWide, 2*margin+7*textWidth(p.counts()))
	return pl
}

// part is what is connected, with places of its own.
type part struct {
	plan
	boxes, lines []int // in the whole picture
}

// split finds the parts, in the order of their first boxes, and the boxes without lines.
func split(p *Picture) (parts []*part, alone []int) {
	root := make([]int, len(p.Boxes))
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	tied := make([]bool, len(p.Boxes))
	for _, l := range p.Lines {
		a, b := find(l.From), find(l.To)
		root[max(a, b)] = min(a, b)
		tied[l.From], tied[l.To] = true, true
	}
	place, of := make([]int, len(p.Boxes)), map[int]*part{}
	for i := range p.Boxes {
		if !tied[i] {
			alone = append(alone, i)
			continue
		}
		r := find(i)
		if of[r] == nil {
			of[r] = &part{plan: plan{Picture: &Picture{}}}
			parts = append(parts, of[r])
		}
		place[i] = len(of[r].boxes)
		of[r].boxes, of[r].Boxes = append(of[r].boxes, i), append(of[r].Boxes, p.Boxes[i])
	}
	for i, l := range p.Lines {
		s := of[find(l.From)]
		l.From, l.To = place[l.From], place[l.To]
		s.lines, s.Lines = append(s.lines, i), append(s.Lines, l)
	}
	return parts, alone
}

func (s *part) layout() {
	rank, back := rankBoxes(s.Picture)
	n := newNet(s.Picture, rank, back)
	n.untangle(rounds(len(n.items)))
	n.settle()
	s.places, s.back = make([]rect, len(s.Boxes)), back
	s.placeColumns(n)
	s.route(n)
}

// shelve sets parts side by side, the highest first, on shelves as wide as the widest or as a screen is wide for their height.
func (pl *plan) shelve(parts []*part) {
	wide, area := 0, 0
	for _, s := range parts {
		wide = max(wide, s.w)
		area += (s.w + shelfGap) * (s.h + shelfGap)
	}
	wide = max(wide, root(area*8/5))
	slices.SortStableFunc(parts, func(a, b *part) int { return b.h - a.h })
	x, y, high := 0, 0, 0
	for _, s := range parts {
		if x > 0 && x+s.w > wide {
			x, y, high = 0, y+high+shelfGap, 0
		}
		pl.take(s, margin+x, headHigh+y)
		high = max(high, s.h)
		x += s.w + shelfGap
	}
	pl.h = max(pl.h, headHigh)
}

// take copies the places of a part that stands at x, y.
func (pl *plan) take(s *part, x, y int) {
	for i, b := range s.boxes {
		r := s.places[i]
		pl.places[b] = rect{r.x + x, r.y + y, r.w, r.h}
	}
	for i, l := range s.lines {
		pl.back[l], pl.ways[l] = s.back[i], s.ways[i]
		for k := range s.ways[i] {
			s.ways[i][k].x += x
			s.ways[i][k].y += y
		}
	}
	pl.w, pl.h = max(pl.w, x+s.w), max(pl.h, y+s.h)
}

// leastWide is room for title and legend.
const leastWide = 760

// rounds of untangling: fewer where each takes long.
func rounds(items int) int { return max(4, min(24, 200_000/(items+1))) }

// settle finds heights: each column follows the ones beside it, back and forth.
func (n *net) settle() {
	for _, column := range n.columns {
		offsets, _ := n.offsets(column)
		for i, at := range column {
			n.items[at].y = offsets[i] - offsets[len(offsets)-1]/2
		}
	}
	for round := range 12 {
		for i := range n.columns {
			switch {
			case round >= 10:
				n.settleColumn(i, true, true)
			case round%2 == 0:
				n.settleColumn(i, true, false)
			default:
				n.settleColumn(len(n.columns)-1-i, false, true)
			}
		}
	}
}

// offsets is how far the middles of a column's items are below the first one when all stand as close as they may.
func (n *net) offsets(column []int) (offsets []int, lanes int) {
	for _, at := range column {
		if n.items[at].box < 0 {
			lanes++
		}
	}
	lane := max(2, min(laneGap, 1500/(lanes+1)))
	offsets = make([]int, len(column))
	for i := 1; i < len(column); i++ {
		a, b := n.items[column[i-1]].box >= 0, n.items[column[i]].box >= 0
		gap := lane
		switch {
		case a && b:
			gap = boxHeight + boxGap
		case a || b:
			gap = boxHeight/2 + laneGap
		}
		offsets[i] = offsets[i-1] + gap
	}
	return offsets, lanes
}

// settleColumn moves the items of a column as near as can be to the heights of what they are tied to, in the order they have
// and without touching: weighted isotonic regression by pooling adjacent violators.
func (n *net) settleColumn(c int, left, right bool) {
	column := n.columns[c]
	offsets, _ := n.offsets(column)
	type pool struct{ sum, weight, count int }
	var pools []pool
	for i, at := range column {
		want, weight := n.wanted(at, left, right)
		pools = append(pools, pool{(want - offsets[i]) * weight, weight, 1})
		for k := len(pools) - 1; k > 0 && pools[k-1].sum*pools[k].weight >= pools[k].sum*pools[k-1].weight; k-- {
			pools[k-1].sum += pools[k].sum
			pools[k-1].weight += pools[k].weight
			pools[k-1].count += pools[k].count
			pools = pools[:k]
		}
	}
	i := 0
	for _, p := range pools {
		for range p.count {
			n.items[column[i]].y = floorDiv(p.sum, p.weight) + offsets[i]
			i++
		}
	}
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// wanted is the mean height of what an item is tied to. Lanes pull harder at lanes, so that long lines are straight.
func (n *net) wanted(at int, left, right bool) (y, weight int) {
	it := &n.items[at]
	sum := 0
	add := func(ties []tie) {
		for _, t := range ties {
			w := min(t.weight, 4)
			if it.box < 0 && n.items[t.to].box < 0 {
				w *= 6
			}
			sum += n.items[t.to].y * w
			weight += w
		}
	}
	if left {
		add(it.left)
	}
	if right {
		add(it.right)
	}
	if weight == 0 {
		return it.y, 1
	}
	return floorDiv(sum, weight), weight
}

// placeColumns gives boxes their places. All boxes of a column are as wide as the widest.
func (pl *plan) placeColumns(n *net) {
	top := 0
	for _, column := range n.columns {
		for _, at := range column {
			top = min(top, n.items[at].y)
		}
	}
	x := 0
	for _, column := range n.columns {
		wide, ties := 0, 0
		for _, at := range column {
			if b := n.items[at].box; b >= 0 {
				wide = max(wide, boxWidth(&pl.Boxes[b]))
			}
			ties += len(n.items[at].right)
		}
		for _, at := range column {
			it := &n.items[at]
			it.y += boxHeight/2 - top
			if it.box >= 0 {
				pl.places[it.box] = rect{x, it.y - boxHeight/2, wide, boxHeight}
			}
			it.x, it.end = x, x+wide
			pl.h = max(pl.h, it.y+boxHeight/2)
		}
		pl.w = x + wide
		x += wide + 40 + min(80, ties)
	}
}

// placeAlone puts boxes without lines into a grid below the rest.
func (pl *plan) placeAlone(alone []int) {
	wide := 0
	for _, b := range alone {
		wide = max(wide, boxWidth(&pl.Boxes[b]))
	}
	if len(alone) == 0 {
		return
	}
	pl.alone = pl.h + 36
	across := max(pl.w-margin, (wide+boxGap)*min(len(alone), max(4, root(len(alone)))))
	columns := max(1, (across+boxGap)/(wide+boxGap))
	for i, b := range alone {
		x, y := margin+i%columns*(wide+boxGap), pl.alone+14+i/columns*(boxHeight+boxGap)
		pl.places[b] = rect{x, y, wide, boxHeight}
		pl.w, pl.h = max(pl.w, x+wide), max(pl.h, y+boxHeight)
	}
}

// route leads every line along its chain, in the direction it has.
func (pl *plan) route(n *net) {
	pl.ways = make([][]point, len(pl.Lines))
	for i, chain := range n.chains {
		var way []point
		for k, at := range chain {
			it := &n.items[at]
			if k > 0 {
				way = append(way, point{it.x, it.y})
			}
			if k < len(chain)-1 {
				way = append(way, point{it.end, it.y})
			}
		}
		if pl.back[i] {
			slices.Reverse(way)
		}
		pl.ways[i] = way
	}
}

func boxWidth(b *Box) int {
	return max(boxLeast, boxInside+max(charWide*textWidth(b.title()), charSmall*textWidth(b.subtitle())+charWide*textWidth(b.mark())))
}
