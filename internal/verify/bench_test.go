package verify_test

import (
	"os"
	"runtime/debug"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/verify"
)

// BenchmarkVerify10k verifies a main of 10,000 commits ($ADAMANT_VERIFY_COMMITS for another number), with their ledger, changes,
// assessments, attestations and log, as a fleet of 48 landings an hour leaves them. Making it takes minutes: $ADAMANT_VERIFY_KEEP is a
// folder to keep it in.
func BenchmarkVerify10k(b *testing.B) {
	n := 10_000
	if text := os.Getenv("ADAMANT_VERIFY_COMMITS"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	dir := generate(b, n)
	repo, err := git.Open(b.Context(), dir)
	if err != nil {
		b.Fatal(err)
	}
	defer repo.Close()
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // as cmd/adamant has it from 192 MB on
	stages := map[string]time.Duration{}
	for b.Loop() {
		before, last, stage := cpu(b), time.Now(), ""
		r, err := verify.Run(b.Context(), repo, verify.Options{Now: time.Now(), Progress: func(now string, _, _ int) {
			if now != stage {
				stages[stage] += time.Since(last)
				last, stage = time.Now(), now
			}
		}})
		stages[stage] += time.Since(last)
		if err != nil {
			b.Fatal(err)
		}
		if !r.Holds() || r.Commits != n+1 || r.Bundles == 0 || r.Log == 0 {
			b.Fatalf("%d commits, %d bundles, %d leaves, %v", r.Commits, r.Bundles, r.Log, r.Failures[:min(5, len(r.Failures))])
		}
		b.ReportMetric(cpu(b)-before, "cpu-s/op")
	}
	for stage, took := range stages {
		b.Logf("%-14s %v", stage, took/time.Duration(b.N))
	}
}

// cpu is the processor time of this process and the children that it waited for, in seconds.
func cpu(b *testing.B) float64 {
	total := 0.0
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			b.Fatal(err)
		}
		total += time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
	}
	return total
}
