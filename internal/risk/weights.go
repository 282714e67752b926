package risk

import "fmt"

// weight is one term of the score.
type weight struct {
	name  string
	value func(Features) int
	text  func(Features) string
	milli func(Features) int
}

var weights = []weight{
	{"identifiers", func(f Features) int { return f.Identifiers }, func(f Features) string { return fmt.Sprintf("names in new code %d", f.Identifiers) }, func(f Features) int { return 100 * log(f.Identifiers, 1) >> 10 }},
}
