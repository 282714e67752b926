// Package atomicfile replaces files as a whole: after a crash, or on a full disk, a file is the old one or the new one.
package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
)

// Write writes data beside path, syncs it and renames it to path. Only the owner may read it (mode 0600). After an error path is as it
// was, and nothing is left beside it. That the new name outlives a loss of power takes a sync of the folder (SyncDir), which is the caller's.
func Write(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
