package git

import (
	"bufio"
	"context"
	"fmt"
)

// Level lists what is directly in a tree or commit: files, symlinks, submodules and folders (ModeTree). Each Entry.Path is a
// name, as WriteTree takes it.
func (r *Repo) Level(ctx context.Context, treeish OID) ([]Entry, error) {
	if err := r.check(treeish); err != nil {
		return nil, err
	}
	var entries []Entry
	err := r.private("ls-tree", "-z", "--full-tree", "--end-of-options", string(treeish)).stream(ctx, func(out *bufio.Reader) error {
		var err error
		entries, err = parseTree(out)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing tree %s: %w", treeish.Short(), r.explain(ctx, err, treeish))
	}
	return entries, nil
}
