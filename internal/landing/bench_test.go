package landing_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
	"github.com/adamant-os/adamant/internal/landing"
	"github.com/adamant-os/adamant/internal/ratchet"
)

// BenchmarkCompose is what a landing costs in 10,000 files, without the gate and its checks: merge, objects on disk, a mark,
// a signed commit and main moved. Main has moved since the change was written.
func BenchmarkCompose(b *testing.B) {
	r := gittest.New(b)
	r.Git("config", "gc.auto", "0") // none in the background
	for i := range 10_000 {
		path := filepath.Join(r.Dir, fmt.Sprintf("d%02d/e%02d", i%100, i/100%10))
		if err := os.MkdirAll(path, 0o755); err != nil {
			b.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(path, fmt.Sprintf("f%04d.txt", i)), []byte(strings.Repeat(fmt.Sprintln("line", i), 20)), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	r.Commit("start")
	r.Branch("change")
	for i := range 10 {
		r.Write(fmt.Sprintf("d%02d/e00/f%04d.txt", i, i), "changed\n")
	}
	head := git.OID(r.Commit("change"))
	r.Git("switch", "-q", "main")
	r.Write("d50/e00/f0050.txt", "main\n")
	tip := git.OID(r.Commit("main moves"))
	r.Git("repack", "-a", "-d", "-q")
	repo, err := git.Open(b.Context(), r.Dir)
	if err != nil {
		b.Fatal(err)
	}
	defer repo.Close()
	merged, err := repo.Merge(b.Context(), tip, head)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	judge := func(_ context.Context, base git.OID, item landing.Item) (*gate.Assessment, error) {
		n++
		return &gate.Assessment{Base: string(base), Head: string(item.Head), MergedTree: string(merged.Tree), Digest: fmt.Sprint(n),
			Merge: gate.Merge{Mode: gate.ModeAuto}, Marks: []ratchet.Mark{mark("lint", "app", 1+n)}}, nil
	}
	for b.Loop() {
		c, err := landing.Compose(b.Context(), repo, tip, []landing.Item{{Change: "c", Head: head, Title: "t"}},
			landing.Options{Judge: judge, Committer: git.Signature{Name: "adamant", When: now}, Sign: stamp{}})
		if err != nil {
			b.Fatal(err)
		}
		move := []git.RefUpdate{{Name: "refs/heads/landed", Old: "", New: c.Tip()}}
		if n > 1 {
			move[0].Old, err = repo.Ref(b.Context(), "refs/heads/landed")
		}
		if err == nil {
			err = repo.UpdateRefs(b.Context(), move)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
