package git

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// SnapshotKind says what Snapshot records.
type SnapshotKind int

// The kinds of snapshot.
const (
	Staged   SnapshotKind = iota // the index
	Worktree                     // the working tree, with untracked files that are not ignored
)

// UnmergedError says that the index holds the unresolved conflicts of a merge.
type UnmergedError struct {
	Paths []string // sorted
}

func (e *UnmergedError) Error() string {
	return fmt.Sprintf("%d paths have unresolved conflicts (%s); resolve them and run: git add", len(e.Paths), summary(e.Paths))
}

func summary(paths []string) string {
	text := strings.Trim(fmt.Sprintf("%q", paths[:min(3, len(paths))]), "[]")
	if len(paths) > 3 {
		text += " ..."
	}
	return text
}

// ErrBare says that something needs a working tree and the repository has none.
var ErrBare = errors.New("the repository has no working tree")

// Snapshot makes a synthetic commit on top of HEAD (without a parent on an unborn branch) from the index or the working tree.
// Identity and time are fixed, so equal content gives an equal commit. The user's index and objects are not written to, and
// the commit can be read through this Repo until it is closed.
//
// Worktree records what git add --all would, with two differences. No filter runs: a changed file of a clean filter is
// recorded as it lies in the folder, except that an unchanged Git LFS file keeps its pointer. And of the user's settings only
// those that say how files lie on disk are followed (core.autocrlf, eol, fileMode, symlinks, ignoreCase, precomposeUnicode,
// excludesFile); end-of-line attributes are git's own work and are followed too.
func (r *Repo) Snapshot(ctx context.Context, kind SnapshotKind) (OID, error) {
	ix, err := r.openIndex(ctx, kind == Worktree)
	if err != nil {
		return "", fmt.Errorf("taking a snapshot: %w", err)
	}
	id, err := ix.commit(ctx, kind)
	return id, errors.Join(err, ix.remove())
}

// index is a private copy of the user's index.
type index struct {
	repo *Repo
	dir  string   // holds the copy and nothing else
	env  []string // commands see the copy, the private GIT_DIR and the user's working tree
}

func (ix *index) remove() error { return os.RemoveAll(ix.dir) }

func (ix *index) git(args ...string) call {
	return call{env: ix.env, dir: ix.repo.root, args: args}
}

// openIndex copies the index. The copy keeps its time: git compares it with files' times to find those it cannot trust.
func (r *Repo) openIndex(ctx context.Context, files bool) (*index, error) {
	if r.Bare() {
		return nil, ErrBare
	}
	dir, err := os.MkdirTemp(r.temp, "index-")
	if err != nil {
		return nil, err
	}
	ix := &index{repo: r, dir: dir}
	copied := filepath.Join(dir, "index")
	if err := copyIndex(r.index, copied); err != nil {
		return nil, errors.Join(err, ix.remove())
	}
	if err := r.copyShared(); err != nil {
		return nil, errors.Join(err, ix.remove())
	}
	ix.env = append(r.privateEnv[:len(r.privateEnv):len(r.privateEnv)], "GIT_INDEX_FILE="+copied, "GIT_WORK_TREE="+r.root)
	if files {
		disk, err := r.diskSettings(ctx)
		if err != nil {
			return nil, errors.Join(err, ix.remove())
		}
		ix.env = append(ix.env, settings(disk)...)
	}
	return ix, nil
}

// copyIndex copies a file with its time. An index that does not exist is an empty one.
func copyIndex(from, to string) error {
	in, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	data, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		return err
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}

// copyShared copies the shared parts of a split index and the repository's ignore rules.
func (r *Repo) copyShared() error {
	shared, err := filepath.Glob(filepath.Join(escapeGlob(r.gitDir), "sharedindex.*"))
	if err != nil {
		return err
	}
	for _, from := range shared {
		if err := copyIndex(from, filepath.Join(r.privateDir(), filepath.Base(from))); err != nil {
			return err
		}
	}
	info := filepath.Join(r.privateDir(), "info")
	if err := os.Mkdir(info, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return copyIndex(filepath.Join(r.commonDir, "info", "exclude"), filepath.Join(info, "exclude"))
}

// commit writes the index, after bringing it up to the working tree when asked, and a commit of it.
func (ix *index) commit(ctx context.Context, kind SnapshotKind) (OID, error) {
	if err := ix.refuseUnmerged(ctx); err != nil {
		return "", err
	}
	if kind == Worktree {
		if err := ix.addAll(ctx); err != nil {
			return "", fmt.Errorf("taking a snapshot of the working tree: %w", err)
		}
	}
	tree, err := ix.writeTree(ctx)
	if err != nil {
		return "", err
	}
	return ix.repo.commitTree(ctx, tree, kind)
}

func (ix *index) refuseUnmerged(ctx context.Context) error {
	records, err := ix.list(ctx, "--unmerged")
	if err != nil {
		return err
	}
	var paths []string
	for _, record := range records {
		_, path, _ := strings.Cut(record, "\t")
		if len(paths) == 0 || paths[len(paths)-1] != path {
			paths = append(paths, path)
		}
	}
	if len(paths) > 0 {
		return &UnmergedError{Paths: paths}
	}
	return nil
}

// list runs ls-files and returns its records.
func (ix *index) list(ctx context.Context, args ...string) ([]string, error) {
	out, err := ix.git(append([]string{"ls-files", "-z"}, args...)...).output(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the index: %w", err)
	}
	if len(out) == 0 {
		return nil, nil
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"), nil
}

// writeTree accepts blobs that are not here: reading them says so later, and a partial clone has many.
func (ix *index) writeTree(ctx context.Context) (OID, error) {
	out, err := ix.git("write-tree", "--missing-ok").output(ctx)
	tree := OID(strings.TrimSuffix(string(out), "\n"))
	if err != nil {
		return "", fmt.Errorf("writing the index as a tree: %w", err)
	}
	return tree, ix.repo.check(tree)
}

const nobody = "adamant <adamant@localhost> 0 +0000"

// commitTree makes the synthetic commit.
func (r *Repo) commitTree(ctx context.Context, tree OID, kind SnapshotKind) (OID, error) {
	parent, err := r.Resolve(ctx, "HEAD")
	if err != nil && !errors.Is(err, ErrEmpty) {
		return "", err
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "tree %s\n", tree)
	if parent != "" {
		fmt.Fprintf(&text, "parent %s\n", parent)
	}
	message := "staged changes"
	if kind == Worktree {
		message = "changes of the working tree"
	}
	fmt.Fprintf(&text, "author %s\ncommitter %s\n\n%s\n", nobody, nobody, message)
	return r.writeObject(ctx, "commit", &text)
}

// writeObject stores an object in the private store.
func (r *Repo) writeObject(ctx context.Context, kind string, data io.Reader) (OID, error) {
	hash := r.private("hash-object", "-t", kind, "-w", "--stdin", "--no-filters")
	hash.stdin = data
	out, err := hash.output(ctx)
	if err != nil {
		return "", fmt.Errorf("storing a %s: %w", kind, err)
	}
	id := OID(strings.TrimSuffix(string(out), "\n"))
	return id, r.check(id)
}
