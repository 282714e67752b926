//go:build unix

package tool

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Links, devices and pipes do not lead out of the checkout, and do not hang.
func TestConfined(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := open(t, map[string]string{"in/file": "inside", ".git/config": "x"})
	link := func(name, target string) {
		if err := os.Symlink(target, filepath.Join(f.Dir(), name)); err != nil {
			t.Fatal(err)
		}
	}
	link("absolute", outside)
	link("up", "../"+filepath.Base(filepath.Dir(outside))+"/secret")
	link("updir", "..")
	link("good", "in/file")
	if err := syscall.Mkfifo(filepath.Join(f.Dir(), "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"absolute", "up", "updir/x", "pipe"} {
		if text, err := f.Read(name, 0, 0); err == nil {
			t.Errorf("read %s: %q", name, text)
		}
		if text, err := f.Write(name, "overwritten"); err == nil {
			t.Errorf("write %s: %q", name, text)
		}
	}
	for _, name := range []string{".git/config", ".GIT/hooks/x", "sub/.git/config", ".git ./x", "../x", "/tmp/x", ""} {
		if text, err := f.Write(name, "x"); err == nil {
			t.Errorf("write %q: %q", name, text)
		}
	}
	if text, err := f.Write("good", "new"); err != nil || content(t, f, "in/file") != "new" {
		t.Errorf("write through a link that stays inside: %q, %v", text, err)
	}
	data, err := os.ReadFile(outside)
	if err != nil || string(data) != "secret" {
		t.Errorf("outside: %q, %v", data, err)
	}
}

// A command that runs too long dies with everything that it started, also when it ignores SIGTERM; what it left in the
// background dies when it ends.
func TestRunEnds(t *testing.T) {
	t.Parallel()
	f := open(t, nil)
	start := time.Now()
	for limit := 300 * time.Millisecond; ; limit *= 2 { // a busy machine needs longer to start it
		text, status, err := f.Run(t.Context(), "trap '' TERM; (sleep 600; touch survived) & echo $! > pid; sleep 600", limit)
		if err != nil || status != 124 || !strings.Contains(text, "killed after "+limit.String()) {
			t.Fatalf("%q, %d, %v", text, status, err)
		}
		if pid, err := os.ReadFile(filepath.Join(f.Dir(), "pid")); err == nil && len(pid) > 0 {
			break
		}
	}
	gone(t, f, "pid")
	text, status, err := f.Run(t.Context(), "sleep 600 & echo $! > pid2; echo started", 0)
	if err != nil || status != 0 || !strings.Contains(text, "started") {
		t.Errorf("%q, %d, %v", text, status, err)
	}
	gone(t, f, "pid2")
	if took := time.Since(start); took > 5*time.Minute {
		t.Errorf("it took %s", took)
	}
}

func gone(t *testing.T, f *Folder, name string) {
	t.Helper()
	var pid int
	if _, err := fmt.Sscan(content(t, f, name), &pid); err != nil {
		t.Fatal(err)
	}
	for range 6000 { // a killed process is reaped by whoever is init here
		if data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err != nil || strings.Contains(string(data), ") Z ") {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("process %d is alive", pid)
}
