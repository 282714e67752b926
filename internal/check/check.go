// Package check runs a repository's declared checks and turns what they leave behind into evidence.
//
// It promises that a check runs with a command taken from the caller's definition (base's, never the change's), in a fresh
// checkout of the merged tree, in a cleared environment, without network after setup where the system allows it (the
// evidence says which), and that nothing the command started outlives it. Reports are read only if the command wrote them.
// It never calls a check passed that did not run, that ran no tests, or that left no report it had promised.
// It never writes to the repository, and it does not decide whether a change may land.
package check

import (
	"context"
	"io/fs"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
)

// Tree is one git tree that can be listed and written out.
type Tree interface {
	// ID is the tree's object name.
	ID() string
	// Files lists every file of the tree, sorted by path.
	Files(ctx context.Context) ([]git.Entry, error)
	// Blob reads one object of the tree's repository.
	Blob(ctx context.Context, oid git.OID) ([]byte, error)
	// Checkout writes the tree's files into dir, which exists and is empty. It never writes outside dir and leaves no .git.
	Checkout(ctx context.Context, dir string) error
}

// Overlay is one edit made to a checkout of the merged tree before base's tests run against it.
type Overlay struct {
	Path   string
	Mode   git.Mode
	Blob   git.OID // base's content; empty when Delete
	Delete bool    // the file is new in the change
}

// Job is what the checks are run on.
type Job struct {
	// Merged is the tree that is judged.
	Merged Tree
	// Base is the protected branch's tree. Setup runs in it, so that its result can be shared between changes; a change
	// that touches setup inputs gets a setup of its own. Nil means that no setup result is shared.
	Base Tree
	// Changed are the change's files: they select affected checks and are what diff coverage is measured on.
	Changed []facts.File
	// Affected is what the change can break; nil when the dependency graph was not read.
	Affected *Affected
	// BaseTests asks for base's tests to be run against the merged source, for checks that allow it.
	BaseTests bool
	// Overlay turns a checkout of Merged into merged source with base's tests. Empty means that the change edits no test.
	Overlay []Overlay
}

// Event is one step of a run, for progress on stderr.
type Event struct {
	Check    string
	Step     string // setup, run, base, base-tests, working (Note is the last line of output), done; uncached, unlogged: Note says why something could not be kept
	State    string // evidence state, for done
	Source   string // local or cache, for done
	Duration time.Duration
	Log      string // file with the check's output, for done
	Note     string
}

func (o Overlay) symlink() bool { return o.Mode == git.ModeSymlink }

func (o Overlay) permission() fs.FileMode {
	if o.Mode == git.ModeExec {
		return 0o755
	}
	return 0o644
}

// repoTree is a tree of a git repository.
type repoTree struct {
	repo *git.Repo
	id   git.OID
}

// TreeOf is a tree of repo, by its object name.
func TreeOf(repo *git.Repo, id git.OID) Tree { return repoTree{repo, id} }

func (t repoTree) ID() string { return string(t.id) }

func (t repoTree) Files(ctx context.Context) ([]git.Entry, error) { return t.repo.Tree(ctx, t.id) }

func (t repoTree) Blob(ctx context.Context, oid git.OID) ([]byte, error) {
	return t.repo.Blob(ctx, oid, maxReport)
}

func (t repoTree) Checkout(ctx context.Context, dir string) error {
	return t.repo.Checkout(ctx, t.id, dir, git.CheckoutOptions{})
}
