// Package leaktest demands that no goroutine outlives a package's tests.
package leaktest

import (
	"fmt"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// patience is how long goroutines that were told to end may take: goleak by itself waits for less than half a second, and a busy machine
// stalls for longer.
const patience = time.Minute

// Main is for TestMain: it runs the tests, tidies up, and ends the process.
func Main(m *testing.M, tidy ...func()) {
	code := m.Run()
	if code == 0 {
		if err := find(patience); err != nil {
			fmt.Fprintf(os.Stderr, "the tests passed and left goroutines: %v\n", err)
			code = 1
		}
	}
	for _, f := range tidy {
		f()
	}
	os.Exit(code)
}

// find looks until nothing is left, or for so long.
func find(limit time.Duration, known ...goleak.Option) error {
	for end := time.Now().Add(limit); ; {
		err := goleak.Find(known...)
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}
