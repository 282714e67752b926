package facts

import (
	"context"

	"github.com/adamant-os/adamant/internal/git"
)

// Files looks at changed files alone: no merge, no tree, no catalog delta, no history. It serves callers that walk through
// many past changes; nothing is judged for landing by such a document.
func Files(ctx context.Context, repo *git.Repo, g *Governance, changes []git.FileChange) (*Input, error) {
	side := newSide(repo, "", BlobLimit, nil, &blobs{data: map[git.OID][]byte{}})
	c := &Collected{
		Input: &Input{APIVersion: APIVersion, Config: g.Raw, Policy: g.Policy},
		Base:  side, Merged: side, Governance: g, Changes: changes,
	}
	if err := c.readFiles(ctx, repo); err != nil {
		return nil, err
	}
	return c.Input, nil
}
