package git

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

const benchFiles = 10_000

// large imports 10,000 files in 100 folders, two branches that change 100 of them each, and returns the three commits.
func large(b *testing.B) (f *fixture, base, main, side OID) {
	b.Helper()
	f = newFixture(b)
	var in strings.Builder
	in.WriteString("commit refs/heads/main\nmark :1\ncommitter A <a@b> 1700000000 +0000\ndata 0\n")
	for i := range benchFiles {
		writeFile(&in, i, nil)
	}
	for n, branch := range []string{"main", "side"} {
		fmt.Fprintf(&in, "\ncommit refs/heads/%s\ncommitter A <a@b> 1700000001 +0000\ndata 0\nfrom :1\n", branch)
		for i := range 100 {
			writeFile(&in, i*97, map[int]string{10 + n*30: branch, 20 + n*30: branch})
		}
	}
	f.gitIn(in.String(), "fast-import", "--quiet")
	return f, f.rev("main~1"), f.rev("main"), f.rev("side")
}

func writeFile(in *strings.Builder, i int, replaced map[int]string) {
	text := lines(60, replaced) + fmt.Sprint(i)
	fmt.Fprintf(in, "M 644 inline d%d/f%d.go\ndata %d\n%s\n", i%100, i, len(text), text)
}

func BenchmarkOpen(b *testing.B) {
	f := newFixture(b)
	f.commit("one", "f", "1\n")
	for b.Loop() {
		r, err := open(b.Context(), f.dir, testEnv(f.home))
		if err != nil {
			b.Fatal(err)
		}
		if err := r.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	f := newFixture(b)
	f.commit("one", "f", "1\n")
	r := f.open()
	for b.Loop() {
		must[OID](b)(r.Resolve(b.Context(), "HEAD"))
	}
}

func BenchmarkLarge(b *testing.B) {
	f, base, main, side := large(b)
	r := f.open()
	ctx := b.Context()
	tree := must[[]Entry](b)(r.Tree(ctx, main))
	ids := make([]OID, len(tree))
	for i, entry := range tree {
		ids[i] = entry.OID
	}
	b.Run("Tree", func(b *testing.B) {
		for b.Loop() {
			must[[]Entry](b)(r.Tree(ctx, main))
		}
	})
	b.Run("Blobs10k", func(b *testing.B) {
		for b.Loop() {
			if err := r.Blobs(ctx, ids, 1<<20, func(_ int, _ []byte, err error) error { return err }); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("BlobOneByOne10k", func(b *testing.B) {
		for b.Loop() {
			for _, id := range ids {
				must[[]byte](b)(r.Blob(ctx, id, 1<<20))
			}
		}
	})
	b.Run("Diff100Hunks", func(b *testing.B) {
		for b.Loop() {
			if got := must[[]FileChange](b)(r.Diff(ctx, base, main, DiffOptions{Hunks: true})); len(got) != 100 {
				b.Fatal(len(got))
			}
		}
	})
	b.Run("Merge", func(b *testing.B) {
		for b.Loop() {
			must[MergeResult](b)(r.Merge(ctx, main, side))
		}
	})
	b.Run("MergeForward", func(b *testing.B) {
		for b.Loop() {
			must[MergeResult](b)(r.Merge(ctx, base, side))
		}
	})
	for _, withGit := range []bool{false, true} {
		b.Run(fmt.Sprintf("Checkout10k/git=%v", withGit), func(b *testing.B) {
			for b.Loop() {
				dir := filepath.Join(b.TempDir(), "out")
				if err := r.Checkout(ctx, main, dir, CheckoutOptions{WithGit: withGit}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	f.git("checkout", "-q", "-f", "main")
	f.write("d1/new.go", "package d1\n")
	f.git("add", "-A")
	for name, kind := range map[string]SnapshotKind{"Staged": Staged, "Worktree": Worktree} {
		b.Run("Snapshot"+name, func(b *testing.B) {
			for b.Loop() {
				must[OID](b)(r.Snapshot(ctx, kind))
			}
		})
	}
}

func BenchmarkLog(b *testing.B) {
	f := newFixture(b)
	tip := history(f, 5000)
	r := f.open()
	for name, opt := range map[string]LogOptions{"None": {From: tip}, "Numstat": {From: tip, Changes: ChangesNumstat, Renames: true}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				n := 0
				for _, err := range r.Log(b.Context(), opt) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
			}
		})
	}
}
