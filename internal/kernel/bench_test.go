package kernel

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/git/gittest"
)

// newLarge is a kernel of a repository with 10,000 files in 500 folders.
func newLarge(b *testing.B) *Kernel {
	b.Helper()
	clone := gittest.New(b)
	clone.Git("config", "gc.auto", "0") // in the background it would be measured, too
	for i := range 10_000 {
		clone.Write(fmt.Sprintf("dir%d/sub%d/file%d.go", i%50, i%500, i), fmt.Sprintf("package x // %d\n", i))
	}
	clone.Commit("first")
	l := &lab{t: b, clone: clone, dir: filepath.Join(b.TempDir(), "kernel")}
	l.check(l.create().Close())
	k, _ := l.acquire()
	return k
}

// BenchmarkLand is the overhead of a landing whose commit is there: ledger, references, main.git, ledger.
func BenchmarkLand(b *testing.B) {
	k := newLarge(b)
	n := 0
	for b.Loop() {
		b.StopTimer()
		landing, err := compose(b.Context(), k, n)
		if err != nil {
			b.Fatal(err)
		}
		n++
		b.StartTimer()
		if err := k.Land(b.Context(), landing); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUpdateRefs(b *testing.B) {
	k := newLarge(b)
	main, err := k.Ref(b.Context(), RefMain)
	if err != nil {
		b.Fatal(err)
	}
	n := 0
	for b.Loop() {
		if err := k.UpdateRefs(b.Context(), []git.RefUpdate{{Name: PinRef(fmt.Sprint("p", n)), New: main}}); err != nil {
			b.Fatal(err)
		}
		n++
	}
}

func BenchmarkAcquire(b *testing.B) {
	k := newLarge(b)
	dir := k.Dir()
	for b.Loop() {
		if err := k.Close(); err != nil {
			b.Fatal(err)
		}
		var err error
		if k, err = Open(b.Context(), dir); err != nil {
			b.Fatal(err)
		}
		if _, err := k.Acquire(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	if err := k.Close(); err != nil {
		b.Fatal(err)
	}
}
