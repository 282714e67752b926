package landing

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ratchet"
)

// Undo says what to undo, and who asks for it.
type Undo struct {
	Landed git.OID // a commit that landed: one parent
	Reason string
	Author git.Signature // of the revert, with its time
}

// Revert makes the head of a change that undoes a landed one: a commit on tip, for the gate to judge like any other. The
// marks that the landing lowered stay low. A conflict with what landed since is a *Refusal that names the paths.
func Revert(ctx context.Context, repo *git.Repo, tip git.OID, undo Undo) (git.OID, error) {
	head, err := revert(ctx, repo, tip, undo)
	if err != nil {
		return "", fmt.Errorf("reverting %s: %w", undo.Landed.Short(), err)
	}
	return head, nil
}

func revert(ctx context.Context, repo *git.Repo, tip git.OID, undo Undo) (git.OID, error) {
	landed, err := repo.Commit(ctx, undo.Landed)
	if err != nil {
		return "", err
	}
	if len(landed.Parents) != 1 {
		return "", fmt.Errorf("it has %d parents: only a commit that landed can be taken back, it has one", len(landed.Parents))
	}
	on, err := repo.IsAncestor(ctx, undo.Landed, tip)
	if err == nil && !on {
		err = fmt.Errorf("it is not part of %s: it never landed there", tip.Short())
	}
	if err != nil {
		return "", err
	}
	tree, err := undone(ctx, repo, tip, landed, undo)
	if err != nil {
		return "", err
	}
	who := author(undo.Author, undo.Author)
	return repo.WriteCommit(ctx, git.NewCommit{Tree: tree, Parents: []git.OID{tip}, Author: who, Committer: who, Message: undoMessage(landed, undo)})
}

// undone is tip's tree without what a commit did: a merge with the commit as the base and its parent as the other side.
func undone(ctx context.Context, repo *git.Repo, tip git.OID, landed git.Commit, undo Undo) (git.OID, error) {
	before, err := beforeIt(ctx, repo, landed)
	if err != nil {
		return "", err
	}
	now, err := repo.Commit(ctx, tip)
	if err != nil {
		return "", err
	}
	who := git.Signature{Name: "adamant", When: undo.Author.When}
	side := func(tree git.OID, parents ...git.OID) git.OID { // git merges commits, not trees
		if err != nil {
			return ""
		}
		var id git.OID
		id, err = repo.WriteCommit(ctx, git.NewCommit{Tree: tree, Parents: parents, Author: who, Committer: who, Message: fmt.Sprintf("side %d of a revert\n", len(parents))})
		return id
	}
	base := side(landed.Tree)
	ours, theirs := side(now.Tree, base), side(before, base)
	if err != nil {
		return "", err
	}
	result, err := repo.Merge(ctx, ours, theirs)
	item := Item{Change: ReadTrailers(landed.Message)["Change-Id"]}
	switch {
	case errors.Is(err, git.ErrConflict):
		return "", &Refusal{Change: item.Change, Code: CodeConflict, Conflicts: result.Conflicts,
			Err: fmt.Errorf("what landed since changed the same places (%s); revert that first, or mend it with a change: %w", paths(result.Conflicts), git.ErrConflict)}
	case err != nil:
		return "", err
	case result.Tree == now.Tree:
		return "", refuse(item, CodeEmpty, "nothing of it is left on main")
	}
	_, err = repo.Keep(ctx, result.Tree)
	return result.Tree, err
}

// beforeIt is the tree before a landing, with the marks of after it: they never rise again.
func beforeIt(ctx context.Context, repo *git.Repo, landed git.Commit) (git.OID, error) {
	parent, err := repo.Commit(ctx, landed.Parents[0])
	if err != nil {
		return "", err
	}
	dir := strings.TrimSuffix(ratchet.Dir, "/")
	marks, err := folder(ctx, repo, landed.Tree, dir)
	if err != nil {
		return "", err
	}
	old, err := folder(ctx, repo, parent.Tree, dir)
	if err != nil || marks == old {
		return parent.Tree, err
	}
	return put(ctx, repo, parent.Tree, dir, git.Entry{Mode: git.ModeTree, OID: marks})
}

// folder is the tree at a path, "" when there is none.
func folder(ctx context.Context, repo *git.Repo, tree git.OID, path string) (git.OID, error) {
	id, err := repo.Lookup(ctx, tree, path)
	if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
		return "", nil
	}
	return id, err
}

func undoMessage(landed git.Commit, undo Undo) string {
	text := fmt.Sprintf("Revert %q\n\nThis takes %s back.\n", line(landed.Subject(), titleRunes-10), landed.OID)
	if reason := description(undo.Reason); reason != "" {
		text += "\n" + reason + "\n"
	}
	return text
}

func paths(conflicts []git.Conflict) string {
	var names []string
	for i, c := range conflicts {
		if i == 5 {
			names = append(names, fmt.Sprintf("and %d more", len(conflicts)-i))
			break
		}
		names = append(names, fmt.Sprintf("%q", c.Path))
	}
	return strings.Join(names, ", ")
}
