// Package sshsig makes and checks SSH signatures over messages: the SSHSIG format of OpenSSH (PROTOCOL.sshsig), as
// `ssh-keygen -Y sign` and git's gpg.format=ssh write it.
//
// It promises that what Verify accepts was signed by the returned key over exactly this message in exactly this namespace,
// with SHA-256 or SHA-512 and never with SHA-1. It never decides whose key that is or what it may sign, never reads files,
// and never runs ssh-keygen. Certificates, DSA, RSA below 2048 bits and hardware signatures without a touch are refused.
package sshsig

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

const (
	magic      = "SSHSIG"
	version    = 1
	minRSABits = 2048
	// SizeLimit is the length in bytes of the longest armored signature that is read.
	SizeLimit = 64 << 10
)

// ErrSignature is wrapped by Verify's error for a well-formed signature that is not one of this message, this namespace
// or this key.
var ErrSignature = errors.New("the signature does not verify")

// Signature is a parsed signature. Nothing about it is proven before Verify.
type Signature struct {
	Key       ssh.PublicKey
	Namespace string
	Hash      string // "sha256" or "sha512"

	// What a security key says about the moment of signing; zero for other keys.
	Hardware     bool
	UserPresent  bool // it was touched
	UserVerified bool // PIN or biometry
	Counter      uint32

	blob *ssh.Signature
}

// envelope is the binary form behind the magic and the version.
type envelope struct {
	PublicKey, Namespace, Reserved, Hash, Signature []byte
}

// signed is what the key signs, behind the magic.
type signed struct {
	Namespace, Reserved, Hash, Digest []byte
}

// Fingerprint names a key as ssh-keygen does: "SHA256:" and base64.
func Fingerprint(key ssh.PublicKey) string { return ssh.FingerprintSHA256(key) }

// Sign returns the armored signature of message in namespace, hashed with SHA-512. RSA keys must be able to sign with
// rsa-sha2-512.
func Sign(key ssh.Signer, namespace string, message []byte) ([]byte, error) {
	if namespace == "" {
		return nil, errors.New("signing: the namespace is empty")
	}
	if err := checkKey(key.PublicKey()); err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	payload, err := signedBytes(namespace, "sha512", message)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	signature, err := signPayload(key, payload)
	if err != nil {
		return nil, fmt.Errorf("signing with %s: %w", Fingerprint(key.PublicKey()), err)
	}
	blob := ssh.Marshal(envelope{
		PublicKey: key.PublicKey().Marshal(),
		Namespace: []byte(namespace),
		Hash:      []byte("sha512"),
		Signature: ssh.Marshal(signature),
	})
	return armor(slices.Concat([]byte(magic), []byte{0, 0, 0, version}, blob)), nil
}

func signPayload(key ssh.Signer, payload []byte) (*ssh.Signature, error) {
	if key.PublicKey().Type() != ssh.KeyAlgoRSA {
		return key.Sign(rand.Reader, payload)
	}
	able, ok := key.(ssh.AlgorithmSigner)
	if !ok {
		return nil, errors.New("this RSA key signs with SHA-1 only")
	}
	return able.SignWithAlgorithm(rand.Reader, payload, ssh.KeyAlgoRSASHA512)
}

// Parse reads an armored signature without checking it.
func Parse(armored []byte) (*Signature, error) {
	raw, err := unarmor(armored)
	if err != nil {
		return nil, fmt.Errorf("reading an SSH signature: %w", err)
	}
	s, err := parse(raw)
	if err != nil {
		return nil, fmt.Errorf("reading an SSH signature: %w", err)
	}
	return s, nil
}

func parse(raw []byte) (*Signature, error) {
	rest, ok := strings.CutPrefix(string(raw), magic)
	if !ok || len(rest) < 4 {
		return nil, errors.New("it does not start with SSHSIG")
	}
	if rest[:4] != "\x00\x00\x00\x01" {
		return nil, fmt.Errorf("its version is %x, not %d", rest[:4], version)
	}
	var e envelope
	if err := ssh.Unmarshal([]byte(rest[4:]), &e); err != nil {
		return nil, err
	}
	key, err := ssh.ParsePublicKey(e.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("its key: %w", err)
	}
	if err := checkKey(key); err != nil {
		return nil, err
	}
	s := &Signature{Key: key, Namespace: string(e.Namespace), Hash: string(e.Hash), blob: &ssh.Signature{}}
	if s.Namespace == "" || len(e.Reserved) != 0 {
		return nil, errors.New("its namespace is empty or its reserved field is not")
	}
	if err := ssh.Unmarshal(e.Signature, s.blob); err != nil {
		return nil, err
	}
	return s, s.checkBlob()
}

