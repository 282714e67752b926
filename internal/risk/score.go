package risk

import "github.com/adamant-os/adamant/internal/facts"

// Features are the measured values a score is made of. All are counts of the units their names say.
type Features struct {
	LinesAdded   int
	LinesDeleted int
	Files        int
}

// Measure takes the features of a change from its input document.
func Measure(in *facts.Input) Features { return Features{} }

// Score returns the score in milli-units, 0..1000, and what each factor gave to it, greatest contribution first.
func Score(f Features) (int, []Factor) { return 0, nil }
