//go:build interop && linux

package source

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHostileGrowth: ten times the input costs about ten times the processor time, whatever is repeated. It measures, so it is
// not part of make test.
func TestHostileGrowth(t *testing.T) {
	for _, language := range languages() {
		for _, unit := range hostileUnits {
			small := strings.Repeat(unit, 1+6000/len(unit))
			took := cpu(language, strings.Repeat(small, 10))
			if took < 60*time.Millisecond {
				continue
			}
			if once := fastest(language, small); fastest(language, strings.Repeat(small, 10)) > 30*once {
				t.Errorf("%s: %q repeated: %v for 6 kB, %v for 60 kB", language, unit, once, took)
			}
		}
	}
}

func fastest(language, data string) time.Duration {
	best := cpu(language, data)
	for range 4 {
		best = min(best, cpu(language, data))
	}
	return max(best, time.Millisecond)
}

// cpu is the processor time that hostile takes.
func cpu(language, data string) time.Duration {
	var before, after syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &before) != nil {
		panic("no getrusage")
	}
	hostile(language, data)
	if syscall.Getrusage(syscall.RUSAGE_SELF, &after) != nil {
		panic("no getrusage")
	}
	return time.Duration(after.Utime.Nano() - before.Utime.Nano())
}
