package tlog

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// crashDir names the log that a copy of the test appends to until it is killed.
const crashDir = "ADAMANT_TLOG_CRASH_DIR"

// appendForEver prints the size after each append that was acknowledged. Groups and flushes come in a mixture, so that each step of
// both is met.
func appendForEver(dir string) {
	err := func() error {
		l, err := Open(dir, testKey())
		if err != nil {
			return err
		}
		fmt.Println(l.Size())
		for n := int(l.Size()); ; {
			var leaves [][]byte
			for range 1 + n%5 {
				leaves = append(leaves, leaf(n))
				n++
			}
			entries, err := l.Append(context.Background(), leaves...)
			if err != nil {
				return err
			}
			fmt.Println(entries[0].Size)
			if n%7 == 0 {
				if err := l.Flush(context.Background()); err != nil {
					return err
				}
			}
		}
	}()
	fmt.Println("error:", err)
	os.Exit(1)
}

// points says how many times the crash test kills: a few in every run, hundreds in make test-crash.
func points(t *testing.T) int {
	if text := os.Getenv("ADAMANT_CRASH_POINTS"); text != "" {
		return must(strconv.Atoi(text))(t)
	}
	return 12
}

// A kill at any moment loses no entry that was acknowledged, and what is left is one tree.
func TestCrashLog(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "log")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	var before Checkpoint
	var recovery time.Duration
	kills := 0
	for ; kills < points(t) || before.Size < 100; kills++ { // fewer leaves would test nothing
		acknowledged := killed(t, dir, time.Duration(random.IntN(60_000))*time.Microsecond)
		start := time.Now()
		l := must(Open(dir, testKey()))(t)
		recovery = max(recovery, time.Since(start))
		if l.Size() < acknowledged {
			t.Fatalf("crash %d: %d leaves were acknowledged, and the log has %d", kills, acknowledged, l.Size())
		}
		check(t, l.Close())
		now := must(Fsck(t.Context(), Dir(dir), verifier(t)))(t)
		r := must(NewReader(t.Context(), Dir(dir), verifier(t)))(t)
		if before.Size > 0 {
			must(r.Consistency(t.Context(), before))(t)
		}
		before = now
	}
	holdsAll(t, dir, before.Size)
	t.Logf("%d kills, %d leaves, none lost; opening after a kill took at most %v", kills, before.Size, recovery)
}

// killed lets a process append for a while and returns the last size that it acknowledged.
func killed(t *testing.T, dir string, after time.Duration) uint64 {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), must(os.Executable())(t))
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	out := must(cmd.StdoutPipe())(t)
	check(t, cmd.Start())
	var last uint64
	armed := false
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		last = must(strconv.ParseUint(lines.Text(), 10, 64))(t)
		if !armed {
			armed = true
			defer time.AfterFunc(after, func() { _ = cmd.Process.Kill() }).Stop()
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the process ended by itself")
	}
	return last
}
