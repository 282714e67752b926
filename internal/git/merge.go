package git

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrUnrelated is wrapped by the error of a merge whose sides have no common ancestor in this clone.
var ErrUnrelated = errors.New("no common ancestor")

// Conflict is one path that a merge could not settle.
type Conflict struct {
	Path string
	Kind string // git's words: "contents", "binary", "modify/delete", "rename/delete", "file/directory", ...
}

// MergeResult is the outcome of a merge.
type MergeResult struct {
	Tree      OID        // empty when there are conflicts
	Bases     []OID      // merge bases, sorted
	Conflicts []Conflict // sorted by path
}

// MergeBases returns the best common ancestors, sorted. None at all means unrelated histories; a commit that is not here
// is a *MissingError.
func (r *Repo) MergeBases(ctx context.Context, a, b OID) ([]OID, error) {
	if err := r.check(a, b); err != nil {
		return nil, err
	}
	out, err := r.private("merge-base", "--all", "--end-of-options", string(a), string(b)).output(ctx)
	if err != nil && !saidNo(err) {
		return nil, fmt.Errorf("finding the merge base of %s and %s: %w", a.Short(), b.Short(), r.explain(ctx, err, a, b))
	}
	bases := []OID{}
	for line := range strings.Lines(string(out)) {
		bases = append(bases, OID(strings.TrimSuffix(line, "\n")))
	}
	slices.Sort(bases)
	return bases, r.check(bases...)
}

// IsAncestor says whether a is reachable from b. A commit is its own ancestor.
func (r *Repo) IsAncestor(ctx context.Context, a, b OID) (bool, error) {
	if err := r.check(a, b); err != nil {
		return false, err
	}
	_, err := r.private("merge-base", "--is-ancestor", "--end-of-options", string(a), string(b)).output(ctx)
	switch {
	case err == nil:
		return true, nil
	case saidNo(err):
		return false, nil
	}
	return false, fmt.Errorf("comparing the histories of %s and %s: %w", a.Short(), b.Short(), r.explain(ctx, err, a, b))
}

// Merge merges head into base as git merge does by default (ort, renames at 50 %, a directory rename is a conflict), but with
// no attributes, drivers or settings of anybody. With conflicts the result names them and the error wraps ErrConflict. An
// object that is not here is a *MissingError, never a conflict; histories without a common ancestor are ErrUnrelated.
// The merged tree can be read through this Repo until it is closed; nothing is written to the repository.
func (r *Repo) Merge(ctx context.Context, base, head OID) (MergeResult, error) {
	bases, err := r.MergeBases(ctx, base, head)
	if err != nil {
		return MergeResult{}, err
	}
	result := MergeResult{Bases: bases}
	switch {
	case len(bases) == 0:
		return result, r.unrelated(base, head)
	case bases[0] == base: // nothing but head's changes
		result.Tree, err = r.treeOf(ctx, head)
	case bases[0] == head: // nothing new
		result.Tree, err = r.treeOf(ctx, base)
	default:
		result.Tree, result.Conflicts, err = r.mergeTree(ctx, base, head)
	}
	return result, err
}

func (r *Repo) unrelated(base, head OID) error {
	hint := ""
	if r.shallow {
		hint = "; this clone is shallow, run: git fetch --unshallow"
	}
	return fmt.Errorf("merging %s into %s: %w%s", head.Short(), base.Short(), ErrUnrelated, hint)
}

func (r *Repo) treeOf(ctx context.Context, id OID) (OID, error) {
	commit, err := r.Commit(ctx, id)
	return commit.Tree, err
}

// mergeTree runs the merge. Exit code 1 means conflicts only together with a tree and without a complaint: git 2.39 uses it for
// missing objects too, and takes a tree that is missing for an empty one.
func (r *Repo) mergeTree(ctx context.Context, base, head OID) (OID, []Conflict, error) {
	out, err := r.private("merge-tree", "--write-tree", "-z", "--end-of-options", string(base), string(head)).output(ctx)
	tree, rest, _ := strings.Cut(string(out), "\x00")
	switch {
	case err == nil && r.isOID(tree):
		return OID(tree), nil, nil
	case !saidNo(err) || !r.isOID(tree):
		if err == nil {
			err = fmt.Errorf("git merge-tree wrote %q", tree)
		}
		return "", nil, fmt.Errorf("merging %s into %s: %w", head.Short(), base.Short(), r.explain(ctx, err, base, head))
	}
	conflicts, err := parseConflicts(rest)
	if err != nil {
		return "", nil, fmt.Errorf("merging %s into %s: %w", head.Short(), base.Short(), err)
	}
	return "", conflicts, fmt.Errorf("merging %s into %s: %w in %d paths", head.Short(), base.Short(), ErrConflict, len(conflicts))
}

// parseConflicts reads what merge-tree -z writes behind the tree: "mode oid stage\tpath" records, an empty one, and messages
// of the form count, paths, type, text.
func parseConflicts(text string) ([]Conflict, error) {
	records := strings.Split(strings.TrimSuffix(text, "\x00"), "\x00")
	kinds := map[string]string{}
	i := 0
	for ; i < len(records) && records[i] != ""; i++ {
		_, path, ok := strings.Cut(records[i], "\t")
		if !ok {
			return nil, fmt.Errorf("git merge-tree wrote the conflict %q", records[i])
		}
		kinds[path] = "conflict"
	}
	for i++; i < len(records); {
		n, err := strconv.Atoi(records[i])
		if err != nil || n < 0 || n > len(records)-i-3 {
			return nil, fmt.Errorf("git merge-tree wrote the message %q", records[i])
		}
		addKind(kinds, records[i+1:i+1+n], records[i+1+n])
		i += n + 3
	}
	return sortConflicts(kinds), nil
}

// addKind notes a message's type for its paths. Git names the path that conflicts first; others are where its content came
// from, unless they conflict themselves.
func addKind(kinds map[string]string, paths []string, message string) {
	kind, ok := strings.CutPrefix(message, "CONFLICT (")
	if !ok {
		return
	}
	kind = strings.TrimSuffix(kind, ")")
	for i, path := range paths {
		known, listed := kinds[path]
		if i == 0 && !listed || listed && known == "conflict" {
			kinds[path] = kind
		}
	}
}

func sortConflicts(kinds map[string]string) []Conflict {
	conflicts := make([]Conflict, 0, len(kinds))
	for path, kind := range kinds {
		conflicts = append(conflicts, Conflict{Path: path, Kind: kind})
	}
	slices.SortFunc(conflicts, func(a, b Conflict) int { return strings.Compare(a.Path, b.Path) })
	return conflicts
}
