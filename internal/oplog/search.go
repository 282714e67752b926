package oplog

import (
	"context"
	"fmt"

	"github.com/adamant-os/adamant/internal/git"
)

// lead is a commit at which the search of a history goes on.
type lead struct {
	nth int
	id  git.OID
}

// Search looks for something in many histories, from their newest commits back, one generation a round. It hands out each pack as it is
// stored until found says that the nth history needs no more. Nothing is checked: what is found must prove itself. A history ends where
// it cannot be read.
func Search(ctx context.Context, repo *git.Repo, tips []git.OID, found func(nth int, commit git.OID, pack []byte) bool) error {
	s := search{repo: repo, found: found, done: make([]bool, len(tips)), seen: map[lead]bool{}}
	for i, tip := range tips {
		s.enter(lead{i, tip})
	}
	for depth := 0; len(s.next) > 0 && depth < maxCommits; depth++ {
		if err := s.round(ctx); err != nil {
			return fmt.Errorf("searching %d histories: %w", len(tips), err)
		}
	}
	return nil
}

type search struct {
	repo  *git.Repo
	found func(nth int, commit git.OID, pack []byte) bool
	done  []bool
	seen  map[lead]bool
	next  []lead
}

func (s *search) enter(l lead) {
	if !s.done[l.nth] && !s.seen[l] {
		s.seen[l], s.next = true, append(s.next, l)
	}
}

// round looks at one generation and enters the next.
func (s *search) round(ctx context.Context) error {
	now := s.next
	s.next = nil
	if err := s.packs(ctx, now); err != nil {
		return err
	}
	var open []lead
	var ids []git.OID
	for _, l := range now {
		if !s.done[l.nth] {
			open, ids = append(open, l), append(ids, l.id)
		}
	}
	return s.repo.EachCommit(ctx, ids, func(i int, c git.Commit, err error) error {
		if err == nil {
			for _, parent := range c.Parents {
				s.enter(lead{open[i].nth, parent})
			}
		}
		return nil
	})
}

func (s *search) packs(ctx context.Context, now []lead) error {
	ids := make([]git.OID, len(now))
	for i, l := range now {
		ids[i] = l.id
	}
	places, err := s.repo.LookupEach(ctx, ids, opsName)
	if err != nil {
		return err
	}
	var with []lead
	var blobs []git.OID
	for i, l := range now {
		if places[i] != "" {
			with, blobs = append(with, l), append(blobs, places[i])
		}
	}
	return s.repo.Blobs(ctx, blobs, MaxPack, func(i int, data []byte, err error) error {
		l := with[i]
		if err == nil && !s.done[l.nth] && s.found(l.nth, l.id, data) {
			s.done[l.nth] = true
		}
		return nil
	})
}
