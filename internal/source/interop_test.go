//go:build interop

package source

import (
	"strings"
	"testing"
	"time"
)

// TestHostileGrowth: ten times the input costs about ten times the time, whatever is repeated. It measures time, so it is not
// part of make test.
func TestHostileGrowth(t *testing.T) {
	for _, language := range languages() {
		for _, unit := range hostileUnits {
			small := strings.Repeat(unit, 1+20000/len(unit))
			took := hostile(language, strings.Repeat(small, 10))
			if took < 100*time.Millisecond {
				continue
			}
			if once := fastest(language, small); fastest(language, strings.Repeat(small, 10)) > 30*once {
				t.Errorf("%s: %q repeated: %v for 20 kB, %v for 200 kB", language, unit, once, took)
			}
		}
	}
}

func fastest(language, data string) time.Duration {
	best := hostile(language, data)
	for range 4 {
		best = min(best, hostile(language, data))
	}
	return best
}
