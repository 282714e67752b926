package tlog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/adamant-os/adamant/internal/git"
)

// Source is where a log's files are: a directory, the tree of a git commit, a server. Paths are those of C2SP tlog-tiles:
// checkpoint, tile/0/000, tile/entries/000.p/17. A file that is not there is an error that wraps fs.ErrNotExist; one that is larger
// than limit is an error, too.
type Source interface {
	ReadFile(ctx context.Context, path string, limit int64) ([]byte, error)
}

// Dir is a log's directory as its writer keeps it.
type Dir string

// ReadFile reads a file.
func (d Dir) ReadFile(_ context.Context, path string, limit int64) ([]byte, error) {
	f, err := os.Open(filepath.Join(string(d), filepath.FromSlash(path)))
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = &DamagedError{path, fmt.Sprintf("it has more than %d bytes", limit)}
	}
	return data, errors.Join(err, f.Close())
}

// Tree is a log in the tree of a git commit, as refs/adamant/log has it.
type Tree struct {
	repo  *git.Repo
	files map[string]git.OID
}

// NewTree lists a tree.
func NewTree(ctx context.Context, repo *git.Repo, treeish git.OID) (*Tree, error) {
	entries, err := repo.Tree(ctx, treeish)
	if err != nil {
		return nil, fmt.Errorf("listing the log of %s: %w", treeish.Short(), err)
	}
	t := &Tree{repo: repo, files: make(map[string]git.OID, len(entries))}
	for _, e := range entries {
		if e.Mode == git.ModeFile {
			t.files[e.Path] = e.OID
		}
	}
	return t, nil
}

// ReadFile reads a blob.
func (t *Tree) ReadFile(ctx context.Context, path string, limit int64) ([]byte, error) {
	id, ok := t.files[path]
	if !ok {
		return nil, &fs.PathError{Op: "read", Path: path, Err: fs.ErrNotExist}
	}
	return t.repo.Blob(ctx, id, limit)
}

// readTile reads a tile of hashes, or cuts it out of the full one where its own file is gone.
func readTile(ctx context.Context, source Source, t tlog.Tile) ([]byte, error) {
	data, err := readFile(ctx, source, t, tileWidth*tlog.HashSize)
	if err != nil {
		return nil, err
	}
	if want := t.W * tlog.HashSize; len(data) < want || len(data) > want && len(data) != tileWidth*tlog.HashSize {
		return nil, &DamagedError{tilePath(t), fmt.Sprintf("it has %d bytes, want %d", len(data), want)}
	}
	return data[:t.W*tlog.HashSize], nil
}

// readFile reads a tile's or bundle's file: the full one where a partial one is gone, as C2SP tlog-tiles has it.
func readFile(ctx context.Context, source Source, t tlog.Tile, limit int64) ([]byte, error) {
	data, err := source.ReadFile(ctx, tilePath(t), limit)
	if errors.Is(err, fs.ErrNotExist) && t.W < tileWidth {
		full := t
		full.W = tileWidth
		var again error
		if data, again = source.ReadFile(ctx, tilePath(full), limit); !errors.Is(again, fs.ErrNotExist) {
			err = again
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &DamagedError{tilePath(t), "it is missing"}
	}
	return data, err
}

// readBundle reads an entry bundle, as wide as t, and checks its leaves against their hashes.
func readBundle(ctx context.Context, source Source, t tlog.Tile, hashes []byte) ([][]byte, error) {
	bundle, err := readFile(ctx, source, t, bundleLimit)
	if err != nil {
		return nil, err
	}
	leaves, err := parseBundle(bundle, t.W)
	if err != nil && t.W < tileWidth { // the full one, perhaps
		if all, again := parseBundle(bundle, tileWidth); again == nil {
			leaves, err = all[:t.W], nil
		}
	}
	if err != nil {
		return nil, &DamagedError{tilePath(t), err.Error()}
	}
	for i, leaf := range leaves {
		if hash := tlog.RecordHash(leaf); string(hash[:]) != string(hashes[i*tlog.HashSize:(i+1)*tlog.HashSize]) {
			return nil, &DamagedError{tilePath(t), fmt.Sprintf("leaf %d is not the one that was logged", t.N*tileWidth+int64(i))}
		}
	}
	return leaves, nil
}

// plain spells hashes for those who do not import x/mod.
func plain(hashes []tlog.Hash) [][tlog.HashSize]byte {
	out := make([][tlog.HashSize]byte, len(hashes))
	for i, hash := range hashes {
		out[i] = hash
	}
	return out
}
