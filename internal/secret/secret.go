// Package secret keeps the private keys of a process private. docs/threat-model.md says where keys live and from whom this keeps them.
//
// It promises that after Guard the memory of this process is written to no core file, and that Check finds every key of a kernel that
// another account could read or replace. It never reads a key, and never mends what it finds: whoever could read a key may have done so.
package secret

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrExposed is wrapped by what Check finds.
var ErrExposed = errors.New("private keys may be read or replaced by others")

// Check looks at the folder of a kernel: itself, and the keys in it. A folder that is not there exposes nothing.
func Check(dir string) error {
	found := exposed(dir)
	for _, name := range []string{"ledger_key", "secrets", "trust"} {
		err := filepath.WalkDir(filepath.Join(dir, name), func(path string, _ fs.DirEntry, err error) error {
			if err == nil {
				found = append(found, exposed(path)...)
			}
			return ignoreAbsent(err)
		})
		if err != nil {
			return fmt.Errorf("looking at the modes of keys: %w", err)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return errors.Join(append([]error{ErrExposed}, found...)...)
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// exposed says what is wrong with one file or folder.
func exposed(path string) []error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return []error{err}
	}
	mode, want := info.Mode(), "600"
	if mode.IsDir() {
		want = "700"
	}
	switch {
	case !mode.IsDir() && !mode.IsRegular():
		return []error{fmt.Errorf("%s is neither a file nor a folder", path)}
	case mode.Perm()&0o077 != 0 && filepath.Separator == '/':
		return []error{fmt.Errorf("%s has mode %o: if nobody read it, chmod %s %s; else see docs/trust.md for new keys", path, mode.Perm(), want, path)}
	case !mine(info):
		return []error{fmt.Errorf("%s belongs to another account", path)}
	}
	return nil
}
