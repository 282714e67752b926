package tlog

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The algorithms of C2SP signed-note and tlog-cosignature.
const (
	algLog     = 0x01 // Ed25519
	algWitness = 0x04 // Ed25519 with a time
)

// sizeBits bounds the size of a tree, so that no sum over it goes over the end of an integer.
const sizeBits = 52

// checkpointLimit is the size of the largest checkpoint: 100 signatures, some of them large.
const checkpointLimit = 1 << 20

// Checkpoint is what a signed checkpoint states. Signed is the note itself.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   [sha256.Size]byte
	Signed []byte
}

// NewVerifier checks the signatures of the log named origin.
func NewVerifier(origin string, public ed25519.PublicKey) (note.Verifier, error) {
	return newVerifier(origin, algLog, public)
}

// VerifyCheckpoint reads a signed checkpoint that one of the verifiers, keys of one log, signed. Signatures of others are ignored.
func VerifyCheckpoint(signed []byte, verifiers ...note.Verifier) (Checkpoint, error) {
	c, err := openCheckpoint(signed, verifiers)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("reading the log's checkpoint: %w", err)
	}
	return c, nil
}

func openCheckpoint(signed []byte, verifiers []note.Verifier) (Checkpoint, error) {
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	var unverified *note.UnverifiedNoteError
	if errors.As(err, &unverified) {
		return Checkpoint{}, ErrSignature
	}
	if err != nil {
		return Checkpoint{}, err
	}
	c, err := parseCheckpoint(n.Text)
	if err != nil {
		return Checkpoint{}, err
	}
	if c.Origin != n.Sigs[0].Name {
		return Checkpoint{}, fmt.Errorf("it is of %q, and %w: %q did", c.Origin, ErrSignature, n.Sigs[0].Name)
	}
	c.Signed = signed
	return c, nil
}

// parseCheckpoint reads a note's text: C2SP tlog-checkpoint, without extension lines.
func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return Checkpoint{}, errors.New("want three lines: origin, size, root")
	}
	size, err := strconv.ParseUint(lines[1], 10, sizeBits)
	if err != nil || strconv.FormatUint(size, 10) != lines[1] {
		return Checkpoint{}, fmt.Errorf("%q is not a size", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != sha256.Size {
		return Checkpoint{}, fmt.Errorf("%q is not a root", lines[2])
	}
	if err := checkOrigin(lines[0]); err != nil {
		return Checkpoint{}, err
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: [sha256.Size]byte(root)}, nil
}

func checkOrigin(origin string) error {
	if origin == "" || len(origin) > 255 || strings.Contains(origin, "+") || strings.ContainsFunc(origin, unicode.IsSpace) {
		return fmt.Errorf("%q cannot name a log: want a host name, and perhaps a path, without spaces and plus", origin)
	}
	return nil
}

// text is what is signed.
func (c Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

func (c Checkpoint) tree() tlog.Tree { return tlog.Tree{N: int64(c.Size), Hash: c.Root} }

// keyID is a key's id: SHA-256(name || newline || algorithm || key).
func keyID(name string, alg byte, public ed25519.PublicKey) [sha256.Size]byte {
	return sha256.Sum256(append(append([]byte(name), '\n', alg), public...))
}

// ed25519Key is a named key as a note's signer and verifier. message is what is signed for a text.
type ed25519Key struct {
	name    string
	hash    uint32
	private ed25519.PrivateKey
	public  ed25519.PublicKey
}

func newVerifier(name string, alg byte, public ed25519.PublicKey) (*ed25519Key, error) {
	if err := checkOrigin(name); err != nil {
		return nil, err
	}
	if len(public) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("the key of %s is no Ed25519 key", name)
	}
	id := keyID(name, alg, public)
	return &ed25519Key{name: name, hash: binary.BigEndian.Uint32(id[:4]), public: public}, nil
}

func newSigner(key Key) (*ed25519Key, error) {
	s, err := newVerifier(key.Origin, algLog, key.Public())
	if err != nil {
		return nil, err
	}
	s.private = key.Private
	return s, nil
}

func (k *ed25519Key) Name() string                    { return k.name }
func (k *ed25519Key) KeyHash() uint32                 { return k.hash }
func (k *ed25519Key) Verify(msg, sig []byte) bool     { return ed25519.Verify(k.public, msg, sig) }
func (k *ed25519Key) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(k.private, msg), nil }
