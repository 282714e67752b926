package ledger

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

func TestWriter(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			repo := newStore(t, format)
			fill(t, repo, "gate", 250, options())
			fill(t, repo, "gate", 3, options())
			entries := must(readAll(t, repo, Filter{}))(t)
			if len(entries) != 253 || entries[252].Seq != 253 || entries[252].Writer != "gate" {
				t.Fatalf("%d entries, the last %+v", len(entries), entries[len(entries)-1])
			}
			files := content(t, repo, source(t, repo, "gate").Head)
			if len(files) != 3 || strings.Count(files["2026/11/01/000000000201.jsonl"], "\n") != 53 {
				t.Errorf("segments %d", len(files))
			}
			if report := verify(t, repo, Seen{}); len(report.Alarms) != 0 || report.Ledgers[0].Entries != 253 {
				t.Errorf("%+v", report)
			}
		})
	}
}

// What is synchronous is one commit for all that waits, and goes on in the last segment.
func TestAppendSync(t *testing.T) {
	t.Parallel()
	repo := newStore(t, "")
	w := openWriter(t, repo, "gate", options())
	receipt := must(w.Append(t.Context(), record("change.opened")))(t)
	e := must(w.AppendSync(t.Context(), record(LandingIntent)))(t)
	if e.Seq != 2 {
		t.Errorf("seq %d", e.Seq)
	}
	if before := must(receipt.Wait(t.Context()))(t); before.Seq != 1 {
		t.Errorf("queued before: %+v", before)
	}
	must(w.AppendSync(t.Context(), record(LandingDone)))(t)
	src := source(t, repo, "gate")
	if n := must(repo.Count(t.Context(), git.LogOptions{From: src.Head}))(t); n != 2 {
		t.Errorf("%d commits", n)
	}
	if files := content(t, repo, src.Head); len(files) != 1 {
		t.Errorf("%d segments", len(files))
	}
	if report := verify(t, repo, Seen{}); len(report.Alarms) != 0 {
		t.Errorf("%v", report.Alarms)
	}
}

// Another day, also one that comes back, starts another segment.
func TestDays(t *testing.T) {
	t.Parallel()
	repo := newStore(t, "")
	now := start
	opt := options()
	opt.Now = func() time.Time { return now }
	w := openWriter(t, repo, "gate", opt)
	for _, hours := range []int{0, 13, 14, 12, 24 * 40, 24 * 400, 12} {
		now = start.Add(time.Duration(hours) * time.Hour)
		must(w.AppendSync(t.Context(), record("a.b")))(t)
	}
	files := content(t, repo, source(t, repo, "gate").Head)
	if len(files) != 5 || files["2026/11/02/000000000002.jsonl"] == "" || files["2026/11/02/000000000007.jsonl"] == "" {
		t.Errorf("%v", files)
	}
	report := verify(t, repo, Seen{})
	if len(report.Alarms) != 0 || report.Ledgers[0].Backwards != 2 {
		t.Errorf("%+v", report)
	}
	if entries := must(readAll(t, repo, Filter{}))(t); len(entries) != 7 {
		t.Errorf("%d entries", len(entries))
	}
}

func TestLargeSegments(t *testing.T) {
	t.Parallel()
	repo := newStore(t, "")
	w := openWriter(t, repo, "gate", options())
	for range 4 {
		must(w.Append(t.Context(), Record{Actor: "a", Kind: "k", Body: map[string]string{"x": strings.Repeat("x", LineLimit-1000)}}))(t)
	}
	if err := w.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	for path, text := range content(t, repo, source(t, repo, "gate").Head) {
		if len(text) > segmentLimit {
			t.Errorf("%s has %d bytes", path, len(text))
		}
	}
	if entries := must(readAll(t, repo, Filter{}))(t); len(entries) != 4 {
		t.Errorf("%d entries", len(entries))
	}
}

