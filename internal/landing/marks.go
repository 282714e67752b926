package landing

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ratchet"
)

// withMarks writes the marks of an assessment into a merged tree, and makes sure that nothing else differs.
func withMarks(ctx context.Context, repo *git.Repo, merged git.OID, item Item, marks []ratchet.Mark) (git.OID, error) {
	tree, paths := merged, []string{}
	for _, mark := range marks {
		path := ratchet.PathOf(mark.Rule)
		if rule, ok := ratchet.RuleOf(path); !ok || rule != mark.Rule {
			return "", refuse(item, CodeMarks, "rule %q has no file for its mark", mark.Rule)
		}
		blob, err := repo.WriteBlob(ctx, mark.Encode())
		if err != nil {
			return "", fmt.Errorf("writing the mark of %s: %w", mark.Rule, err)
		}
		if tree, err = put(ctx, repo, tree, path, git.Entry{Mode: git.ModeFile, OID: blob}); err != nil {
			return "", refuse(item, CodeMarks, "writing the mark of %s: %w", mark.Rule, err)
		}
		paths = append(paths, path)
	}
	return tree, onlyMarks(ctx, repo, merged, tree, item, paths)
}

// onlyMarks compares what was composed with the merged tree: nothing but the marks may differ.
func onlyMarks(ctx context.Context, repo *git.Repo, merged, tree git.OID, item Item, paths []string) error {
	if merged == tree {
		return nil
	}
	changes, err := repo.Diff(ctx, merged, tree, git.DiffOptions{NoRenames: true})
	if err != nil {
		return err
	}
	for _, c := range changes {
		if !slices.Contains(paths, c.Path) || c.NewMode != git.ModeFile {
			return refuse(item, CodeMarks, "%q would differ from the merged tree, and it is no mark of the assessment", c.Path)
		}
	}
	return nil
}

// put replaces one file of a tree, or adds it, and returns the new tree. An entry without an object is taken away.
func put(ctx context.Context, repo *git.Repo, tree git.OID, path string, entry git.Entry) (git.OID, error) {
	name, rest, nested := strings.Cut(path, "/")
	entries, err := repo.Level(ctx, tree)
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(entries, func(e git.Entry) bool { return e.Path == name })
	if nested {
		var below git.OID
		if i >= 0 && entries[i].Mode != git.ModeTree {
			return "", fmt.Errorf("%q is no folder", name)
		}
		if i >= 0 {
			below = entries[i].OID
		} else if below, err = repo.WriteTree(ctx, nil); err != nil {
			return "", err
		}
		if below, err = put(ctx, repo, below, rest, entry); err != nil {
			return "", err
		}
		entry = git.Entry{Mode: git.ModeTree, OID: below}
		if below == repo.EmptyTree() {
			entry.OID = ""
		}
	} else if i >= 0 && entries[i].Mode == git.ModeTree && entry.Mode != git.ModeTree {
		return "", fmt.Errorf("%q is a folder", name)
	}
	if i >= 0 {
		entries = slices.Delete(entries, i, i+1)
	}
	if entry.OID != "" {
		entry.Path = name
		entries = append(entries, entry)
	}
	return repo.WriteTree(ctx, entries)
}
