package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestProgressAfterACache: what a cache answered at once says nothing about how long the rest takes.
func TestProgressAfterACache(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	bar := newProgressBar(&Env{Stderr: &stderr, Now: func() time.Time { return now }}, false, "judging")
	bar.set(900, 1000) // in no time
	for done := 901; done <= 921; done++ {
		now = now.Add(2 * time.Second)
		bar.set(done, 1000)
	}
	lines := strings.Split(strings.TrimSpace(stderr.String()), "\n")
	if first, last := lines[0], lines[len(lines)-1]; first != "judging: 901 of 1000" || last != "judging: 921 of 1000, 2m38s left" {
		t.Errorf("first %q, last %q", first, last)
	}
}
