package secret

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder is a kernel's with its keys.
func folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "kernel")
	for _, name := range []string{"trust", "secrets"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"ledger_key", "trust/ca-1.pem", "trust/log-1.pem", "secrets/00"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("key"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestCheck(t *testing.T) {
	t.Parallel()
	if err := Check(folder(t)); err != nil {
		t.Error(err)
	}
	if err := Check(filepath.Join(t.TempDir(), "none")); err != nil {
		t.Error(err)
	}
	for name, mode := range map[string]os.FileMode{".": 0o710, "ledger_key": 0o640, "trust": 0o701, "trust/ca-1.pem": 0o604, "trust/log-1.pem": 0o620, "secrets/00": 0o644} {
		dir := folder(t)
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
		if err := Check(dir); !errors.Is(err, ErrExposed) || !strings.Contains(err.Error(), filepath.Join(dir, name)+" has mode") {
			t.Errorf("%s with mode %o: %v", name, mode, err)
		}
	}
}

func TestCheckLink(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	if err := os.Symlink(filepath.Join(dir, "ledger_key"), filepath.Join(dir, "trust", "tsa-1.pem")); err != nil {
		t.Fatal(err)
	}
	if err := Check(dir); !errors.Is(err, ErrExposed) {
		t.Errorf("a link is taken for a key: %v", err)
	}
}
