package tlog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/adamant-os/adamant/internal/filelock"
)

// Log appends. It is safe for concurrent use.
type Log struct {
	dir    string
	signer note.Signer
	known  []note.Verifier // of the key and the former ones

	mu      sync.Mutex
	lock    *filelock.File // nil: closed
	journal *journal
	failed  error // nothing more is appended
	state
	disk   state               // what the tiles and the checkpoint of the directory have
	leaves [][]byte            // behind them
	fresh  map[int64]tlog.Hash // stored hashes that are in no tile yet
	memo   map[int64]tlog.Hash // some that are
}

// state is what an append changes.
type state struct {
	size       int64
	root       tlog.Hash
	checkpoint []byte
}

const memoLimit = 1 << 14 // hashes

// Open opens the log in dir, or begins one, and finishes what a crash left. One process can have it open (ErrLocked); Close ends
// that. Files that do not lead to the checkpoint are a *DamagedError.
func Open(dir string, key Key) (*Log, error) {
	l, err := open(dir, key)
	if err != nil {
		return nil, fmt.Errorf("opening the log %s: %w", dir, err)
	}
	return l, nil
}

// take makes the log's folder and takes its lock.
func (l *Log) take() (err error) {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return err
	}
	if l.lock, err = filelock.Open(filepath.Join(l.dir, "lock"), 0); errors.Is(err, filelock.ErrLocked) {
		return ErrLocked
	}
	return err
}

func open(dir string, key Key) (_ *Log, err error) {
	l := &Log{dir: dir, fresh: map[int64]tlog.Hash{}, memo: map[int64]tlog.Hash{}}
	if err := l.setKey(key); err != nil {
		return nil, err
	}
	if err := l.take(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.release())
		}
	}()
	if err := sweep(dir); err != nil {
		return nil, err
	}
	if err := l.load(); err != nil {
		return nil, err
	}
	var records []record
	if l.journal, records, err = openJournal(dir); err != nil {
		return nil, err
	}
	for _, r := range records {
		if err := l.replay(r); err != nil {
			return nil, err
		}
	}
	if err := l.begun(); err != nil {
		return nil, err
	}
	return l, l.settle()
}

func (l *Log) setKey(key Key) error {
	signer, err := newSigner(key)
	if err != nil {
		return err
	}
	l.signer = signer
	l.known, err = key.Verifiers()
	return err
}

// load reads the checkpoint and checks that the tiles lead to it.
func (l *Log) load() error {
	signed, err := Dir(l.dir).ReadFile(context.Background(), checkpointPath, checkpointLimit)
	if errors.Is(err, fs.ErrNotExist) {
		l.root, err = tlog.TreeHash(0, l)
		return err
	}
	if err != nil {
		return err
	}
	c, err := openCheckpoint(signed, l.known)
	if err != nil {
		return &DamagedError{checkpointPath, err.Error()}
	}
	l.state = state{int64(c.Size), c.Root, signed}
	l.disk = l.state
	root, err := tlog.TreeHash(l.size, l)
	if err != nil {
		return err
	}
	if root != l.root {
		return &DamagedError{"tile", "the tiles lead to another root than the checkpoint's"}
	}
	return nil
}

// replay takes a record of the journal that the tiles do not have.
func (l *Log) replay(r record) error {
	end := r.first + uint64(len(r.leaves))
	if end <= uint64(l.size) {
		return nil // the crash came between the tiles and the emptying of the journal
	}
	c, err := openCheckpoint(r.checkpoint, l.known)
	if err != nil {
		return &DamagedError{journalName, err.Error()}
	}
	next, err := l.grow(r.leaves)
	if err != nil {
		return err
	}
	if next.root != c.Root {
		return &DamagedError{journalName, fmt.Sprintf("leaves %d to %d do not lead from a tree of %d to the checkpoint's", r.first, end, l.size)}
	}
	next.checkpoint = r.checkpoint
	l.commit(next, r.leaves)
	return nil
}

// begun demands that a log without a checkpoint has no tiles either: it would begin anew over what it had signed.
func (l *Log) begun() error {
	if l.disk.checkpoint != nil || l.size > 0 {
		return nil
	}
	if _, err := os.Stat(filepath.Join(l.dir, "tile")); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, &DamagedError{checkpointPath, "it is gone, and the tiles are there"})
	}
	return nil
}

// settle writes what was replayed, signs with today's key, and begins an empty journal: after a disk that failed, what was read back
// may not be on it.
func (l *Log) settle() error {
	if _, err := openCheckpoint(l.checkpoint, l.known[:1]); err != nil {
		signed, err := l.sign(l.state)
		if err != nil {
			return err
		}
		l.checkpoint = signed
	}
	return l.flush()
}

