package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/sandbox"
)

const (
	blobLimit = 1 << 30          // bytes of a file that is checked out
	older     = 10 * time.Second // than the checkout are its files
)

// checkout writes files into a folder that nobody else can reach yet, as they are in git: no filter and no conversion of line
// ends runs, here or when the result is taken. Links are written last, so that nothing is ever written through one.
type checkout struct {
	root  *os.Root
	here  *os.Root // of the folder that was last written to
	path  string   // of here
	owner sandbox.Identity
	made  map[string]bool // folders
	stats map[string]git.FileStat
	born  time.Time // of every file: before the agent can write
}

func newCheckout(dir string, owner sandbox.Identity) (*checkout, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &checkout{root: root, owner: owner, made: map[string]bool{".": true}, stats: map[string]git.FileStat{}, born: time.Now().Add(-older)}, nil
}

func (c *checkout) close() error {
	if c.here != nil {
		return errors.Join(c.here.Close(), c.root.Close())
	}
	return c.root.Close()
}

// enter makes and opens a folder. Files come in the order of their folders, so that each is opened once.
func (c *checkout) enter(dir string) (*os.Root, error) {
	if c.here != nil && c.path == dir {
		return c.here, nil
	}
	if err := c.folder(dir); err != nil {
		return nil, err
	}
	here, err := c.root.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	if c.here != nil {
		err = c.here.Close()
	}
	c.here, c.path = here, dir
	return here, err
}

// write writes the files among entries.
func (c *checkout) write(ctx context.Context, repo *git.Repo, entries []git.Entry) error {
	var files, links []git.Entry
	var ids []git.OID
	for _, entry := range entries {
		if bad := reservedName(trimSlash(entry.Path)); bad != "" {
			return fmt.Errorf("the tree has %q, which no checkout may have", entry.Path)
		}
		switch entry.Mode {
		case git.ModeTree:
		case git.ModeGitlink:
			if err := c.folder(entry.Path); err != nil {
				return err
			}
		case git.ModeSymlink:
			links = append(links, entry)
		default:
			files, ids = append(files, entry), append(ids, entry.OID)
		}
	}
	err := repo.Blobs(ctx, ids, blobLimit, func(i int, data []byte, err error) error {
		if err != nil {
			return fmt.Errorf("%s: %w", files[i].Path, err)
		}
		return c.file(files[i], data)
	})
	if err != nil {
		return err
	}
	return c.links(ctx, repo, links)
}

func trimSlash(p string) string {
	if n := len(p); n > 0 && p[n-1] == '/' {
		return p[:n-1]
	}
	return p
}

func (c *checkout) links(ctx context.Context, repo *git.Repo, links []git.Entry) error {
	ids := make([]git.OID, len(links))
	for i, link := range links {
		ids[i] = link.OID
	}
	return repo.Blobs(ctx, ids, 1<<16, func(i int, data []byte, err error) error {
		name := links[i].Path
		if err == nil {
			err = c.folder(path.Dir(name))
		}
		if err == nil {
			err = c.root.Symlink(string(data), name)
		}
		if err == nil && c.owner.UID != 0 {
			err = c.root.Lchown(name, c.owner.UID, c.owner.GID)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		return nil // without a stat, git reads it again: a link has no age of its own
	})
}

// file writes one file.
func (c *checkout) file(entry git.Entry, data []byte) error {
	here, err := c.enter(path.Dir(entry.Path))
	if err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if entry.Mode == git.ModeExec {
		mode = 0o755
	}
	f, err := here.OpenFile(path.Base(entry.Path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		c.stats[entry.Path], err = c.finish(f, mode)
	}
	return errors.Join(err, f.Close())
}

// finish gives a file its mode, whatever the umask, its owner, and an age: git compares times by the second, and would not see an
// edit of the same length that came in the second of the checkout.
func (c *checkout) finish(f *os.File, mode fs.FileMode) (git.FileStat, error) {
	if err := age(f, c.born); err != nil {
		return git.FileStat{}, err
	}
	if c.owner.UID != 0 {
		if err := f.Chown(c.owner.UID, c.owner.GID); err != nil {
			return git.FileStat{}, err
		}
	}
	info, err := f.Stat()
	if err == nil && info.Mode().Perm() != mode {
		if err = f.Chmod(mode); err == nil {
			info, err = f.Stat()
		}
	}
	if err != nil {
		return git.FileStat{}, err
	}
	return statOf(info), nil
}

// folder makes a folder and those above it.
func (c *checkout) folder(dir string) error {
	if c.made[dir] {
		return nil
	}
	if err := c.folder(path.Dir(dir)); err != nil {
		return err
	}
	err := c.root.Mkdir(dir, 0o755)
	if err == nil {
		err = c.root.Chmod(dir, 0o755)
	}
	if err == nil && c.owner.UID != 0 {
		err = c.root.Lchown(dir, c.owner.UID, c.owner.GID)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	c.made[dir] = true
	return nil
}

// index renders the index of what was written.
func (c *checkout) index(format string, files git.ConeFiles) ([]byte, error) {
	return files.Index(format, func(e git.Entry) git.FileStat { return c.stats[e.Path] })
}
