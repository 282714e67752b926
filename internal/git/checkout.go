package git

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// CheckoutOptions choose what Checkout makes.
type CheckoutOptions struct {
	// WithGit makes the folder a standalone repository with one commit on branch main, for tools that call git. It borrows
	// nothing: removing the original breaks nothing.
	WithGit bool
	// RefuseEscaping fails when a symlink of the tree points outside of it.
	RefuseEscaping bool
}

// EscapeError lists the symlinks of a tree that point outside of it.
type EscapeError struct{ Links []Symlink }

func (e *EscapeError) Error() string {
	first := e.Links[0]
	return fmt.Sprintf("%d symlinks point outside the tree, the first is %q -> %q", len(e.Links), first.Path, first.Target)
}

// Symlink is a symbolic link of a tree.
type Symlink struct{ Path, Target string }

// Checkout writes the files of a tree or commit into dir, which must be empty or absent and outside of the repository.
// No hook and no filter runs: a Git LFS file is written as its pointer, a submodule is an empty folder, end-of-line attributes of
// the tree are followed. Modes and symlinks are written as they are in the tree; see EscapingSymlinks. A tree with entries such
// as .git or .. is refused. The folder has no .git unless WithGit is set. On an error dir may hold some of the files.
func (r *Repo) Checkout(ctx context.Context, treeish OID, dir string, opt CheckoutOptions) error {
	tree, err := r.ResolveTree(ctx, string(treeish))
	if err != nil {
		return fmt.Errorf("checking out %s: %w", treeish.Short(), err)
	}
	if err := r.vet(ctx, tree, opt); err != nil {
		return fmt.Errorf("checking out %s: %w", treeish.Short(), err)
	}
	if dir, err = r.emptyFolder(dir); err != nil {
		return fmt.Errorf("checking out %s: %w", treeish.Short(), err)
	}
	if err := r.materialise(ctx, tree, dir, opt.WithGit); err != nil {
		return fmt.Errorf("checking out %s into %s: %w", treeish.Short(), dir, r.explain(ctx, err, tree))
	}
	return nil
}

// vet refuses trees that cannot be written as they are.
func (r *Repo) vet(ctx context.Context, tree OID, opt CheckoutOptions) error {
	entries, err := r.Tree(ctx, tree)
	if err != nil {
		return err
	}
	if err := distinct(entries); err != nil || !opt.RefuseEscaping {
		return err
	}
	links, err := r.escaping(ctx, entries)
	if err == nil && len(links) > 0 {
		err = &EscapeError{Links: links}
	}
	return err
}

// distinct refuses a forged tree that has two entries for one path, or a file where another entry needs a folder: git would
// pick one, and what is judged may be the other.
func distinct(entries []Entry) error {
	files := make(map[string]bool, len(entries))
	for _, entry := range entries {
		if files[entry.Path] {
			return fmt.Errorf("the tree has two entries for %q", entry.Path)
		}
		files[entry.Path] = true
	}
	seen := ""
	for _, entry := range entries {
		for dir := path.Dir(entry.Path); dir != "." && dir != "/" && dir != seen; dir = path.Dir(dir) {
			if files[dir] {
				return fmt.Errorf("the tree has %q as a file and as a folder", dir)
			}
		}
		seen = path.Dir(entry.Path)
	}
	return nil
}

func (r *Repo) materialise(ctx context.Context, tree OID, dir string, withGit bool) error {
	scratch, err := os.MkdirTemp(r.temp, "checkout-")
	if err != nil {
		return err
	}
	index := filepath.Join(scratch, "index")
	c := r.private("read-tree", "--reset", "-u", string(tree))
	c.dir = dir
	c.env = append(c.env[:len(c.env):len(c.env)], "GIT_INDEX_FILE="+index, "GIT_WORK_TREE="+dir)
	c.env = append(c.env, settings([][2]string{{"checkout.workers", "2"}, {"core.fileMode", "true"}})...)
	_, err = c.output(ctx)
	if err == nil && withGit {
		err = r.standalone(ctx, tree, dir, index)
	}
	return errors.Join(err, os.RemoveAll(scratch))
}

