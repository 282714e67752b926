//go:build unix

package kernel

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A lock that was given up is free at once, though a fork in another thread still has the file open.
func TestUnlockBesideAFork(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, err := lockFile(path)
	if err != nil {
		t.Fatal(err)
	}
	fork, err := syscall.Dup(int(first.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	forked := os.NewFile(uintptr(fork), path)
	defer forked.Close()
	if err := unlock(first); err != nil {
		t.Fatal(err)
	}
	second, err := lockFile(path)
	if err != nil {
		t.Fatalf("after the lock was given up: %v", err)
	}
	if err := unlock(second); err != nil {
		t.Error(err)
	}
}
