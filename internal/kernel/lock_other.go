//go:build !unix

package kernel

import (
	"errors"
	"os"
)

var (
	errBusy     = errors.New("it is locked")
	errPlatform = errors.New("a kernel needs file locks that this platform does not have; run the daemon on Linux")
)

func lockFile(string) (*os.File, error) { return nil, errPlatform }

func unlock(f *os.File) error { return f.Close() }

func tryLock(*os.File) error { return errPlatform }
