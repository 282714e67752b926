package draw

import (
	"cmp"
	"slices"
)

// item is what a column holds: a box, or a lane that long lines to one box run through.
type item struct {
	box   int // -1 for a lane
	rank  int
	left  []tie // items of the rank before
	right []tie // items of the rank after
	place int   // in its column
	y     int   // of its middle
	x     int   // left edge of its column
	end   int   // right edge of its column
}

type tie struct{ to, weight int }

// net is the layered graph: every line is a chain of items of adjacent ranks.
type net struct {
	items   []item
	columns [][]int
	chains  [][]int // of each line: the items from the box on the left to the box on the right
}

func newNet(p *Picture, rank []int, back []bool) *net {
	n := &net{items: make([]item, len(p.Boxes)), chains: make([][]int, len(p.Lines))}
	for b := range p.Boxes {
		n.items[b] = item{box: b, rank: rank[b]}
	}
	lanes := map[[3]int]int{} // target, rank, against the ranks
	for i, l := range p.Lines {
		from, to, against := l.From, l.To, 0
		if back[i] {
			from, to, against = to, from, 1
		}
		chain := []int{from}
		for r := rank[from] + 1; r < rank[to]; r++ {
			key := [3]int{to, r, against}
			if _, ok := lanes[key]; !ok {
				lanes[key] = len(n.items)
				n.items = append(n.items, item{box: -1, rank: r})
			}
			chain = append(chain, lanes[key])
		}
		n.chains[i] = append(chain, to)
	}
	n.tie()
	n.start()
	return n
}

// tie joins what follows each other in chains; the weight is the number of lines.
func (n *net) tie() {
	weights := map[[2]int]int{}
	for _, chain := range n.chains {
		for i := range len(chain) - 1 {
			key := [2]int{chain[i], chain[i+1]}
			if weights[key]++; weights[key] == 1 {
				n.items[key[0]].right = append(n.items[key[0]].right, tie{to: key[1]})
				n.items[key[1]].left = append(n.items[key[1]].left, tie{to: key[0]})
			}
		}
	}
	for i := range n.items {
		for k := range n.items[i].right {
			t := &n.items[i].right[k]
			t.weight = weights[[2]int{i, t.to}]
		}
		for k := range n.items[i].left {
			t := &n.items[i].left[k]
			t.weight = weights[[2]int{t.to, i}]
		}
	}
}

// start fills the columns in the order of a walk from the left, so that what belongs together begins together.
func (n *net) start() {
	ranks := 0
	for i := range n.items {
		ranks = max(ranks, n.items[i].rank+1)
	}
	n.columns = make([][]int, ranks)
	seen := make([]bool, len(n.items))
	var stack []int
	for i := range n.items {
		if len(n.items[i].left) > 0 {
			continue
		}
		for stack = append(stack, i); len(stack) > 0; {
			at := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if seen[at] {
				continue
			}
			seen[at] = true
			r := n.items[at].rank
			n.columns[r] = append(n.columns[r], at)
			for _, t := range slices.Backward(n.items[at].right) {
				stack = append(stack, t.to)
			}
		}
	}
	n.number()
}

func (n *net) number() {
	for _, column := range n.columns {
		for i, at := range column {
			n.items[at].place = i
		}
	}
}

// untangle sorts columns by the barycentre of their neighbours, back and forth, and keeps the order with the fewest crossings.
func (n *net) untangle(rounds int) {
	best, fewest := n.copyColumns(), n.crossings()
	for round := 0; round < rounds && fewest > 0; round++ {
		for i := range n.columns {
			if round%2 == 0 {
				n.sortColumn(i, func(it *item) []tie { return it.left })
			} else {
				n.sortColumn(len(n.columns)-1-i, func(it *item) []tie { return it.right })
			}
		}
		if c := n.crossings(); c < fewest {
			best, fewest = n.copyColumns(), c
		}
	}
	n.columns = best
	n.number()
}

func (n *net) copyColumns() [][]int {
	out := make([][]int, len(n.columns))
	for i := range out {
		out[i] = slices.Clone(n.columns[i])
	}
	return out
}

// sortColumn places items by the weighted mean place of their ties on one side; those without keep theirs.
func (n *net) sortColumn(c int, side func(*item) []tie) {
	column := n.columns[c]
	key := make(map[int]int, len(column))
	for i, at := range column {
		sum, weight := 0, 0
		for _, t := range side(&n.items[at]) {
			sum += n.items[t.to].place * t.weight
			weight += t.weight
		}
		if key[at] = i * 1024; weight > 0 {
			key[at] = sum * 1024 / weight
		}
	}
	slices.SortStableFunc(column, func(a, b int) int { return cmp.Compare(key[a], key[b]) })
	for i, at := range column {
		n.items[at].place = i
	}
}

// crossings counts pairs of ties that cross, by their weights, between all adjacent columns.
func (n *net) crossings() int {
	total := 0
	for c := range len(n.columns) - 1 {
		total += n.crossingsAfter(c)
	}
	return total
}

// crossingsAfter runs over the ties of a column from top to bottom; a Fenwick tree knows how many end below (Barth, Jünger
// and Mutzel 2002).
func (n *net) crossingsAfter(c int) int {
	sums := make([]int, len(n.columns[c+1])+1)
	total, crossed := 0, 0
	for _, at := range n.columns[c] {
		ties := slices.SortedFunc(slices.Values(n.items[at].right), func(a, b tie) int {
			return n.items[a.to].place - n.items[b.to].place
		})
		for _, t := range ties {
			above := 0
			for i := n.items[t.to].place + 1; i > 0; i &= i - 1 {
				above += sums[i]
			}
			crossed += (total - above) * t.weight
		}
		for _, t := range ties {
			for i := n.items[t.to].place + 1; i < len(sums); i += i & -i {
				sums[i] += t.weight
			}
			total += t.weight
		}
	}
	return crossed
}
