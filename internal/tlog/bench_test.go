package tlog

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// benchDir is a log of a hundred thousand leaves as large as a log entry of a signature.
func benchDir(b *testing.B, size int) string {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "log")
	l := must(Open(dir, testKey()))(b)
	body := make([]byte, 700)
	for n := 0; n < size; n += 250 {
		leaves := make([][]byte, 250)
		for i := range leaves {
			leaves[i] = append(leaf(n+i), body...)
		}
		must(l.Append(b.Context(), leaves...))(b)
	}
	check(b, l.Close())
	return dir
}

// BenchmarkAppend appends one leaf at a time to a log of 100,000, each durable with its proof.
func BenchmarkAppend(b *testing.B) {
	l := must(Open(benchDir(b, 100_000), testKey()))(b)
	body := append(leaf(1), make([]byte, 700)...)
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		must(l.Append(b.Context(), body))(b)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	check(b, l.Close())
}

func BenchmarkFsck(b *testing.B) {
	dir := benchDir(b, 100_000)
	var v note.Verifier = must(NewVerifier(origin, testKey().Public()))(b)
	for b.Loop() {
		must(Fsck(context.Background(), Dir(dir), v))(b)
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := benchDir(b, 100_000)
	for b.Loop() {
		check(b, must(Open(dir, testKey()))(b).Close())
	}
}

func BenchmarkProve(b *testing.B) {
	l := must(Open(benchDir(b, 100_000), testKey()))(b)
	n := uint64(0)
	for b.Loop() {
		n = (n + 7919) % l.Size()
		must(l.Prove(n))(b)
	}
	check(b, l.Close())
}
