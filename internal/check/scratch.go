package check

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/filelock"
)

// runPrefix names the folders of runs in the scratch folder.
const runPrefix = "adamant-run-"

// staleAfter is how old a run's folder must be before it is removed on systems without file locks.
const staleAfter = 24 * time.Hour

// settle is how long a new run may take to lock its folder.
const settle = time.Minute

// runDir is the folder of one run. It is locked for as long as the run lives, so that a later run can tell what a crash left.
type runDir struct {
	path string
	lock *os.File
}

// openRun sweeps what crashed runs left in scratch and makes a folder, mode 0700, for this one.
func openRun(scratch string, now time.Time) (*runDir, error) {
	if err := os.MkdirAll(scratch, 0o700); err != nil {
		return nil, fmt.Errorf("make the scratch folder: %w", err)
	}
	real, err := filepath.EvalSymlinks(scratch)
	if err != nil {
		return nil, fmt.Errorf("resolve the scratch folder: %w", err)
	}
	if err := sweep(real, now); err != nil {
		return nil, err
	}
	path, err := os.MkdirTemp(real, runPrefix)
	if err != nil {
		return nil, fmt.Errorf("make a folder for the run: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil && canLock {
		err = filelock.Try(lock)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the run's folder: %w", err), removeAll(path))
	}
	return &runDir{path: path, lock: lock}, nil
}

// close removes the folder.
func (d *runDir) close() error {
	err := removeAll(d.path)
	return errors.Join(err, d.lock.Close())
}

// sweep removes the folders of runs that no longer live.
func sweep(scratch string, now time.Time) error {
	entries, err := os.ReadDir(scratch)
	if err != nil {
		return fmt.Errorf("sweep the scratch folder: %w", err)
	}
	for _, entry := range entries {
		path := filepath.Join(scratch, entry.Name())
		if !entry.IsDir() || !strings.HasPrefix(entry.Name(), runPrefix) || !abandoned(path, now) {
			continue
		}
		if err := removeAll(path); err != nil {
			return fmt.Errorf("remove what a crashed run left: %w", err)
		}
	}
	return nil
}

// abandoned tells whether no process holds the lock of the run in path. A folder that was touched just now may belong to
// a run that is about to lock it.
func abandoned(path string, now time.Time) bool {
	info, err := os.Stat(path)
	if err != nil || now.Sub(info.ModTime()) < settle {
		return false
	}
	lock, err := os.OpenFile(filepath.Join(path, "lock"), os.O_RDWR, 0)
	if err != nil {
		return errors.Is(err, fs.ErrNotExist)
	}
	defer lock.Close()
	if canLock {
		return filelock.Try(lock) == nil
	}
	return now.Sub(info.ModTime()) > staleAfter
}

// removeAll removes path even when it holds folders without write permission, as module caches do.
func removeAll(path string) error {
	if os.RemoveAll(path) == nil {
		return nil
	}
	ownErr := ownFolders(path)
	if err := os.RemoveAll(path); err != nil {
		return fmt.Errorf("remove %s: %w", path, errors.Join(err, ownErr))
	}
	return nil
}

// ownFolders gives the owner every right to the folders below path.
func ownFolders(path string) error {
	return filepath.WalkDir(path, func(p string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return os.Chmod(p, 0o700) // before it is read
	})
}

// box is the one place a session can write to: a checkout, a home and a folder for temporary files.
type box struct{ path string }

func newBox(path string) (*box, error) {
	b := &box{path: path}
	for _, dir := range []string{path, b.tree(), b.home(), b.temp()} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, fmt.Errorf("make a folder for a check: %w", err)
		}
	}
	return b, nil
}

func (b *box) tree() string { return filepath.Join(b.path, "tree") }
func (b *box) home() string { return filepath.Join(b.path, "home") }
func (b *box) temp() string { return filepath.Join(b.path, "tmp") }
