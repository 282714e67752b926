package git

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const recordLimit = 1 << 20 // bytes of one path or record in git's output

// checkPath refuses paths that git would read as relative to somewhere.
func checkPath(path string) error {
	switch {
	case path == "" || strings.HasPrefix(path, "/") || strings.Contains(path, "\x00"):
	case len(path) > 4096:
	case path == "." || path == ".." || strings.HasPrefix(path, "./") || strings.HasPrefix(path, "../"):
	default:
		return nil
	}
	return fmt.Errorf("%q is not a path from the top of the tree", path)
}

// Tree lists the files of a tree or commit recursively, sorted bytewise by path. Submodules are entries of ModeGitlink.
func (r *Repo) Tree(ctx context.Context, treeish OID) ([]Entry, error) {
	if err := r.check(treeish); err != nil {
		return nil, err
	}
	var entries []Entry
	err := r.private("ls-tree", "-r", "-z", "--full-tree", "--end-of-options", string(treeish)).stream(ctx, func(out *bufio.Reader) error {
		var err error
		entries, err = parseTree(out)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing tree %s: %w", treeish.Short(), r.explain(ctx, err, treeish))
	}
	return entries, nil
}

// parseTree reads "mode type oid\tpath\0" records.
func parseTree(out *bufio.Reader) ([]Entry, error) {
	var entries []Entry
	for {
		record, err := readToken(out, recordLimit)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		meta, path, _ := strings.Cut(record, "\t")
		mode, kind, _ := strings.Cut(meta, " ")
		_, oid, _ := strings.Cut(kind, " ")
		if path == "" || !isHex(oid) {
			return nil, fmt.Errorf("git ls-tree wrote %q", record)
		}
		entries = append(entries, Entry{Path: path, Mode: Mode(mode), OID: OID(oid)})
	}
	byPath := func(a, b Entry) int { return strings.Compare(a.Path, b.Path) }
	if !slices.IsSortedFunc(entries, byPath) {
		slices.SortStableFunc(entries, byPath)
	}
	return entries, nil
}
