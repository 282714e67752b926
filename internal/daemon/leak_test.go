//go:build linux

package daemon

import (
	"cmp"
	"fmt"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/daemon/api"
)

// TestLeaks sends changes through one daemon and compares its open files, goroutines and memory after a third and after all.
func TestLeaks(t *testing.T) {
	t.Parallel()
	n, err := strconv.Atoi(cmp.Or(os.Getenv("ADAMANT_LEAK_CHANGES"), "24"))
	if err != nil {
		t.Fatal(err)
	}
	d := newDen(t, nil)
	p, _ := d.up()
	commits, url := d.commits(n, streamFile), d.writer()
	push := func(from, to int) {
		var group sync.WaitGroup
		for k := range 4 {
			group.Go(func() {
				for i := from + k; i < to; i += 4 {
					if id, out, err := d.push(t.Context(), url, commits[i], fmt.Sprintf("topic=t%d", i)); err != nil || id == "" {
						t.Errorf("push %d: %v\n%s", i, err, out)
					}
				}
			})
		}
		group.Wait()
		eventually(t, 30*time.Minute, "quiet", func() bool {
			s := d.status()
			return s.Jobs == 0 && s.Queue == 0 && s.Changes["opened"]+s.Changes["checking"] == 0
		})
	}
	files := func() int {
		entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", p.cmd.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	goroutines := func() int {
		if err := syscall.Kill(p.cmd.Process.Pid, syscall.SIGUSR2); err != nil {
			t.Fatal(err)
		}
		return <-p.counts
	}
	push(0, n/3)
	before, routinesBefore, memoryBefore := files(), goroutines(), memory(t, p, "VmRSS")
	push(n/3, n)
	after, routines := 0, 0
	eventually(t, hang, "back at the files it had", func() bool { after = files(); return after <= before+8 })
	eventually(t, hang, "back at the goroutines it had", func() bool { routines = goroutines(); return routines <= routinesBefore+16 })
	var all api.Changes
	if err := d.client().Call(t.Context(), "GET", api.PathChanges+"?all=true", "", nil, &all); err != nil || len(all.Changes) != n {
		t.Errorf("%d of %d changes are there, %v", len(all.Changes), n, err)
	}
	t.Logf("%d changes: open files %d, then %d; goroutines %d, then %d; memory %d MB, then %d MB", n, before, after,
		routinesBefore, routines, memoryBefore>>20, memory(t, p, "VmRSS")>>20)
}
