package backtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/judge"
)

// TestInterruptedGoesOn: what was judged before an interruption is said to be kept, and is not judged again.
func TestInterruptedGoesOn(t *testing.T) {
	t.Parallel()
	made := gittest.New(t)
	for i := range 4 {
		made.Write("a.md", strings.Repeat("word\n", i+1))
		made.Commit(fmt.Sprint("change ", i))
	}
	repo, err := git.Open(t.Context(), made.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer repo.Close()
	tip, err := repo.Resolve(t.Context(), "main")
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	run := func(ctx context.Context, progress func(done, total int)) (*Report, string, error) {
		var said strings.Builder
		r, err := Run(ctx, repo, Options{Tip: tip, Max: 10, Now: time.Unix(1_800_000_000, 0), Jobs: 1, Places: judge.Places{Cache: cache, State: t.TempDir()},
			Progress: progress, Warn: func(err error) { fmt.Fprintln(&said, err) }})
		return r, said.String(), err
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, said, err := run(ctx, func(int, int) { cancel() }); !errors.Is(err, context.Canceled) || said != "what was judged is kept; the next run goes on there\n" {
		t.Errorf("interrupted: %v, said %q", err, said)
	}
	r, said, err := run(t.Context(), func(int, int) {})
	if err != nil || len(r.Rows) != 3 || said != "" {
		t.Fatalf("second run: %v, %+v, said %q", err, r, said)
	}
	files, err := filepath.Glob(filepath.Join(cache, "backtest", "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("cache: %q, %v", files, err)
	}
	data, err := os.ReadFile(files[0])
	if rows := bytes.Count(data, []byte(`"commit"`)); err != nil || rows != 3 {
		t.Errorf("%d changes were judged in both runs together, want 3; %v", rows, err)
	}
}
