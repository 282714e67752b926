package projection

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/kernel"
)

// crashDir names the kernel in which a copy of the test signs until it is killed.
const crashDir = "ADAMANT_PROJECTION_CRASH_DIR"

// logForEver prints where each signature is in the log, and publishes now and then.
func logForEver(dir string) {
	err := func() error {
		ctx := context.Background()
		k, err := kernel.Open(ctx, dir)
		if err != nil {
			return err
		}
		if err := hold(ctx, k); err != nil {
			return err
		}
		p, err := Open(ctx, k, key(), Options{})
		if err != nil {
			return err
		}
		fmt.Println("ready")
		for n := 0; ; n++ {
			e, err := p.Log(ctx, rekord(os.Getpid()*1000+n))
			if err != nil {
				return err
			}
			fmt.Println(e.Index, os.Getpid()*1000+n)
			if n%5 == 4 {
				if err := p.Publish(ctx); err != nil {
					return err
				}
			}
		}
	}()
	fmt.Println("error:", err)
	os.Exit(1)
}

// hold acquires a kernel. The lock of a process that was killed lasts as long as a child of it that is between fork and exec.
func hold(ctx context.Context, k *kernel.Kernel, options ...kernel.Hold) error {
	deadline := time.Now().Add(5 * time.Minute)
	_, err := k.Acquire(ctx, options...)
	for errors.As(err, new(*kernel.HeldError)) && time.Now().Before(deadline) {
		<-time.After(10 * time.Millisecond)
		_, err = k.Acquire(ctx, options...)
	}
	return err
}

func points(t *testing.T) int {
	if text := os.Getenv("ADAMANT_CRASH_POINTS"); text != "" {
		return must(strconv.Atoi(text))(t)
	}
	return 4
}

// A process that signs is killed at random: every place in the log that it named holds what it said, log and ledger agree, on the disk and
// as published, and the next process goes on.
func TestCrashProjection(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	check(t, r.Kernel.Close())
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	said := map[uint64]int{}
	kills := 0
	for ; kills < points(t) || len(said) == 0; kills++ { // without a signature it would test nothing
		after := time.Duration(random.IntN(300)) * time.Millisecond
		if line := killed(t, r.dir, after, said); strings.HasPrefix(line, "error") {
			t.Fatalf("crash %d: %s", kills, line)
		}
	}
	r.Kernel = must(kernel.Open(t.Context(), r.dir))(t)
	r.acquire()
	p := r.open()
	check(t, p.Publish(t.Context()))
	reader := r.reader(r.published())
	for index, n := range said {
		if leaf := must(reader.Leaf(t.Context(), index))(t); string(leaf) != string(rekord(n)) {
			t.Errorf("leaf %d is %s, want %s", index, leaf, rekord(n))
		}
	}
	report := must(r.check(r.published()))(t)
	if report.Lag != 0 {
		t.Errorf("%d signatures, %+v", len(said), report)
	}
	check(t, p.Close(t.Context()))
	t.Logf("%d kills, %d signatures acknowledged, none lost; %d leaves", kills, len(said), report.Size)
}

// killed lets a process sign for a while, takes down what it said, and returns its last line.
func killed(t *testing.T, dir string, after time.Duration, said map[uint64]int) (last string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), must(os.Executable())(t))
	cmd.Env = append(os.Environ(), crashDir+"="+dir)
	out := must(cmd.StdoutPipe())(t)
	check(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		last = lines.Text()
		var index uint64
		var n int
		if last == "ready" {
			defer time.AfterFunc(after, func() { _ = cmd.Process.Kill() }).Stop()
		} else if _, err := fmt.Sscan(last, &index, &n); err == nil {
			said[index] = n
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the process ended by itself")
	}
	return last
}
