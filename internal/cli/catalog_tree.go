package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

// catalogFiles reads the files and folders a user names.
func catalogFiles(env *Env, args []string) ([]catalog.SourceFile, error) {
	var files []catalog.SourceFile
	for _, arg := range args {
		full := arg
		if !filepath.IsAbs(arg) {
			full = filepath.Join(env.Dir, arg)
		}
		names, err := namedFiles(full, arg)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			data, err := readBounded(filepath.Join(full, filepath.FromSlash(name)))
			if err != nil {
				return nil, err
			}
			files = append(files, catalog.SourceFile{Path: path.Join(filepath.ToSlash(arg), name), Data: data})
		}
	}
	return files, nil
}

// namedFiles lists the catalog files below a folder, relative to it; "" for a file itself.
func namedFiles(full, arg string) ([]string, error) {
	info, err := os.Stat(full)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{""}, nil
	}
	names, err := walk(full)
	names = slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(path.Base(n), "catalog-info.y") })
	if err == nil && len(names) == 0 {
		err = fmt.Errorf("no catalog-info.yaml below %s; name the files to check", arg)
	}
	return names, err
}

// readBounded reads a file; one too large is cut just above the bound, so that the parser refuses it with a message.
func readBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, manifest.MaxBytes+1))
}

// walk lists the files below a folder that git is not asked about. Hidden folders and node_modules are passed over.
func walk(root string) ([]string, error) {
	var out []string
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != root && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && d.Name() != ".adamant") {
			return filepath.SkipDir
		}
		if d.Type().IsRegular() {
			rel, err := filepath.Rel(root, name)
			if err != nil {
				return err
			}
			out = append(out, filepath.ToSlash(rel))
		}
		return nil
	})
	return out, err
}

// catalogTree is the files of the working tree, of a revision, or of a folder outside of git.
type catalogTree struct {
	root  string   // on disk, "" for a revision of a bare repository
	paths []string // sorted
	read  func(path string) ([]byte, error)
	close func()
}

func openTree(ctx context.Context, env *Env, rev string) (*catalogTree, error) {
	repo, err := git.Open(ctx, env.Dir)
	if errors.Is(err, git.ErrNotRepository) && rev == "" {
		return folderTree(env.Dir)
	}
	if err != nil {
		return nil, err
	}
	t, err := repositoryTree(ctx, repo, rev)
	if err != nil {
		return nil, errors.Join(err, repo.Close())
	}
	return t, nil
}

func folderTree(dir string) (*catalogTree, error) {
	paths, err := walk(dir)
	slices.Sort(paths)
	read := func(p string) ([]byte, error) { return readBounded(filepath.Join(dir, filepath.FromSlash(p))) }
	return &catalogTree{root: dir, paths: paths, read: read, close: func() {}}, err
}

func repositoryTree(ctx context.Context, repo *git.Repo, rev string) (*catalogTree, error) {
	commit, err := func() (git.OID, error) {
		if rev != "" {
			return repo.Resolve(ctx, rev)
		}
		return repo.Snapshot(ctx, git.Worktree)
	}()
	if err != nil {
		return nil, err
	}
	entries, err := repo.Tree(ctx, commit)
	if err != nil {
		return nil, err
	}
	t := &catalogTree{root: repo.Root(), close: func() { _ = repo.Close() }}
	oids := map[string]git.OID{}
	for _, e := range entries {
		if e.Mode == git.ModeFile || e.Mode == git.ModeExec {
			t.paths = append(t.paths, e.Path)
			oids[e.Path] = e.OID
		}
	}
	t.read = func(p string) ([]byte, error) { return repo.Blob(ctx, oids[p], manifest.MaxBytes) }
	return t, nil
}

func (t *catalogTree) catalogFiles() ([]catalog.SourceFile, error) {
	var files []catalog.SourceFile
	for _, p := range t.paths {
		if !catalog.IsFile(p) {
			continue
		}
		data, err := t.read(p)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", p, err)
		}
		files = append(files, catalog.SourceFile{Path: p, Data: data})
	}
	return files, nil
}

// loadCatalog opens a tree and its catalog for a command that asks it.
func loadCatalog(ctx context.Context, env *Env, rev string) (*catalogTree, *catalog.Catalog, error) {
	t, err := openTree(ctx, env, rev)
	if err != nil {
		return nil, nil, err
	}
	files, err := t.catalogFiles()
	if err != nil {
		t.close()
		return nil, nil, err
	}
	c, findings := catalog.Load(files)
	for _, f := range findings {
		if f.Severity == finding.Error {
			fmt.Fprintf(env.Stderr, "%s:%d:%d: %s\n", printable(f.Path), f.Line, f.Column, printable(f.Message))
		}
	}
	return t, c, nil
}

// relative makes paths as a user gives them relative to the root of the tree.
func (t *catalogTree) relative(env *Env, args []string) ([]string, error) {
	var out []string
	for _, arg := range args {
		if t.root == "" {
			out = append(out, filepath.ToSlash(arg))
			continue
		}
		full := arg
		if !filepath.IsAbs(arg) {
			full = filepath.Join(env.Dir, arg)
		}
		rel, err := filepath.Rel(realPath(t.root), realPath(full))
		if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return nil, fmt.Errorf("%s lies outside of %s", arg, t.root)
		}
		out = append(out, filepath.ToSlash(rel))
	}
	return out, nil
}

// realPath resolves links in the part of a path that exists.
func realPath(p string) string {
	if real, err := filepath.EvalSymlinks(p); err == nil {
		return real
	}
	if parent := filepath.Dir(p); parent != p {
		return filepath.Join(realPath(parent), filepath.Base(p))
	}
	return p
}
