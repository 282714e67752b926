package change

import (
	"context"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/kernel"
)

const leastDigits = 8

// Find reads the change that somebody names: by its id, at least 8 digits of it, or by the Change-Id of its commits. It looks
// through everything, so the index is quicker where there is one.
func (s *Store) Find(ctx context.Context, name string) (Change, error) {
	if kernel.CheckID(name) == nil {
		return s.Load(ctx, name)
	}
	var ids []string
	var err error
	if isShort(name) {
		ids, err = s.findShort(ctx, name)
	} else {
		ids, err = s.findAlias(ctx, name)
	}
	if err != nil {
		return Change{}, err
	}
	slices.Sort(ids)
	switch ids = slices.Compact(ids); len(ids) {
	case 0:
		return Change{}, &NotFoundError{Name: name}
	case 1:
		return s.Load(ctx, ids[0])
	}
	return Change{}, &AmbiguousError{Name: name, IDs: ids}
}

func isShort(name string) bool {
	return len(name) >= leastDigits && len(name) < 64 && strings.Trim(name, "0123456789abcdef") == ""
}

func (s *Store) findShort(ctx context.Context, digits string) ([]string, error) {
	refs, err := s.repo.Refs(ctx, kernel.PrefixChanges+digits[:2])
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, ref := range refs {
		if n, err := kernel.ParseRef(ref.Name); err == nil && n.Kind == kernel.KindChange && strings.HasPrefix(n.ID, digits) {
			ids = append(ids, n.ID)
		}
	}
	for c, err := range s.Archived(ctx) {
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(c.ID, digits) {
			ids = append(ids, c.ID)
		}
	}
	return ids, nil
}

// findAlias looks for open changes first: an alias is used again when a change was abandoned.
func (s *Store) findAlias(ctx context.Context, alias string) ([]string, error) {
	changes, _, err := s.List(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, c := range changes {
		if alias != "" && c.State.Origin.Alias == alias && !c.State.Status.Closed() {
			ids = append(ids, c.ID)
		}
	}
	return ids, nil
}
