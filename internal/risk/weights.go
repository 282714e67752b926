package risk

import "fmt"

// base is what any source change starts with, in milli-units.
const base = 100

// weight is one term of the score: what a doubling of 1 + value/unit gives, in milli-units. docs/risk.md tells how the
// numbers were found.
type weight struct {
	name   string
	milli  int
	unit   int
	recent bool // counts down from NeverFixed instead of up
	value  func(Features) int
	text   func(value int) string
}

var weights = []weight{
	{name: "identifiers", milli: 28, unit: 1, value: func(f Features) int { return f.Identifiers }, text: count("distinct names in new code")},
	{name: "characters", milli: 18, unit: 1, value: func(f Features) int { return f.Characters }, text: count("characters of new code")},
	{name: "places", milli: 16, unit: 1, value: func(f Features) int { return f.Places }, text: count("places with new code")},
	{name: "conditions", milli: 13, unit: 1, value: func(f Features) int { return f.Conditions }, text: count("conditions in new code")},
	{name: "recentFixes", milli: 14, unit: 1000, value: func(f Features) int { return f.RecentFixes }, text: tenths("recent fixes of these files")},
	{name: "fixAge", milli: 3, unit: 1, recent: true, value: func(f Features) int { return min(f.FixAge, NeverFixed) }, text: days("days since their last fix")},
	{name: "fileAge", milli: -7, unit: 1, value: func(f Features) int { return f.FileAge }, text: days("mean age of these files in days")},
}

func count(what string) func(int) string {
	return func(v int) string { return fmt.Sprintf("%s %d", what, v) }
}

func days(what string) func(int) string {
	return func(v int) string { return fmt.Sprintf("%s %d", what, v/24) }
}

func tenths(what string) func(int) string {
	return func(v int) string { return fmt.Sprintf("%s %d.%d", what, v/1000, v%1000/100) }
}

// factor is the weight's contribution.
func (w weight) factor(f Features) Factor {
	value := w.value(f)
	doublings := log(value, w.unit)
	if w.recent {
		doublings = log(NeverFixed, w.unit) - doublings
	}
	milli := (w.milli*doublings + 512) >> 10
	return Factor{Name: w.name, Value: value, Milli: milli, Text: fmt.Sprintf("%s: %+d", w.text(value), milli)}
}
