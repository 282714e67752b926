package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/adamant-os/adamant/internal/filelock"
	"github.com/adamant-os/adamant/internal/kernel"
)

const (
	newPrefix  = ".new-"  // being made
	deadPrefix = ".dead-" // being removed
	lockName   = "lock"
)

// BusyError says that a workspace is in use.
type BusyError struct{ ID string }

func (e *BusyError) Error() string {
	return fmt.Sprintf("workspace %s is in use; cancel its task or close its shell first", e.ID)
}

// Store is a folder of workspaces. It is safe for concurrent use, also by several processes.
type Store struct {
	dir    string
	kernel *kernel.Kernel
	limits Limits
}

// Open opens or makes the folder.
func Open(cfg Config) (*Store, error) {
	if !filepath.IsAbs(cfg.Dir) {
		return nil, fmt.Errorf("opening the workspaces: %q is not an absolute path", cfg.Dir)
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening the workspaces: %w", err)
	}
	return &Store{dir: cfg.Dir, kernel: cfg.Kernel, limits: cfg.Limits.orDefaults()}, nil
}

func (s *Store) path(id, name string) string { return filepath.Join(s.dir, id, name) }

// List lists the workspaces, sorted by id. Those that cannot be read are in the error; the others are listed.
func (s *Store) List(context.Context) ([]*Workspace, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("listing the workspaces: %w", err)
	}
	var all []*Workspace
	var bad []error
	for _, entry := range entries {
		if !entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		w, err := s.load(entry.Name())
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed meanwhile
		case err != nil:
			bad = append(bad, fmt.Errorf("workspace %s: %w", entry.Name(), err))
		default:
			all = append(all, w)
		}
	}
	return all, errors.Join(bad...)
}

// Load finds a workspace by the id of its attempt, or of its task where it has no attempt. One that is not there is
// fs.ErrNotExist.
func (s *Store) Load(_ context.Context, id string) (*Workspace, error) {
	if err := kernel.CheckName(id); err != nil {
		return nil, fmt.Errorf("workspace: %w", err)
	}
	w, err := s.load(id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no workspace %s: %w", id, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("workspace %s: %w", id, err)
	}
	return w, nil
}

// Use keeps a workspace from being removed, by this and other processes, until release is called or this process ends.
func (w *Workspace) Use() (release func() error, err error) {
	f, err := filelock.Open(w.path(lockName), filelock.Shared)
	if errors.Is(err, filelock.ErrLocked) || errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("workspace %s is being removed: %w", w.ID, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("using workspace %s: %w", w.ID, err)
	}
	if _, err := os.Stat(w.path("state.json")); err != nil { // removed between finding and locking
		return nil, errors.Join(fmt.Errorf("using workspace %s: %w", w.ID, err), f.Close())
	}
	return f.Close, nil
}
