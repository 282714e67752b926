package oplog

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/adamant-os/adamant/internal/git"
)

const (
	opsName    = "ops"    // entry of a commit's tree that holds its pack
	clockName  = "clock-" // empty entry whose name is the pack's Lamport clock
	maxCommits = 20_000   // of one thing
)

// BrokenError says that one thing cannot be read. The others go on without it.
type BrokenError struct {
	Ref    string
	Commit git.OID // "" when the reference itself is wrong
	Err    error
	Next   string // what to do
}

func (e *BrokenError) Error() string {
	at := e.Ref
	if e.Commit != "" {
		at += ", commit " + string(e.Commit)
	}
	return fmt.Sprintf("%s: %v; next: %s", at, e.Err, e.Next)
}

func (e *BrokenError) Unwrap() error { return e.Err }

// History is the reading of one thing's operation commits.
type History[O any] struct {
	ID, Ref string
	Tip     git.OID
	Err     error // *BrokenError: why it cannot be read

	noun  string
	nodes map[git.OID]*node[O]
}

// node is one commit; a commit that only merges has no pack.
type node[O any] struct {
	parents []git.OID
	pack    *Pack[O]
	clock   uint64 // of the newest pack at or below; 0 = not worked out yet
}

// Holds says that a commit is part of the history.
func (h *History[O]) Holds(commit git.OID) bool { return h.nodes[commit] != nil }

// Packs are all packs of the history, in their order.
func (h *History[O]) Packs() []Pack[O] {
	out := make([]Pack[O], 0, len(h.nodes))
	for _, n := range h.nodes {
		if n.pack != nil {
			out = append(out, *n.pack)
		}
	}
	slices.SortFunc(out, Compare[O])
	return out
}

func (h *History[O]) broken(commit git.OID, err error) {
	if h.Err != nil {
		return
	}
	next := "adamant restore --from REMOTE takes it from a mirror; git show " + string(commit) + " shows what is there"
	if future := (*FutureError)(nil); errors.As(err, &future) {
		next = "update adamant"
	}
	h.Err = &BrokenError{Ref: h.Ref, Commit: commit, Err: err, Next: next}
}

// visit is a commit to read for a history.
type visit[O any] struct {
	h  *History[O]
	id git.OID
}

// Read reads many histories side by side, one generation of commits a round: few rounds, whatever their number. What is wrong
// with one is its Err; an error of the whole means that nothing could be read.
func (f Format[O]) Read(ctx context.Context, repo *git.Repo, histories ...*History[O]) error {
	var round []visit[O]
	for _, h := range histories {
		h.noun, h.nodes = f.Noun, map[git.OID]*node[O]{}
		round = h.enter(round, h.Tip)
	}
	for len(round) > 0 {
		var err error
		if round, err = f.readRound(ctx, repo, round); err != nil {
			return fmt.Errorf("reading %ss: %w", f.Noun, err)
		}
	}
	for _, h := range histories {
		h.verify()
	}
	return nil
}

// enter adds a commit that was not seen before to a round.
func (h *History[O]) enter(round []visit[O], id git.OID) []visit[O] {
	if h.nodes[id] != nil || h.Err != nil {
		return round
	}
	if len(h.nodes) >= maxCommits {
		h.broken(id, fmt.Errorf("more than %d operation commits", maxCommits))
		return round
	}
	h.nodes[id] = &node[O]{}
	return append(round, visit[O]{h, id})
}

func (f Format[O]) readRound(ctx context.Context, repo *git.Repo, round []visit[O]) (next []visit[O], err error) {
	ids := make([]git.OID, len(round))
	for i, v := range round {
		ids[i] = v.id
	}
	err = repo.EachCommit(ctx, ids, func(i int, c git.Commit, err error) error {
		v := round[i]
		if err != nil {
			v.h.broken(v.id, err)
			return nil
		}
		v.h.nodes[v.id].parents = c.Parents
		for _, parent := range c.Parents {
			next = v.h.enter(next, parent)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return next, f.readPacks(ctx, repo, round, ids)
}

func (f Format[O]) readPacks(ctx context.Context, repo *git.Repo, round []visit[O], ids []git.OID) error {
	found, err := repo.LookupEach(ctx, ids, opsName)
	if err != nil {
		return err
	}
	var with []visit[O]
	var blobs []git.OID
	for i, v := range round {
		switch {
		case v.h.Err != nil:
		case found[i] != "":
			with, blobs = append(with, v), append(blobs, found[i])
		case len(v.h.nodes[v.id].parents) < 2:
			v.h.broken(v.id, errors.New("it holds no operations"))
		}
	}
	return repo.Blobs(ctx, blobs, MaxPack, func(i int, data []byte, err error) error {
		v := with[i]
		var p Pack[O]
		if err == nil {
			p, err = f.Parse(data)
		}
		if err != nil {
			v.h.broken(v.id, err)
			return nil
		}
		p.Commit = v.id
		v.h.nodes[v.id].pack = &p
		return nil
	})
}

// verify checks what makes the packs one thing: one root whose digest is the id, and clocks that grow.
func (h *History[O]) verify() {
	if h.Err != nil {
		return
	}
	for id, n := range h.nodes {
		if len(n.parents) == 0 && (n.pack == nil || n.pack.Digest != h.ID || n.pack.Lamport != 1) {
			h.broken(id, fmt.Errorf("its first operations are not those that the %s is named after", h.noun))
			return
		}
	}
	h.clocks()
}

// clocks works the Lamport clocks out from the roots up, without recursion: histories can be long.
func (h *History[O]) clocks() {
	stack := []git.OID{h.Tip}
	for len(stack) > 0 && h.Err == nil {
		id := stack[len(stack)-1]
		n := h.nodes[id]
		below, waiting := uint64(0), len(stack)
		for _, parent := range n.parents {
			if p := h.nodes[parent]; p.clock == 0 {
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
			h.broken(id, fmt.Errorf("its clock %d is not after %d, which it builds on", n.pack.Lamport, below))
		default:
			n.clock = n.pack.Lamport
		}
	}
}
