// Package evaluate measures how well scores order past changes against labels that say which of them brought a mistake. It
// works after the fact, on numbers that people read: nothing here reaches a decision of the gate.
package evaluate

import (
	"cmp"
	"math"
	"slices"
)

// Row is one labelled change.
type Row struct {
	Commit string
	Time   int64 // seconds since 1970
	Score  int   // milli-units
	Added  int   // lines
	Gone   int   // lines
	Buggy  bool
}

// Size is the change's effort: lines added and deleted.
func (r Row) Size() int { return r.Added + r.Gone }

// Measures say how well an order of changes finds the buggy ones. All are shares from 0 to 1; NaN where rows say nothing.
type Measures struct {
	AUC       float64 // chance that a buggy change stands before another
	Within    float64 // mean AUC inside each fifth of the changes by size
	Recall10  float64 // share of the buggy ones in the first 10 % of changes
	Recall50  float64 // and in the first 50 %
	Effort20  float64 // share of the buggy ones found with 20 % of all changed lines, by value per line
	Positives float64 // share of buggy changes
}

// Measure orders rows by value, greatest first.
func Measure(rows []Row, value func(Row) float64) Measures {
	return Measures{
		AUC: auc(rows, value), Within: within(rows, value),
		Recall10: recall(rows, value, 0.1), Recall50: recall(rows, value, 0.5),
		Effort20:  effort(rows, func(r Row) float64 { return value(r) / float64(r.Size()+1) }, 0.2),
		Positives: float64(positives(rows)) / float64(len(rows)),
	}
}

// ByScore, ByAdded and SmallFirst are the orders that docs/risk.md compares.
func ByScore(r Row) float64 { return float64(r.Score) }

// ByAdded puts the change with the most added lines first.
func ByAdded(r Row) float64 { return float64(r.Added) }

// SmallFirstEffort is Effort20 of reading small changes first, which needs no score: what a score has to beat.
func SmallFirstEffort(rows []Row) float64 {
	return effort(rows, func(r Row) float64 { return -float64(r.Size()) }, 0.2)
}

func positives(rows []Row) int {
	n := 0
	for _, r := range rows {
		if r.Buggy {
			n++
		}
	}
	return n
}

// sorted orders by value, greatest first; equal values keep their order.
func sorted(rows []Row, value func(Row) float64) []Row {
	out := slices.Clone(rows)
	slices.SortStableFunc(out, func(a, b Row) int { return cmp.Compare(value(b), value(a)) })
	return out
}

// auc is the Mann-Whitney statistic; equal values count half.
func auc(rows []Row, value func(Row) float64) float64 {
	order := sorted(rows, value)
	pos := positives(rows)
	neg := len(rows) - pos
	if pos == 0 || neg == 0 {
		return math.NaN()
	}
	wins, negBelow := 0.0, neg
	for i := 0; i < len(order); {
		j, p, n := i, 0, 0
		for ; j < len(order) && value(order[j]) == value(order[i]); j++ {
			if order[j].Buggy {
				p++
			} else {
				n++
			}
		}
		negBelow -= n
		wins += float64(p) * (float64(negBelow) + float64(n)/2)
		i = j
	}
	return wins / (float64(pos) * float64(neg))
}

// within is the mean AUC of the five groups that the quintiles of size make; groups of one kind only are left out.
func within(rows []Row, value func(Row) float64) float64 {
	sizes := make([]float64, len(rows))
	for i, r := range rows {
		sizes[i] = float64(r.Size())
	}
	slices.Sort(sizes)
	var edges [4]float64
	for i := range edges {
		edges[i] = quantile(sizes, float64(i+1)/5)
	}
	var groups [5][]Row
	for _, r := range rows {
		g := 0
		for g < 4 && float64(r.Size()) >= edges[g] {
			g++
		}
		groups[g] = append(groups[g], r)
	}
	sum, n := 0.0, 0.0
	for _, g := range groups {
		if a := auc(g, value); !math.IsNaN(a) {
			sum, n = sum+a, n+1
		}
	}
	return sum / n
}

// quantile interpolates linearly, as numpy does.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

func recall(rows []Row, value func(Row) float64, share float64) float64 {
	first := sorted(rows, value)[:int(math.Round(float64(len(rows))*share))]
	return float64(positives(first)) / float64(positives(rows))
}

func effort(rows []Row, value func(Row) float64, share float64) float64 {
	total := 0
	for _, r := range rows {
		total += r.Size()
	}
	spent, found := 0, 0
	for _, r := range sorted(rows, value) {
		if spent += r.Size(); float64(spent) > share*float64(total) {
			break
		}
		if r.Buggy {
			found++
		}
	}
	return float64(found) / float64(positives(rows))
}

const year = 365 * 24 * 3600

// Mature drops the newest year: its mistakes are not found yet. Rows come back oldest first.
func Mature(rows []Row) []Row {
	out := slices.Clone(rows)
	slices.SortStableFunc(out, func(a, b Row) int { return cmp.Compare(a.Time, b.Time) })
	if len(out) == 0 {
		return out
	}
	last := out[len(out)-1].Time - year
	return slices.DeleteFunc(out, func(r Row) bool { return r.Time > last })
}

// Test is the newest 30 % of mature rows: what the shipped weights were not chosen on.
func Test(mature []Row) []Row { return mature[int(float64(len(mature))*0.7):] }
