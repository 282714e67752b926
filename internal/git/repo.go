package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Repo is an open repository.
type Repo struct {
	root, gitDir, commonDir string
	format                  string
	shallow, partial        bool
	boundary                map[OID]bool // commits whose parents a shallow clone does not have
	index                   string       // the index that Snapshot reads
	objects                 []string     // object directories to borrow from

	temp       string   // everything private lives here
	claim      *os.File // locked while this process uses temp; nil where there are no such locks
	privateEnv []string // environment for commands in the private GIT_DIR
	refEnv     []string // environment for reading refs of the repository itself
	userEnv    []string // environment for reading the user's configuration
	objectPool *pool    // cat-file in the private GIT_DIR
	refPool    *pool    // cat-file in the repository's GIT_DIR
	storeEnv   []string // environment for commands that write to the repository itself
	storePool  *pool    // cat-file that sees the repository's own objects only
	inherited  []*os.File
	buffers    sync.Pool // of *[]byte, for Files

	namesChecked bool // objects that are read are hashed again
}

// Option changes how a repository is opened.
type Option func(*Repo)

// WithIndex makes Snapshot and Changed read another index file, as git names it to hooks in GIT_INDEX_FILE; a relative
// path starts at the top of the working tree. Empty changes nothing.
func WithIndex(path string) Option {
	return func(r *Repo) {
		if path != "" {
			r.index = path
		}
	}
}

// WithObjects adds object directories to read from, such as the quarantine that git gives to pre-receive hooks.
func WithObjects(dirs ...string) Option {
	return func(r *Repo) { r.objects = append(r.objects, dirs...) }
}

// Open finds the repository that dir lies in, going upward as git does: working trees, linked working trees and bare
// repositories. The user's safe.directory setting decides about repositories of other owners (ErrUnsafe); a folder
// outside of any repository is ErrNotRepository. GIT_DIR and its kin in adamant's environment are not looked at, and
// core.worktree is not followed: the working tree is the folder that holds .git. The caller must Close the Repo.
func Open(ctx context.Context, dir string, options ...Option) (*Repo, error) {
	return open(ctx, dir, os.Environ(), options...)
}

func open(ctx context.Context, dir string, environ []string, options ...Option) (*Repo, error) {
	r := &Repo{userEnv: userEnv(environ)}
	tooOld := make(chan error, 1)
	go func() { tooOld <- recent() }()
	err := r.discover(ctx, dir)
	if old := <-tooOld; old != nil {
		return nil, old // whatever else an old git says
	}
	if err != nil {
		return nil, err
	}
	for _, option := range options {
		option(r)
	}
	if err := r.prepare(environ); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// prepare makes the private GIT_DIR and the environments of the children.
func (r *Repo) prepare(environ []string) error {
	if r.index == "" {
		r.index = filepath.Join(r.gitDir, "index")
	} else if !filepath.IsAbs(r.index) {
		r.index = filepath.Join(r.root, r.index)
	}
	if err := r.makePrivate(); err != nil {
		return fmt.Errorf("making the private git directory: %w", err)
	}
	base := baseEnv(environ, r.temp)
	r.privateEnv = append(base[:len(base):len(base)], "GIT_DIR="+r.privateDir(), alternates(r.objects...))
	r.refEnv = append(base[:len(base):len(base)], r.refSettings()...)
	r.storeEnv = r.storeEnvironment(base)
	r.objectPool = newPool(r.private(readerArgs...))
	r.refPool = newPool(r.refs(readerArgs...))
	r.storePool = newPool(r.store(readerArgs...))
	go r.objectPool.warm() // hardly anybody opens a repository and reads nothing
	return nil
}

// Close ends the resident children and removes the temporary files. Objects made by Merge and Snapshot are gone after it.
func (r *Repo) Close() error {
	if r.objectPool != nil {
		r.objectPool.close()
		r.refPool.close()
		r.storePool.close()
	}
	if r.temp == "" {
		return nil
	}
	err := os.RemoveAll(r.temp)
	if r.claim != nil {
		err = errors.Join(err, r.claim.Close())
		r.claim = nil
	}
	return err
}

// Root is the top of the working tree, "" when there is none.
func (r *Repo) Root() string { return r.root }

// GitDir is the repository's GIT_DIR.
func (r *Repo) GitDir() string { return r.gitDir }

// CommonDir is where refs and objects live; it differs from GitDir in linked working trees.
func (r *Repo) CommonDir() string { return r.commonDir }

// Bare says that there is no working tree.
func (r *Repo) Bare() bool { return r.root == "" }

// Shallow says that history is cut off.
func (r *Repo) Shallow() bool { return r.shallow }

// Partial says that the clone left objects out, even if they came since: Whole tells.
func (r *Repo) Partial() bool { return r.partial }

// ObjectFormat is "sha1" or "sha256".
func (r *Repo) ObjectFormat() string { return r.format }

// EmptyTree is the name of the tree without files. It exists in every repository.
func (r *Repo) EmptyTree() OID {
	if r.format == "sha256" {
		return "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"
	}
	return "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
}

// private prepares a command in the private GIT_DIR.
func (r *Repo) private(args ...string) call {
	return call{env: r.privateEnv, dir: r.temp, args: args, files: r.inherited}
}

// refs prepares a command in the repository's own GIT_DIR. Only commands that read refs or configuration may run there.
func (r *Repo) refs(args ...string) call {
	return call{env: r.refEnv, dir: r.temp, args: args, files: r.inherited}
}

func (r *Repo) hexLen() int {
	if r.format == "sha256" {
		return 64
	}
	return 40
}

// isOID says whether text is a full object name of this repository.
func (r *Repo) isOID(text string) bool {
	return len(text) == r.hexLen() && isHex(text)
}

func isHex(text string) bool {
	return strings.Trim(text, "0123456789abcdef") == ""
}

// check refuses anything that is not a full object name before it gets near a command line.
func (r *Repo) check(ids ...OID) error {
	for _, id := range ids {
		if !r.isOID(string(id)) {
			return fmt.Errorf("%q is not a full %s object name", id, r.format)
		}
	}
	return nil
}

func (r *Repo) missing(rev string) *MissingError {
	return &MissingError{Rev: rev, Shallow: r.shallow, Partial: r.partial}
}