// checkKey refuses keys that are too weak or say more than "this key".
func checkKey(key ssh.PublicKey) error {
	switch key.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521, ssh.KeyAlgoSKED25519, ssh.KeyAlgoSKECDSA256:
		return nil
	case ssh.KeyAlgoRSA:
		return checkRSA(key)
	}
	return fmt.Errorf("keys of type %q are not accepted; use ed25519", key.Type())
}

func checkRSA(key ssh.PublicKey) error {
	holder, ok := key.(ssh.CryptoPublicKey)
	if !ok {
		return errors.New("an RSA key of an unknown kind")
	}
	public, ok := holder.CryptoPublicKey().(*rsa.PublicKey)
	if !ok || public.N.BitLen() < minRSABits {
		return fmt.Errorf("RSA keys need at least %d bits; use ed25519", minRSABits)
	}
	return nil
}

// checkBlob holds the inner signature to its key's type and reads what a security key adds.
func (s *Signature) checkBlob() error {
	kind := s.Key.Type()
	switch format := s.blob.Format; {
	case kind == ssh.KeyAlgoRSA && (format == ssh.KeyAlgoRSASHA256 || format == ssh.KeyAlgoRSASHA512):
	case kind != ssh.KeyAlgoRSA && format == kind:
	default:
		return fmt.Errorf("a key of type %q cannot make a signature of type %q here", kind, format)
	}
	if s.Hash != "sha256" && s.Hash != "sha512" {
		return fmt.Errorf("the hash %q is not accepted", s.Hash)
	}
	if kind != ssh.KeyAlgoSKED25519 && kind != ssh.KeyAlgoSKECDSA256 {
		if len(s.blob.Rest) != 0 {
			return errors.New("there are bytes behind the signature")
		}
		return nil
	}
	var said struct {
		Flags   byte
		Counter uint32
	}
	if err := ssh.Unmarshal(s.blob.Rest, &said); err != nil {
		return fmt.Errorf("what the security key adds: %w", err)
	}
	s.Hardware, s.Counter = true, said.Counter
	s.UserPresent, s.UserVerified = said.Flags&1 != 0, said.Flags&4 != 0
	return nil
}

// Verify checks the signature over message. The namespace must be the one the caller signs in: a signature made for
// another purpose is refused. Whether Key may sign is the caller's to say.
func (s *Signature) Verify(namespace string, message []byte) error {
	if s.Namespace != namespace {
		return fmt.Errorf("%w: it was made in the namespace %q, not %q", ErrSignature, s.Namespace, namespace)
	}
	if s.Hardware && !s.UserPresent {
		return fmt.Errorf("%w: the security key was not touched", ErrSignature)
	}
	payload, err := signedBytes(namespace, s.Hash, message)
	if err != nil {
		return err
	}
	if err := s.Key.Verify(payload, s.blob); err != nil {
		return fmt.Errorf("%w with the key %s", ErrSignature, Fingerprint(s.Key))
	}
	return nil
}

// Verify parses an armored signature and checks it over message.
func Verify(armored []byte, namespace string, message []byte) (*Signature, error) {
	s, err := Parse(armored)
	if err != nil {
		return nil, err
	}
	return s, s.Verify(namespace, message)
}

func signedBytes(namespace, hash string, message []byte) ([]byte, error) {
	var digest []byte
	switch hash {
	case "sha256":
		sum := sha256.Sum256(message)
		digest = sum[:]
	case "sha512":
		sum := sha512.Sum512(message)
		digest = sum[:]
	default:
		return nil, fmt.Errorf("the hash %q is not accepted", hash)
	}
	body := ssh.Marshal(signed{Namespace: []byte(namespace), Hash: []byte(hash), Digest: digest})
	return append([]byte(magic), body...), nil
}
