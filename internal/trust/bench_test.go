package trust

import (
	"slices"
	"testing"
	"time"
)

// BenchmarkAttest signs, timestamps and logs with fsync: `go test -bench Attest -benchtime 500x ./internal/trust`.
func BenchmarkAttest(b *testing.B) {
	a := newAuthority(b, Options{})
	log := newLogger(b, a)
	statement := statementOf(artifact)
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if _, err := a.Attest(b.Context(), log, Gate("shop"), statement); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkInit makes the keys of a repository: what `adamant trust init` does beside signing root.json.
func BenchmarkInit(b *testing.B) {
	for b.Loop() {
		newAuthority(b, Options{})
	}
}
