package git

import (
	"bufio"
	"context"
	"fmt"
	"slices"
	"strings"
)

// DiffOptions choose what Diff reports.
type DiffOptions struct {
	Hunks     bool     // fill FileChange.Hunks
	NoRenames bool     // report a rename as a deletion and an addition
	Paths     []string // literal paths or folders to look at; empty = all
}

// Diff compares two trees or commits in one run of git; the empty OID stands for the empty tree. Renames are found at 50 %
// similarity, inexact ones only while not more than 3,000 files were added and as many deleted. Lines are compared by
// Myers' algorithm on the stored bytes: no attributes, drivers or settings have a say. A file counts as binary when a NUL is
// in its first 8,000 bytes or when it is larger than 32 MiB. The result is sorted by Path.
func (r *Repo) Diff(ctx context.Context, from, to OID, opt DiffOptions) ([]FileChange, error) {
	from, to = r.orEmpty(from), r.orEmpty(to)
	if err := r.check(from, to); err != nil {
		return nil, err
	}
	args := append([]string{"diff-tree", "-r", "-z", "--no-commit-id"}, diffArgs(ChangesNumstat, !opt.NoRenames)...)
	if opt.Hunks {
		args = append(args, "--patch", "--unified=0", "--inter-hunk-context=0", "--submodule=short")
	}
	args = append(args, "--end-of-options", string(from), string(to), "--")
	var changes []FileChange
	err := r.private(append(args, opt.Paths...)...).stream(ctx, func(out *bufio.Reader) error {
		var err error
		changes, err = parseDiff(out)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("comparing %s with %s: %w", from.Short(), to.Short(), r.explain(ctx, err, from, to))
	}
	slices.SortStableFunc(changes, func(a, b FileChange) int { return strings.Compare(a.Path, b.Path) })
	return changes, nil
}

func (r *Repo) orEmpty(id OID) OID {
	if id == "" {
		return r.EmptyTree()
	}
	return id
}

// diffArgs pins everything that decides how git compares.
func diffArgs(changes Changes, renames bool) []string {
	args := []string{"--raw", "--full-index", "--no-abbrev", "--no-ext-diff", "--no-textconv", "--no-color",
		"--diff-algorithm=myers", "--indent-heuristic", "--ignore-submodules=none", "--no-relative"}
	if changes == ChangesNumstat {
		args = append(args, "--numstat")
	}
	if renames {
		return append(args, "--find-renames=50%", "-l3000")
	}
	return append(args, "--no-renames")
}
