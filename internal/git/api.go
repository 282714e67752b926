package git

import (
	"context"
	"errors"
	"iter"
)

var errTODO = errors.New("internal/git: not built yet")

// Repo is an open repository.
type Repo struct{}

// Option changes how a repository is opened.
type Option func(*Repo)

// WithIndex makes Snapshot(Staged) read another index file: GIT_INDEX_FILE as git gives it to hooks. Empty changes nothing.
func WithIndex(path string) Option { return func(*Repo) {} }

// WithObjects adds object directories to read from, such as a quarantine that git gives to pre-receive hooks.
func WithObjects(dirs ...string) Option { return func(*Repo) {} }

// Open finds the repository that dir lies in.
func Open(ctx context.Context, dir string, options ...Option) (*Repo, error) { return nil, errTODO }

// Close ends resident processes and removes temporary files.
func (r *Repo) Close() error { return nil }

// Root is the top of the working tree, "" when there is none.
func (r *Repo) Root() string { return "" }

// GitDir is the repository's GIT_DIR.
func (r *Repo) GitDir() string { return "" }

// CommonDir is where refs and objects live; it differs from GitDir in linked worktrees.
func (r *Repo) CommonDir() string { return "" }

// Bare says that there is no working tree.
func (r *Repo) Bare() bool { return false }

// Shallow says that history is cut off.
func (r *Repo) Shallow() bool { return false }

// Partial says that objects may be missing because they were filtered out by the clone.
func (r *Repo) Partial() bool { return false }

// ObjectFormat is "sha1" or "sha256".
func (r *Repo) ObjectFormat() string { return "" }

// Resolve returns the commit that rev names.
func (r *Repo) Resolve(ctx context.Context, rev string) (OID, error) { return "", errTODO }

// ResolveTree returns the tree that rev names.
func (r *Repo) ResolveTree(ctx context.Context, rev string) (OID, error) { return "", errTODO }

// ErrEmpty says that the current branch has no commit yet.
var ErrEmpty = errors.New("the current branch has no commit yet")

// DefaultBranch names the branch that changes land on, in a form that Resolve takes ("main", "origin/main").
func (r *Repo) DefaultBranch(ctx context.Context) (string, error) { return "", errTODO }

// HeadBranch names the current branch; "" when HEAD is detached. On an unborn branch its name comes with ErrEmpty.
func (r *Repo) HeadBranch(ctx context.Context) (string, error) { return "", errTODO }

// Remotes lists the names of the configured remotes, sorted.
func (r *Repo) Remotes(ctx context.Context) ([]string, error) { return nil, errTODO }

// Config returns a value of the repository's own configuration (not the user's), without includes.
func (r *Repo) Config(ctx context.Context, key string) (string, bool, error) {
	return "", false, errTODO
}

// Commit reads one commit.
func (r *Repo) Commit(ctx context.Context, id OID) (Commit, error) { return Commit{}, errTODO }

// ObjectInfo says what an object is. Size is in bytes.
type ObjectInfo struct {
	OID     OID
	Type    string // blob, tree, commit, tag
	Size    int64
	Missing bool
}

// Info looks objects up without reading them, in the order given.
func (r *Repo) Info(ctx context.Context, ids []OID) ([]ObjectInfo, error) { return nil, errTODO }

// Blob reads one blob of at most limit bytes.
func (r *Repo) Blob(ctx context.Context, id OID, limit int64) ([]byte, error) { return nil, errTODO }

// Blobs reads many blobs in few rounds and calls fn for each, in the order given, with its index in ids. What is wrong
// with one blob (*MissingError, *TooLargeError) is fn's err; an error from fn ends the call and is returned. fn may use the Repo.
func (r *Repo) Blobs(ctx context.Context, ids []OID, limit int64, fn func(i int, data []byte, err error) error) error {
	return errTODO
}

// Lookup returns the object at path in a tree or commit, a *MissingError when the path is not there.
func (r *Repo) Lookup(ctx context.Context, treeish OID, path string) (OID, error) { return "", errTODO }

// Tree lists the files of a tree or commit recursively, sorted bytewise by path.
func (r *Repo) Tree(ctx context.Context, treeish OID) ([]Entry, error) { return nil, errTODO }

