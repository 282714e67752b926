package tlog

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Witness is somebody other than the log's holder who says which tree he saw, so that two readers cannot be shown two: C2SP
// tlog-cosignature, version 1 (Ed25519). Where Private is nil it verifies only. A key must serve no other purpose.
type Witness struct {
	Name    string
	Public  ed25519.PublicKey
	Private ed25519.PrivateKey
}

// Cosignature is what a witness said: that at Time the largest tree of the log that he had seen was the checkpoint's.
type Cosignature struct {
	Witness string
	Time    time.Time
}

// Cosign adds the witness' signature to the checkpoint that r reads, if the log continues the one that the witness saw last (ErrFork);
// seen is the zero Checkpoint for a witness that saw none. The caller keeps the new checkpoint for the next time, before he gives it away.
func (w Witness) Cosign(ctx context.Context, r *Reader, seen Checkpoint, now time.Time) ([]byte, error) {
	signed, err := w.cosign(ctx, r, seen, now)
	if err != nil {
		return nil, fmt.Errorf("cosigning as %s: %w", w.Name, err)
	}
	return signed, nil
}

func (w Witness) cosign(ctx context.Context, r *Reader, seen Checkpoint, now time.Time) ([]byte, error) {
	if seen.Origin != "" {
		if _, err := r.Consistency(ctx, seen); err != nil {
			return nil, err
		}
	}
	key, err := w.key()
	if err != nil {
		return nil, err
	}
	if have := (Key{Private: w.Private}).Public(); have == nil || !bytes.Equal(have, w.Public) {
		return nil, errors.New("it has no private key")
	}
	_, err = note.Open(r.checkpoint.Signed, nil) // it was verified when r was made; as it is, each signature is kept
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return nil, err
	}
	return note.Sign(unverified.Note, timedKey{key, w.Private, now.Unix()})
}

// Cosigned says which witnesses signed a checkpoint. Signatures of others, and those that do not hold, are not in it.
func Cosigned(c Checkpoint, witnesses ...Witness) ([]Cosignature, error) {
	var said []Cosignature
	for _, w := range witnesses {
		key, err := w.key()
		if err != nil {
			return nil, fmt.Errorf("checking the cosignature of %s: %w", w.Name, err)
		}
		n, err := note.Open(c.Signed, note.VerifierList(timedKey{ed25519Key: key}))
		if err != nil { // not by him, or not well
			continue
		}
		if at, ok := timeOf(n.Sigs[0]); ok {
			said = append(said, Cosignature{w.Name, at})
		}
	}
	return said, nil
}

func (w Witness) key() (*ed25519Key, error) { return newVerifier(w.Name, algWitness, w.Public) }

// timedKey signs and verifies cosignatures: eight bytes of time, then the signature of a text with the time in it.
type timedKey struct {
	*ed25519Key
	private ed25519.PrivateKey
	now     int64
}

func timed(at uint64, msg []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", at), msg...)
}

func (k timedKey) Sign(msg []byte) ([]byte, error) {
	if k.now < 0 {
		return nil, fmt.Errorf("%d is no time for a cosignature", k.now)
	}
	at := uint64(k.now)
	return append(binary.BigEndian.AppendUint64(nil, at), ed25519.Sign(k.private, timed(at, msg))...), nil
}

func (k timedKey) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	return at <= math.MaxInt64 && ed25519.Verify(k.public, timed(at, msg), sig[8:])
}

// timeOf reads the time of a cosignature: behind the four bytes of the key's id.
func timeOf(s note.Signature) (time.Time, bool) {
	raw, err := base64.StdEncoding.DecodeString(s.Base64)
	if err != nil || len(raw) < 12 {
		return time.Time{}, false
	}
	return time.Unix(int64(binary.BigEndian.Uint64(raw[4:])), 0).UTC(), true
}
