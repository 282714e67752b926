//go:build !unix

package build

import "os"

// lockFile opens a file: nothing is built on this system.
func lockFile(path string) (*os.File, error) { return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) }
