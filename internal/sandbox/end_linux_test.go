package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestTermIsNotEnough: a program that ignores SIGTERM, with a child that left its session, is dead soon after Terminate.
func TestTermIsNotEnough(t *testing.T) {
	t.Parallel()
	whole := newSandbox(t)
	for _, without := range []guards{nil, {guardKill}} {
		t.Run(fmt.Sprint(without), func(t *testing.T) {
			t.Parallel()
			s := escape{attack: "ignore SIGTERM"}.arrange(t, whole, without)
			mark := newMark("deaf")
			s.name(mark)
			up := make(lineWriter, 2)
			s.spec.Stdout = up
			p, err := s.sandbox.Start(t.Context(), s.spec)
			if err != nil {
				t.Fatal(err)
			}
			<-up // both ignore it by now
			<-up
			eventually(t, func() bool { return alive(t, mark) == 2 })
			ended := make(chan error, 1)
			go func() { ended <- p.Terminate(context.Background()) }()
			select {
			case err := <-ended:
				if err != nil || without != nil {
					t.Errorf("it ended (%v) without %v", err, without)
				}
			case <-time.After(map[bool]time.Duration{true: 2 * time.Minute, false: Grace + 3*time.Second}[without == nil]):
				if without == nil {
					t.Error("it lives on")
				} else if alive(t, mark) != 2 {
					t.Errorf("it is dead without %v, so the guard proves nothing", without)
				}
				if err := p.Kill(); err != nil {
					t.Error(err)
				}
				<-ended
			}
			if n := alive(t, mark); n != 0 {
				t.Errorf("%d processes are left", n)
			}
			if exit, err := p.Wait(); err != nil || exit.Cause != CauseTerminated {
				t.Errorf("%+v %v", exit, err)
			}
		})
	}
}

// lineWriter tells each line that was written.
type lineWriter chan struct{}

func (w lineWriter) Write(p []byte) (int, error) {
	for range bytes.Count(p, []byte("\n")) {
		w <- struct{}{}
	}
	return len(p), nil
}

// TestDeathOfTheDaemon kills, with SIGKILL, the process that started a sandbox.
func TestDeathOfTheDaemon(t *testing.T) {
	t.Parallel()
	if mark := os.Getenv("ADAMANT_TEST_VICTIM"); mark != "" {
		var without guards
		if os.Getenv("ADAMANT_TEST_WITHOUT") != "" {
			without = guards{guardOrphan}
		}
		s := escape{attack: "ignore SIGTERM"}.arrange(t, newSandbox(t), without)
		s.name(mark)
		p, err := s.sandbox.Start(t.Context(), s.spec)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = p.Wait() // this process is killed meanwhile
		return
	}
	for _, without := range []string{"", "x"} {
		t.Run("without"+without, func(t *testing.T) {
			t.Parallel()
			mark := newMark("orphan")
			daemon := exec.Command(testBinary(), "-test.run", "^TestDeathOfTheDaemon$")
			daemon.Env = append(os.Environ(), "ADAMANT_TEST_VICTIM="+mark, "ADAMANT_TEST_WITHOUT="+without, folderVariable+"="+folder(t, "adamant-victim-"))
			if err := daemon.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() bool { return alive(t, mark) == 2 })
			if err := daemon.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = daemon.Wait() // it was killed
			if without == "" {
				eventually(t, func() bool { return alive(t, mark) == 0 })
				return
			}
			if alive(t, mark) == 0 {
				t.Error("they are dead without the guard, so it proves nothing")
			}
			killAll(t, mark)
		})
	}
}

// alive counts the processes of the whole machine that have mark as their first argument.
func alive(t *testing.T, mark string) int {
	t.Helper()
	return len(named(t, mark))
}

func named(t *testing.T, mark string) []int {
	t.Helper()
	var found []int
	for _, pid := range processes() {
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if argv0, _, _ := strings.Cut(string(name), "\x00"); err == nil && argv0 == mark {
			found = append(found, pid)
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, unix.ESRCH) {
			t.Fatal(err)
		}
	}
	return found
}

// killAll kills the processes of a test that are named so, and the first process of their sandbox.
func killAll(t *testing.T, mark string) {
	t.Helper()
	for _, pid := range named(t, mark) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue // gone meanwhile
		}
		var parent int
		if _, err := fmt.Sscanf(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " %c %d", new(rune), &parent); err == nil && parent > 1 {
			_ = unix.Kill(parent, unix.SIGKILL) // one of them may be gone
		}
		_ = unix.Kill(pid, unix.SIGKILL)
	}
	eventually(t, func() bool { return alive(t, mark) == 0 })
}

func eventually(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Minute); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen within 5 minutes")
		}
	}
}

// newMark is a name that no other process of this machine has.
func newMark(kind string) string { return fmt.Sprintf("%s-%d-%d", kind, os.Getpid(), counter.Add(1)) }
