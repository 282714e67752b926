package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestBlob(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	head := f.commit("one", "text", "a\nb", "bin", "x\x00y\n", "empty", "")
	r := f.open()
	ctx := t.Context()
	for name, want := range map[string]string{"text": "a\nb", "bin": "x\x00y\n", "empty": ""} {
		id := must[OID](t)(r.Lookup(ctx, head, name))
		if data := must[[]byte](t)(r.Blob(ctx, id, 4)); string(data) != want {
			t.Errorf("%s: %q", name, data)
		}
	}
	var large *TooLargeError
	if _, err := r.Blob(ctx, f.rev("HEAD:bin"), 3); !errors.As(err, &large) || large.Size != 4 || large.Limit != 3 {
		t.Errorf("over the limit: %v", err)
	}
	if _, err := r.Blob(ctx, f.rev("HEAD^{tree}"), 1000); err == nil || !strings.Contains(err.Error(), "is a tree") {
		t.Errorf("a tree read as a blob: %v", err)
	}
	var gone *MissingError
	if _, err := r.Blob(ctx, OID(strings.Repeat("1", 40)), 10); !errors.As(err, &gone) {
		t.Errorf("missing: %v", err)
	}
	if _, err := r.Commit(ctx, f.rev("HEAD:text")); err == nil {
		t.Error("a blob read as a commit")
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	head := f.commit("one", "dir/new\nline", "x", "dir/a\nb blob 1", "y")
	r := f.open()
	for path, want := range map[string]OID{"dir/new\nline": f.rev("HEAD:dir/new\nline"), "dir": f.rev("HEAD:dir")} {
		if got := must[OID](t)(r.Lookup(t.Context(), head, path)); got != want {
			t.Errorf("%q: %s", path, got)
		}
	}
	for _, path := range []string{"dir/a\nc", "dir/a\n", "none", "dir/none\nx\n\ny", "dir/none missing"} {
		var gone *MissingError
		if got, err := r.Lookup(t.Context(), head, path); !errors.As(err, &gone) {
			t.Errorf("%q: %s, %v", path, got, err)
		}
	}
	for _, path := range []string{"", "/dir", ".", "..", "./dir", "../dir", "a\x00b", strings.Repeat("x", 5000)} {
		var gone *MissingError
		if _, err := r.Lookup(t.Context(), head, path); err == nil || errors.As(err, &gone) {
			t.Errorf("%q: %v", path, err)
		}
	}
	if got := must[OID](t)(r.Lookup(t.Context(), head, "dir")); got == "" {
		t.Error("the reader is out of step")
	}
}

// TestLargeBlob holds 100 MB against a limit of 5 MiB: what crosses the pipe must be the header only. It measures the
// process and therefore runs alone.
func TestLargeBlob(t *testing.T) {
	f := newFixture(t)
	big := f.path("big")
	if err := os.WriteFile(big, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(big, 100_000_000); err != nil {
		t.Fatal(err)
	}
	f.git("-c", "core.compression=1", "add", "big")
	id := OID(f.git("rev-parse", ":big"))
	r := f.open()
	before := allocated()
	var large *TooLargeError
	if _, err := r.Blob(t.Context(), id, 5<<20); !errors.As(err, &large) || large.Size != 100_000_000 {
		t.Fatalf("error %v", err)
	}
	if grown := allocated() - before; grown > 5<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
	if buffered := r.objectPool.idle[0].out.Buffered(); buffered != 0 {
		t.Errorf("%d unread bytes of the blob", buffered)
	}
}

func TestBlobs(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const n = 3000
	var input strings.Builder
	for i := range n {
		fmt.Fprintf(&input, "blob\ndata %d\n%s\n", len(body(i)), body(i))
	}
	f.gitIn(input.String(), "fast-import", "--quiet", "--export-marks=marks")
	ids := listObjects(f)
	r := f.open()
	ids = append(ids, OID(strings.Repeat("2", 40)), r.EmptyTree())
	seen := 0
	err := r.Blobs(t.Context(), ids, 100, func(i int, data []byte, err error) error {
		if i != seen {
			t.Fatalf("index %d after %d calls", i, seen)
		}
		seen++
		var large *TooLargeError
		var gone *MissingError
		switch {
		case i == n:
			if !errors.As(err, &gone) {
				t.Errorf("missing blob: %v", err)
			}
		case i == n+1:
			if err == nil {
				t.Error("a tree was read")
			}
		case errors.As(err, &large):
		case err != nil || len(data) > 100:
			t.Errorf("blob %d: %d bytes, %v", i, len(data), err)
		default: // the Repo can be used inside
			again, err := r.Blob(t.Context(), ids[i], 100)
			if err != nil || !bytes.Equal(again, data) {
				t.Errorf("blob %d read again: %q, %v", i, again, err)
			}
		}
		return nil
	})
	if err != nil || seen != n+2 {
		t.Errorf("%d calls, %v", seen, err)
	}
	stop := errors.New("enough")
	if err := r.Blobs(t.Context(), ids, 100, func(i int, _ []byte, _ error) error { return stop }); err != stop {
		t.Errorf("stopped with %v", err)
	}
}

func body(i int) string { return strings.Repeat(fmt.Sprint(i, "\n"), i%30+1) }

func listObjects(f *fixture) []OID {
	var ids []OID
	for _, line := range strings.Fields(f.git("cat-file", "--batch-check=%(objectname)", "--batch-all-objects")) {
		ids = append(ids, OID(line))
	}
	return ids
}

// TestBlobsBounded reads more than is kept in memory at once.
func TestBlobsBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := OID(f.gitIn(strings.Repeat("x", 5<<20), "hash-object", "-w", "--stdin"))
	r := f.open()
	calls := 0
	err := r.Blobs(t.Context(), []OID{id, id, id, id, id, id, id}, 10<<20, func(_ int, data []byte, err error) error {
		calls++
		if len(data) != 5<<20 || err != nil {
			t.Errorf("%d bytes, %v", len(data), err)
		}
		return nil
	})
	if err != nil || calls != 7 {
		t.Errorf("%d calls, %v", calls, err)
	}
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var names []string
	for i := range 50 {
		names = append(names, fmt.Sprintf("f%d", i))
		f.write(names[i], fmt.Sprint("content ", i))
	}
	head := f.commit("one")
	r := f.open()
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			id, err := r.Lookup(t.Context(), head, names[i%50])
			if err != nil {
				t.Error(err)
				return
			}
			data, err := r.Blob(t.Context(), id, 100)
			if err != nil || string(data) != fmt.Sprint("content ", i%50) {
				t.Errorf("%s: %q, %v", names[i%50], data, err)
			}
		})
	}
	group.Wait()
}

