//go:build !cgo

// A program with cgo keeps its pages: launch.Settle leaves it alone.

package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git/gittest"
)

// TestGraphSettles: graph gives back what starting mapped of files, before it works.
func TestGraphSettles(t *testing.T) {
	t.Parallel()
	repo := gittest.New(t)
	repo.Write("a.ts", "import './b'\n")
	repo.Commit("one")
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	data, err := syscall.Mmap(int(file.Fd()), 0, 1<<20, syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(data) })
	if bytes.Count(data, []byte{0}) != len(data) {
		t.Fatal("not what was written")
	}
	var stdout, stderr bytes.Buffer
	env := &Env{Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Dir: repo.Dir, Now: time.Now, Getenv: func(string) string { return "" }}
	if code := Main(t.Context(), env, []string{"graph", "edges"}); code != ExitOK {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(regexp.QuoteMeta(name) + `\n(?s:.*?)\nRss: +(\d+) kB`).FindSubmatch(smaps)
	if found == nil || string(found[1]) != "0" {
		t.Errorf("%.40q KB of a file that nobody needs are still in memory", found)
	}
}
