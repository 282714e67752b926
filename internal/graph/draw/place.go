package draw

import "slices"

// Measures of a picture, in pixels.
const (
	boxHeight = 42
	boxGap    = 14 // between boxes of a column
	laneGap   = 9  // between lanes, or a lane and a box
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

// layout places boxes and lines.
func layout(p *Picture) *plan {
	rank, back := rankBoxes(p)
	n := newNet(p, rank, back)
	n.untangle(rounds(len(n.items)))
	n.settle()
	pl := &plan{Picture: p, places: make([]rect, len(p.Boxes)), back: back}
	pl.placeColumns(n)
	pl.placeAlone(rank)
	pl.route(n)
	pl.w = max(pl.w+margin, leastWide)
	return pl
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
	x := margin
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
			it.y += headHigh + boxHeight/2 - top
			if it.box >= 0 {
				pl.places[it.box] = rect{x, it.y - boxHeight/2, wide, boxHeight}
			}
			it.x, it.end = x, x+wide
			pl.h = max(pl.h, it.y+boxHeight/2)
		}
		pl.w = x + wide
		x += wide + 56 + min(120, ties*2)
	}
	pl.h = max(pl.h, headHigh)
}

// placeAlone puts boxes without lines into a grid below the rest.
func (pl *plan) placeAlone(rank []int) {
	var alone []int
	wide := 0
	for b, r := range rank {
		if r < 0 {
			alone = append(alone, b)
			wide = max(wide, boxWidth(&pl.Boxes[b]))
		}
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
	return max(boxLeast, boxInside+max(charWide*textWidth(b.title()), charSmall*textWidth(b.subtitle())))
}
