package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/filelock"
	"github.com/adamant-os/adamant/internal/git"
)

// ExistsError says that a workspace is there already.
type ExistsError struct{ ID string }

func (e *ExistsError) Error() string { return fmt.Sprintf("workspace %s exists", e.ID) }

func (e *ExistsError) Unwrap() error { return fs.ErrExist }

// Create makes a workspace and pins what it borrows. It is there as a whole or not at all; an attempt that has one already is
// an *ExistsError.
func (s *Store) Create(ctx context.Context, r Request) (*Workspace, error) {
	r, err := r.complete()
	if err != nil {
		return nil, fmt.Errorf("making a workspace: %w", err)
	}
	w, err := s.create(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("making workspace %s: %w", r.id(), err)
	}
	return w, nil
}

func (s *Store) create(ctx context.Context, r Request) (_ *Workspace, err error) {
	w := &Workspace{ID: r.id(), Request: r, Created: time.Now().UTC().Truncate(time.Second), store: s}
	if _, err := os.Lstat(w.path("")); err == nil {
		return nil, &ExistsError{w.ID}
	}
	if err := s.known(ctx, r); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(s.dir, newPrefix+w.ID+".")
	if err != nil {
		return nil, err
	}
	lock, err := filelock.Open(filepath.Join(dir, lockName), filelock.Shared) // until it has its name: GC keeps away
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	pinned := make(chan error, 1)
	go func() { pinned <- s.kernel.Pin(ctx, w.ID, r.Head) }()
	err = w.build(ctx, dir)
	err = errors.Join(err, <-pinned)
	if err == nil {
		err = w.publish(dir)
	}
	if err != nil {
		return nil, errors.Join(err, s.unpinNew(ctx, w.ID), removeAll(dir))
	}
	w.Setup = nil
	return w, nil
}

// publish gives a finished workspace its name.
func (w *Workspace) publish(dir string) error {
	err := os.Rename(dir, w.store.path(w.ID, "")) // refused when something is there
	if errors.Is(err, fs.ErrExist) {
		return &ExistsError{w.ID}
	}
	return err
}

// unpinNew takes a pin back, unless it is that of a workspace that somebody else made meanwhile.
func (s *Store) unpinNew(ctx context.Context, id string) error {
	if _, err := os.Lstat(s.path(id, "")); err == nil {
		return nil
	}
	return s.unpin(context.WithoutCancel(ctx), id)
}

// known checks that base is in main.git, which the sandbox can read, and that both are commits.
func (s *Store) known(ctx context.Context, r Request) error {
	base, err := s.kernel.Main().Info(ctx, []git.OID{r.Base})
	if err != nil {
		return err
	}
	if base[0].Missing || base[0].Type != "commit" {
		return fmt.Errorf("base %s is no commit of main; take one from: git log main", r.Base.Short())
	}
	head, err := s.kernel.Repo().Info(ctx, []git.OID{r.Head})
	if err == nil && (head[0].Missing || head[0].Type != "commit") {
		err = fmt.Errorf("head %s is no commit of the kernel", r.Head.Short())
	}
	return err
}

