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

// Cone lists a tree or commit as a cone sparse checkout of folders has it: every file in and below them, every file beside and
// above them, and as entries of ModeTree the folders that are left out, with a slash at the end of their path. It is in the
// order of an index. No folders means the whole tree; a folder that is not there adds nothing.
func (r *Repo) Cone(ctx context.Context, treeish OID, folders []string) ([]Entry, error) {
	tree, err := r.ResolveTree(ctx, string(treeish))
	if err != nil {
		return nil, fmt.Errorf("listing a cone of %s: %w", treeish.Short(), err)
	}
	entries, err := r.cone(ctx, tree, folders)
	if err != nil {
		return nil, fmt.Errorf("listing a cone of %s: %w", treeish.Short(), err)
	}
	return entries, nil
}

// cone reads the trees generation by generation.
func (r *Repo) cone(ctx context.Context, tree OID, folders []string) ([]Entry, error) {
	var found []Entry
	level := []Entry{{Mode: ModeTree, OID: tree}}
	for len(level) > 0 {
		infos, err := r.Info(ctx, oids(level))
		if err != nil {
			return nil, err
		}
		var next []Entry
		err = r.deliver(ctx, infos, "tree", walkLimit, func(i int, data []byte, err error) error {
			if err != nil {
				return err
			}
			entries, err := readTree(data, r.hexLen()/2, level[i].Path)
			for _, entry := range entries {
				switch {
				case entry.Mode != ModeTree:
					found = append(found, entry)
				case !inCone(entry.Path, folders):
					entry.Path += "/"
					found = append(found, entry)
				default:
					next = append(next, entry)
				}
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		if level = next; len(found)+len(level) > coneEntries {
			return nil, fmt.Errorf("it has more than %d files", coneEntries)
		}
	}
	slices.SortFunc(found, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	return found, nil
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
