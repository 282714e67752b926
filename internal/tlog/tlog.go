// Package tlog is a transparency log in a directory: a Merkle tree of leaves (RFC 6962), in the tiles of C2SP tlog-tiles, under a
// checkpoint that an Ed25519 key signs (C2SP tlog-checkpoint). One process writes it. docs/formats/log.md is its specification,
// docs/tlog.md its description.
//
// It promises that an entry that Append returned is on the disk and stays, whatever dies when; that a checkpoint is signed for
// what is on the disk only, and never for a tree that does not continue every tree that was signed before; and that a Reader
// believes no tile that does not lead to the checkpoint's root.
//
// It never says what a leaf means, never removes one, and without a witness proves nothing against the holder of its key.
package tlog

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"

	"golang.org/x/mod/sumdb/note"
)

// LeafLimit is the size of the largest leaf in bytes: an entry bundle counts them in 16 bits.
const LeafLimit = 1<<16 - 1

// Key signs checkpoints. Origin is the log's name, without a scheme: the host name, and perhaps a path, of the base URL that a
// Sigstore trusted root gives the log.
type Key struct {
	Origin  string
	Private ed25519.PrivateKey
}

// ID is the log's key id: the SHA-256 of origin, newline, 0x01 and the public key. Its first 4 bytes are the hint in signatures.
func (k Key) ID() [sha256.Size]byte { return KeyID(k.Origin, k.Public()) }

// Public is the key's public half, nil for a key that is none.
func (k Key) Public() ed25519.PublicKey {
	if len(k.Private) != ed25519.PrivateKeySize {
		return nil
	}
	return k.Private.Public().(ed25519.PublicKey)
}

// KeyID is the id of a log's public key.
func KeyID(origin string, public ed25519.PublicKey) [sha256.Size]byte {
	return sha256.Sum256(append([]byte(origin+"\n\x01"), public...))
}

// NewVerifier checks the signatures of the log named origin.
func NewVerifier(origin string, public ed25519.PublicKey) (note.Verifier, error) {
	return nil, errNotYet
}

// Entry says where a leaf is: at Index of the tree of Size leaves with the root Root, which Proof (RFC 6962, section 2.1.1)
// leads to and Checkpoint, a signed note, states.
type Entry struct {
	Index, Size uint64
	Root        [sha256.Size]byte
	Proof       [][sha256.Size]byte
	Checkpoint  []byte
}

var errNotYet = errors.New("not written yet")

// Log appends. It is safe for concurrent use.
type Log struct{}

// Open opens the log in dir, or begins one, and finishes what a crash left. One process can have it open; Close ends that.
func Open(dir string, key Key) (*Log, error) { return nil, errNotYet }

// Append adds leaves in their order, of 1 to LeafLimit bytes each, and returns where they are: all in the tree that ends with the last one.
// They are on the disk then. After an error none of them is in the log, or, when the disk failed, the log has to be opened again to know.
func (l *Log) Append(ctx context.Context, leaves ...[]byte) ([]Entry, error) { return nil, errNotYet }

// Size is how many leaves the log has.
func (l *Log) Size() uint64 { return 0 }

// Checkpoint is the newest signed checkpoint.
func (l *Log) Checkpoint() []byte { return nil }

// Prove says where the leaf at index is in the newest tree.
func (l *Log) Prove(index uint64) (Entry, error) { return Entry{}, errNotYet }

// Flush brings the tiles of the directory up to the newest checkpoint, for those who read them.
func (l *Log) Flush(ctx context.Context) error { return errNotYet }

// Close flushes and lets another process open the log.
func (l *Log) Close() error { return nil }
