package tlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// files is a log in memory.
type files fstest.MapFS

func (f files) ReadFile(_ context.Context, path string, limit int64) ([]byte, error) {
	data, err := fs.ReadFile(fstest.MapFS(f), path)
	if err == nil && int64(len(data)) > limit {
		err = &DamagedError{path, "too large"}
	}
	return data, err
}

func load(t testing.TB, dir string) files {
	t.Helper()
	out := files{}
	check(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			out[path] = &fstest.MapFile{Data: must(os.ReadFile(filepath.Join(dir, path)))(t)}
		}
		return err
	}))
	return out
}

func TestReader(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 2, 255, 256, 257, 700} {
		dir := built(t, size)
		r := holdsAll(t, dir, uint64(size))
		for n := 0; n < size; n += 17 {
			if have := must(r.Leaf(t.Context(), uint64(n)))(t); !bytes.Equal(have, leaf(n)) {
				t.Errorf("leaf %d of %d is %q", n, size, have)
			}
			checkEntry(t, must(r.Inclusion(t.Context(), uint64(n)))(t), leaf(n))
		}
		for _, err := range []error{drop(r.Leaf(t.Context(), uint64(size))), drop(r.Inclusion(t.Context(), uint64(size)))} {
			if err == nil {
				t.Errorf("a leaf behind the %d", size)
			}
		}
		from := uint64(size / 2)
		check(t, r.Leaves(t.Context(), from, func(index uint64, have []byte) error {
			if index != from || !bytes.Equal(have, leaf(int(index))) {
				return fmt.Errorf("leaf %d", index)
			}
			from++
			return nil
		}))
		if from != uint64(size) {
			t.Errorf("it ended at %d of %d", from, size)
		}
	}
}

func drop[T any](_ T, err error) error { return err }

