package tlog

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Reader reads a log at one checkpoint and checks each tile and leaf against it. It is safe for concurrent use.
type Reader struct {
	source     Source
	checkpoint Checkpoint

	mu    sync.Mutex
	tiles map[tlog.Tile][]byte // checked
}

const tilesLimit = 256 // in memory: 2 MiB

// NewReader reads the source's checkpoint and checks that one of the verifiers, keys of one log, signed it.
func NewReader(ctx context.Context, source Source, verifiers ...note.Verifier) (*Reader, error) {
	signed, err := source.ReadFile(ctx, checkpointPath, checkpointLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &DamagedError{checkpointPath, "there is no log: it has no checkpoint"}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the log's checkpoint: %w", err)
	}
	c, err := VerifyCheckpoint(signed, verifiers...)
	if err != nil {
		return nil, err
	}
	return &Reader{source: source, checkpoint: c, tiles: map[tlog.Tile][]byte{}}, nil
}

// Checkpoint is the one that everything is checked against.
func (r *Reader) Checkpoint() Checkpoint { return r.checkpoint }

// Leaf is the leaf at index.
func (r *Reader) Leaf(ctx context.Context, index uint64) ([]byte, error) {
	if err := r.holds(index); err != nil {
		return nil, err
	}
	leaves, err := r.bundle(ctx, int64(index)/tileWidth)
	if err != nil {
		return nil, fmt.Errorf("reading leaf %d of the log: %w", index, err)
	}
	return leaves[index%tileWidth], nil
}

func (r *Reader) holds(index uint64) error {
	if index >= r.checkpoint.Size {
		return fmt.Errorf("the log has %d leaves and none at %d", r.checkpoint.Size, index)
	}
	return nil
}

// bundle reads the nth entry bundle.
func (r *Reader) bundle(ctx context.Context, n int64) ([][]byte, error) {
	t := tileAt(tlog.StoredHashIndex(0, n*tileWidth), int64(r.checkpoint.Size))
	hashes, err := tlog.ReadTileData(t, r.hashes(ctx))
	if err != nil {
		return nil, err
	}
	return readBundle(ctx, r.source, bundleOf(t), hashes)
}

// Leaves hands out the leaves from index first on, in order. An error of each ends it.
func (r *Reader) Leaves(ctx context.Context, first uint64, each func(index uint64, leaf []byte) error) error {
	for at := first; at < r.checkpoint.Size; {
		leaves, err := r.bundle(ctx, int64(at)/tileWidth)
		if err != nil {
			return fmt.Errorf("reading leaf %d of the log: %w", at, err)
		}
		for _, leaf := range leaves[at%tileWidth:] {
			if err := each(at, leaf); err != nil {
				return err
			}
			at++
		}
	}
	return nil
}

// Inclusion proves the leaf at index.
func (r *Reader) Inclusion(ctx context.Context, index uint64) (Entry, error) {
	if err := r.holds(index); err != nil {
		return Entry{}, err
	}
	proof, err := tlog.ProveRecord(int64(r.checkpoint.Size), int64(index), r.hashes(ctx))
	if err != nil {
		return Entry{}, fmt.Errorf("proving leaf %d of the log: %w", index, err)
	}
	c := r.checkpoint
	return Entry{Index: index, Size: c.Size, Root: c.Root, Proof: plain(proof), Checkpoint: c.Signed}, nil
}

// Consistency proves that the log continues the tree that older states (RFC 6962, section 2.1.2). An error that wraps ErrFork says
// that it does not.
func (r *Reader) Consistency(ctx context.Context, older Checkpoint) ([][sha256.Size]byte, error) {
	now := r.checkpoint
	switch {
	case older.Origin != now.Origin:
		return nil, fmt.Errorf("%w: it is %s and was %s", ErrFork, now.Origin, older.Origin)
	case older.Size > now.Size:
		return nil, fmt.Errorf("%w: it has %d leaves and had %d", ErrFork, now.Size, older.Size)
	case older.Size == 0:
		return nil, nil
	}
	proof, err := tlog.ProveTree(int64(now.Size), int64(older.Size), r.hashes(ctx))
	if err != nil {
		return nil, fmt.Errorf("proving that the log continues leaf %d: %w", older.Size, err)
	}
	if err := tlog.CheckTree(proof, int64(now.Size), now.Root, int64(older.Size), older.Root); err != nil {
		return nil, fmt.Errorf("%w: its first %d leaves are others", ErrFork, older.Size)
	}
	return plain(proof), nil
}

// hashes reads stored hashes and believes a tile only when it leads to the root.
func (r *Reader) hashes(ctx context.Context) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		tiles := &tileReader{ctx: ctx, reader: r}
		hashes, err := tlog.TileHashReader(r.checkpoint.tree(), tiles).ReadHashes(indexes)
		if err != nil && tiles.err == nil {
			err = &DamagedError{"tile", "the tiles do not lead to the checkpoint's root"}
		}
		return hashes, err
	})
}

// tileReader is a Reader for one call.
type tileReader struct {
	ctx    context.Context
	reader *Reader
	err    error
}

func (t *tileReader) Height() int { return height }

func (t *tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, tile := range tiles {
		if data[i], t.err = t.reader.tile(t.ctx, tile); t.err != nil {
			return nil, t.err
		}
	}
	return data, nil
}

func (t *tileReader) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	t.reader.mu.Lock()
	defer t.reader.mu.Unlock()
	for i, tile := range tiles {
		if len(t.reader.tiles) >= tilesLimit {
			clear(t.reader.tiles)
		}
		t.reader.tiles[tile] = data[i]
	}
}

func (r *Reader) tile(ctx context.Context, t tlog.Tile) ([]byte, error) {
	r.mu.Lock()
	data, ok := r.tiles[t]
	r.mu.Unlock()
	if ok {
		return data, nil
	}
	return readTile(ctx, r.source, t)
}

// Fsck reads every file that the log's checkpoint needs and checks that they are one tree. It returns that checkpoint.
func Fsck(ctx context.Context, source Source, verifiers ...note.Verifier) (Checkpoint, error) {
	r, err := NewReader(ctx, source, verifiers...)
	if err != nil {
		return Checkpoint{}, err
	}
	err = r.Leaves(ctx, 0, func(uint64, []byte) error { return ctx.Err() })
	return r.checkpoint, err
}

// Files hands out every file that the checkpoint needs, and the checkpoint last, but not those that skip names. Each is checked and in
// its one form.
func (r *Reader) Files(ctx context.Context, skip func(path string) bool, each func(path string, data []byte) error) error {
	for _, t := range filesOf(int64(r.checkpoint.Size)) {
		path := tilePath(t)
		if skip(path) {
			continue
		}
		data, err := r.file(ctx, t)
		if err != nil {
			return fmt.Errorf("reading the log's %s: %w", path, err)
		}
		if err := each(path, data); err != nil {
			return err
		}
	}
	return each(checkpointPath, r.checkpoint.Signed)
}

func (r *Reader) file(ctx context.Context, t tlog.Tile) ([]byte, error) {
	if t.L >= 0 {
		return tlog.ReadTileData(t, r.hashes(ctx))
	}
	leaves, err := r.bundle(ctx, t.N)
	return makeBundle(leaves), err
}

// Paths are the files that Files hands out for a log of size leaves, the checkpoint last.
func Paths(size uint64) []string {
	var paths []string
	for _, t := range filesOf(int64(size)) {
		paths = append(paths, tilePath(t))
	}
	return append(paths, checkpointPath)
}
