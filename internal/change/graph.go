package change

import (
	"context"
	"errors"
	"fmt"

	"github.com/adamant-os/adamant/internal/git"
)

const (
	opsName       = "ops"     // entry of a commit's tree that holds its pack
	clockName     = "clock-"  // empty entry whose name is the pack's Lamport clock
	attachName    = "attach-" // entry with the sha256 of what it holds
	maxCommits    = 20_000    // of one change
	maxAttachment = 64 << 20  // bytes
)

// graph is the reading of one change's operation commits.
type graph struct {
	id, ref string
	tip     git.OID
	nodes   map[git.OID]*node
	err     error // *BrokenError: why it cannot be read
}

// node is one commit; a commit that only merges has no pack.
type node struct {
	parents []git.OID
	pack    *Pack
	clock   uint64 // of the newest pack at or below; 0 = not worked out yet
}

func (g *graph) broken(commit git.OID, err error) {
	if g.err != nil {
		return
	}
	next := "adamant restore --from REMOTE takes it from a mirror; git show " + string(commit) + " shows what is there"
	if future := (*FutureError)(nil); errors.As(err, &future) {
		next = "update adamant"
	}
	g.err = &BrokenError{Ref: g.ref, Commit: commit, Err: err, Next: next}
}

// visit is a commit to read for a graph.
type visit struct {
	g  *graph
	id git.OID
}

// readGraphs reads many changes side by side, one generation of commits a round: few rounds, whatever their number. What is
// wrong with one change is its err; an error of the whole means that nothing could be read.
func readGraphs(ctx context.Context, repo *git.Repo, graphs []*graph) error {
	var round []visit
	for _, g := range graphs {
		g.nodes = map[git.OID]*node{}
		round = g.enter(round, g.tip)
	}
	for len(round) > 0 {
		var err error
		if round, err = readRound(ctx, repo, round); err != nil {
			return fmt.Errorf("reading changes: %w", err)
		}
	}
	for _, g := range graphs {
		g.verify()
	}
	return nil
}

// enter adds a commit that was not seen before to a round.
func (g *graph) enter(round []visit, id git.OID) []visit {
	if g.nodes[id] != nil || g.err != nil {
		return round
	}
	if len(g.nodes) >= maxCommits {
		g.broken(id, fmt.Errorf("more than %d operation commits", maxCommits))
		return round
	}
	g.nodes[id] = &node{}
	return append(round, visit{g, id})
}

func readRound(ctx context.Context, repo *git.Repo, round []visit) (next []visit, err error) {
	ids := make([]git.OID, len(round))
	for i, v := range round {
		ids[i] = v.id
	}
	err = repo.EachCommit(ctx, ids, func(i int, c git.Commit, err error) error {
		v := round[i]
		if err != nil {
			v.g.broken(v.id, err)
			return nil
		}
		v.g.nodes[v.id].parents = c.Parents
		for _, parent := range c.Parents {
			next = v.g.enter(next, parent)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return next, readPacks(ctx, repo, round, ids)
}

func readPacks(ctx context.Context, repo *git.Repo, round []visit, ids []git.OID) error {
	found, err := repo.LookupEach(ctx, ids, opsName)
	if err != nil {
		return err
	}
	var with []visit
	var blobs []git.OID
	for i, v := range round {
		switch {
		case v.g.err != nil:
		case found[i] != "":
			with, blobs = append(with, v), append(blobs, found[i])
		case len(v.g.nodes[v.id].parents) < 2:
			v.g.broken(v.id, errors.New("it holds no operations"))
		}
	}
	return repo.Blobs(ctx, blobs, maxPack, func(i int, data []byte, err error) error {
		v := with[i]
		var p Pack
		if err == nil {
			p, err = ParsePack(data)
		}
		if err != nil {
			v.g.broken(v.id, err)
			return nil
		}
		p.Commit = v.id
		v.g.nodes[v.id].pack = &p
		return nil
	})
}

// verify checks what makes the packs one change: one root whose digest is the id, and clocks that grow.
func (g *graph) verify() {
	if g.err != nil {
		return
	}
	for id, n := range g.nodes {
		if len(n.parents) == 0 && (n.pack == nil || n.pack.Digest != g.id || n.pack.Lamport != 1) {
			g.broken(id, errors.New("its first operations are not those that the change is named after"))
			return
		}
	}
	g.clocks()
}

// clocks works the Lamport clocks out from the roots up, without recursion: histories can be long.
func (g *graph) clocks() {
	stack := []git.OID{g.tip}
	for len(stack) > 0 && g.err == nil {
		id := stack[len(stack)-1]
		n := g.nodes[id]
		below, waiting := uint64(0), len(stack)
		for _, parent := range n.parents {
			if p := g.nodes[parent]; p.clock == 0 {
				stack = append(stack, parent)
			} else {
				below = max(below, p.clock)
			}
		}
		if len(stack) > waiting {
			continue
		}
		stack = stack[:len(stack)-1]
		switch {
		case n.pack == nil:
			n.clock = below
		case n.pack.Lamport <= below:
			g.broken(id, fmt.Errorf("its clock %d is not after %d, which it builds on", n.pack.Lamport, below))
		default:
			n.clock = n.pack.Lamport
		}
	}
}

// packs are all packs of the graph, in no order.
func (g *graph) packs() []Pack {
	out := make([]Pack, 0, len(g.nodes))
	for _, n := range g.nodes {
		if n.pack != nil {
			out = append(out, *n.pack)
		}
	}
	return out
}
