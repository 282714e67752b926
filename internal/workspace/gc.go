package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/filelock"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

// newAge keeps a folder safe that its maker has not locked yet.
const newAge = 10 * time.Minute

// Remove ends a workspace that nobody uses (*BusyError), with its pin and its pulled result. One that is not there is no error.
func (s *Store) Remove(ctx context.Context, id string) error {
	if err := kernel.CheckName(id); err != nil {
		return fmt.Errorf("removing a workspace: %w", err)
	}
	if err := s.remove(ctx, id); err != nil {
		return fmt.Errorf("removing workspace %s: %w", id, err)
	}
	return nil
}

// remove takes the name away first, so that a crash leaves either the workspace or something that GC knows to be dead.
func (s *Store) remove(ctx context.Context, id string) error {
	dir := s.path(id, "")
	lock, err := filelock.Open(filepath.Join(dir, lockName), 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s.unpin(ctx, id)
	case errors.Is(err, filelock.ErrLocked):
		return &BusyError{id}
	case err != nil:
		return err
	}
	dead, err := os.MkdirTemp(s.dir, deadPrefix)
	if err == nil {
		err = os.Rename(dir, filepath.Join(dead, "it"))
	}
	err = errors.Join(err, lock.Close())
	if err != nil {
		return err
	}
	return errors.Join(s.unpin(ctx, id), removeAll(dead))
}

// unpin lets go of what a workspace needed.
func (s *Store) unpin(ctx context.Context, id string) error {
	if err := s.kernel.Unpin(ctx, id); err != nil {
		return err
	}
	ref := kernel.QuarantineRef(id)
	old, err := s.kernel.Ref(ctx, ref)
	if err != nil || old == "" {
		return err
	}
	return s.kernel.UpdateRefs(ctx, []git.RefUpdate{{Name: ref, Old: old}})
}

// GC removes what crashes left, every workspace that nobody uses and keep does not want, and pins of workspaces that are gone.
// It returns the ids of the workspaces it removed. What cannot be removed is in the error and does not stop it.
func (s *Store) GC(ctx context.Context, keep func(*Workspace) bool) (removed []string, err error) {
	pinned, err := s.pinned(ctx) // before the folders: who pins has a folder by then
	if err != nil {
		return nil, fmt.Errorf("collecting workspaces: %w", err)
	}
	all, err := s.List(ctx)
	problems := []error{err}
	for _, w := range all {
		if keep(w) {
			continue
		}
		err := s.Remove(ctx, w.ID)
		if busy := (*BusyError)(nil); errors.As(err, &busy) {
			continue
		}
		if err == nil {
			removed = append(removed, w.ID)
		}
		problems = append(problems, err)
	}
	left, err := s.sweep()
	problems = append(problems, err)
	for _, id := range pinned {
		if !left[id] {
			problems = append(problems, s.unpin(ctx, id))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return removed, fmt.Errorf("collecting workspaces: %w", err)
	}
	return removed, nil
}

// pinned lists the ids that have a pin or a pulled result.
func (s *Store) pinned(ctx context.Context) ([]string, error) {
	refs, err := s.kernel.Repo().Refs(ctx, kernel.PrefixPins, kernel.PrefixQuarantine)
	ids := make([]string, 0, len(refs))
	for _, ref := range refs {
		ids = append(ids, ref.Name[strings.LastIndexByte(ref.Name, '/')+1:])
	}
	return ids, err
}

// sweep removes half-made and half-removed workspaces and returns the ids that are in use or being made.
func (s *Store) sweep() (map[string]bool, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	var problems []error
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case strings.HasPrefix(name, deadPrefix):
			problems = append(problems, removeAll(s.path(name, "")))
		case strings.HasPrefix(name, newPrefix):
			gone, err := s.sweepNew(name)
			if problems = append(problems, err); !gone {
				id := strings.TrimPrefix(name, newPrefix)
				ids[id[:strings.LastIndexByte(id, '.')]] = true
			}
		default:
			ids[name] = true
		}
	}
	return ids, errors.Join(problems...)
}

// sweepNew removes a workspace that was being made by a process that is gone.
func (s *Store) sweepNew(name string) (gone bool, err error) {
	dir := s.path(name, "")
	if _, err := os.Lstat(filepath.Join(dir, lockName)); errors.Is(err, fs.ErrNotExist) {
		info, err := os.Lstat(dir)
		if errors.Is(err, fs.ErrNotExist) || err == nil && time.Since(info.ModTime()) < newAge {
			return false, nil
		}
		return true, errors.Join(err, removeAll(dir))
	}
	lock, err := filelock.Open(filepath.Join(dir, lockName), 0)
	if errors.Is(err, filelock.ErrLocked) || errors.Is(err, fs.ErrNotExist) {
		return false, nil // being made, or it has its name by now
	}
	if err != nil {
		return false, err
	}
	return true, errors.Join(removeAll(dir), lock.Close())
}

// removeAll removes a folder also when an agent took the rights to it away. Nobody works in it any more.
func removeAll(dir string) error {
	if err := os.RemoveAll(dir); err == nil {
		return nil
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() {
			_ = os.Chmod(path, 0o700) // RemoveAll says what could not be removed
		}
		return nil
	})
	return os.RemoveAll(dir)
}
