package tlog

import (
	"context"
	"crypto/sha256"

	"golang.org/x/mod/sumdb/note"
)

// Source is where a log's files are: a directory, the tree of a git commit, a server. Paths are those of C2SP tlog-tiles: checkpoint,
// tile/0/000, tile/entries/000.p/17. A file that is not there is an error that wraps fs.ErrNotExist; so is no file larger than limit.
type Source interface {
	ReadFile(ctx context.Context, path string, limit int64) ([]byte, error)
}

// Checkpoint is what a signed checkpoint states. Signed is the note itself.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   [sha256.Size]byte
	Signed []byte
}

// Reader reads a log at one checkpoint and checks each tile against it.
type Reader struct{}

// NewReader reads the source's checkpoint and checks that verifier signed it.
func NewReader(ctx context.Context, source Source, verifier note.Verifier) (*Reader, error) {
	return nil, errNotYet
}

// Checkpoint is the one that everything is checked against.
func (r *Reader) Checkpoint() Checkpoint { return Checkpoint{} }

// Leaf is the leaf at index.
func (r *Reader) Leaf(ctx context.Context, index uint64) ([]byte, error) { return nil, errNotYet }

// Inclusion proves the leaf at index.
func (r *Reader) Inclusion(ctx context.Context, index uint64) (Entry, error) {
	return Entry{}, errNotYet
}

// Consistency proves that the log continues the tree that older states. An error says that it does not.
func (r *Reader) Consistency(ctx context.Context, older Checkpoint) ([][sha256.Size]byte, error) {
	return nil, errNotYet
}

// Leaves hands out the leaves from index first on, in order, each checked.
func (r *Reader) Leaves(ctx context.Context, first uint64, each func(index uint64, leaf []byte) error) error {
	return errNotYet
}

// Fsck reads every file that the log's checkpoint needs and checks that they are one tree.
func Fsck(ctx context.Context, source Source, verifier note.Verifier) (Checkpoint, error) {
	return Checkpoint{}, errNotYet
}
