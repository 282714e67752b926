package risk

import "fmt"

// base is what any source change starts with, in milli-units.
const base = 100

// weight is one term of the score: what a doubling of 1 + value/unit gives, in milli-units. docs/risk.md tells how the numbers were found.
type weight struct {
	name   string
	milli  int
	unit   int
	value  func(Features) int
	text   string // of the value, for people
	recent bool   // counts down from NeverFixed instead of up
}

var weights = []weight{
	{name: "identifiers", milli: 28, unit: 1, value: func(f Features) int { return f.Identifiers }, text: "distinct names in new code %d"},
	{name: "characters", milli: 18, unit: 1, value: func(f Features) int { return f.Characters }, text: "characters of new code %d"},
	{name: "places", milli: 16, unit: 1, value: func(f Features) int { return f.Places }, text: "places with new code %d"},
	{name: "conditions", milli: 13, unit: 1, value: func(f Features) int { return f.Conditions }, text: "conditions in new code %d"},
	{name: "recentFixes", milli: 14, unit: 1000, value: func(f Features) int { return f.RecentFixes }, text: "recent fixes of these files, in thousandths, %d"},
	{name: "fixAge", milli: 3, unit: 1, value: func(f Features) int { return min(f.FixAge, NeverFixed) }, text: "hours since their last fix %d", recent: true},
	{name: "fileAge", milli: -7, unit: 1, value: func(f Features) int { return f.FileAge }, text: "mean age of these files in hours %d"},
}

// factor is the weight's contribution.
func (w weight) factor(f Features) Factor {
	value := w.value(f)
	doublings := log(value, w.unit)
	if w.recent {
		doublings = log(NeverFixed, w.unit) - doublings
	}
	milli := (w.milli*doublings + 512) >> 10
	return Factor{Name: w.name, Value: value, Milli: milli, Text: fmt.Sprintf(w.text+": %+d", value, milli)}
}
