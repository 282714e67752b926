package git

import (
	"context"
	"fmt"
	"slices"
)

// EachCommit reads many commits in few rounds and calls fn for each, in the order given. What is wrong with one commit
// (*MissingError, not a commit) is fn's err; an error from fn ends the call and is returned.
func (r *Repo) EachCommit(ctx context.Context, ids []OID, fn func(i int, c Commit, err error) error) error {
	start := 0
	for chunk := range slices.Chunk(ids, roundObjects) {
		infos, err := r.Info(ctx, chunk)
		if err != nil {
			return err
		}
		err = r.deliver(ctx, infos, "commit", commitLimit, func(i int, data []byte, err error) error {
			var c Commit
			if err == nil {
				c, err = parseCommit(chunk[i], data)
			}
			return fn(start+i, c, err)
		})
		if err != nil {
			return err
		}
		start += len(chunk)
	}
	return nil
}

// LookupEach finds one path in many trees or commits, in few rounds and the order given; "" where it is not there.
func (r *Repo) LookupEach(ctx context.Context, treeishes []OID, path string) ([]OID, error) {
	places := make([]TreePath, len(treeishes))
	for i, id := range treeishes {
		places[i] = TreePath{id, path}
	}
	return r.LookupAll(ctx, places)
}

// TreePath is a path in a tree or commit.
type TreePath struct {
	Treeish OID
	Path    string
}

// LookupAll finds many paths, in few rounds and the order given; "" where one is not there.
func (r *Repo) LookupAll(ctx context.Context, places []TreePath) ([]OID, error) {
	found := make([]OID, 0, len(places))
	for chunk := range slices.Chunk(places, roundObjects) {
		names := make([]string, len(chunk))
		for i, p := range chunk {
			if err := r.check(p.Treeish); err != nil {
				return nil, err
			}
			if err := checkPath(p.Path); err != nil {
				return nil, err
			}
			names[i] = string(p.Treeish) + ":" + p.Path
		}
		answers, err := r.objectPool.info(ctx, names)
		if err != nil {
			return nil, fmt.Errorf("looking up %d paths: %w", len(places), err)
		}
		for _, answer := range answers {
			found = append(found, answer.info.OID) // "" when missing
		}
	}
	return found, nil
}
