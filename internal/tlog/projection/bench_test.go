package projection

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/ledger"
)

// BenchmarkLog is a signature's way into the ledger, durable, and then into the log, durable, one after the other.
func BenchmarkLog(b *testing.B) {
	r := newRig(b)
	p := r.open()
	var took []time.Duration
	n := 0
	for b.Loop() {
		start := time.Now()
		must(p.Log(b.Context(), rekord(n)))(b)
		took = append(took, time.Since(start))
		n++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	check(b, p.Close(b.Context()))
}

// BenchmarkLogAtOnce has sixteen callers, as the attestations of landings have.
func BenchmarkLogAtOnce(b *testing.B) {
	r := newRig(b)
	p := r.open()
	var n atomic.Int64
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			must(p.Log(b.Context(), rekord(int(n.Add(1)))))(b)
		}
	})
	check(b, p.Close(b.Context()))
}

// BenchmarkFirst makes the log of a ledger of 20,000 entries, and checks it.
func BenchmarkFirst(b *testing.B) {
	r := newRig(b)
	for range 20_000 {
		must(r.Ledger().Append(b.Context(), ledger.Record{Actor: "gate", Kind: "approval.given", Body: map[string]string{"statement": "text"}}))(b)
	}
	check(b, r.Ledger().Flush(b.Context()))
	start := time.Now()
	p := r.open()
	b.ReportMetric(float64(time.Since(start).Milliseconds()), "make-ms")
	start = time.Now()
	check(b, p.Publish(b.Context()))
	b.ReportMetric(float64(time.Since(start).Milliseconds()), "publish-ms")
	b.ResetTimer()
	for b.Loop() {
		must(r.check(r.published()))(b)
	}
	check(b, p.Close(b.Context()))
}