// TestCancelKeepsStep cancels calls in the middle and then expects right answers.
func TestCancelKeepsStep(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	big := OID(f.gitIn(strings.Repeat("big ", 2<<20), "hash-object", "-w", "--stdin"))
	small := OID(f.gitIn("small", "hash-object", "-w", "--stdin"))
	r := f.open()
	cancelled := 0
	for i := range 30 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*500*time.Microsecond)
		if _, err := r.Blob(ctx, big, 64<<20); errors.Is(err, context.DeadlineExceeded) {
			cancelled++
		} else if err != nil {
			t.Fatal(err)
		}
		cancel()
		if data := must[[]byte](t)(r.Blob(t.Context(), small, 100)); string(data) != "small" {
			t.Fatalf("out of step: %q", data)
		}
	}
	if cancelled == 0 {
		t.Error("no call was cancelled")
	}
}

// TestReaderDies kills the resident child between two calls.
func TestReaderDies(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	head := f.commit("one", "f", "1\n")
	r := f.open()
	for range 3 {
		must[Commit](t)(r.Commit(t.Context(), head))
		if err := killGroup(r.objectPool.idle[0].cmd); err != nil {
			t.Fatal(err)
		}
	}
	must[Commit](t)(r.Commit(t.Context(), head))
}

func TestCancelledLog(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	head := f.commit("one", "f", "1\n")
	r := f.open()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range r.Log(ctx, LogOptions{From: head}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	}
	if _, err := r.Tree(ctx, head); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// partial clones f without blobs; the remote stays reachable, so that a fetch would succeed.
func partial(f *fixture) *fixture {
	f.git("config", "uploadpack.allowFilter", "true")
	f.git("config", "uploadpack.allowAnySHA1InWant", "true")
	f.git("clone", "-q", "--no-checkout", "--filter=blob:none", "file://"+f.dir, "../partial")
	return f.at(filepath.Join(filepath.Dir(f.dir), "partial"))
}

func TestPartialClone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	base := f.commit("one", "f", lines(20, nil), "g", "g\n")
	head := f.commit("two", "f", lines(20, map[int]string{3: "x"}), "h", "h\n")
	f.git("checkout", "-q", "-b", "side", string(base))
	side := f.commit("side", "f", lines(20, map[int]string{15: "y"}))
	blob := f.rev("main:f")
	p := partial(f)
	r := p.open()
	ctx := t.Context()
	if !r.Partial() {
		t.Fatal("not seen as partial")
	}
	before := state(t, p.dir)
	var gone *MissingError
	if _, err := r.Blob(ctx, blob, 1000); !errors.As(err, &gone) || !gone.Partial {
		t.Errorf("Blob: %v", err)
	}
	for name, call := range map[string]func() error{
		"Diff":     func() error { _, err := r.Diff(ctx, base, head, DiffOptions{Hunks: true}); return err },
		"Merge":    func() error { _, err := r.Merge(ctx, head, side); return err },
		"Checkout": func() error { return r.Checkout(ctx, head, filepath.Join(realTemp(t), "x"), CheckoutOptions{}) },
		"Log": func() error {
			for _, err := range r.Log(ctx, LogOptions{From: head, Changes: ChangesNumstat}) {
				if err != nil {
					return err
				}
			}
			return nil
		},
	} {
		if err := call(); !errors.As(err, &gone) || errors.Is(err, ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := r.Resolve(ctx, "main:f"); !errors.As(err, &gone) {
		t.Errorf("Resolve: %v", err)
	}
	if changes := must[[]Entry](t)(r.Tree(ctx, head)); len(changes) != 3 {
		t.Errorf("Tree: %v", changes)
	}
	if after := state(t, p.dir); after != before {
		t.Errorf("the clone changed: something was fetched\n%s\n%s", before, after)
	}
	gone = nil
	if err := r.Whole(ctx, head); !errors.As(err, &gone) || !gone.Partial {
		t.Errorf("Whole: %v", err)
	}
	_, advice, _ := strings.Cut(gone.Error(), "run: git ")
	p.git(strings.Fields(advice)...) // what the error advises, word by word
	must[[]byte](t)(r.Blob(ctx, blob, 1000))
	if err := r.Whole(ctx, head); err != nil {
		t.Errorf("Whole, after the advice was followed: %v", err)
	}
}

// allocated is how many bytes this process has allocated so far.
func allocated() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.TotalAlloc
}

// TestMissingInside removes objects below what is asked for. Whatever git makes of it, the answer must be an error.
func TestMissingInside(t *testing.T) {
	t.Parallel()
	for _, what := range []string{"main:d", "main:d/f", "main~1", "main~1:d", "main^{tree}", "main~1^{tree}"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			base := f.commit("one", "d/f", "1\n2\n3\n", "g", "1\n")
			head := f.commit("two", "d/f", "1\n2\n4\n", "g", "1\n")
			f.drop(f.rev(what))
			r := f.open()
			ctx := t.Context()
			calls := map[string]error{}
			if what != "main:d/f" && !strings.HasPrefix(what, "main~1") {
				_, calls["Tree"] = r.Tree(ctx, head)
			}
			if strings.HasPrefix(what, "main~1") && what != "main~1" {
				_, calls["Tree"] = r.Tree(ctx, base)
			}
			if what != "main~1" {
				_, calls["Diff"] = r.Diff(ctx, base, head, DiffOptions{Hunks: true})
			} else {
				_, calls["Count"] = r.Count(ctx, LogOptions{From: head})
				_, calls["Commit"] = r.Commit(ctx, base)
			}
			for _, err := range r.Log(ctx, LogOptions{From: head, Changes: ChangesNumstat}) {
				calls["Log"] = err
			}
			if !strings.HasPrefix(what, "main~1") {
				calls["Checkout"] = r.Checkout(ctx, head, filepath.Join(realTemp(t), "x"), CheckoutOptions{})
				calls["Checkout with git"] = r.Checkout(ctx, head, filepath.Join(realTemp(t), "x"), CheckoutOptions{WithGit: true})
			}
			for name, err := range calls {
				var gone *MissingError
				if !errors.As(err, &gone) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}
