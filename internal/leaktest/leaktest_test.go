package leaktest

import (
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestFind waits for a goroutine that ends, though late, and names one that does not. It looks at the whole process, so it runs alone.
func TestFind(t *testing.T) {
	known := goleak.IgnoreCurrent()
	stay := make(chan struct{})
	go func() { <-stay }()
	if err := find(0, known); err == nil || !strings.Contains(err.Error(), "TestFind") {
		t.Errorf("one stays: %v", err)
	}
	time.AfterFunc(2*time.Second, func() { close(stay) })
	if err := find(time.Minute, known); err != nil {
		t.Errorf("it ended: %v", err)
	}
}

func TestMain(m *testing.M) { Main(m) }
