package workspace

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
)

const linkLimit = 4096 // bytes of a symlink's target

// examine looks at what came out as if an enemy had made it: sandboxes can break.
func (p *pull) examine(ctx context.Context) error {
	head, err := p.repo.Ref(ctx, resultRef)
	if err != nil {
		return err
	}
	if head == "" {
		return errors.New("the sandbox sent no result")
	}
	commit, err := p.repo.Commit(ctx, head)
	if err != nil {
		return err
	}
	if !slices.Equal(commit.Parents, []git.OID{p.Base}) {
		return p.refuse("", "its commit is not on base "+p.Base.Short()+" alone", "this should not happen: keep the workspace and report it")
	}
	p.result.Head, p.result.Tree = head, commit.Tree
	changes, err := p.changes(ctx)
	if err != nil {
		return err
	}
	p.result.Files = len(changes)
	return p.contents(ctx, changes)
}

// changes lists what differs from base, each path looked at.
func (p *pull) changes(ctx context.Context) ([]git.FileChange, error) {
	var changes []git.FileChange
	err := p.repo.EachChange(ctx, p.Base, p.result.Tree, func(c git.FileChange) error {
		changes = append(changes, c)
		if len(changes) > p.store.limits.Files {
			return p.refuse(c.Path, fmt.Sprintf("is one of more than %d changed files", p.store.limits.Files), "add what is generated to .gitignore, or delete it")
		}
		return p.checkPath(c)
	})
	return changes, err
}

// checkPath refuses what no tree of ours may have.
func (p *pull) checkPath(c git.FileChange) error {
	limits := p.store.limits
	switch {
	case c.NewMode == git.ModeNone && len(p.cone) > 0 && !p.sees(c.Path) && p.Head == p.Base:
		return p.refuse(c.Path, "is gone, but it was never checked out: something took its folder's place", "give that another name")
	case c.NewMode == git.ModeNone:
		return nil
	case c.NewMode == git.ModeGitlink:
		return p.refuse(c.Path, "is a git repository of its own", "delete its .git, or the folder")
	case reservedName(c.Path) != "":
		return p.refuse(c.Path, "has a name that some system takes for .git", "rename it")
	case len(c.Path) > limits.Path:
		return p.refuse(c.Path[:limits.Path]+"...", fmt.Sprintf("is longer than %d bytes", limits.Path), "shorten it")
	case strings.Count(c.Path, "/") > limits.Depth:
		return p.refuse(c.Path, fmt.Sprintf("is deeper than %d folders", limits.Depth), "move it up")
	}
	return nil
}

// sees says whether a file is in the cone.
func (p *pull) sees(file string) bool {
	dir := path.Dir(file)
	return dir == "." || slices.ContainsFunc(p.cone, func(folder string) bool { return below(dir, folder) || below(folder, dir) })
}

// contents refuses files that are too large and links that lead out.
func (p *pull) contents(ctx context.Context, changes []git.FileChange) error {
	var links []git.FileChange
	var targets []git.OID
	for _, c := range changes {
		if c.NewMode == git.ModeSymlink {
			links, targets = append(links, c), append(targets, c.After)
		}
	}
	if err := p.sizes(ctx, changes); err != nil {
		return err
	}
	return p.repo.Blobs(ctx, targets, linkLimit, func(i int, data []byte, err error) error {
		large := (*git.TooLargeError)(nil)
		switch {
		case errors.As(err, &large):
			return p.refuse(links[i].Path, "is a symlink with an endless target", "delete it")
		case err != nil:
			return err
		case leaves(links[i].Path, string(data)):
			return p.refuse(links[i].Path, fmt.Sprintf("is a symlink to %q, which may lead out of the repository", data), "link to a path inside, or delete it")
		}
		return nil
	})
}

func (p *pull) sizes(ctx context.Context, changes []git.FileChange) error {
	left := slices.DeleteFunc(slices.Clone(changes), func(c git.FileChange) bool { return c.After == "" })
	ids := make([]git.OID, len(left))
	for i, c := range left {
		ids[i] = c.After
	}
	infos, err := p.repo.Info(ctx, ids)
	for i, info := range infos {
		if info.Missing || info.Type != "blob" {
			return p.refuse(left[i].Path, "is not whole", "run the task again")
		}
		if info.Size > p.store.limits.FileSize {
			return p.tooLarge(left[i].Path, info.Size)
		}
	}
	return err
}
