package judge

import (
	"context"

	"github.com/adamant-os/adamant/internal/api"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/source"
)

// UsesOf finds the declarations and uses of a name at a commit.
func UsesOf(ctx context.Context, repo *git.Repo, commit git.OID, symbol string, places Places, warn func(string)) (*api.Found, error) {
	side, governance, err := GraphGovernanceAt(ctx, repo, commit)
	if err != nil {
		return nil, err
	}
	snapshot, err := GraphOf(ctx, repo, side, governance.Attributes, places, warn)
	if err != nil {
		return nil, err
	}
	for _, p := range snapshot.LeftOut() {
		warn(p.Message)
	}
	return api.Find(ctx, worldOf(ctx, side, snapshot, governance.Attributes), symbol)
}

// worldOf is one side of a change as package api sees it.
func worldOf(ctx context.Context, side *facts.Side, snapshot *graph.Snapshot, attributes source.Attributes) *api.World {
	tree := sideTree{ctx, side}
	return &api.World{
		Graph: snapshot, Paths: side.Paths(), Read: tree.Read,
		Class: func(p string) string {
			language, _ := source.Classify(p, nil, attributes)
			return language
		},
	}
}
