package tlog

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// checkEntry holds an answer of the log to the slow computation.
func checkEntry(t testing.TB, e Entry, leaf []byte) {
	t.Helper()
	proof := make(tlog.RecordProof, len(e.Proof))
	for i, hash := range e.Proof {
		proof[i] = hash
	}
	if err := tlog.CheckRecord(proof, int64(e.Size), e.Root, int64(e.Index), tlog.RecordHash(leaf)); err != nil {
		t.Errorf("leaf %d of %d: %v", e.Index, e.Size, err)
	}
	c := must(VerifyCheckpoint(e.Checkpoint, verifier(t)))(t)
	if c.Size != e.Size || c.Root != e.Root || c.Origin != origin {
		t.Errorf("leaf %d: the checkpoint states %d %x, the entry %d %x", e.Index, c.Size, c.Root, e.Size, e.Root)
	}
}

// Every size up to two tiles and over the edges: roots and proofs are those of RFC 6962, and a Reader agrees.
func TestAppend(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := openLog(t, dir)
	for n := range 600 {
		entries := must(l.Append(t.Context(), leaf(n)))(t)
		if entries[0].Index != uint64(n) || entries[0].Size != uint64(n+1) {
			t.Fatalf("leaf %d is at %d of %d", n, entries[0].Index, entries[0].Size)
		}
		checkEntry(t, entries[0], leaf(n))
		if n%37 == 0 && entries[0].Root != rootOf(0, n+1) {
			t.Errorf("the root of %d leaves is %x", n+1, entries[0].Root)
		}
		if n%100 == 0 {
			check(t, l.Flush(t.Context()))
			holdsAll(t, dir, uint64(n+1))
		}
	}
	for n := range 600 {
		checkEntry(t, must(l.Prove(uint64(n)))(t), leaf(n))
	}
	if _, err := l.Prove(600); err == nil {
		t.Error("a leaf that is not there was proved")
	}
}

// What the log refuses changes nothing.
func TestRefused(t *testing.T) {
	t.Parallel()
	l := openLog(t, t.TempDir())
	before := l.Checkpoint()
	for name, leaves := range map[string][][]byte{
		"an empty leaf":  {leaf(1), nil},
		"a large leaf":   {leaf(1), make([]byte, LeafLimit+1)},
		"too much of it": slices.Repeat([][]byte{make([]byte, LeafLimit)}, payloadLimit/LeafLimit+1),
	} {
		if _, err := l.Append(t.Context(), leaves...); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if now := l.Checkpoint(); !bytes.Equal(now.Signed, before.Signed) {
		t.Errorf("the checkpoint went from %q to %q", before.Signed, now.Signed)
	}
	grow(t, l, 10, 3) // over what the refused ones computed
	checkEntry(t, must(l.Prove(3))(t), leaf(3))
	if entries := must(l.Append(t.Context(), make([]byte, LeafLimit)))(t); entries[0].Index != 10 {
		t.Errorf("the largest leaf: %+v", entries)
	}
}

// Whatever is appended, flushed and reopened in whatever order: one tree, the one of the leaves.
func TestRandomWalk(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "tlog")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		l, err := Open(dir, testKey())
		if err != nil {
			t.Fatal(err)
		}
		var seen []Checkpoint
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"append", "append", "flush", "reopen"}).Draw(t, "step") {
			case "append":
				var leaves [][]byte
				for n := range rapid.IntRange(1, 300).Draw(t, "leaves") {
					leaves = append(leaves, leaf(int(l.Size())+n))
				}
				_, err = l.Append(t.Context(), leaves...)
				seen = append(seen, l.Checkpoint())
			case "flush":
				err = l.Flush(t.Context())
			case "reopen":
				if err = l.Close(); err == nil {
					l, err = Open(dir, testKey())
				}
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		size := l.Size()
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		v, err := NewVerifier(origin, testKey().Public())
		if err != nil {
			t.Fatal(err)
		}
		r, err := NewReader(t.Context(), Dir(dir), v)
		if err != nil {
			t.Fatal(err)
		}
		if c := r.Checkpoint(); c.Size != size || c.Root != rootOf(0, int(size)) {
			t.Fatalf("%d leaves, root %x", c.Size, c.Root)
		}
		for _, c := range seen {
			if _, err := r.Consistency(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Fsck(t.Context(), Dir(dir), v); err != nil {
			t.Fatal(err)
		}
	})
}

