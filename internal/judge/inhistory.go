package judge

import (
	"context"
	"errors"
	"fmt"

	"github.com/adamant-os/adamant/internal/check/secrets"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
)

// Whoever takes a branch takes all its commits: a secret that one of them added stays readable when a later one takes it out.
const (
	historyCommits = 1000     // of a branch, newest first
	historyBytes   = 64 << 20 // of content that neither base nor the result holds
)

// searchHistory looks for credentials in what the commits of the change added and its result does not hold, and adds a finding
// for each. What is too much to look at holds the change, with its reason.
func searchHistory(ctx context.Context, repo *git.Repo, c *facts.Collected) error {
	in := c.Input
	if len(in.Change.Commits) < 2 || in.Change.MergedTree == "" || c.Governance.Config.Spec.Builtin[secrets.Name] == manifest.RuleOff {
		return nil
	}
	s := &search{repo: repo, collected: c, room: historyBytes, seen: blobsOf(c), found: map[string]int{}}
	if err := s.walk(ctx); err != nil {
		return fmt.Errorf("looking for secrets in the change's commits: %w", err)
	}
	if s.cut != "" {
		in.Evidence = append(in.Evidence, facts.Evidence{Check: "secrets-history", Kind: "secrets-history", State: facts.Errored, Reason: s.cut,
			Source: facts.SourceBuiltin, ObservedAt: in.Now})
	}
	return nil
}

// search is a walk through a branch's commits.
type search struct {
	repo      *git.Repo
	collected *facts.Collected
	scanner   *secrets.Scanner
	seen      map[git.OID]bool // blobs that need no look: of base, of the result, or looked at
	known     map[string]bool  // credentials that the changed files hold on either side; made on first use
	found     map[string]int
	room      int
	cut       string // why not everything was looked at
}

// blobsOf are the blobs that the checks of both sides answer for.
func blobsOf(c *facts.Collected) map[git.OID]bool {
	seen := map[git.OID]bool{}
	for _, side := range []*facts.Side{c.Base, c.Merged} {
		for _, e := range side.Entries() {
			seen[e.OID] = true
		}
	}
	return seen
}

func (s *search) walk(ctx context.Context) error {
	change := s.collected.Input.Change
	commits := 0
	for entry, err := range s.repo.Log(ctx, git.LogOptions{From: git.OID(change.Head), Not: []git.OID{git.OID(change.Base)}, Max: historyCommits + 1, Changes: git.ChangesRaw}) {
		if err != nil {
			return err
		}
		if commits++; commits > historyCommits {
			s.cut = fmt.Sprintf("the branch has more than %d commits, and only the newest were searched for secrets: squash or split it", historyCommits)
			return nil
		}
		if err := s.commit(ctx, entry); err != nil || s.cut != "" {
			return err
		}
	}
	return nil
}

// commit looks at what one commit added. What a merge took from another parent is that parent's.
func (s *search) commit(ctx context.Context, entry git.LogEntry) error {
	if entry.Cut {
		s.cut = fmt.Sprintf("the history of commit %s is not there (a shallow clone), so it was not searched for secrets: git fetch --unshallow", entry.OID.Short())
		return nil
	}
	var others map[git.OID]bool
	for _, change := range entry.Changes {
		if change.After == "" || change.NewMode == git.ModeGitlink || s.seen[change.After] {
			continue
		}
		if others == nil && len(entry.Parents) > 1 {
			var err error
			if others, err = s.parents(ctx, entry.Parents[1:]); err != nil {
				return err
			}
		}
		if others[change.After] {
			continue
		}
		s.seen[change.After] = true
		if err := s.blob(ctx, entry.OID, facts.SpellPath(change.Path), change.After); err != nil || s.cut != "" {
			return err
		}
	}
	return nil
}

func (s *search) parents(ctx context.Context, commits []git.OID) (map[git.OID]bool, error) {
	blobs := map[git.OID]bool{}
	for _, id := range commits {
		entries, err := s.repo.Tree(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			blobs[e.OID] = true
		}
	}
	return blobs, nil
}

func (s *search) blob(ctx context.Context, commit git.OID, path string, id git.OID) error {
	data, err := s.repo.Blob(ctx, id, facts.BlobLimit)
	var large *git.TooLargeError
	if errors.As(err, &large) {
		s.cut = fmt.Sprintf("%s is too large in commit %s to be searched for secrets", path, commit.Short())
		return nil
	}
	if err != nil {
		return err
	}
	if s.room -= len(data); s.room < 0 {
		s.cut = fmt.Sprintf("the branch's commits hold more than %d MiB that its result does not, so not all was searched for secrets: squash or split it", historyBytes>>20)
		return nil
	}
	if facts.WhyUnread(data) != "" {
		return nil
	}
	if s.scanner == nil {
		if s.scanner, err = secrets.NewScanner(ctx, builtinTree{s.collected.Base}); err != nil {
			return err
		}
	}
	list, err := s.scanner.Scan(path, data)
	if err != nil || len(list) == 0 {
		return err
	}
	if err := s.know(ctx); err != nil {
		return err
	}
	for _, secret := range list {
		if s.known[secret.ID] {
			continue
		}
		s.known[secret.ID] = true // the newest commit that holds it is named
		in := s.collected.Input
		in.Findings = append(in.Findings, secret.Finding(path, string(commit), s.found[path]))
		s.found[path]++
	}
	return nil
}

// know lists the credentials that the changed files hold at base or after the change: those are not hidden in history.
func (s *search) know(ctx context.Context) error {
	if s.known != nil {
		return nil
	}
	s.known = map[string]bool{}
	for _, f := range s.collected.Input.Files {
		for _, at := range []struct {
			side *facts.Side
			path string
		}{{s.collected.Base, f.Path}, {s.collected.Base, f.OldPath}, {s.collected.Merged, f.Path}} {
			if _, there := at.side.Entry(at.path); !there || f.Unread != "" {
				continue
			}
			data, err := at.side.Read(ctx, at.path)
			if err != nil {
				return err
			}
			list, err := s.scanner.Scan(at.path, data)
			if err != nil {
				return err
			}
			for _, secret := range list {
				s.known[secret.ID] = true
			}
		}
	}
	return nil
}