// Append adds leaves in their order, of 1 to LeafLimit bytes each, and returns where they are: all in the tree that ends with the
// last one. They are on the disk then. After an error none of them is in the log, or, when the disk failed, only opening the log
// again tells; a Log that had such an error appends nothing more.
func (l *Log) Append(ctx context.Context, leaves ...[]byte) ([]Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entries, err := l.append(leaves)
	if err != nil {
		return nil, fmt.Errorf("appending to the log: %w", err)
	}
	return entries, nil
}

func (l *Log) append(leaves [][]byte) ([]Entry, error) {
	if err := l.usable(); err != nil || len(leaves) == 0 {
		return nil, err
	}
	for _, leaf := range leaves {
		if len(leaf) == 0 || len(leaf) > LeafLimit {
			return nil, fmt.Errorf("a leaf of %d bytes; want 1 to %d", len(leaf), LeafLimit)
		}
	}
	if len(l.leaves) >= journalLeaves || l.journal.end >= journalLimit {
		if err := l.flush(); err != nil {
			return nil, err
		}
	}
	next, entries, err := l.prepare(leaves)
	if err != nil {
		return nil, err
	}
	if err := l.journal.append(record{uint64(l.size), leaves, next.checkpoint}); err != nil {
		if errors.Is(err, errUnknown) {
			l.failed = err
		}
		return nil, err
	}
	l.commit(next, leaves)
	return entries, nil
}

// prepare makes everything that an append answers, before it happens.
func (l *Log) prepare(leaves [][]byte) (state, []Entry, error) {
	next, err := l.grow(leaves)
	if err == nil {
		next.checkpoint, err = l.sign(next)
	}
	entries := make([]Entry, len(leaves))
	for i := range entries {
		if err == nil {
			entries[i], err = l.prove(next, l.size+int64(i))
		}
	}
	return next, entries, err
}

func (l *Log) usable() error {
	switch {
	case l.lock == nil:
		return ErrClosed
	case l.failed != nil:
		return l.failed
	}
	return nil
}

// grow computes the tree with leaves behind it. Hashes beyond the size count for nothing until commit.
func (l *Log) grow(leaves [][]byte) (state, error) {
	next := l.state
	for _, leaf := range leaves {
		hashes, err := tlog.StoredHashes(next.size, leaf, l)
		if err != nil {
			return state{}, err
		}
		at := tlog.StoredHashIndex(0, next.size)
		for i, hash := range hashes {
			l.fresh[at+int64(i)] = hash
		}
		next.size++
	}
	root, err := tlog.TreeHash(next.size, l)
	next.root = root
	return next, err
}

func (l *Log) commit(next state, leaves [][]byte) {
	for _, leaf := range leaves {
		l.leaves = append(l.leaves, append([]byte(nil), leaf...))
	}
	l.state = next
}

func (l *Log) sign(s state) ([]byte, error) {
	c := Checkpoint{Origin: l.signer.Name(), Size: uint64(s.size), Root: s.root}
	return note.Sign(&note.Note{Text: c.text()}, l.signer)
}

// Size is how many leaves the log has.
func (l *Log) Size() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return uint64(l.size)
}

// Checkpoint is the newest signed checkpoint.
func (l *Log) Checkpoint() Checkpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Checkpoint{Origin: l.signer.Name(), Size: uint64(l.size), Root: l.root, Signed: l.checkpoint}
}

// Prove says where the leaf at index is in the newest tree.
func (l *Log) Prove(index uint64) (Entry, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if index >= uint64(l.size) {
		return Entry{}, fmt.Errorf("proving leaf %d: the log has %d", index, l.size)
	}
	e, err := l.prove(l.state, int64(index))
	if err != nil {
		return Entry{}, fmt.Errorf("proving leaf %d: %w", index, err)
	}
	return e, nil
}

// prove makes a proof and holds it to the root: a damaged tile gives none.
func (l *Log) prove(in state, index int64) (Entry, error) {
	proof, err := tlog.ProveRecord(in.size, index, l)
	if err != nil {
		return Entry{}, err
	}
	leaf, err := l.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
	if err != nil {
		return Entry{}, err
	}
	if err := tlog.CheckRecord(proof, in.size, in.root, index, leaf[0]); err != nil {
		return Entry{}, &DamagedError{"tile", fmt.Sprintf("the tiles do not prove leaf %d", index)}
	}
	return Entry{Index: uint64(index), Size: uint64(in.size), Root: in.root, Proof: plain(proof), Checkpoint: in.checkpoint}, nil
}

// Close brings the tiles up to date and lets another process open the log.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lock == nil {
		return nil
	}
	var err error
	if l.failed == nil {
		err = l.flush()
	}
	if err = errors.Join(err, l.release()); err != nil {
		return fmt.Errorf("closing the log: %w", err)
	}
	return nil
}

func (l *Log) release() error {
	var err error
	if l.journal != nil {
		err = l.journal.file.Close()
	}
	err = errors.Join(err, l.lock.Close())
	l.lock = nil
	return err
}
