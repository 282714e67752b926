package workspace

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/adamant-os/adamant/internal/git/gittest"
	"golang.org/x/sys/unix"
)

// smallDisk puts the store on a disk of its own.
func (l *lab) smallDisk(size string) {
	l.t.Helper()
	if err := unix.Mount("none", l.store.dir, "tmpfs", 0, "size="+size+",mode=0700"); err != nil {
		l.t.Skipf("LEFT OUT: a disk that is really full takes root and mounts: %v", err)
	}
	l.t.Cleanup(func() {
		if err := unix.Unmount(l.store.dir, unix.MNT_DETACH); err != nil {
			l.t.Error(err)
		}
	})
}

// TestCreateDiskFull: what does not fit is not there, with the reason, and leaves nothing.
func TestCreateDiskFull(t *testing.T) {
	t.Parallel()
	l := newLab(t, Limits{}, func(r *gittest.Repo) {
		small(r)
		r.Write("a/large", strings.Repeat("large\n", 500_000))
	})
	l.smallDisk("1m")
	for range 3 {
		if w, err := l.store.Create(t.Context(), Request{Task: "t1", Base: l.base}); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("made %+v, %v", w, err)
		}
	}
	if got := append(l.entries(), l.refs()...); len(got) != 0 {
		t.Errorf("a full disk left %q", got)
	}
	l.create(Request{Cone: []string{"b"}})
}

// TestPullDiskFull: an agent that fills the disk gets no result until there is room; nothing is kept of the attempts.
func TestPullDiskFull(t *testing.T) {
	t.Parallel()
	l := newLab(t, Limits{}, small)
	l.smallDisk("8m")
	a := &agent{lab: l, sb: isolate(t), w: l.create(Request{Cone: []string{"a"}, Identity: slot(t)})}
	a.try("echo x >a/new.txt; head -c 1000000 /dev/urandom >a/noise; cat /dev/zero >/work/tmp/full")
	if r, err := a.w.Pull(t.Context(), In(a.sb)); err == nil || !strings.Contains(err.Error(), "No space left") && !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("pulled %+v, %v", r, err)
	}
	if _, err := os.Lstat(a.w.path("pull")); err == nil {
		t.Error("the failed pull left its folder")
	}
	a.do("rm /work/tmp/full")
	if r := a.pull(); r.Files != 2 {
		t.Errorf("%+v", r)
	}
}

// TestMany makes many workspaces at once and loses none.
func TestMany(t *testing.T) {
	t.Parallel()
	l := newLab(t, Limits{}, small)
	const n = 200
	createMany(t, l, []string{"a"}, n, 16, "m")
	listed, err := l.store.List(t.Context())
	l.check(err)
	if len(listed) != n || len(l.refs()) != n {
		t.Fatalf("%d workspaces and %d pins of %d", len(listed), len(l.refs()), n)
	}
	for _, i := range []int{1, n / 2, n} {
		w, err := l.store.Load(t.Context(), fmt.Sprint("m", i))
		l.check(err)
		if got := l.git(w, "status", "--porcelain"); got != "" {
			t.Errorf("%s: %s", w.ID, got)
		}
	}
	removed, err := l.store.GC(t.Context(), none)
	l.check(err)
	if got := append(l.entries(), l.refs()...); len(removed) != n || len(got) != 0 {
		t.Errorf("removed %d, left %q", len(removed), got)
	}
}

// TestConcurrentPulls pulls one workspace from several places at once: they wait for each other.
func TestConcurrentPulls(t *testing.T) {
	t.Parallel()
	a := newAgent(t, Limits{}, Request{Cone: []string{"a"}})
	a.do("echo x >a/new.txt")
	results := make(chan error)
	for range 4 {
		go func() {
			r, err := a.w.Pull(t.Context(), In(a.sb))
			if err == nil && r.Files != 1 {
				err = fmt.Errorf("%+v", r)
			}
			results <- err
		}()
	}
	for range 4 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
}

// TestSlow ends a pull that takes too long, and says so.
func TestSlow(t *testing.T) {
	t.Parallel()
	a := newAgent(t, Limits{Time: 300_000_000, FileSize: 1 << 40}, Request{Cone: []string{"a"}})
	a.do("truncate -s 1900M a/holes")
	a.refused("", "took longer than 300ms")
}
