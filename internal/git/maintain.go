package git

import (
	"context"
	"fmt"
	"io/fs"
	"path/filepath"
)

const manyPacks = 40 // packs from which on all of them are made one

// Maintain packs loose references and loose objects, and makes one pack of many. It never deletes an object: those that no
// reference reaches are kept, since other repositories may borrow them. Nobody else may maintain the repository meanwhile.
func (r *Repo) Maintain(ctx context.Context) error {
	if err := r.store("pack-refs", "--all").finish(ctx); err != nil {
		return fmt.Errorf("packing references: %w", err)
	}
	packs, err := filepath.Glob(filepath.Join(escapeGlob(r.commonDir), "objects", "pack", "*.pack"))
	if err != nil {
		return fmt.Errorf("counting packs: %w", err)
	}
	args := []string{"repack", "--quiet", "-d", "-l"}
	if len(packs) >= manyPacks {
		args = append(args, "-a", "--keep-unreachable")
	}
	c := r.store(args...)
	c.gentle = true
	if _, err := c.output(ctx); err != nil {
		return fmt.Errorf("packing objects: %w", err)
	}
	return nil
}

// LockFiles lists the lock files of references and settings that lie in the repository.
func (r *Repo) LockFiles() ([]string, error) { return lockFiles(r.commonDir) }

// lockFiles looks where git puts locks that outlive a crash: beside references and beside the files at the top.
func lockFiles(dir string) ([]string, error) {
	var found []string
	top, err := filepath.Glob(filepath.Join(escapeGlob(dir), "*.lock"))
	if err != nil {
		return nil, err
	}
	found = append(found, top...)
	err = filepath.WalkDir(filepath.Join(dir, "refs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == ".lock" {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for lock files: %w", err)
	}
	return found, nil
}
