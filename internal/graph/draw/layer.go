package draw

import (
	"cmp"
	"slices"
)

// Layered layout (Sugiyama, Tagawa and Toda 1981), left to right: what needs stands left of what is needed. Cycles are broken
// by the order of Eades, Lin and Smyth (1993) inside each strongly connected component, ranks are those of the longest path
// pulled together, long lines to one box share a lane, crossings are reduced by barycentres, and heights are found by
// isotonic regression. Everything is an integer.

// rankBoxes gives every box a rank from 0, left to right, and says which lines run against it.
func rankBoxes(p *Picture) (rank []int, back []bool) {
	n := len(p.Boxes)
	order := flowOrder(p)
	place := make([]int, n)
	for i, b := range order {
		place[b] = i
	}
	back = make([]bool, len(p.Lines))
	out, in := make([][]int, n), make([][]int, n)
	for i, l := range p.Lines {
		from, to := l.From, l.To
		if back[i] = place[from] > place[to]; back[i] {
			from, to = to, from
		}
		out[from], in[to] = append(out[from], to), append(in[to], from)
	}
	rank = make([]int, n)
	for _, b := range order {
		for _, to := range out[b] {
			rank[to] = max(rank[to], rank[b]+1)
		}
	}
	pull(rank, order, out, in)
	splitRanks(p, rank, out, in)
	return rank, back
}

// flowOrder is an order of boxes in which lines between components lead on, and few within a component lead back. Lines that
// are gone have no say: they run as they may.
func flowOrder(p *Picture) []int {
	of, sizes := p.components()
	members := make([][]int, len(sizes))
	for b := range p.Boxes {
		members[of[b]] = append(members[of[b]], b)
	}
	next := make([][]int, len(p.Boxes))
	for _, l := range p.Lines {
		if of[l.From] == of[l.To] && l.Change != Removed {
			next[l.From] = append(next[l.From], l.To)
		}
	}
	order := make([]int, 0, len(p.Boxes))
	for c := len(sizes) - 1; c >= 0; c-- { // lines lead to lower components
		order = append(order, greedyOrder(members[c], next)...)
	}
	return order
}

// greedyOrder takes sinks to the end and sources to the front; where there is neither, the box that gives most and takes
// least goes to the front.
func greedyOrder(members []int, next [][]int) []int {
	if len(members) == 1 {
		return members
	}
	out, in, prev := map[int]int{}, map[int]int{}, map[int][]int{}
	for _, b := range members {
		for _, to := range next[b] {
			out[b]++
			in[to]++
			prev[to] = append(prev[to], b)
		}
	}
	left := slices.Clone(members)
	var front, end []int
	for len(left) > 0 {
		best, sink := 0, false
		for i, b := range left {
			if out[b] == 0 {
				best, sink = i, true
				break
			}
			if out[b]-in[b] > out[left[best]]-in[left[best]] {
				best = i
			}
		}
		b := left[best]
		left = slices.Delete(left, best, best+1)
		if sink {
			end = append(end, b)
		} else {
			front = append(front, b)
		}
		for _, to := range next[b] {
			in[to]--
		}
		for _, from := range prev[b] {
			out[from]--
		}
	}
	slices.Reverse(end)
	return append(front, end...)
}

// pull moves boxes toward those they have more lines with, as far as ranks allow: a light network simplex.
func pull(rank, order []int, out, in [][]int) {
	for range 8 {
		moved := false
		for i := range order {
			b := order[len(order)-1-i]
			low, high := -1, 1<<30
			for _, from := range in[b] {
				low = max(low, rank[from])
			}
			for _, to := range out[b] {
				high = min(high, rank[to])
			}
			to := rank[b]
			switch {
			case len(out[b]) > len(in[b]):
				to = high - 1
			case len(out[b]) < len(in[b]):
				to = low + 1
			}
			if to != rank[b] {
				rank[b], moved = to, true
			}
		}
		if !moved {
			return
		}
	}
}

// splitRanks breaks ranks that are much higher than the picture is wide into several, and leaves no rank empty.
func splitRanks(p *Picture, rank []int, out, in [][]int) {
	ranks := map[int][]int{}
	for b, r := range rank {
		ranks[r] = append(ranks[r], b)
	}
	limit := max(8, root(3*len(p.Boxes)))
	at := 0
	for _, r := range sortedKeys(ranks) {
		boxes := ranks[r]
		parts := (len(boxes) + limit - 1) / limit
		// What is needed by many stands right of what needs many.
		slices.SortStableFunc(boxes, func(a, b int) int {
			return cmp.Compare(len(in[a])-len(out[a]), len(in[b])-len(out[b]))
		})
		for i, b := range boxes {
			rank[b] = at + i*parts/len(boxes)
		}
		at += parts
	}
}

func sortedKeys[V any](m map[int]V) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// root is the integer square root, rounded down.
func root(n int) int {
	r := 0
	for (r+1)*(r+1) <= n {
		r++
	}
	return r
}