// One writer at a time; a closed log says so.
func TestOneWriter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := openLog(t, dir)
	if _, err := Open(dir, testKey()); !errors.Is(err, ErrLocked) {
		t.Errorf("a second writer: %v", err)
	}
	check(t, l.Close())
	if _, err := l.Append(t.Context(), leaf(0)); !errors.Is(err, ErrClosed) {
		t.Errorf("after closing: %v", err)
	}
}

// A new key goes on with the log of the former one, which it must know.
func TestRotation(t *testing.T) {
	t.Parallel()
	dir := built(t, 300)
	next := Key{Origin: origin, Private: edKey(2)}
	var damaged *DamagedError
	if _, err := Open(dir, next); !errors.As(err, &damaged) {
		t.Errorf("a key that knows no former one: %v", err)
	}
	next.Former = []ed25519.PublicKey{testKey().Public()}
	l := must(Open(dir, next))(t)
	must(l.Append(t.Context(), leaf(300)))(t)
	check(t, l.Close())
	v := must(next.Verifiers())(t)
	r := must(NewReader(t.Context(), Dir(dir), v[0]))(t)
	if r.Checkpoint().Root != rootOf(0, 301) {
		t.Error("the log did not go on")
	}
	if _, err := NewReader(t.Context(), Dir(dir), v[1]); !errors.Is(err, ErrSignature) {
		t.Errorf("the former key: %v", err)
	}
}

// cut is a copy of a log with another journal.
func cut(t testing.TB, dir string, journal []byte) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "log")
	check(t, os.CopyFS(to, os.DirFS(dir)))
	check(t, os.WriteFile(filepath.Join(to, journalName), journal, 0o600))
	return to
}

// A journal that ends anywhere is read up to its last whole record.
func TestTornJournal(t *testing.T) {
	t.Parallel()
	dir := built(t, 250)
	l := must(Open(dir, testKey()))(t)
	sizes := map[int64]uint64{0: 250}
	for n := 250; n < 262; n += 3 {
		must(l.Append(t.Context(), leaf(n), leaf(n+1), leaf(n+2)))(t)
		sizes[l.journal.end] = l.Size()
	}
	journal := must(os.ReadFile(filepath.Join(dir, journalName)))(t)
	var want uint64
	for end := range int64(len(journal)) + 1 {
		if size, ok := sizes[end]; ok {
			want = size
		} else if end%11 != 0 { // each record, and places in it
			continue
		}
		torn := cut(t, dir, append(journal[:end:end], make([]byte, end%40)...)) // a file system may leave zeros
		again := must(Open(torn, testKey()))(t)
		if again.Size() != want {
			t.Errorf("a journal of %d bytes of %d: %d leaves, want %d", end, len(journal), again.Size(), want)
		}
		check(t, again.Close())
		must(Fsck(t.Context(), Dir(torn), verifier(t)))(t)
	}
	check(t, l.Close())
}