func TestConcurrentAppends(t *testing.T) {
	t.Parallel()
	repo := newStore(t, "")
	opt := options()
	opt.Now = time.Now
	w := openWriter(t, repo, "gate", opt)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			for range 10 {
				if _, err := w.AppendSync(t.Context(), record("a.b")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	report := verify(t, repo, Seen{})
	if len(report.Alarms) != 0 || report.Ledgers[0].Entries != 200 || report.Ledgers[0].Commits > 150 {
		t.Errorf("%+v", report)
	}
}

// faulty refuses to move references while it has errors left.
type faulty struct {
	*git.Repo
	errs []error
}

func (f *faulty) UpdateRefs(ctx context.Context, updates []git.RefUpdate) error {
	if len(f.errs) > 0 {
		err := f.errs[0]
		f.errs = f.errs[1:]
		return err
	}
	return f.Repo.UpdateRefs(ctx, updates)
}

// What failed is reported to those who waited for it, and the chain goes on without it.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	repo := newStore(t, "")
	full := errors.New("no space left")
	refs := &faulty{repo, []error{full}}
	w := must(Open(t.Context(), repo, refs, "gate", options()))(t)
	receipt := must(w.Append(t.Context(), record("a.b")))(t)
	if _, err := w.AppendSync(t.Context(), record("a.b")); !errors.Is(err, full) {
		t.Error(err)
	}
	if _, err := receipt.Wait(t.Context()); !errors.Is(err, full) {
		t.Error(err)
	}
	if e := must(w.AppendSync(t.Context(), record("a.b")))(t); e.Seq != 1 {
		t.Errorf("seq %d", e.Seq)
	}
	if err := w.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if report := verify(t, repo, Seen{}); len(report.Alarms) != 0 || report.Ledgers[0].Entries != 1 {
		t.Errorf("%+v", report)
	}
}

// Two writers of one ledger cannot both go on.
func TestTwoWriters(t *testing.T) {
	t.Parallel()
	repo := newStore(t, "")
	one := openWriter(t, repo, "gate", options())
	two := must(Open(t.Context(), repo, repo, "gate", options()))(t)
	must(one.AppendSync(t.Context(), record("a.b")))(t)
	for range 2 {
		if _, err := two.AppendSync(t.Context(), record("a.b")); !errors.Is(err, ErrNotOurs) {
			t.Error(err)
		}
	}
	if err := two.Close(t.Context()); !errors.Is(err, ErrNotOurs) {
		t.Error(err)
	}
	must(one.AppendSync(t.Context(), record("a.b")))(t)
}

func TestClosed(t *testing.T) {
	t.Parallel()
	repo := newStore(t, "")
	w := openWriter(t, repo, "gate", options())
	receipt := must(w.Append(t.Context(), record("a.b")))(t)
	if err := w.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	must(receipt.Wait(t.Context()))(t)
	if _, err := w.Append(t.Context(), record("a.b")); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Receipt{&pending{written: make(chan struct{})}}).Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestOpenChecksTheEnd(t *testing.T) {
	t.Parallel()
	repo := newStore(t, "")
	fill(t, repo, "gate", 3, options())
	src := source(t, repo, "gate")
	files := content(t, repo, src.Head)
	for path, text := range files {
		files[path] = strings.Replace(text, "c0ffee", "decade", 2)
	}
	forge(t, repo, src.Ref, files, signer(1), src.Head)
	_, err := Open(t.Context(), repo, repo, "gate", options())
	wantAlarm(t, err, Broken)
	if _, err := Open(t.Context(), repo, repo, "a/b", options()); err == nil {
		t.Error("a bad name: accepted")
	}
}

// A group is written when it is full or when its time is up, not before.
func TestGather(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, c := range []struct {
			queued, hurryAt int
			want            int
			after           time.Duration
		}{{3, -1, 4, time.Second}, {3, 0, 4, 0}, {300, -1, 301, 0}, {9, -1, 10, 0}} {
			w := &Writer{opt: Options{Batch: 10, Delay: time.Second}, queue: make(chan *pending, queueLimit)}
			for i := range c.queued {
				w.queue <- &pending{hurry: i == c.hurryAt}
			}
			began := time.Now()
			if got := len(w.gather(&pending{})); got != c.want || time.Since(began) != c.after {
				t.Errorf("%+v: %d entries after %s", c, got, time.Since(began))
			}
		}
	})
}
