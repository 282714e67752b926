package kernel

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

	"github.com/adamant-os/adamant/internal/atomicfile"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/sshsig"
)

// keyFile is the private half of what signs the kernel's own ledger, in OpenSSH's form. It is in neither repository: a kernel
// that is restored signs with another one, under another writer's name.
const keyFile = "ledger_key"

// Signer loads the key, or makes it the first time.
func (k *Kernel) Signer() (git.Signer, error) {
	file := filepath.Join(k.dir, keyFile)
	key, err := loadKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		key, err = makeKey(file)
	}
	if err != nil {
		return nil, fmt.Errorf("the key of the ledger: %w", err)
	}
	return sshsig.NewSigner(key, sshsig.NamespaceGit), nil
}

func loadKey(file string) (ssh.Signer, error) {
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return nil, err
	case info.Mode().Perm()&0o077 != 0 && filepath.Separator == '/':
		return nil, fmt.Errorf("%s may be read by others; whoever did can forge the ledger: chmod 600 it if nobody could", file)
	case info.Size() > jsonLimit:
		return nil, fmt.Errorf("%s is no key: it has %d bytes", file, info.Size())
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	key, err := ssh.ParsePrivateKey(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return key, nil
}

func makeKey(file string) (ssh.Signer, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "adamant ledger")
	if err != nil {
		return nil, err
	}
	if err := atomicfile.Write(file, pem.EncodeToMemory(block)); err != nil {
		return nil, err
	}
	return ssh.NewSignerFromKey(private)
}