// A crash between any two steps of a flush is finished by the next Open.
func TestTornFlush(t *testing.T) {
	t.Parallel()
	dir := built(t, 250)
	l := must(Open(dir, testKey()))(t)
	grow(t, l, 530, 40)
	journal := must(os.ReadFile(filepath.Join(dir, journalName)))(t)
	old := must(os.ReadFile(filepath.Join(dir, checkpointPath)))(t)
	check(t, l.Close())

	full := cut(t, dir, journal) // tiles and checkpoint are written, the journal is not emptied
	check(t, must(Open(full, testKey()))(t).Close())
	holdsAll(t, full, 530)

	tiles := cut(t, dir, journal) // the checkpoint is not written
	check(t, os.WriteFile(filepath.Join(tiles, checkpointPath), old, 0o600))
	l = must(Open(tiles, testKey()))(t)
	if l.Size() < 530-uint64(len(l.leaves)) {
		t.Errorf("%d leaves", l.Size())
	}
	check(t, l.Close())
	holdsAll(t, tiles, 530)

	half := cut(t, tiles, nil) // some temporary files are left
	check(t, os.WriteFile(filepath.Join(half, "new-123"), []byte("half"), 0o600))
	check(t, must(Open(half, testKey()))(t).Close())
	if left := must(filepath.Glob(filepath.Join(half, "new-*")))(t); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// Damage is told, and nothing is appended on top of it.
func TestDamage(t *testing.T) {
	t.Parallel()
	dir := built(t, 300)
	l := must(Open(dir, testKey()))(t)
	grow(t, l, 306, 2)
	journal := must(os.ReadFile(filepath.Join(dir, journalName)))(t)
	record := len(journal) / 3
	check(t, l.Close())
	closed := built(t, 300)
	edit := func(data []byte, at int) []byte {
		data = bytes.Clone(data)
		data[at] ^= 1
		return data
	}
	rewrite := func(path string, change func([]byte) []byte) func(string) {
		return func(dir string) {
			path := filepath.Join(dir, filepath.FromSlash(path))
			check(t, os.WriteFile(path, change(must(os.ReadFile(path))(t)), 0o600))
		}
	}
	for name, test := range map[string]struct {
		journal []byte
		damage  func(dir string)
	}{
		"the middle of the journal": {edit(journal, record+60), nil},
		"a length in the journal":   {edit(journal, record+9), nil},
		"another log's journal":     {otherJournal(t, 300), nil},
		"a journal of later":        {otherJournal(t, 400), nil},
		"the checkpoint's root":     {nil, rewrite("checkpoint", func(b []byte) []byte { return bytes.Replace(b, []byte("\n300\n"), []byte("\n299\n"), 1) })},
		"no checkpoint":             {nil, func(dir string) { check(t, os.Remove(filepath.Join(dir, checkpointPath))) }},
		"a hash of the edge":        {nil, rewrite("tile/0/001.p/44", func(b []byte) []byte { return edit(b, 40*32) })},
		"no hashes of the edge":     {nil, func(dir string) { check(t, os.RemoveAll(filepath.Join(dir, "tile/0/001.p"))) }},
	} {
		to := cut(t, closed, test.journal)
		if test.damage != nil {
			test.damage(to)
		}
		var damaged *DamagedError
		if l, err := Open(to, testKey()); !errors.As(err, &damaged) {
			t.Errorf("%s: %v", name, err)
			if err == nil {
				check(t, l.Close())
			}
		}
	}
}

// otherJournal is the journal of another log at a size.
func otherJournal(t testing.TB, size int) []byte {
	t.Helper()
	dir := t.TempDir()
	l := openLog(t, dir)
	for n := range size + 1 {
		if n == size {
			check(t, l.Flush(t.Context()))
		}
		must(l.Append(t.Context(), fmt.Append(nil, "other", n)))(t)
	}
	return must(os.ReadFile(filepath.Join(dir, journalName)))(t)
}

// A disk that fails is not written to again; one that is full costs nothing but the append.
func TestDiskFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := openLog(t, dir)
	grow(t, l, 5, 1)
	good := l.journal.file
	l.journal.file = must(os.Open(good.Name()))(t) // for reading: neither writing nor truncating works
	if _, err := l.Append(t.Context(), leaf(5)); !errors.Is(err, errUnknown) {
		t.Errorf("a disk that fails: %v", err)
	}
	check(t, l.journal.file.Close())
	l.journal.file = good
	if _, err := l.Append(t.Context(), leaf(5)); !errors.Is(err, errUnknown) {
		t.Errorf("after it: %v", err)
	}
	check(t, l.Close())
	holdsAll(t, dir, 0)
	l = openLog(t, dir)
	grow(t, l, 7, 1)
	check(t, l.Close())
	holdsAll(t, dir, 7)
}

func TestKeyID(t *testing.T) {
	t.Parallel()
	key := testKey()
	want := sha256.Sum256([]byte(origin + "\n\x01" + string(key.Public())))
	if key.ID() != want {
		t.Error("the key's id")
	}
	for _, bad := range []Key{{}, {Origin: "a b", Private: edKey(1)}, {Origin: "a+b", Private: edKey(1)}, {Origin: strings.Repeat("a", 256), Private: edKey(1)}, {Origin: "a"}} {
		if _, err := Open(t.TempDir(), bad); err == nil {
			t.Errorf("the key of %q was taken", bad.Origin)
		}
	}
}
