package change

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/oplog"
)

// Merge joins another history of the same change, such as one made offline in a clone, with ours. Operations that we do not
// have must each pass allow, else nothing happens: an operation says itself who made it. The patch sets of both must be here.
// By construction there are no conflicts: every reader of both histories folds the same state, whoever merged.
func (s *Store) Merge(ctx context.Context, id string, other git.OID, allow func(Operation) error) (Change, error) {
	ours, err := s.Load(ctx, id)
	if err != nil {
		return Change{}, err
	}
	if ours.Archived {
		return ours, fmt.Errorf("merging change %s: it is in the archive", short(id))
	}
	h := &history{ID: id, Ref: "the other history of " + kernel.ChangeMeta(id), Tip: other}
	if err := format().Read(ctx, s.repo, h); err != nil {
		return ours, err
	}
	if h.Err != nil {
		return ours, h.Err
	}
	fresh, err := unknown(h.Packs(), ours.Packs, allow)
	if err != nil {
		return ours, fmt.Errorf("merging change %s: %w", short(id), err)
	}
	if len(fresh) == 0 {
		return ours, nil
	}
	after := Change{ID: id, Packs: append(fresh, ours.Packs...)}
	slices.SortFunc(after.Packs, comparePacks)
	after.State = Fold(after.Packs)
	if after.Tip, err = s.join(ctx, h, ours.Tip, after.State); err != nil {
		return ours, fmt.Errorf("merging change %s: %w", short(id), err)
	}
	updates, err := s.moves(ctx, ours, after)
	if err != nil {
		return ours, err
	}
	err = s.refs.UpdateRefs(ctx, updates)
	if moved := (*git.RefMovedError)(nil); errors.As(err, &moved) {
		return ours, &StaleError{ID: id, Err: err}
	}
	return after, err
}

// unknown are the packs of others that are not among ours.
func unknown(others, ours []Pack, allow func(Operation) error) ([]Pack, error) {
	known := map[string]bool{}
	for _, p := range ours {
		known[p.Digest] = true
	}
	var fresh []Pack
	for _, p := range others {
		if known[p.Digest] {
			continue
		}
		for _, op := range p.Operations {
			if err := allow(op); err != nil {
				return nil, fmt.Errorf("%s by %s in commit %s is not taken: %w", op.Body.Kind(), op.Actor, p.Commit.Short(), err)
			}
		}
		fresh = append(fresh, p)
	}
	return fresh, nil
}

// join is the commit that holds both histories: the other's tip where it builds on ours, else a merge of the two.
func (s *Store) join(ctx context.Context, h *history, ours git.OID, after State) (git.OID, error) {
	if h.Holds(ours) {
		return h.Tip, nil
	}
	return oplog.Join(ctx, s.repo, s.author(), after.Lamport, oplog.Commit{Parents: []git.OID{ours, h.Tip}, When: after.Updated, Message: "merge two histories"})
}
