//go:build linux

package daemon

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/door"
	"github.com/adamant-os/adamant/internal/git/gittest"
)

// TestFleet has many pushers push at once, several times each, and measures: the daemon's memory without its git children,
// and how long it takes from a push to its assessment and to main. make bench-fleet runs it with 30 pushers.
func TestFleet(t *testing.T) {
	pushers, err := strconv.Atoi(os.Getenv("ADAMANT_FLEET"))
	if err != nil {
		t.Skip("LEFT OUT: a measurement; make bench-fleet runs it")
	}
	const each = 2
	d := newDen(t, func(r *gittest.Repo) {
		for i := range 500 {
			r.Write(fmt.Sprintf("src/part%d/file%d.py", i%20, i), fmt.Sprintf("def f%d(a):\n    return a + %d\n", i, i))
		}
	})
	d.order.Slots, d.order.Heap = 0, os.Getenv("ADAMANT_FLEET_HEAP")
	p, _ := d.up()
	idle := memory(t, p, "VmRSS")
	commits := d.commits(pushers*each, func(n int) (string, string) {
		if n%2 == 0 {
			return fmt.Sprintf("docs/page-%d.md", n), fmt.Sprintf("# Page %d\n\nA few words.\n", n)
		}
		return fmt.Sprintf("src/part%d/new%d.py", n%20, n), fmt.Sprintf("def new%d(a):\n    return a - %d\n", n, n)
	})
	urls := make([]string, pushers)
	for i := range urls {
		urls[i] = d.token(door.Grant{Role: door.RolePerson, Name: fmt.Sprintf("p%d", i), Write: true})
	}
	var mu sync.Mutex
	pushed, began := map[string]time.Time{}, map[string]time.Time{}
	var group sync.WaitGroup
	start := time.Now()
	for i := range pushers {
		group.Go(func() {
			for k := range each {
				n := i*each + k
				at := time.Now()
				id, out, err := d.push(t.Context(), urls[i], commits[n], fmt.Sprintf("topic=t%d", n))
				if err != nil || id == "" {
					t.Errorf("push %d: %v\n%s", n, err, out)
					continue
				}
				mu.Lock()
				pushed[id], began[id] = time.Now(), at
				mu.Unlock()
			}
		})
	}
	assessed, landed := map[string]time.Duration{}, map[string]time.Duration{}
	pushesOver := make(chan struct{})
	go func() { group.Wait(); close(pushesOver) }()
	for over := false; !over || len(assessed) < len(pushed); {
		select {
		case <-pushesOver:
			over = true
		default:
		}
		var all api.Changes
		if err := d.client().Call(t.Context(), "GET", api.PathChanges+"?all=true", "", nil, &all); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		mu.Lock()
		for _, c := range all.Changes {
			id := c.ID[:16]
			if _, ok := assessed[id]; !ok && c.Level != "" && !began[id].IsZero() {
				assessed[id] = now.Sub(began[id])
			}
			if _, ok := landed[id]; !ok && c.Status == string(change.Merged) && !began[id].IsZero() {
				landed[id] = now.Sub(began[id])
			}
		}
		mu.Unlock()
		if time.Since(start) > 15*time.Minute {
			t.Fatalf("%d of %d pushes are assessed after 15 minutes", len(assessed), len(pushed))
		}
		if err := sleep(t.Context(), 500*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	if len(pushed) != pushers*each {
		t.Errorf("%d of %d pushes were acknowledged", len(pushed), pushers*each)
	}
	var pushTook []time.Duration
	for id, at := range pushed {
		pushTook = append(pushTook, at.Sub(began[id]))
	}
	report(t, "push", pushTook)
	report(t, "push to assessment", values(assessed))
	if len(landed) > 0 {
		report(t, "push to main", values(landed))
	}
	peak := memory(t, p, "VmHWM")
	t.Logf("%d pushers, %d pushes, all assessed after %v; %d on main by then; memory idle %d MB, at most %d MB",
		pushers, len(pushed), time.Since(start).Round(time.Second), len(landed), idle>>20, peak>>20)
	if d.order.Heap != "" {
		if err := syscall.Kill(p.cmd.Process.Pid, syscall.SIGUSR1); err != nil {
			t.Error(err)
		}
		if err := sleep(t.Context(), 3*time.Second); err != nil {
			t.Error(err)
		}
	}
	if peak > 150<<20 {
		t.Errorf("the daemon needed %d MB, over the goal of 150", peak>>20)
	}
}

func values(m map[string]time.Duration) []time.Duration {
	var out []time.Duration
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

// memory reads a line of the daemon's status in /proc, in bytes.
func memory(t testing.TB, p *process, what string) int {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, what+":"); ok {
			kb, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			if err != nil {
				t.Fatal(err)
			}
			return kb << 10
		}
	}
	t.Fatalf("no %s", what)
	return 0
}

// TestDrain measures how fast the queue lands what is ready: changes are pushed while landing is paused, then it is resumed.
func TestDrain(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("ADAMANT_DRAIN"))
	if err != nil {
		t.Skip("LEFT OUT: a measurement; ADAMANT_DRAIN=60 runs it")
	}
	d := newDen(t, nil)
	d.order.Heap = os.Getenv("ADAMANT_FLEET_HEAP")
	p, _ := d.up()
	commits, url := d.commits(n, prose), d.writer()
	var pause api.Pause
	if err := d.client().Call(t.Context(), "POST", api.PathPause, "", api.Reason{Reason: "measuring"}, &pause); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	var group sync.WaitGroup
	for k := range 4 {
		group.Go(func() {
			for i := k; i < n; i += 4 {
				if id, out, err := d.push(t.Context(), url, commits[i], fmt.Sprintf("topic=t%d", i)); err != nil || id == "" {
					t.Errorf("push %d: %v\n%s", i, err, out)
				}
			}
		})
	}
	group.Wait()
	pushed := time.Since(begun)
	eventually(t, 10*time.Minute, "all queued", func() bool { return d.status().Queue == n })
	queued := time.Since(begun)
	if err := d.client().Call(t.Context(), "POST", api.PathResume, "", api.Reason{}, &pause); err != nil {
		t.Fatal(err)
	}
	begun = time.Now()
	eventually(t, 20*time.Minute, "all landed", func() bool { return d.status().Queue == 0 })
	took := time.Since(begun)
	load, _ := os.ReadFile("/proc/loadavg")
	t.Logf("%d changes: pushed after %v, queued after %v, landed in %v, %v each; memory at most %d MB; load %s", n, pushed.Round(time.Millisecond),
		queued.Round(time.Millisecond), took.Round(time.Millisecond), (took / time.Duration(n)).Round(time.Millisecond), memory(t, p, "VmHWM")>>20, load)
}
