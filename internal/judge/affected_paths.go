package judge

import (
	"context"
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/graph"
)

// ImpactOfPaths says what a change to some files or folders of a commit could break. A path that is not there is an error.
func ImpactOfPaths(ctx context.Context, repo *git.Repo, commit git.OID, paths []string, places Places, warn func(string)) (*Impact, error) {
	side, governance, err := GraphGovernanceAt(ctx, repo, commit)
	if err != nil {
		return nil, err
	}
	i := &Impact{Base: commit, Head: commit, Governance: governance, gone: map[graph.ID]string{}, present: map[string]bool{}}
	for _, p := range paths {
		found := false
		for _, file := range side.Paths() {
			if file == p || p == "." || strings.HasPrefix(file, p+"/") {
				found = true
				if !i.present[file] {
					i.present[file] = true
					i.Changed = append(i.Changed, file)
				}
			}
		}
		if !found {
			return nil, &UsageError{fmt.Errorf("%s is no file or folder at %s; paths begin at the root of the repository", p, commit.Short())}
		}
	}
	if i.Snapshot, err = GraphOf(ctx, repo, side, governance.Attributes, places, warn); err != nil {
		return nil, err
	}
	var start []graph.ID
	for _, file := range i.Changed {
		if id, ok := i.Snapshot.Graph.Find(graph.File, file); ok {
			start = append(start, id)
		}
	}
	i.spread(start, func(*graph.Edge) bool { return true })
	return i, nil
}