// emptyFolder makes dir when it is absent and returns its real path.
func (r *Repo) emptyFolder(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return "", err
	}
	for _, own := range []string{r.root, r.gitDir, r.commonDir} {
		if own != "" && within(own, dir) {
			return "", fmt.Errorf("%s is inside the repository", dir)
		}
	}
	return dir, isEmpty(dir)
}

// within says that path is dir or below it.
func within(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

func isEmpty(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	_, err = folder.Readdirnames(1)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		err = fmt.Errorf("%s is not empty: %w", dir, fs.ErrExist)
	}
	return err
}

// standalone turns dir into a repository of its own: one commit, one pack with exactly its objects, the index just written.
func (r *Repo) standalone(ctx context.Context, tree OID, dir, index string) error {
	id, err := r.rootCommit(ctx, tree)
	if err != nil {
		return err
	}
	own := filepath.Join(dir, ".git")
	for _, sub := range []string{"objects/info", "objects/pack", "refs/heads", "refs/tags", "info"} {
		if err := os.MkdirAll(filepath.Join(own, filepath.FromSlash(sub)), 0o755); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{
		"HEAD":            "ref: refs/heads/main\n",
		"config":          standaloneConfig(r.format),
		"refs/heads/main": string(id) + "\n",
	} {
		if err := os.WriteFile(filepath.Join(own, filepath.FromSlash(name)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	pack := r.private("pack-objects", "-q", "--revs", "--delta-base-offset", "--window=0", filepath.Join(own, "objects", "pack", "pack"))
	pack.stdin = strings.NewReader(string(id) + "\n")
	if _, err := pack.output(ctx); err != nil {
		return err
	}
	return copyIndex(index, filepath.Join(own, "index"))
}

func standaloneConfig(format string) string {
	version, extensions := 0, ""
	if format == "sha256" {
		version, extensions = 1, "[extensions]\n\tobjectFormat = sha256\n"
	}
	return fmt.Sprintf("[core]\n\trepositoryFormatVersion = %d\n\tbare = false\n[user]\n\tname = adamant\n\temail = adamant@localhost\n%s", version, extensions)
}

func (r *Repo) rootCommit(ctx context.Context, tree OID) (OID, error) {
	text := fmt.Sprintf("tree %s\nauthor %s\ncommitter %s\n\ncheckout\n", tree, nobody, nobody)
	return r.writeObject(ctx, "commit", strings.NewReader(text))
}

// EscapingSymlinks lists the symlinks of a tree or commit whose target is absolute or may leave the tree, sorted by path. A
// target that goes down and up again ("a/../b") counts, since a may be a link itself.
func (r *Repo) EscapingSymlinks(ctx context.Context, treeish OID) ([]Symlink, error) {
	entries, err := r.Tree(ctx, treeish)
	if err != nil {
		return nil, err
	}
	return r.escaping(ctx, entries)
}

func (r *Repo) escaping(ctx context.Context, entries []Entry) ([]Symlink, error) {
	var links []Entry
	var ids []OID
	for _, entry := range entries {
		if entry.Mode == ModeSymlink {
			links, ids = append(links, entry), append(ids, entry.OID)
		}
	}
	var escaping []Symlink
	err := r.Blobs(ctx, ids, recordLimit, func(i int, data []byte, err error) error {
		if err == nil && escapes(links[i].Path, string(data)) {
			escaping = append(escaping, Symlink{Path: links[i].Path, Target: string(data)})
		}
		return err
	})
	return escaping, err
}

// escapes says whether a link at from may lead out of the tree. The folders of from are real ones, so leading ".." can be
// counted; a ".." further on may follow another link to anywhere and is refused. A backslash separates on Windows.
func escapes(from, target string) bool {
	target = strings.ReplaceAll(target, `\`, "/")
	if path.IsAbs(target) || len(target) > 1 && target[1] == ':' {
		return true
	}
	depth, down := strings.Count(from, "/"), false
	for part := range strings.SplitSeq(target, "/") {
		switch part {
		case "", ".":
		case "..":
			if depth--; down || depth < 0 {
				return true
			}
		default:
			down = true
		}
	}
	return false
}
