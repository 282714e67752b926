package ledger

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/adamant-os/adamant/internal/git"
)

// The ledger of the benchmarks: as long as a busy year of a small fleet.
const benchEntries = 100_000

// agentEntry is about as large as an agent's action.
func agentEntry() Record {
	return Record{Actor: "coder-1", Kind: "agent.action", Change: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Task: "t-42",
		Body: map[string]any{"action": "edit internal/ledger/read.go", "observation": "the test of the union fails on equal times", "model": "m-1", "tokens": 1834, "cost": 12345678}}
}

func BenchmarkAppend(b *testing.B) {
	repo := newStore(b, "")
	w := openWriter(b, repo, "gate", Options{Sign: signer(1)})
	for b.Loop() {
		must(w.Append(b.Context(), agentEntry()))(b)
	}
	if err := w.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkAppendSync(b *testing.B) {
	repo := newStore(b, "")
	w := openWriter(b, repo, "gate", Options{Sign: signer(1)})
	for b.Loop() {
		must(w.AppendSync(b.Context(), agentEntry()))(b)
	}
}

// benchStore has benchEntries in commits of 100, packed as maintenance does.
func benchStore(b *testing.B) *git.Repo {
	b.Helper()
	repo := newStore(b, "")
	w := must(Open(b.Context(), repo, repo, "gate", Options{Sign: signer(1), Delay: time.Hour}))(b)
	for i := range benchEntries {
		must(w.Append(b.Context(), agentEntry()))(b)
		if i%100 == 99 {
			if err := w.Flush(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := w.Close(b.Context()); err != nil {
		b.Fatal(err)
	}
	run(b, "-C", repo.GitDir(), "repack", "-q", "-a", "-d")
	return repo
}

func run(b *testing.B, args ...string) {
	b.Helper()
	if out, err := exec.CommandContext(b.Context(), "git", args...).CombinedOutput(); err != nil {
		b.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

// BenchmarkLedger reads, verifies and clones one ledger, made once.
func BenchmarkLedger(b *testing.B) {
	repo := benchStore(b)
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			n := 0
			for _, err := range Read(b.Context(), repo, Filter{}) {
				if err != nil {
					b.Fatal(err)
				}
				n++
			}
			if n != benchEntries {
				b.Fatal(n)
			}
		}
	})
	var seen Seen
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			report := must(Verify(context.Background(), repo, Seen{}, Policy{}))(b)
			if len(report.Alarms) != 0 {
				b.Fatal(report.Alarms)
			}
			seen = report.Seen
		}
	})
	b.Run("verify-again", func(b *testing.B) {
		for b.Loop() {
			must(Verify(context.Background(), repo, seen, Policy{}))(b)
		}
	})
	b.Run("clone", func(b *testing.B) {
		for b.Loop() {
			dir := filepath.Join(b.TempDir(), "clone.git")
			run(b, "init", "-q", "--bare", dir)
			run(b, "-C", dir, "fetch", "-q", "file://"+repo.GitDir(), "refs/adamant/ledger/*:refs/adamant-remote/k/ledger/*")
		}
	})
}
