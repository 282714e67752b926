package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
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

// leftovers are the files of git that outlive a crash: locks, which block what comes after, and half-written objects.
var leftovers = []string{"*.lock", "objects/*.lock", "objects/info/*.lock", "objects/info/commit-graphs/*.lock",
	"objects/pack/*.lock", "objects/pack/tmp_*", "objects/pack/.tmp-*", "objects/??/tmp_obj_*", "objects/tmp_objdir-*"}

// RemoveLeftovers deletes what gits that died left in the repository, and returns the lock files among it. Only one who
// knows that no git runs there may call it: a lock that is in use would be broken.
func (r *Repo) RemoveLeftovers() (locks []string, err error) {
	found, err := lockedRefs(r.commonDir)
	if err != nil {
		return nil, fmt.Errorf("looking for lock files in %s: %w", r.commonDir, err)
	}
	for _, pattern := range leftovers {
		some, err := filepath.Glob(filepath.Join(escapeGlob(r.commonDir), filepath.FromSlash(pattern)))
		if err != nil {
			return nil, fmt.Errorf("looking for leftovers in %s: %w", r.commonDir, err)
		}
		found = append(found, some...)
	}
	for _, path := range found {
		if err := os.RemoveAll(path); err != nil {
			return nil, fmt.Errorf("removing what a dead git left: %w", err)
		}
		if filepath.Ext(path) == ".lock" {
			locks = append(locks, path)
		}
	}
	return locks, nil
}

// lockedRefs lists the lock files of references.
func lockedRefs(dir string) ([]string, error) {
	var found []string
	err := filepath.WalkDir(filepath.Join(dir, "refs"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) == ".lock" {
			found = append(found, path)
		}
		return err
	})
	return found, err
}

// PackedRefs is the name by which Unlock knows the lock of all packed references, which deletions take.
const PackedRefs = "packed-refs"

// Unlock removes the locks of references, and HEAD's where HEAD is on one of them: git locks both. Only one who knows that no other process moves these references may call it,
// after a transaction on them was cut short.
func (r *Repo) Unlock(names ...string) error {
	for _, name := range names {
		if name != PackedRefs {
			if err := checkRefName(name); err != nil {
				return err
			}
		}
		locks := []string{filepath.Join(r.commonDir, filepath.FromSlash(name)+".lock")}
		if head, err := os.ReadFile(filepath.Join(r.gitDir, "HEAD")); err == nil && strings.TrimSpace(string(head)) == "ref: "+name {
			locks = append(locks, filepath.Join(r.gitDir, "HEAD.lock"))
		}
		for _, lock := range locks {
			if err := os.Remove(lock); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
				return fmt.Errorf("unlocking %s: %w", name, err)
			}
		}
	}
	return nil
}
