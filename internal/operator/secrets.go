package operator

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/adamant-os/adamant/internal/atomicfile"
)

// SecretFiles keeps secrets as files of one folder that nobody else may read.
type SecretFiles struct{ Dir string }

// Put writes a secret. Its name is lower-case hex.
func (s SecretFiles) Put(name, secret string) error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("keeping a secret: %w", err)
	}
	if err := atomicfile.Write(s.path(name), []byte(secret+"\n")); err != nil {
		return fmt.Errorf("keeping a secret: %w", err)
	}
	return nil
}

// Get reads a secret. A file that others may read is refused: whoever read it can make codes.
func (s SecretFiles) Get(name string) (string, error) {
	info, err := os.Stat(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", refused("its secret is not on this machine: revoke the generator and enrol it again")
	}
	if err != nil {
		return "", err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", refused(fmt.Sprintf("others may read its secret: chmod 600 %s, then revoke the generator and enrol a new one", s.path(name)))
	}
	if info.Size() > 4096 {
		return "", refused("its secret is longer than any secret")
	}
	data, err := os.ReadFile(s.path(name))
	return strings.TrimSpace(string(data)), err
}

func (s SecretFiles) path(name string) string { return filepath.Join(s.Dir, filepath.Base(name)) }
