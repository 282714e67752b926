package git

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
)

// coneEntries is how many files and folders a cone may have.
const coneEntries = 2_000_000

// ConeFiles is a tree or commit as a cone sparse checkout has it.
type ConeFiles struct {
	// Entries are the files that are checked out and, as entries of ModeTree with a slash at the end of their path, the folders
	// that are left out, in the order of an index.
	Entries []Entry
	Trees   map[string]OID // the trees of the folders that are checked out; that of the top is ""
}

// Cone lists a tree or commit as a cone sparse checkout of folders has it: every file in and below them, every file beside and
// above them. No folders means the whole tree; a folder that is not there adds nothing.
func (r *Repo) Cone(ctx context.Context, treeish OID, folders []string) (ConeFiles, error) {
	tree, err := r.ResolveTree(ctx, string(treeish))
	if err != nil {
		return ConeFiles{}, fmt.Errorf("listing a cone of %s: %w", treeish.Short(), err)
	}
	cone, err := r.cone(ctx, tree, folders)
	if err != nil {
		return ConeFiles{}, fmt.Errorf("listing a cone of %s: %w", treeish.Short(), err)
	}
	return cone, nil
}

// cone reads the trees generation by generation.
func (r *Repo) cone(ctx context.Context, tree OID, folders []string) (ConeFiles, error) {
	c := ConeFiles{Trees: map[string]OID{}}
	level := []Entry{{Mode: ModeTree, OID: tree}}
	for len(level) > 0 {
		infos, err := r.Info(ctx, oids(level))
		if err != nil {
			return c, err
		}
		var next []Entry
		err = r.deliver(ctx, infos, "tree", walkLimit, func(i int, data []byte, err error) error {
			if err != nil {
				return err
			}
			c.Trees[level[i].Path] = level[i].OID
			entries, err := readTree(data, r.hexLen()/2, level[i].Path)
			for _, entry := range entries {
				if entry.Mode == ModeTree && inCone(entry.Path, folders) {
					next = append(next, entry)
					continue
				}
				if entry.Mode == ModeTree {
					entry.Path += "/"
				}
				c.Entries = append(c.Entries, entry)
			}
			return err
		})
		if err != nil {
			return c, err
		}
		if level = next; len(c.Entries)+len(level) > coneEntries {
			return c, fmt.Errorf("it has more than %d files", coneEntries)
		}
	}
	slices.SortFunc(c.Entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return c, nil
}

func oids(entries []Entry) []OID {
	ids := make([]OID, len(entries))
	for i, entry := range entries {
		ids[i] = entry.OID
	}
	return ids
}

// inCone says whether files of a folder are checked out: it is one of folders, below one or above one.
func inCone(dir string, folders []string) bool {
	return len(folders) == 0 || slices.ContainsFunc(folders, func(folder string) bool {
		return dir == folder || strings.HasPrefix(dir, folder+"/") || strings.HasPrefix(folder, dir+"/")
	})
}

// readTree reads the "mode name\0raw" records of a tree at dir.
func readTree(data []byte, rawLen int, dir string) ([]Entry, error) {
	var entries []Entry
	for len(data) > 0 {
		space, end := bytes.IndexByte(data, ' '), bytes.IndexByte(data, 0)
		if space < 1 || end < space+2 || len(data) < end+1+rawLen {
			return nil, errors.New("a tree is damaged")
		}
		mode, name := string(data[:space]), string(data[space+1:end])
		if name == "." || name == ".." || strings.Contains(name, "/") {
			return nil, fmt.Errorf("the tree has an entry %q", name)
		}
		if len(mode) < 6 {
			mode = strings.Repeat("0", 6-len(mode)) + mode
		}
		entries = append(entries, Entry{Path: path.Join(dir, name), Mode: Mode(mode), OID: OID(hex.EncodeToString(data[end+1 : end+1+rawLen]))})
		data = data[end+1+rawLen:]
	}
	return entries, nil
}
