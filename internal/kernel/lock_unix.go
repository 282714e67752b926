//go:build unix

package kernel

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// errBusy says that another process has the lock.
var errBusy = errors.New("it is locked")

// lockFile opens and locks a file. A file that was replaced meanwhile is opened again: a lock on one that nobody else can
// find would lock nobody out.
func lockFile(path string) (*os.File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := tryLock(f); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		mine, err1 := f.Stat()
		there, err2 := os.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(mine, there) {
			return f, nil
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}

// unlock gives a lock up and closes its file. Closing alone is not enough: a process that was just forked, by any part of this
// one, has the file open until it becomes another program.
func unlock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
	return errors.Join(err, f.Close())
}

// tryLock takes the lock of an open file or answers errBusy. It ends when the last process that inherited the file ends.
func tryLock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return errBusy
	case err != nil:
		return fmt.Errorf("locking %s: %w", f.Name(), err)
	}
	return nil
}
