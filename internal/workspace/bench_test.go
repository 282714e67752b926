package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git/gittest"
)

// newLarge is a lab on a repository with 13,000 files: ADAMANT_BENCH_REPO names another one, with its cone in ADAMANT_BENCH_CONE.
func newLarge(b testing.TB) (*lab, []string) {
	b.Helper()
	if dir := os.Getenv("ADAMANT_BENCH_REPO"); dir != "" {
		l := &lab{t: b}
		l.hold(dir, Limits{})
		base, err := l.kernel.Ref(b.Context(), "refs/heads/main")
		l.check(err)
		l.base = base
		return l, []string{os.Getenv("ADAMANT_BENCH_CONE")}
	}
	l := newLab(b, Limits{}, func(r *gittest.Repo) {
		r.Git("config", "gc.auto", "0")
		for i := range 13_000 {
			r.Write(fmt.Sprintf("dir%d/sub%d/file%d.go", i%70, i%490, i), fmt.Sprintf("package x // %d\n", i)+string(make([]byte, 8000)))
		}
	})
	return l, []string{"dir1"}
}

// BenchmarkCreate makes workspaces of one cone, one after another.
func BenchmarkCreate(b *testing.B) {
	l, cone := newLarge(b)
	var times []time.Duration
	n := 0
	for b.Loop() {
		start := time.Now()
		l.create(Request{Task: fmt.Sprint("t", n), Base: l.base, Cone: cone})
		times = append(times, time.Since(start))
		if n++; n%20 == 0 {
			l.drop(b)
		}
	}
	last := l.create(Request{Task: "last", Base: l.base, Cone: cone})
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(times[len(times)*95/100].Microseconds())/1000, "p95-ms")
	b.ReportMetric(float64(used(b, last))/1e6, "MB")
}

// BenchmarkCreate100 makes 100 workspaces, four at a time.
func BenchmarkCreate100(b *testing.B) {
	l, cone := newLarge(b)
	round := 0
	for b.Loop() {
		createMany(b, l, cone, 100, 4, fmt.Sprint("r", round, "-"))
		round++
		l.drop(b)
	}
}

// drop removes all workspaces, unmeasured: they fill disks.
func (l *lab) drop(b *testing.B) (n int) {
	b.StopTimer()
	defer b.StartTimer()
	removed, err := l.store.GC(b.Context(), none)
	l.check(err)
	return len(removed)
}

func createMany(t testing.TB, l *lab, cone []string, n, at int, prefix string) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range at {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if _, err := l.store.Create(t.Context(), Request{Task: fmt.Sprint(prefix, i), Base: l.base, Cone: cone}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// used is what a workspace takes on the disk.
func used(t testing.TB, w *Workspace) (bytes int64) {
	err := filepath.WalkDir(w.path(""), func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		bytes += blocks(info)
		return err
	})
	if err := errors.Join(err); err != nil {
		t.Fatal(err)
	}
	return bytes
}

func blocks(info fs.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Blocks * 512
	}
	return info.Size()
}

// BenchmarkCreate1000 makes 1,000 workspaces, sixteen at a time, and counts those that are lost.
func BenchmarkCreate1000(b *testing.B) {
	l, _ := newLarge(b)
	round, lost := 0, 0
	for b.Loop() {
		createMany(b, l, []string{"dir1/sub1"}, 1000, 16, fmt.Sprint("r", round, "-"))
		round++
		lost += 1000 - l.drop(b)
	}
	b.ReportMetric(float64(lost), "lost")
}

// BenchmarkPull pulls three changed files of one cone, real sandbox included.
func BenchmarkPull(b *testing.B) {
	l, cone := newLarge(b)
	a := &agent{lab: l, sb: isolate(b), w: l.create(Request{Base: l.base, Cone: cone, Identity: slot(b)})}
	n := 0
	for b.Loop() {
		b.StopTimer()
		for i := range 3 {
			name := a.w.path(filepath.Join("repo", cone[0], fmt.Sprint("new", i)))
			l.check(errors.Join(os.WriteFile(name, fmt.Appendln(nil, n), 0o644), os.Chown(name, a.w.Identity.UID, a.w.Identity.GID)))
		}
		n++
		b.StartTimer()
		if r := a.pull(); r.Files != 3 {
			b.Fatalf("%+v", r)
		}
	}
}
