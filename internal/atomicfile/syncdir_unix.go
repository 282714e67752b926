//go:build unix

package atomicfile

import (
	"errors"
	"os"
)

// SyncDir makes the names in a folder outlive a loss of power. Systems that cannot open a folder do nothing.
func SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
