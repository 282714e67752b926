package judge

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

// BenchmarkRun judges 100 changed files of a repository of 10,000 files under 50 rules of its own, everything cached that
// a second run has cached. The repository is made by scripts/genrepo, or taken from BENCH_REPO.
func BenchmarkRun(b *testing.B) {
	dir := os.Getenv("BENCH_REPO")
	if dir == "" {
		dir = filepath.Join(b.TempDir(), "repo")
		cmd := exec.CommandContext(b.Context(), "go", "run", "../../scripts/genrepo", dir)
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	cache := b.TempDir()
	req := Request{Base: "main", Head: "feature", Run: []string{}, Now: time.Unix(1_790_000_000, 0), Places: Places{Cache: cache, State: cache, Data: cache},
		Getenv: func(string) string { return "" }, Progress: func(string) {}}
	judgeOnce := func() {
		repo, err := git.Open(b.Context(), dir)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Run(b.Context(), repo, req); err != nil {
			b.Fatal(err)
		}
		if err := repo.Close(); err != nil {
			b.Fatal(err)
		}
	}
	judgeOnce()
	for b.Loop() {
		judgeOnce()
	}
}
