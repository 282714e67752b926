package workspace

import (
	"context"
	"errors"

	"github.com/adamant-os/adamant/internal/git"
)

// Store is a folder of workspaces. It is safe for concurrent use, also by several processes.
type Store struct{ cfg Config }

// Open opens or makes the folder.
func Open(cfg Config) (*Store, error) { return &Store{cfg: cfg}, nil }

// Create makes a workspace and pins its base.
func (s *Store) Create(ctx context.Context, r Request) (*Workspace, error) { return nil, errUnbuilt }

// List lists the workspaces, sorted by id.
func (s *Store) List(ctx context.Context) ([]*Workspace, error) { return nil, errUnbuilt }

// Load finds a workspace by the id of its attempt, or of its task where it has no attempt. One that is not there is
// fs.ErrNotExist.
func (s *Store) Load(ctx context.Context, id string) (*Workspace, error) { return nil, errUnbuilt }

// Remove ends a workspace that nobody uses (*BusyError) and lets go of what it pinned. One that is not there is no error.
func (s *Store) Remove(ctx context.Context, id string) error { return errUnbuilt }

// GC removes what crashes left and every workspace that nobody uses and keep does not want, with its pins.
func (s *Store) GC(ctx context.Context, keep func(*Workspace) bool) (removed []string, err error) {
	return nil, errUnbuilt
}

// Workspace is one attempt's checkout.
type Workspace struct {
	ID      string
	Request Request // without Setup
}

// Mounts are what the attempt's sandbox needs of the host. They are made anew for each start: what the agent did to the
// checkout meanwhile is looked at.
func (w *Workspace) Mounts() ([]Mount, error) { return nil, errUnbuilt }

// Env are the variables that tell programs where HOME and TMPDIR are.
func (w *Workspace) Env() []string { return []string{"HOME=" + Home, "TMPDIR=" + Temp} }

// Result is what was pulled.
type Result struct {
	Tree    git.OID // what lies in the checkout, as kernel.git has it
	Head    git.OID // the commit on the quarantine reference
	Changed bool    // whether Tree differs from base's
	Files   int     // changed files
	Bytes   int64   // that came out of the sandbox
}

// Pull brings what lies in the checkout into kernel.git, at refs/adamant/quarantine/<id>. What cannot be stored safely is a
// *RefusedError, and nothing of it is kept.
func (w *Workspace) Pull(ctx context.Context, sb Starter) (Result, error) {
	return Result{}, errUnbuilt
}

// Commit writes adamant's own commit with the pulled tree on the base, and returns it.
func (w *Workspace) Commit(ctx context.Context, r Result, message string, by Author) (git.OID, error) {
	return "", errUnbuilt
}

var errUnbuilt = errors.New("workspace: not built yet")
