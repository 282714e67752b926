package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSocketPath: a path that is too long for a socket is said to be so, with what to do. The longest one that fits works.
func TestSocketPath(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "a")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	fits := filepath.Join(dir, strings.Repeat("s", socketMost-len(dir)-1))
	l, err := listenSocket(t.Context(), fits)
	if err != nil {
		t.Fatalf("%d bytes: %v", len(fits), err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	_, err = listenSocket(t.Context(), fits+"s")
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("has %d bytes, the system takes %d", socketMost+1, socketMost)) || !strings.Contains(err.Error(), "adamant up --kernel") {
		t.Errorf("%v", err)
	}
}
