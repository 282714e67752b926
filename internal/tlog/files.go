package tlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/adamant-os/adamant/internal/atomicfile"
)

// Flush brings the tiles and the checkpoint of the directory up to the newest entry, for those who read them.
func (l *Log) Flush(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := ctx.Err()
	if err == nil {
		err = l.usable()
	}
	if err == nil {
		err = l.flush()
	}
	if err != nil {
		return fmt.Errorf("writing the log's tiles: %w", err)
	}
	return nil
}

// flush writes tiles, then the checkpoint that needs them, then empties the journal. Killed anywhere, the next Open does it again.
func (l *Log) flush() error {
	if err := l.writeTiles(); err != nil {
		return err
	}
	if !bytes.Equal(l.disk.checkpoint, l.checkpoint) {
		if err := l.writeCheckpoint(); err != nil {
			return err
		}
	}
	old := l.disk.size
	l.disk, l.leaves = l.state, nil
	clear(l.fresh)
	if err := l.journal.empty(); err != nil {
		return err
	}
	return l.clean(old)
}

// writeTiles writes what the tree has and the directory has not.
func (l *Log) writeTiles() error {
	folders := map[string]bool{}
	for _, t := range tlog.NewTiles(height, l.disk.size, l.size) {
		data, err := tlog.ReadTileData(t, l)
		if err == nil {
			err = l.write(tilePath(t), data, folders)
		}
		if err == nil && t.L == 0 {
			err = l.writeBundle(t, data, folders)
		}
		if err != nil {
			return err
		}
	}
	return syncDirs(folders)
}

func syncDirs(folders map[string]bool) error {
	for folder := range folders {
		if err := atomicfile.SyncDir(folder); err != nil {
			return err
		}
	}
	return nil
}

// writeBundle writes the leaves of a tile: those in the directory already, checked, and those that are new.
func (l *Log) writeBundle(t tlog.Tile, hashes []byte, folders map[string]bool) error {
	start, end := t.N*tileWidth, t.N*tileWidth+int64(t.W)
	var leaves [][]byte
	if start < l.disk.size {
		old := bundleOf(t)
		old.W = int(l.disk.size - start)
		var err error
		if leaves, err = readBundle(context.Background(), Dir(l.dir), old, hashes); err != nil {
			return err
		}
	}
	leaves = append(leaves, l.leaves[max(start, l.disk.size)-l.disk.size:end-l.disk.size]...)
	return l.write(tilePath(bundleOf(t)), makeBundle(leaves), folders)
}

// write makes a durable file; its name is durable once its folders are synced.
func (l *Log) write(path string, data []byte, folders map[string]bool) error {
	full := filepath.Join(l.dir, filepath.FromSlash(path))
	folder := filepath.Dir(full)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	for at := folder; at != l.dir && !folders[at]; at = filepath.Dir(at) {
		folders[at] = true
	}
	folders[l.dir] = true
	f, err := os.CreateTemp(l.dir, "new-")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), full)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

func (l *Log) writeCheckpoint() error {
	if err := l.write(checkpointPath, l.checkpoint, map[string]bool{}); err != nil {
		return err
	}
	return atomicfile.SyncDir(l.dir)
}

// clean removes partial tiles that wider ones replaced. Those of the checkpoint before are kept for who is reading it now.
func (l *Log) clean(old int64) error {
	for level := 0; old>>(height*level) > 0; level++ {
		width := old >> (height * level) % tileWidth
		partial := tlog.Tile{H: height, L: level, N: old >> (height * level) / tileWidth, W: 1}
		full := l.size>>(height*level)/tileWidth > partial.N
		kinds := []tlog.Tile{partial}
		if level == 0 {
			kinds = append(kinds, bundleOf(partial))
		}
		for _, t := range kinds {
			folder := filepath.Dir(filepath.Join(l.dir, filepath.FromSlash(tilePath(t))))
			if err := removePartial(folder, width, full); err != nil {
				return err
			}
		}
	}
	return nil
}

func removePartial(folder string, width int64, all bool) error {
	if all {
		return os.RemoveAll(folder)
	}
	names, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		if w, err := strconv.ParseInt(name.Name(), 10, 64); err == nil && w < width {
			if err := os.Remove(filepath.Join(folder, name.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweep removes files that a crash left half-written.
func sweep(dir string) error {
	left, err := filepath.Glob(filepath.Join(dir, "new-*"))
	for _, path := range left {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// ReadHashes makes the log its own tlog.HashReader: of hashes in memory, else of the tiles of the directory.
func (l *Log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		var ok bool
		if hashes[i], ok = l.fresh[index]; ok {
			continue
		}
		if hashes[i], ok = l.memo[index]; ok {
			continue
		}
		var err error
		if hashes[i], err = l.readHash(index); err != nil {
			return nil, err
		}
		if len(l.memo) >= memoLimit {
			clear(l.memo)
		}
		l.memo[index] = hashes[i]
	}
	return hashes, nil
}

func (l *Log) readHash(index int64) (tlog.Hash, error) {
	t := tileAt(index, l.disk.size)
	data, err := readTile(context.Background(), Dir(l.dir), t)
	if err != nil {
		return tlog.Hash{}, err
	}
	return tlog.HashFromTile(t, data, index)
}
