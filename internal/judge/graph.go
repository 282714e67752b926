package judge

import (
	"context"
	"fmt"
	"path"
	"slices"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/source"
)

// GraphAt reads the dependency graph of a tree. Attributes are base's, as for everything that judges. Extractions are kept in
// the cache folder across trees; warn is told when they cannot be.
func GraphAt(ctx context.Context, repo *git.Repo, tree git.OID, attributes source.Attributes, places Places, warn func(string)) (*graph.Snapshot, error) {
	entries, err := repo.Tree(ctx, tree)
	if err != nil {
		return nil, fmt.Errorf("listing tree %s: %w", tree.Short(), err)
	}
	return graphOf(ctx, &graphSource{repo: repo, entries: entries}, attributes, places, warn)
}

func graphOf(ctx context.Context, src graph.Source, attributes source.Attributes, places Places, warn func(string)) (*graph.Snapshot, error) {
	folder := ""
	if places.Cache != "" {
		folder = path.Join(places.Cache, "graph")
	}
	store, err := graph.OpenStore(folder)
	if err != nil {
		warn(err.Error())
	}
	snapshot, err := graph.Read(ctx, src, graph.Options{
		Languages: graph.Languages(), Store: store,
		Test: func(p string) bool {
			_, class := source.Classify(p, nil, attributes)
			return class == source.ClassTest
		},
	})
	if err != nil {
		return nil, err
	}
	if err := store.Close(); err != nil {
		warn(err.Error())
	}
	return snapshot, nil
}

// graphSource is a git tree as the graph reads it.
type graphSource struct {
	repo    *git.Repo
	entries []git.Entry
}

func (s *graphSource) Entries() []graph.Entry { return graphEntries(s.entries) }

// sideSource is one side of a change as the graph reads it.
type sideSource struct{ side *facts.Side }

func (s sideSource) Entries() []graph.Entry { return graphEntries(s.side.Entries()) }

func (s sideSource) Blob(ctx context.Context, oid string) ([]byte, error) {
	return s.side.Blob(ctx, git.OID(oid))
}

func graphEntries(entries []git.Entry) []graph.Entry {
	out := make([]graph.Entry, 0, len(entries))
	for _, e := range entries {
		if e.Mode != git.ModeGitlink {
			out = append(out, graph.Entry{Path: e.Path, Blob: string(e.OID), Symlink: e.Mode == git.ModeSymlink})
		}
	}
	return slices.Clip(out)
}

func (s *graphSource) Blob(ctx context.Context, oid string) ([]byte, error) {
	data, err := s.repo.Blob(ctx, git.OID(oid), facts.BlobLimit)
	if err != nil {
		return nil, fmt.Errorf("it was not read: %w", err)
	}
	return data, nil
}
