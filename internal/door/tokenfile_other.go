//go:build !unix

package door

import (
	"fmt"
	"io/fs"
)

// private refuses what is no file. Who may read it is not looked at on this system.
func private(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", path)
	}
	return nil
}