// Every older state is continued, another log's is not.
func TestConsistency(t *testing.T) {
	t.Parallel()
	r := must(NewReader(t.Context(), Dir(built(t, 700)), verifier(t)))(t)
	for n := 0; n <= 700; n += 35 {
		c := Checkpoint{Origin: origin, Size: uint64(n), Root: rootOf(0, n)}
		must(r.Consistency(t.Context(), c))(t)
		if n == 0 {
			continue
		}
		c.Root[0] ^= 1
		if _, err := r.Consistency(t.Context(), c); !errors.Is(err, ErrFork) {
			t.Errorf("another tree of %d: %v", n, err)
		}
	}
	for _, c := range []Checkpoint{{Origin: origin, Size: 701}, {Origin: "other.test", Size: 1, Root: rootOf(0, 1)}} {
		if _, err := r.Consistency(t.Context(), c); !errors.Is(err, ErrFork) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// One changed byte anywhere in what a log needs, or a file less, is found, and named where that is possible.
func TestFsckFindsDamage(t *testing.T) {
	t.Parallel()
	whole := load(t, built(t, 700))
	must(Fsck(t.Context(), whole, verifier(t)))(t)
	for _, path := range Paths(700) {
		data := whole[path].Data
		for _, at := range []int{0, len(data) / 2, len(data) - 1} {
			changed := bytes.Clone(data)
			changed[at] ^= 4
			expectDamage(t, whole, path, fmt.Sprint("changed at ", at), changed)
		}
		expectDamage(t, whole, path, "shorter", data[:len(data)-1])
		expectDamage(t, whole, path, "longer", append(data[:len(data):len(data)], 'x'))
		expectDamage(t, whole, path, "missing", nil)
	}
}

func expectDamage(t *testing.T, whole files, path, what string, data []byte) {
	t.Helper()
	log := files{}
	for p, f := range whole {
		log[p] = f
	}
	if log[path] = (&fstest.MapFile{Data: data}); data == nil {
		delete(log, path)
	}
	_, err := Fsck(t.Context(), log, verifier(t))
	var damaged *DamagedError
	if path != checkpointPath && !errors.As(err, &damaged) || err == nil {
		t.Errorf("%s %s: %v", path, what, err)
	}
	if strings.Contains(path, "entries") && damaged != nil && damaged.Path != path {
		t.Errorf("%s %s: it names %s", path, what, damaged.Path)
	}
}

// A partial tile whose file is gone is read from the full one, as C2SP tlog-tiles allows.
func TestFullForPartial(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l := openLog(t, dir)
	grow(t, l, 300, 300)
	check(t, l.Flush(t.Context()))
	old := load(t, dir)
	grow(t, l, 600, 300)
	check(t, l.Flush(t.Context()))
	now := load(t, dir)
	now[checkpointPath] = old[checkpointPath]
	if _, ok := now["tile/0/001.p/44"]; ok {
		t.Fatal("the partial tile is still there: nothing is tested")
	}
	now["tile/1/000.p/1"] = old["tile/1/000.p/1"]
	if c := must(Fsck(t.Context(), now, verifier(t)))(t); c.Size != 300 {
		t.Errorf("%d leaves", c.Size)
	}
}

// A checkpoint is read in its one form, of this log, signed by its key.
func TestCheckpoint(t *testing.T) {
	t.Parallel()
	sign := func(key Key, text string) []byte {
		return must(note.Sign(&note.Note{Text: text}, must(newSigner(key))(t)))(t)
	}
	good := Checkpoint{Origin: origin, Size: 7, Root: rootOf(0, 7)}
	c := must(VerifyCheckpoint(sign(testKey(), good.text()), verifier(t)))(t)
	if c.Size != 7 || c.Root != good.Root || c.Origin != origin {
		t.Errorf("%+v", c)
	}
	for name, signed := range map[string][]byte{
		"another key":     sign(Key{Origin: origin, Private: edKey(9)}, good.text()),
		"another origin":  sign(testKey(), strings.Replace(good.text(), origin, "other.test", 1)),
		"a leading zero":  sign(testKey(), strings.Replace(good.text(), "\n7\n", "\n07\n", 1)),
		"a negative size": sign(testKey(), strings.Replace(good.text(), "\n7\n", "\n-7\n", 1)),
		"a huge size":     sign(testKey(), strings.Replace(good.text(), "\n7\n", "\n9223372036854775807\n", 1)),
		"an extension":    sign(testKey(), good.text()+"more\n"),
		"two lines":       sign(testKey(), origin+"\n7\n"),
		"a short root":    sign(testKey(), origin+"\n7\nAAAA\n"),
		"no note":         []byte(good.text()),
		"nothing":         nil,
	} {
		if c, err := VerifyCheckpoint(signed, verifier(t)); err == nil {
			t.Errorf("%s was taken: %+v", name, c)
		}
	}
}

// The names of the files are those of C2SP tlog-tiles.
func TestPaths(t *testing.T) {
	t.Parallel()
	for tile, want := range map[tlog.Tile]string{
		{H: 8, L: 0, N: 0, W: 256}:         "tile/0/000",
		{H: 8, L: 2, N: 1234067, W: 256}:   "tile/2/x001/x234/067",
		{H: 8, L: 1, N: 5, W: 17}:          "tile/1/005.p/17",
		{H: 8, L: -1, N: 1234067, W: 1}:    "tile/entries/x001/x234/067.p/1",
		{H: 8, L: -1, N: 12, W: tileWidth}: "tile/entries/012",
	} {
		if have := tilePath(tile); have != want {
			t.Errorf("%+v: %s, want %s", tile, have, want)
		}
	}
	want := []string{"tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44", "checkpoint"}
	have := Paths(300)
	if len(have) != len(want) {
		t.Errorf("a log of 300 leaves has %v", have)
	}
	for _, path := range want {
		if !strings.Contains(strings.Join(have, " "), path) {
			t.Errorf("a log of 300 leaves has no %s", path)
		}
	}
}

// A log is copied to where there is none, or less of it.
func TestImport(t *testing.T) {
	t.Parallel()
	r := must(NewReader(t.Context(), Dir(built(t, 700)), verifier(t)))(t)
	for name, dir := range map[string]string{"nothing": filepath.Join(t.TempDir(), "new"), "an older state": built(t, 300)} {
		check(t, Import(t.Context(), dir, testKey(), r))
		l := must(Open(dir, testKey()))(t)
		grow(t, l, 701, 1)
		check(t, l.Close())
		if holdsAll(t, dir, 701); name == "" {
			t.Error(name)
		}
	}
	newer := built(t, 701)
	if err := Import(t.Context(), newer, testKey(), r); !errors.Is(err, ErrFork) {
		t.Errorf("over a newer one: %v", err)
	}
	holdsAll(t, newer, 701)
	l := openLog(t, t.TempDir())
	if err := Import(t.Context(), l.dir, testKey(), r); !errors.Is(err, ErrLocked) {
		t.Errorf("under a writer: %v", err)
	}
}
