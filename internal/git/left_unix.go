//go:build unix

package git

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/adamant-os/adamant/internal/filelock"
)

// claim locks a private folder for as long as this process lives: the system lets go of the lock when it is killed.
func claim(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, claimName), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := filelock.Try(file); err != nil {
		_ = file.Close() // the lock is what failed
		return nil, err
	}
	return file, nil
}

// reclaim opens a claim and says whether its owner is gone. Nil when there is none.
func reclaim(path string) (file *os.File, free bool) {
	file, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, false
	}
	return file, filelock.Try(file) == nil
}

// isOwn says that a folder belongs to this user.
func isOwn(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}
