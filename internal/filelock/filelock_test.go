//go:build unix

package filelock

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func open(t *testing.T, path string, flags Flags) *File {
	t.Helper()
	f, err := Open(path, flags)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestOpen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	one := open(t, path, Shared)
	two := open(t, path, Shared|Wait)
	if _, err := Open(path, 0); !errors.Is(err, ErrLocked) {
		t.Errorf("alone beside two: %v", err)
	}
	alone := make(chan error)
	go func() {
		f, err := Open(path, Wait)
		if err == nil {
			err = f.Close()
		}
		alone <- err
	}()
	for _, f := range []*File{one, two} {
		select {
		case err := <-alone:
			t.Fatalf("it did not wait: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-alone; err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	link := path + "-link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(link, 0); !errors.Is(err, syscall.ELOOP) {
		t.Errorf("through a link: %v", err)
	}
	plain, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if err := Try(plain); err != nil {
		t.Error(err)
	}
	if _, err := Open(path, Shared); !errors.Is(err, ErrLocked) {
		t.Errorf("shared beside one alone: %v", err)
	}
}

// TestReplaced: who waits for a lock on a file that is replaced meanwhile locks the new one.
func TestReplaced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first := open(t, path, 0)
	waiting := make(chan *File)
	go func() {
		f, err := Open(path, Wait)
		if err != nil {
			t.Error(err)
		}
		waiting <- f
	}()
	time.Sleep(20 * time.Millisecond) // it has the old one open, else the test says less
	if err := errors.Join(os.Remove(path), first.Close()); err != nil {
		t.Fatal(err)
	}
	second := <-waiting
	defer second.Close()
	if _, err := Open(path, 0); !errors.Is(err, ErrLocked) {
		t.Errorf("two have the lock: %v", err)
	}
}

// TestCloseBesideAFork: a lock that was given up is free at once, though a fork in another thread still has the file open.
func TestCloseBesideAFork(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first := open(t, path, 0)
	fork, err := syscall.Dup(int(first.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	forked := os.NewFile(uintptr(fork), path)
	defer forked.Close()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, path, 0)
}
