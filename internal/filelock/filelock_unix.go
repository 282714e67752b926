//go:build unix

package filelock

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Open opens a file, or makes it with mode 0600, and locks it. No link is followed. A file that was replaced meanwhile is opened again:
// a lock on one that nobody else can find would lock nobody out.
func Open(path string, flags Flags) (*File, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, err
		}
		if err := flock(f, flags); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		mine, err1 := f.Stat()
		there, err2 := os.Lstat(path)
		if err1 == nil && err2 == nil && os.SameFile(mine, there) {
			return &File{f}, nil
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}

// Try locks an open file for one alone: ErrLocked when somebody else has it. The lock ends when the last process that inherited the file
// has closed it.
func Try(f *os.File) error { return flock(f, 0) }

func flock(f *os.File, flags Flags) error {
	how := syscall.LOCK_EX
	if flags&Shared != 0 {
		how = syscall.LOCK_SH
	}
	if flags&Wait == 0 {
		how |= syscall.LOCK_NB
	}
	for {
		err := syscall.Flock(int(f.Fd()), how)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EWOULDBLOCK):
			return ErrLocked
		case !errors.Is(err, syscall.EINTR):
			return fmt.Errorf("locking %s: %w", f.Name(), err)
		}
	}
}

func unlock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
