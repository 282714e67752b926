package tlog

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/adamant-os/adamant/internal/leaktest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		appendForEver(dir)
	}
	leaktest.Main(m)
}

const origin = "log.example.test"

func edKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func testKey() Key { return Key{Origin: origin, Private: edKey(1)} }

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func verifier(t testing.TB) note.Verifier {
	t.Helper()
	return must(NewVerifier(origin, testKey().Public()))(t)
}

func openLog(t testing.TB, dir string) *Log {
	t.Helper()
	l := must(Open(dir, testKey()))(t)
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// leaf is the nth leaf of the tests: of another length each.
func leaf(n int) []byte {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return append(fmt.Appendf(nil, "leaf %d ", n), bytes.Repeat(sum[:1], n%97)...)
}

// grow appends leaves up to size, in groups of at most group.
func grow(t testing.TB, l *Log, size, group int) {
	t.Helper()
	for n := int(l.Size()); n < size; {
		var leaves [][]byte
		for len(leaves) < group && n < size {
			leaves = append(leaves, leaf(n))
			n++
		}
		must(l.Append(t.Context(), leaves...))(t)
	}
}

// built is a closed log of size leaves.
func built(t testing.TB, size int) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "log")
	l := must(Open(dir, testKey()))(t)
	grow(t, l, size, 100)
	check(t, l.Close())
	return dir
}

// rootOf computes a tree's root the slow way, from all leaves: RFC 6962, section 2.1.
func rootOf(first, end int) tlog.Hash {
	switch end - first {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return tlog.RecordHash(leaf(first))
	}
	k := 1
	for 2*k < end-first {
		k *= 2
	}
	return tlog.NodeHash(rootOf(first, first+k), rootOf(first+k, end))
}

// holdsAll demands a log in dir that is whole, has at least size leaves, and those of the tests.
func holdsAll(t testing.TB, dir string, size uint64) *Reader {
	t.Helper()
	r := must(NewReader(t.Context(), Dir(dir), verifier(t)))(t)
	c := r.Checkpoint()
	if c.Size < size || c.Root != rootOf(0, int(c.Size)) {
		t.Fatalf("the log has %d leaves with the root %x, want at least %d", c.Size, c.Root, size)
	}
	check(t, r.Leaves(t.Context(), 0, func(index uint64, have []byte) error {
		if want := leaf(int(index)); !bytes.Equal(have, want) {
			return fmt.Errorf("leaf %d is %q, want %q", index, have, want)
		}
		return nil
	}))
	return r
}
