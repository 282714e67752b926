package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/adamant-os/adamant/internal/filelock"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/sandbox"
)

// place is the folder of one build, for this user only: what the build sees of it is mounted.
type place struct {
	path   string
	remove func() error
	id     sandbox.Identity
	free   func() error
}

func (p *place) source() string { return filepath.Join(p.path, "src") }
func (p *place) out() string    { return filepath.Join(p.path, "out") }
func (p *place) log() string    { return filepath.Join(p.path, "log") }

// newPlace makes the folder of one build and finds a user for it.
func (b *Builder) newPlace() (p *place, err error) {
	p = &place{}
	if p.id, p.free, err = Identity(); err != nil {
		return nil, err
	}
	if p.path, p.remove, err = b.workFolder("build-"); err != nil {
		return nil, errors.Join(fmt.Errorf("make a folder for a build: %w", err), p.free())
	}
	if err := errors.Join(os.Mkdir(p.out(), 0o755), p.own(p.out())); err != nil {
		return nil, errors.Join(fmt.Errorf("make a folder for a build: %w", err), p.close())
	}
	return p, nil
}

// close removes the folder. Only then may another build have the user.
func (p *place) close() error {
	return errors.Join(p.remove(), p.free())
}

// workFolder makes a folder that no sweep takes away as long as this process has not removed it.
func (b *Builder) workFolder(prefix string) (path string, remove func() error, err error) {
	if path, err = os.MkdirTemp(filepath.Join(b.options.Dir, "work"), prefix); err != nil {
		return "", nil, err
	}
	lock, err := filelock.Open(path+".lock", 0)
	if err != nil {
		return "", nil, errors.Join(err, removeAll(path))
	}
	return path, func() error { return errors.Join(removeAll(path), os.Remove(lock.Name()), lock.Close()) }, nil
}

func (p *place) own(path string) error {
	if p.id == sandbox.Self() {
		return nil
	}
	return os.Lchown(path, p.id.UID, p.id.GID)
}

// export writes a commit's files for the build's user, with modes and times that say nothing about this machine.
func (p *place) export(ctx context.Context, from Source, commit git.OID, epoch int64) error {
	if err := from.Checkout(ctx, commit, p.source(), git.CheckoutOptions{}); err != nil {
		return err
	}
	when := time.Unix(epoch, 0)
	return filepath.WalkDir(p.source(), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := p.own(path); err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		return errors.Join(os.Chmod(path, plainMode(info)), os.Chtimes(path, when, when))
	})
}

// plainMode is 0755 of folders and programs, 0644 of other files.
func plainMode(info fs.FileInfo) fs.FileMode {
	if info.IsDir() || info.Mode()&0o100 != 0 {
		return 0o755
	}
	return 0o644
}

// sweep removes what builds left whose process died.
func (b *Builder) sweep() error {
	work := filepath.Join(b.options.Dir, "work")
	entries, err := os.ReadDir(work)
	if err != nil {
		return fmt.Errorf("sweep old builds: %w", err)
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		path := filepath.Join(work, entry.Name())
		info, err := entry.Info()
		if err != nil || b.options.Now().Sub(info.ModTime()) < time.Minute { // it may not have its lock yet
			continue
		}
		lock, err := filelock.Open(path+".lock", 0)
		if err != nil {
			continue // it lives
		}
		if err := errors.Join(removeAll(path), os.Remove(lock.Name()), lock.Close()); err != nil {
			return fmt.Errorf("sweep old builds: %w", err)
		}
	}
	return nil
}

// removeAll removes a folder even when it holds folders that cannot be written to.
func removeAll(path string) error {
	if os.RemoveAll(path) == nil {
		return nil
	}
	err := filepath.WalkDir(path, func(p string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return os.Chmod(p, 0o700) // before it is read
	})
	if left := os.RemoveAll(path); left != nil {
		return fmt.Errorf("remove %s: %w", path, errors.Join(left, err))
	}
	return nil
}
