package queue

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/leaktest"
)

func TestMain(m *testing.M) {
	leaktest.Main(m)
}

func open(t *testing.T, dir string, epoch uint64) *Queue {
	t.Helper()
	return openWith(t, Options{Dir: dir, Name: "a.b c", Epoch: epoch})
}

func openWith(t *testing.T, opt Options) *Queue {
	t.Helper()
	q, err := Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func submit(t *testing.T, q *Queue, job Job) bool {
	t.Helper()
	fresh, err := q.Submit(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	return fresh
}

// TestWork hands each job to one worker, gives a failed one out again, and takes the same job once.
func TestWork(t *testing.T) {
	q := open(t, t.TempDir(), 7)
	defer q.Close()
	job := Job{Kind: "judge", Key: "c1", State: "s1", Step: "assess", Attempt: 1}
	if !submit(t, q, job) || submit(t, q, job) {
		t.Error("the same state, step and attempt must be one job")
	}
	again := job
	again.Attempt = 2
	if !submit(t, q, again) {
		t.Error("the next attempt is another job")
	}
	if !submit(t, q, Job{Kind: "notify", Key: "c1", State: "s1", Step: "assess", Attempt: 1}) {
		t.Error("another kind is another job")
	}
	var tries atomic.Int32
	done := make(chan Job, 10)
	err := q.Work(t.Context(), "judge", 2, func(_ context.Context, job Job) error {
		if job.Attempt == 2 && tries.Add(1) == 1 {
			return errors.New("not this time")
		}
		done <- job
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]int{}
	for range 2 {
		j := <-done
		seen[j.Attempt]++
		if j.Epoch != 7 || j.Kind != "judge" {
			t.Errorf("got %+v", j)
		}
	}
	if seen[1] != 1 || seen[2] != 1 || tries.Load() != 2 {
		t.Errorf("done %v after %d tries", seen, tries.Load())
	}
	waitFor(t, q, 1) // the one that nobody works on
}

// waitFor waits until n jobs are left: an acknowledgement follows the handler's return.
func waitFor(t *testing.T, q *Queue, n uint64) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Minute); ; {
		left, err := q.Waiting(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if left == n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d jobs are left, want %d", left, n)
		}
		pause(t.Context(), 10*time.Millisecond)
	}
}

// TestReopen forgets what waited, and hands out nothing that was submitted under another epoch.
func TestReopen(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir, 1)
	submit(t, q, Job{Kind: "judge", Key: "old"})
	q.Close()
	q = open(t, dir, 2)
	defer q.Close()
	if left, err := q.Waiting(t.Context()); left != 0 || err != nil {
		t.Fatalf("%d jobs left after a restart, %v", left, err)
	}
	old := &Queue{opt: Options{Name: q.opt.Name, Epoch: 1}, js: q.js} // a daemon that lost its lease and does not know it yet
	submit(t, old, Job{Kind: "judge", Key: "stale"})
	submit(t, q, Job{Kind: "judge", Key: "new"})
	got := make(chan string, 2)
	if err := q.Work(t.Context(), "judge", 1, func(_ context.Context, job Job) error { got <- job.Key; return nil }); err != nil {
		t.Fatal(err)
	}
	if key := <-got; key != "new" {
		t.Errorf("handed out %s, of another epoch", key)
	}
	waitFor(t, q, 0)
}

// TestHeartbeat keeps a job that takes longer than AckWait with its worker.
func TestHeartbeat(t *testing.T) {
	if testing.Short() {
		t.Skip("LEFT OUT: -short: takes eight seconds of real time")
	}
	wait := 6 * time.Second
	n := handed(t, wait)
	for n != 1 && wait < time.Minute { // a worker of a busy machine may be silent for so long, too
		t.Logf("with %s to answer the job was handed out %d times", wait, n)
		wait *= 4
		n = handed(t, wait)
	}
	if n != 1 {
		t.Errorf("the job was handed out %d times", n)
	}
}

// handed says how often a job was handed out that takes a third longer than a worker may be silent.
func handed(t *testing.T, wait time.Duration) int {
	t.Helper()
	q := openWith(t, Options{Dir: t.TempDir(), Name: "slow", Epoch: 1, AckWait: wait})
	defer q.Close()
	var n atomic.Int32
	done := make(chan struct{}, 100)
	submit(t, q, Job{Kind: "slow", Key: "k"})
	err := q.Work(t.Context(), "slow", 2, func(ctx context.Context, _ Job) error {
		n.Add(1)
		pause(ctx, wait*4/3)
		done <- struct{}{}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	<-done
	if n.Load() == 1 {
		waitFor(t, q, 0)
	}
	return int(n.Load())
}

func TestHints(t *testing.T) {
	q := open(t, t.TempDir(), 1)
	defer q.Close()
	got := make(chan string, 1)
	if err := q.Listen("change", func(key string) { got <- key }); err != nil {
		t.Fatal(err)
	}
	if err := q.Hint("change", "abc"); err != nil {
		t.Fatal(err)
	}
	if key := <-got; key != "abc" {
		t.Errorf("heard %q", key)
	}
}

// TestBadFolder refuses a folder that cannot be one, in words.
func TestBadFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if q, err := Open(t.Context(), Options{Dir: file}); err == nil {
		q.Close()
		t.Error("a file was taken for a folder")
	}
}

// TestTornStore starts on what a server that was killed left half made, and on a server that died while it ran.
func TestTornStore(t *testing.T) {
	dir := t.TempDir()
	q := open(t, dir, 1)
	q.Close()
	var torn int
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			torn++
			return os.WriteFile(path, []byte("torn"), 0o600)
		}
		return err
	})
	if err != nil || torn == 0 {
		t.Fatalf("%d files were torn, %v", torn, err)
	}
	stream := filepath.Join(dir, "jetstream", "$G", "streams", q.streamName())
	if err := os.RemoveAll(stream); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stream, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	q = open(t, dir, 2)
	defer q.Close()
	got := make(chan string, 2)
	if err := q.Work(t.Context(), "judge", 1, func(_ context.Context, job Job) error { got <- job.Key; return nil }); err != nil {
		t.Fatal(err)
	}
	submit(t, q, Job{Kind: "judge", Key: "before"})
	if key := <-got; key != "before" {
		t.Errorf("handed out %s", key)
	}
	q.server.Shutdown()
	if _, err := q.Submit(t.Context(), Job{Kind: "judge", Key: "lost"}); err == nil {
		t.Error("a server that is gone took a job")
	}
	if err := q.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	submit(t, q, Job{Kind: "judge", Key: "after"})
	if key := <-got; key != "after" {
		t.Errorf("handed out %s", key)
	}
}