// build fills a folder that only this process knows.
func (w *Workspace) build(ctx context.Context, dir string) error {
	for _, sub := range []string{"repo", "home", "tmp", "guard"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	files, err := w.widen(ctx)
	if err != nil {
		return err
	}
	if err := w.borrow(ctx, dir); err != nil {
		return err
	}
	if err := w.fill(ctx, dir, files); err != nil {
		return err
	}
	if err := w.makeGuard(ctx, dir, files.Entries); err != nil {
		return err
	}
	if err := w.setup(ctx, dir, files.Entries); err != nil {
		return err
	}
	if err := w.handOver(dir); err != nil {
		return err
	}
	return w.save(dir)
}

// widen lists the checkout, with folders of agent configuration beside what is in the cone: git gives a sparse index up as soon
// as a folder that it leaves out is there.
func (w *Workspace) widen(ctx context.Context) (git.ConeFiles, error) {
	repo := w.store.kernel.Repo()
	files, err := repo.Cone(ctx, w.Head, w.Cone)
	if err != nil || len(w.Cone) == 0 {
		return files, err
	}
	beside := files.Entries
	if w.Head != w.Base {
		base, err := repo.Cone(ctx, w.Base, w.Cone)
		if err != nil {
			return files, err
		}
		beside = slices.Concat(beside, base.Entries)
	}
	cone := slices.Clone(w.Cone)
	for _, entry := range beside {
		if entry.Mode == git.ModeTree && instructs(entry.Path+"x") {
			cone = append(cone, trimSlash(entry.Path))
		}
	}
	if len(cone) == len(w.Cone) {
		return files, nil
	}
	if w.Cone, err = folders(cone); err != nil {
		return files, err
	}
	return repo.Cone(ctx, w.Head, w.Cone)
}

// borrow copies what a head that is not on main needs to a store of its own, which the sandbox reads.
func (w *Workspace) borrow(ctx context.Context, dir string) (err error) {
	info, err := w.store.kernel.Main().Info(ctx, []git.OID{w.Head})
	if err != nil || !info[0].Missing {
		return err
	}
	main := w.store.kernel.Main()
	extra, err := git.InitBare(ctx, filepath.Join(dir, "extra.git"), git.InitOptions{Format: main.ObjectFormat()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, extra.Close()) }()
	if err := writeAlternates(extra, main); err != nil {
		return err
	}
	if _, err = extra.Copy(ctx, w.store.kernel.Repo(), w.Head); err != nil {
		return err
	}
	return os.Remove(alternatesFile(extra)) // inside, the store has another neighbour
}

func alternatesFile(repo *git.Repo) string {
	return filepath.Join(repo.CommonDir(), "objects", "info", "alternates")
}

func writeAlternates(repo, from *git.Repo) error {
	return os.WriteFile(alternatesFile(repo), []byte(filepath.Join(from.CommonDir(), "objects")+"\n"), 0o600)
}

// fill writes the checkout and the agent's own repository.
func (w *Workspace) fill(ctx context.Context, dir string, files git.ConeFiles) (err error) {
	c, err := newCheckout(filepath.Join(dir, "repo"), w.Identity)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := c.write(ctx, w.store.kernel.Repo(), files.Entries); err != nil {
		return err
	}
	format := w.store.kernel.Main().ObjectFormat()
	index, err := c.index(format, files)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "index"), index, 0o600); err != nil {
		return err
	}
	return repository{
		config: agentConfig(format, len(w.Cone) > 0), head: "ref: refs/heads/work\n", index: index, cone: w.Cone,
		refs:       map[string]git.OID{"refs/heads/work": w.Head, "refs/heads/main": w.Base},
		alternates: w.alternates(dir),
	}.write(filepath.Join(dir, "repo", ".git"))
}

// alternates are the stores that a git directory of the workspace borrows, as seen in the sandbox. dir is where the workspace is.
func (w *Workspace) alternates(dir string) []string {
	if _, err := os.Lstat(filepath.Join(dir, "extra.git")); err == nil {
		return []string{objectsInside, extraInside}
	}
	return []string{objectsInside}
}

// setup lets the control plane add dependencies and notes what is new, at the highest folder that is.
func (w *Workspace) setup(ctx context.Context, dir string, entries []git.Entry) error {
	if w.Setup == nil {
		return nil
	}
	repo := filepath.Join(dir, "repo")
	if err := w.Setup(ctx, repo, filepath.Join(dir, "home")); err != nil {
		return fmt.Errorf("setup: %w", err)
	}
	known := map[string]bool{".git": true}
	for _, entry := range entries {
		for p := trimSlash(entry.Path); p != "." && !known[p]; p = filepath.Dir(p) {
			known[p] = true
		}
	}
	return filepath.WalkDir(repo, func(path string, d fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(repo, path)
		if err != nil || relErr != nil || rel == "." {
			return errors.Join(err, relErr)
		}
		if !known[rel] {
			w.excluded = append(w.excluded, rel)
		}
		if d.IsDir() && (!known[rel] || rel == ".git") {
			return fs.SkipDir
		}
		return nil
	})
}

// handOver gives everything that the agent may write to its identity. Its folder is closed to everybody else.
func (w *Workspace) handOver(dir string) error {
	trees := []string{"home", "tmp", filepath.Join("repo", ".git")}
	if w.Setup != nil {
		trees = append(trees, "repo")
	}
	for _, tree := range trees {
		if err := w.give(filepath.Join(dir, tree)); err != nil {
			return err
		}
	}
	if w.Identity.UID == 0 {
		return nil
	}
	return os.Lchown(filepath.Join(dir, "repo"), w.Identity.UID, w.Identity.GID)
}

// give makes a folder and everything in it the identity's.
func (w *Workspace) give(dir string) error {
	if w.Identity.UID == 0 {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, w.Identity.UID, w.Identity.GID)
	})
}
