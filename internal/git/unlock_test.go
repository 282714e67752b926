package git

import (
	"os"
	"path/filepath"
	"testing"
)

// TestUnlock removes the lock of a reference, and HEAD's where HEAD is on it and nowhere else.
func TestUnlock(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]bool{"refs/heads/main": true, "refs/heads/other": false} {
		r, err := InitBare(t.Context(), filepath.Join(t.TempDir(), "r.git"), InitOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(r.GitDir(), "HEAD"), []byte("ref: refs/heads/main\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, lock := range []string{"HEAD.lock", name + ".lock"} {
			if err := os.WriteFile(filepath.Join(r.GitDir(), lock), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := r.Unlock(name); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(r.GitDir(), name+".lock")); !os.IsNotExist(err) {
			t.Errorf("%s stays locked: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(r.GitDir(), "HEAD.lock")); os.IsNotExist(err) != gone {
			t.Errorf("%s: HEAD's lock: %v", name, err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
}
