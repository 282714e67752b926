package judge

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/waiver"
)

// SweepRequest says which tree to judge again, and when.
type SweepRequest struct {
	Rev      string // "" = the branch that changes land on
	Now      time.Time
	Since    time.Time // leave out what had lapsed by then; the zero time leaves nothing out
	Evidence []string  // values of --evidence: reports about this very commit
	Places   Places
	Version  string // adamant's own
	Progress func(string)
}

// Sweep is what has become of a commit's waivers and marks at an instant, without any change to it.
type Sweep struct {
	Rev      string            `json:"rev"`
	Commit   string            `json:"commit"`
	Now      time.Time         `json:"now"`
	Since    *time.Time        `json:"since"`
	Waivers  []waiver.Standing `json:"waivers"`  // by path
	Problems []finding.Finding `json:"problems"` // what there is to do, worst first
}

// AboveMarkRule is the rule of findings about marks that the tree itself is above.
const AboveMarkRule = "ratchet/above-mark"

// SweepTree judges a commit's whole tree again by its own waivers and marks. It runs no command of the repository.
func SweepTree(ctx context.Context, repo *git.Repo, req SweepRequest) (*Sweep, error) {
	rev, commit, err := sweptCommit(ctx, repo, req.Rev)
	if err != nil {
		return nil, err
	}
	rules, err := sweptRules(ctx, repo, commit)
	if err != nil {
		return nil, err
	}
	m, err := Measure(ctx, repo, commit, MeasureOptions{Rules: rules, Evidence: req.Evidence, Now: req.Now, Places: req.Places,
		Version: req.Version, Warn: req.Progress})
	if err != nil {
		return nil, err
	}
	s := &Sweep{Rev: rev, Commit: string(commit), Now: req.Now, Waivers: waiver.Review(m.Governance.Waivers, m.Findings, m.knowsPattern, req.Now)}
	if !req.Since.IsZero() {
		s.Since = &req.Since
	}
	if err := s.findUnused(ctx, repo, commit); err != nil {
		return nil, err
	}
	for i := range s.Waivers {
		s.Problems = append(s.Problems, s.Waivers[i].Todo(req.Since, req.Now)...)
	}
	s.Problems = append(s.Problems, m.aboveMarks()...)
	rank := []finding.Severity{finding.Error, finding.Warning, finding.Note}
	slices.SortStableFunc(s.Problems, func(a, b finding.Finding) int { return slices.Index(rank, a.Severity) - slices.Index(rank, b.Severity) })
	return s, nil
}

// WhatItCovers says what a waiver would cover on a commit's tree if it were the only one there.
func WhatItCovers(ctx context.Context, repo *git.Repo, commit git.OID, w waiver.Waiver, req SweepRequest) (waiver.Standing, error) {
	m, err := Measure(ctx, repo, commit, MeasureOptions{Rules: []string{w.Rule}, Evidence: req.Evidence, Now: req.Now, Places: req.Places, Version: req.Version, Warn: req.Progress})
	if err != nil {
		return waiver.Standing{}, err
	}
	return waiver.Review([]waiver.Waiver{w}, m.Findings, m.knowsPattern, req.Now)[0], nil
}

// Overdue says that something must be done: a lapsed waiver's findings are still there, a waiver cannot be read or is no
// longer needed, or the tree is above a mark.
func (s *Sweep) Overdue() bool {
	return slices.ContainsFunc(s.Problems, func(f finding.Finding) bool { return f.Severity == finding.Error })
}

func sweptCommit(ctx context.Context, repo *git.Repo, rev string) (string, git.OID, error) {
	if rev == "" {
		branch, err := repo.DefaultBranch(ctx)
		if err != nil {
			return "", "", &UsageError{fmt.Errorf("finding the branch that changes land on: %w; name it with --rev", err)}
		}
		rev = branch
	}
	oid, err := commit(ctx, repo, rev, "--rev")
	return rev, oid, err
}

// sweptRules are the rules that waivers and marks are about.
func sweptRules(ctx context.Context, repo *git.Repo, commit git.OID) ([]string, error) {
	side, governance, err := GovernanceAt(ctx, repo, commit)
	if err != nil {
		return nil, err
	}
	marks, _, err := facts.ReadMarks(ctx, side)
	if err != nil {
		return nil, err
	}
	rules := ratchetedRules(governance, marks)
	for _, w := range governance.Waivers {
		if w.Rule != "" {
			rules = append(rules, w.Rule)
		}
	}
	slices.Sort(rules)
	return slices.Compact(rules), nil
}

// knowsPattern is Knows for the rule of a waiver, which may be a prefix: all that is there must be known.
func (m *Measurement) knowsPattern(pattern string) bool {
	prefix, open := strings.CutSuffix(pattern, "*")
	if !open || m.Knows(prefix) {
		return m.Knows(prefix)
	}
	known := false
	for _, r := range m.Assessor.Rules() {
		if strings.HasPrefix(r.ID, prefix) {
			known = true
			if !m.Knows(r.ID) {
				return false
			}
		}
	}
	return known
}

// aboveMarks says which marks the commit's own tree is above: a commit by hand, or a waiver that lapsed.
func (m *Measurement) aboveMarks() []finding.Finding {
	var out []finding.Finding
	for _, mark := range m.Marks {
		if !m.Knows(mark.Rule) {
			continue
		}
		now := m.Mark(mark.Rule)
		if over := now.Total() - mark.Total(); over > 0 && now.Version == mark.Version {
			out = append(out, finding.Finding{Rule: AboveMarkRule, Severity: finding.Error, Tool: "adamant", Fingerprint: finding.Fingerprint(AboveMarkRule, mark.Rule, "", 0),
				Message: fmt.Sprintf("the tree has %d findings of %s, %d above the mark", now.Total(), mark.Rule, over), Fix: "adamant ratchet show " + mark.Rule})
		}
	}
	return out
}

// findUnused finds out since when unused waivers cover nothing: at least since main last changed what they are about, the
// waiver, or the rules.
func (s *Sweep) findUnused(ctx context.Context, repo *git.Repo, commit git.OID) error {
	pending := map[*waiver.Standing]bool{}
	oldest := s.Now
	for i := range s.Waivers {
		if w := &s.Waivers[i]; w.Unused() {
			since := *w.From
			w.UnusedSince, pending[w] = &since, true
			if since.Before(oldest) {
				oldest = since
			}
		}
	}
	if len(pending) == 0 {
		return nil
	}
	for entry, err := range repo.Log(ctx, git.LogOptions{From: commit, FirstParent: true, Changes: git.ChangesRaw}) {
		if err != nil {
			return fmt.Errorf("finding out since when waivers are unused: %w", err)
		}
		when := entry.Committer.When.UTC()
		if len(pending) == 0 || when.Before(oldest) {
			break
		}
		for w := range pending {
			if when.After(*w.UnusedSince) && slices.ContainsFunc(entry.Changes, func(c git.FileChange) bool { return mayUse(w, c) }) {
				w.UnusedSince = &when
				delete(pending, w)
			}
		}
	}
	return nil
}

// mayUse says that a change of a file may have made a waiver superfluous.
func mayUse(w *waiver.Standing, c git.FileChange) bool {
	for _, path := range []string{c.Path, c.OldPath} {
		spelt := facts.SpellPath(path)
		if path != "" && (spelt == w.Path || manifest.MatchPath(w.Resource, spelt) || isPolicyPath(path) || path == facts.ConfigPath) {
			return true
		}
	}
	return false
}
