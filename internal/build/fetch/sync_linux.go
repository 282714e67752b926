package fetch

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// syncAll brings the file system of a folder to disk, so that no crash leaves a layer with less than its name says.
func syncAll(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := unix.Syncfs(int(folder.Fd())); err != nil {
		return errors.Join(fmt.Errorf("sync %s: %w", dir, err), folder.Close())
	}
	return folder.Close()
}
