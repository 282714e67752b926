package judge

import (
	"context"
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
)

// ConeOf lists the folders of a commit that work on some paths needs, for a sparse checkout in cone mode: those of the paths
// (files, folders, or components of the catalog), of what needs them up to depth steps, and of all that these need.
func ConeOf(ctx context.Context, repo *git.Repo, commit git.OID, paths []string, depth int, places Places, warn func(string)) ([]string, error) {
	side, governance, err := GraphGovernanceAt(ctx, repo, commit)
	if err != nil {
		return nil, err
	}
	tree := side.Paths()
	var scope []string
	for _, p := range paths {
		if !strings.Contains(p, ":") {
			scope = append(scope, p)
			continue
		}
		before := len(scope)
		for _, file := range tree {
			if ownerOf(governance.Catalog, file) == p {
				scope = append(scope, file)
			}
		}
		if len(scope) == before {
			return nil, &UsageError{fmt.Errorf("%s is no component with files at %s; adamant catalog list names them", p, commit.Short())}
		}
	}
	snapshot, err := GraphOf(ctx, repo, side, governance.Attributes, places, warn)
	if err != nil {
		return nil, err
	}
	return snapshot.Graph.Cone(tree, scope, depth), nil
}
