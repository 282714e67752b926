package judge

import (
	"context"
	"fmt"
	"os"
	"path"
	"sync"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/graph"
	"github.com/adamant-os/adamant/internal/policy"
	"github.com/adamant-os/adamant/internal/source"
)

// GraphGovernanceAt reads what names and classes of a graph go by. It detects no checks.
func GraphGovernanceAt(ctx context.Context, repo *git.Repo, commit git.OID) (*facts.Side, *facts.Governance, error) {
	c, err := repo.Commit(ctx, commit)
	if err != nil {
		return nil, nil, err
	}
	side, err := facts.NewSide(ctx, repo, c.Tree, facts.BlobLimit)
	if err != nil {
		return nil, nil, err
	}
	governance, err := facts.ReadGovernance(ctx, side, policy.Version())
	return side, governance, err
}

// GraphOf reads the dependency graph of a tree. Attributes are base's, as for everything that judges. What was learnt is kept in
// the cache folder across trees; warn is told when it cannot be.
func GraphOf(ctx context.Context, repo *git.Repo, side *facts.Side, attributes source.Attributes, places Places, warn func(string)) (*graph.Snapshot, error) {
	folder := ""
	if places.Cache != "" {
		folder = path.Join(places.Cache, "graph")
	}
	cache := graph.OpenCache(folder, warn)
	snapshot, err := graph.Read(ctx, newGraphSource(repo, side.Entries()), graph.Options{
		Languages: graph.Languages(), Cache: cache, Key: graphKey(attributes),
		Test: func(p string) bool {
			_, class := source.Classify(p, nil, attributes)
			return class == source.ClassTest
		},
	})
	if err != nil {
		return nil, err
	}
	if err := cache.Close(); err != nil {
		warn(err.Error())
	}
	return snapshot, nil
}

// graphKey names what a graph depends on besides its tree: attributes, which say what is a test, and this very program.
func graphKey(attributes source.Attributes) string {
	return fmt.Sprintf("%#v %s", attributes, program())
}

// program tells builds of adamant apart: a graph that another build resolved is not this one's.
var program = sync.OnceValue(func() string {
	file, err := os.Executable()
	if err != nil {
		return ""
	}
	info, err := os.Stat(file)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
})

// graphSource is a git tree as the graph reads it: each blob once, so none is remembered.
type graphSource struct {
	repo    *git.Repo
	entries []git.Entry
	paths   func() map[git.OID]string // where blobs lie
}

func newGraphSource(repo *git.Repo, entries []git.Entry) *graphSource {
	return &graphSource{repo, entries, sync.OnceValue(func() map[git.OID]string {
		out := make(map[git.OID]string, len(entries))
		for _, e := range entries {
			out[e.OID] = e.Path
		}
		return out
	})}
}

func (s *graphSource) Entries() []graph.Entry {
	out := make([]graph.Entry, 0, len(s.entries))
	for _, e := range s.entries {
		if e.Mode != git.ModeGitlink {
			out = append(out, graph.Entry{Path: e.Path, Blob: string(e.OID), Symlink: e.Mode == git.ModeSymlink})
		}
	}
	return out
}

// fewBlobs is how many are asked of git at once, which runs anyway, sooner than looked for in the working tree.
const fewBlobs = 16

func (s *graphSource) Blobs(ctx context.Context, oids []string, fn func(int, []byte, error) error) error {
	ids := make([]git.OID, len(oids))
	for i, oid := range oids {
		ids[i] = git.OID(oid)
	}
	say := func(i int, data []byte, err error) error {
		if err != nil {
			err = fmt.Errorf("it was not read: %w", err)
		}
		return fn(i, data, err)
	}
	if len(ids) <= fewBlobs || s.repo.Bare() {
		return s.repo.Blobs(ctx, ids, facts.BlobLimit, say)
	}
	paths := make([]string, len(ids))
	for i, id := range ids {
		paths[i] = s.paths()[id]
	}
	return s.repo.Files(ctx, ids, paths, facts.BlobLimit, say)
}
