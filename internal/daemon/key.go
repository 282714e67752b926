package daemon

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/sshsig"
)

// signingKey is the key that the kernel signs its ledger and its landings with. It is made with the kernel, lies in its folder
// (0600), and in no repository.
func signingKey(dir string) (git.Signer, error) {
	path := filepath.Join(dir, "signing_key")
	data, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = newKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("the kernel's signing key: %w", err)
	}
	key, err := ssh.ParsePrivateKey(data)
	if err != nil {
		return nil, fmt.Errorf("the kernel's signing key %s: %w", path, err)
	}
	return sshsig.NewSigner(key, "git"), nil
}

// readKey refuses a key that others may read: whoever has it can sign as the kernel.
func readKey(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("others may read %s: chmod 600 it, and think about who did", path)
	}
	return os.ReadFile(path)
}

func newKey(path string) ([]byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "adamant kernel")
	if err != nil {
		return nil, err
	}
	data := pem.EncodeToMemory(block)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = file.Write(data)
	return data, errors.Join(err, file.Sync(), file.Close())
}
