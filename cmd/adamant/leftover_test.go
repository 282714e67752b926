package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// leftover are the processes of scripts that work in a folder: what they start has their environment. A zombie has none.
func leftover(work string) ([]*os.Process, error) {
	if runtime.GOOS != "linux" {
		return nil, nil // scripts that start a daemon are for Linux
	}
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return nil, err
	}
	var out []*os.Process
	for _, file := range files {
		var pid int
		if _, err := fmt.Sscanf(file, "/proc/%d/", &pid); err != nil {
			return nil, err
		}
		p, err := os.FindProcess(pid) // before its environment is read: another process that gets its number later is not meant
		if err != nil {
			return nil, err
		}
		data, err := os.ReadFile(file)
		if err == nil && slices.ContainsFunc(bytes.Split(data, []byte{0}), func(v []byte) bool { return string(v) == "WORK="+work }) {
			out = append(out, p)
			continue
		}
		if err := p.Release(); err != nil { // one of somebody else, or that has ended
			return nil, err
		}
	}
	return out, nil
}

// endLeftover ends what a script started and did not end, as one that fails half-way, and waits until it is gone. What is deaf to
// SIGTERM for a minute is killed.
func endLeftover(work string) error {
	told := map[int]bool{}
	begin := time.Now()
	for {
		found, err := leftover(work)
		if err != nil || len(found) == 0 {
			return err
		}
		late := time.Since(begin) > time.Minute
		if late && time.Since(begin) > 5*time.Minute {
			return fmt.Errorf("%d processes of %s do not end", len(found), work)
		}
		for _, p := range found {
			switch {
			case late:
				_ = p.Kill() // it may have ended
			case !told[p.Pid]:
				told[p.Pid] = true
				_ = p.Signal(syscall.SIGTERM)
			}
			if err := p.Release(); err != nil {
				return err
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// failing takes the failure of a script for a success.
type failing struct {
	*testing.T
	failed *bool
}

func (f failing) Run(_ string, run func(testscript.T)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(f)
	}()
	<-done
}

func (f failing) Parallel()         {}
func (f failing) Verbose() bool     { return false }
func (f failing) FailNow()          { *f.failed = true; runtime.Goexit() }
func (f failing) Fatal(args ...any) { f.Log(args...); f.FailNow() }

// TestLeftover: what a script started ends with it when it fails.
func TestLeftover(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("processes are looked for in /proc")
	}
	script := filepath.Join(t.TempDir(), "fails.txtar")
	if err := os.WriteFile(script, []byte("exec sh start.sh\nexists pid\nexec false\n-- start.sh --\nsleep 3000 >/dev/null 2>&1 &\necho $! >pid\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var work, pid string
	var failed bool
	testscript.RunT(failing{t, &failed}, testscript.Params{Files: []string{script}, RequireExplicitExec: true, Setup: func(e *testscript.Env) error {
		work = e.WorkDir
		e.Defer(func() { // behind what prepare defers
			data, err := os.ReadFile(filepath.Join(work, "pid"))
			if err != nil {
				t.Error(err)
			}
			pid = strings.TrimSpace(string(data))
		})
		return prepare(e)
	}})
	if !failed || pid == "" {
		t.Fatalf("failed %t, it started %q", failed, pid)
	}
	found, err := leftover(work)
	if err != nil || len(found) > 0 {
		t.Errorf("%d processes are left, %v", len(found), err)
	}
	for _, p := range found {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
	}
}
