package projection

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/tlog"
)

// published is what refs/adamant/log holds.
type published struct {
	head    git.OID
	files   map[string]git.OID
	folders map[string]folder // by path, as they were written last
}

type folder struct {
	entries []git.Entry
	id      git.OID
}

func (p *Projection) loadPublished(ctx context.Context, head git.OID) error {
	entries, err := p.repo.Tree(ctx, head)
	if err != nil {
		return err
	}
	p.published = published{head: head, files: map[string]git.OID{}, folders: map[string]folder{}}
	for _, e := range entries {
		p.published.files[e.Path] = e.OID
	}
	return nil
}

// Publish brings refs/adamant/log up to the log: one commit on the one before, whose tree holds the log's files and nothing else.
func (p *Projection) Publish(ctx context.Context) error {
	p.publishing.Lock()
	defer p.publishing.Unlock()
	if err := p.publish(ctx); err != nil {
		return fmt.Errorf("publishing the transparency log: %w", err)
	}
	return nil
}

func (p *Projection) publish(ctx context.Context) error {
	p.mu.Lock()
	err := p.remember(ctx)
	p.mu.Unlock()
	if err != nil {
		return err
	}
	r, err := p.reader(ctx)
	if err != nil {
		return err
	}
	next, err := p.store(ctx, r)
	if err != nil {
		return err
	}
	if next.head == p.published.head {
		return nil
	}
	if err := p.refs.UpdateRefs(ctx, []git.RefUpdate{{Name: kernel.RefLog, Old: p.published.head, New: next.head}}); err != nil {
		return err
	}
	p.published = next
	return nil
}

// store writes the objects of the next commit: files that are new, folders that changed. Where nothing did, it is the commit there is.
func (p *Projection) store(ctx context.Context, r *tlog.Reader) (published, error) {
	old := p.published
	next := published{files: map[string]git.OID{}, folders: map[string]folder{}}
	paths := tlog.Paths(r.Checkpoint().Size)
	for _, path := range paths {
		if id, ok := old.files[path]; ok {
			next.files[path] = id
		}
	}
	err := r.Files(ctx, func(path string) bool { return next.files[path] != "" }, func(path string, data []byte) error {
		id, err := p.repo.WriteBlob(ctx, data)
		next.files[path] = id
		return err
	})
	if err != nil || next.files["checkpoint"] == old.files["checkpoint"] {
		next.head = old.head
		return next, err
	}
	slices.Sort(paths)
	tree, err := next.write(ctx, p.repo, old, "", paths)
	if err != nil {
		return next, err
	}
	next.head, err = p.commit(ctx, tree, old.head, r.Checkpoint())
	return next, err
}

// write writes the folder of some sorted paths, all below prefix.
func (n *published) write(ctx context.Context, repo *git.Repo, old published, prefix string, paths []string) (git.OID, error) {
	var entries []git.Entry
	for len(paths) > 0 {
		name, rest, deeper := strings.Cut(paths[0][len(prefix):], "/")
		if !deeper {
			entries = append(entries, git.Entry{Path: name, Mode: git.ModeFile, OID: n.files[paths[0]]})
			paths = paths[1:]
			continue
		}
		below := strings.TrimSuffix(paths[0], rest)
		end := slices.IndexFunc(paths, func(path string) bool { return !strings.HasPrefix(path, below) })
		if end < 0 {
			end = len(paths)
		}
		id, err := n.write(ctx, repo, old, below, paths[:end])
		if err != nil {
			return "", err
		}
		entries = append(entries, git.Entry{Path: name, Mode: git.ModeTree, OID: id})
		paths = paths[end:]
	}
	if have := old.folders[prefix]; slices.Equal(have.entries, entries) {
		n.folders[prefix] = have
		return have.id, nil
	}
	id, err := repo.WriteTree(ctx, entries)
	n.folders[prefix] = folder{entries, id}
	return id, err
}

func (p *Projection) commit(ctx context.Context, tree, parent git.OID, c tlog.Checkpoint) (git.OID, error) {
	who := git.Signature{Name: "adamant", Email: p.own + "@adamant.invalid", When: p.now().UTC()}
	commit := git.NewCommit{Tree: tree, Author: who, Committer: who, Sign: p.sign, Message: fmt.Sprintf("log %s: %d leaves", c.Origin, c.Size)}
	if parent != "" {
		commit.Parents = []git.OID{parent}
	}
	return p.repo.WriteCommit(ctx, commit)
}
