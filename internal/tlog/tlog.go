// Package tlog is a transparency log in a directory: a Merkle tree of leaves (RFC 6962), in the tiles of C2SP tlog-tiles, under
// a checkpoint that an Ed25519 key signs (C2SP tlog-checkpoint). One process writes it. docs/formats/log.md is its specification,
// docs/tlog.md its description.
//
// It promises that an entry that Append returned is on the disk and stays, whatever dies when; that a checkpoint is signed for
// what is on the disk only, and never for a tree that does not continue the one in the directory; and that a Reader believes no
// tile and no leaf that does not lead to the checkpoint's root.
//
// It never says what a leaf means, never removes one, and without a witness proves nothing against the holder of its key.
package tlog

import (
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// LeafLimit is the size of the largest leaf in bytes: an entry bundle counts them in 16 bits.
const LeafLimit = 1<<16 - 1

// Key signs checkpoints. Origin is the log's name, without a scheme: the host name, and perhaps a path, of the base URL that a
// Sigstore trusted root gives the log. Former are keys that signed the log's checkpoints before this one.
type Key struct {
	Origin  string
	Private ed25519.PrivateKey
	Former  []ed25519.PublicKey
}

// Public is the key's public half, nil for a key that is none.
func (k Key) Public() ed25519.PublicKey {
	if len(k.Private) != ed25519.PrivateKeySize {
		return nil
	}
	public, _ := k.Private.Public().(ed25519.PublicKey)
	return public
}

// Verifiers check checkpoints of the log: of the key first, then of the former ones.
func (k Key) Verifiers() ([]note.Verifier, error) {
	var verifiers []note.Verifier
	for _, public := range append([]ed25519.PublicKey{k.Public()}, k.Former...) {
		v, err := NewVerifier(k.Origin, public)
		if err != nil {
			return nil, err
		}
		verifiers = append(verifiers, v)
	}
	return verifiers, nil
}

// ID is the log's key id: the SHA-256 of origin, newline, 0x01 and the public key. Its first 4 bytes are the hint in signatures.
func (k Key) ID() [sha256.Size]byte { return KeyID(k.Origin, k.Public()) }

// KeyID is the id of a log's public key.
func KeyID(origin string, public ed25519.PublicKey) [sha256.Size]byte {
	return keyID(origin, algLog, public)
}

// Entry says where a leaf is: at Index of the tree of Size leaves with the root Root, which Proof (RFC 6962, section 2.1.1)
// leads to and Checkpoint, a signed note, states.
type Entry struct {
	Index, Size uint64
	Root        [sha256.Size]byte
	Proof       [][sha256.Size]byte
	Checkpoint  []byte
}

var (
	// ErrLocked says that another process has the log open.
	ErrLocked = errors.New("another process has the log open")
	// ErrClosed says that the log was closed.
	ErrClosed = errors.New("the log is closed")
	// ErrSignature is wrapped by the error for a checkpoint that the log's key did not sign.
	ErrSignature = errors.New("the log's key did not sign it")
	// ErrFork is wrapped by the error for a log that does not continue an older checkpoint.
	ErrFork = errors.New("the log does not continue what it was")
)

// DamagedError says which file of a log is not what its checkpoint says.
type DamagedError struct {
	Path string
	What string
}

func (e *DamagedError) Error() string { return fmt.Sprintf("%s: %s", e.Path, e.What) }
