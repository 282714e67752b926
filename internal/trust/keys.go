package trust

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/adamant-os/adamant/internal/atomicfile"
)

// The keys in the folder, one file each: <kind>-<first 8 hex digits of the SHA-256 of its public key>.pem (PKCS #8).
const (
	kindCA  = "ca"
	kindCT  = "ct"
	kindTSA = "tsa"
	kindLog = "log"
)

const (
	keyLimit  = 64 << 10 // bytes of a key file
	fileLimit = 4 << 20  // bytes of a trusted_root.json
)

// newKey makes a key: Ed25519 for the log, as its witnesses need, P-256 for the others, as verifiers of Sigstore need.
func newKey(kind string) (crypto.Signer, error) {
	if kind == kindLog {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// keyID is the SHA-256 of a public key in PKIX form.
func keyID(public crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(der)
	return sum[:], nil
}

func keyFile(dir, kind string, id []byte) string {
	return filepath.Join(dir, kind+"-"+hex.EncodeToString(id[:4])+".pem")
}

// storeKey writes a key to a new file.
func storeKey(dir, kind string, key crypto.Signer) error {
	id, err := keyID(key.Public())
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return writeFile(keyFile(dir, kind, id), block)
}

// loadKey reads the private half of a public key.
func loadKey(dir, kind string, public crypto.PublicKey) (crypto.Signer, error) {
	id, err := keyID(public)
	if err != nil {
		return nil, err
	}
	file := keyFile(dir, kind, id)
	data, err := readPrivate(file, keyLimit)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s is no key in PEM", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	key, ok := parsed.(crypto.Signer)
	if !ok || !equal(key.Public(), public) {
		return nil, fmt.Errorf("%s holds another key than trusted_root.json says", file)
	}
	return key, nil
}

func equal(a, b crypto.PublicKey) bool {
	comparable, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && comparable.Equal(b)
}

// readPrivate reads a file that nobody else may read.
func readPrivate(file string, limit int64) ([]byte, error) {
	info, err := os.Lstat(file)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular() || info.Size() > limit:
		return nil, fmt.Errorf("%s is no file of at most %d bytes", file, limit)
	}
	if err := checkMode(file, info); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

// checkMode refuses what others may read: whoever did can sign as anybody of this repository.
func checkMode(file string, info fs.FileInfo) error {
	if info.Mode().Perm()&0o077 == 0 || filepath.Separator != '/' {
		return nil
	}
	mode := "600"
	if info.IsDir() {
		mode = "700"
	}
	return fmt.Errorf("%w: %s has mode %o; whoever read it can sign as anybody here. If nobody could: chmod %s %s; else: adamant trust rotate",
		ErrExposed, file, info.Mode().Perm(), mode, file)
}

// ErrExposed is wrapped by the error of a key that others may read.
var ErrExposed = errors.New("a private key may be read by others")

// makeFolder makes the folder of the keys, or refuses the one that is there.
func makeFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return checkFolder(dir)
}

func checkFolder(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no folder", dir)
	}
	return checkMode(dir, info)
}

// writeFile writes beside the place, syncs, renames and syncs the folder. Only the owner may read it.
func writeFile(path string, data []byte) error {
	if err := atomicfile.Write(path, data); err != nil {
		return err
	}
	return atomicfile.SyncDir(filepath.Dir(path))
}
