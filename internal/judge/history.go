package judge

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ratchet"
)

// MarkPoint is a mark as one commit left it.
type MarkPoint struct {
	Commit git.OID
	Time   time.Time
	Mark   ratchet.Mark // without scopes where the commit deleted the file
}

// markHistory is how many commits MarkHistory looks at.
const markHistory = 500

// MarkHistory tells how the marks developed on the first-parent history of a commit, oldest first, by rule. Versions of a file
// that cannot be read are left out: they say nothing about counts.
func MarkHistory(ctx context.Context, repo *git.Repo, commit git.OID) (map[string][]MarkPoint, error) {
	out := map[string][]MarkPoint{}
	log := repo.Log(ctx, git.LogOptions{From: commit, FirstParent: true, Max: markHistory, Changes: git.ChangesRaw, Paths: []string{ratchet.Dir}})
	for entry, err := range log {
		if err != nil {
			return nil, fmt.Errorf("reading the history of marks: %w", err)
		}
		for _, f := range entry.Changes {
			rule, ok := ratchet.RuleOf(f.Path)
			if !ok {
				continue
			}
			point := MarkPoint{Commit: entry.OID, Time: entry.Committer.When.UTC(), Mark: ratchet.Mark{Rule: rule}}
			if f.After != "" {
				data, err := repo.Blob(ctx, f.After, facts.BlobLimit)
				if err != nil {
					return nil, fmt.Errorf("reading mark %s at %s: %w", f.Path, entry.OID.Short(), err)
				}
				mark, problems := ratchet.Parse(f.Path, data)
				if len(problems) > 0 {
					continue
				}
				point.Mark = mark
			}
			out[rule] = append(out[rule], point)
		}
	}
	for _, points := range out {
		slices.Reverse(points)
	}
	return out, nil
}