// DiffOptions choose what Diff reports.
type DiffOptions struct {
	Hunks     bool     // fill FileChange.Hunks
	NoRenames bool     // report renames as a deletion and an addition
	Paths     []string // literal paths or folders to look at; empty = all
}

// Diff compares two trees or commits. The result is sorted by Path.
func (r *Repo) Diff(ctx context.Context, from, to OID, opt DiffOptions) ([]FileChange, error) {
	return nil, errTODO
}

// MergeBases returns the best common ancestors, sorted; none when the histories are unrelated.
func (r *Repo) MergeBases(ctx context.Context, a, b OID) ([]OID, error) { return nil, errTODO }

// IsAncestor says whether a is reachable from b. A commit is its own ancestor.
func (r *Repo) IsAncestor(ctx context.Context, a, b OID) (bool, error) { return false, errTODO }

// ErrUnrelated is wrapped by the error of a merge whose sides have no common ancestor.
var ErrUnrelated = errors.New("no common ancestor")

// Conflict is one path that a merge could not settle.
type Conflict struct {
	Path string
	Kind string // git's words: "contents", "modify/delete", "rename/delete", "file/directory", "binary", ...
}

// MergeResult is the outcome of a merge.
type MergeResult struct {
	Tree      OID        // empty when there are conflicts
	Bases     []OID      // merge bases, sorted
	Conflicts []Conflict // sorted by path
}

// Merge merges head into base without a working tree. With conflicts, the result names them and the error wraps ErrConflict.
func (r *Repo) Merge(ctx context.Context, base, head OID) (MergeResult, error) {
	return MergeResult{}, errTODO
}

// SnapshotKind says what Snapshot records.
type SnapshotKind int

// The kinds of snapshot.
const (
	Staged   SnapshotKind = iota // the index
	Worktree                     // the working tree with untracked files that are not ignored
)

// Snapshot makes a synthetic commit on top of HEAD.
func (r *Repo) Snapshot(ctx context.Context, kind SnapshotKind) (OID, error) { return "", errTODO }

// Dirty counts what differs from HEAD.
type Dirty struct {
	Staged, Modified, Untracked int
}

// Changed says what in the index and the working tree differs from HEAD.
func (r *Repo) Changed(ctx context.Context) (Dirty, error) { return Dirty{}, errTODO }

// Changes says how much of each commit's diff Log reads.
type Changes int

// The amounts of diff.
const (
	ChangesNone    Changes = iota
	ChangesRaw             // paths, modes and blobs
	ChangesNumstat         // and line counts
)

// LogOptions choose the commits Log walks.
type LogOptions struct {
	From        OID
	Not         []OID // leave out what these reach
	FirstParent bool
	Max         int  // newest commits at most; 0 = all
	OldestFirst bool //
	Changes     Changes
	Renames     bool
	Paths       []string // only commits that touch these literal paths or folders
}

// LogEntry is one commit and its diff against its first parent.
type LogEntry struct {
	Commit
	Changes []FileChange
	Cut     bool // a shallow clone ends here: the parents and so Changes are not known
}

// Log streams commits, newest first.
func (r *Repo) Log(ctx context.Context, opt LogOptions) iter.Seq2[LogEntry, error] {
	return func(yield func(LogEntry, error) bool) { yield(LogEntry{}, errTODO) }
}

// Count returns how many commits Log would yield.
func (r *Repo) Count(ctx context.Context, opt LogOptions) (int, error) { return 0, errTODO }

// CheckoutOptions choose what Checkout makes.
type CheckoutOptions struct {
	WithGit        bool // make the folder a standalone repository with one commit
	RefuseEscaping bool // fail when a symlink of the tree points outside
}

// Checkout writes the files of a tree or commit into dir, which must be empty or absent and outside the repository.
func (r *Repo) Checkout(ctx context.Context, treeish OID, dir string, opt CheckoutOptions) error {
	return errTODO
}

// Symlink is a symbolic link of a tree.
type Symlink struct{ Path, Target string }

// EscapingSymlinks lists the symlinks of a tree that point outside of it, sorted by path.
func (r *Repo) EscapingSymlinks(ctx context.Context, treeish OID) ([]Symlink, error) {
	return nil, errTODO
}
