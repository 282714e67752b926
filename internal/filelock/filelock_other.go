//go:build !unix

package filelock

import (
	"errors"
	"fmt"
	"os"
)

// Open is an error (errors.ErrUnsupported) on a system without such locks.
func Open(path string, _ Flags) (*File, error) { return nil, unsupported(path) }

// Try is an error (errors.ErrUnsupported) on a system without such locks.
func Try(f *os.File) error { return unsupported(f.Name()) }

func unlock(*os.File) error { return nil }

func unsupported(path string) error {
	return fmt.Errorf("locking %s: %w: adamant locks files on Linux and other Unix systems", path, errors.ErrUnsupported)
}
