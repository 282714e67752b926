package workspace

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"golang.org/x/sys/unix"
)

// seenAs is the user and group as which a sandbox shows every identity. Where it shows another one, git inside reads each file
// once more, and that is all.
const seenAs = 1000

// statOf is what git keeps of a file in its index.
func statOf(info fs.FileInfo) git.FileStat {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return git.FileStat{}
	}
	return git.FileStat{
		CSec: uint32(s.Ctim.Sec), CNsec: uint32(s.Ctim.Nsec), MSec: uint32(s.Mtim.Sec), MNsec: uint32(s.Mtim.Nsec),
		Dev: uint32(s.Dev), Ino: uint32(s.Ino), UID: seenAs, GID: seenAs, Size: uint32(s.Size),
	}
}

// age sets when a file was changed.
func age(f *os.File, at time.Time) error {
	ts := unix.NsecToTimeval(at.UnixNano())
	if err := unix.Futimes(int(f.Fd()), []unix.Timeval{ts, ts}); err != nil {
		return fmt.Errorf("dating %s: %w", f.Name(), err)
	}
	return nil
}

// openData opens a regular file below root that an agent may have put there: no link is followed and no pipe waited for.
func openData(root *os.Root, name string) (*os.File, error) {
	f, err := root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrInvalid
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
