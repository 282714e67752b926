package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/change/index"
	"github.com/adamant-os/adamant/internal/daemon/api"
	"github.com/adamant-os/adamant/internal/git"
)

// importBranches makes the branches of a clone changes, or says what that would do. Doing it again does nothing; a branch that
// moved gives its change a patch set.
func (d *Daemon) importBranches(ctx context.Context, in api.Import) (api.Imported, error) {
	out := api.Imported{Branches: []api.ImportedBranch{}}
	if !filepath.IsAbs(in.Source) {
		return out, fmt.Errorf("importing: %q is not the absolute path of a clone", in.Source)
	}
	source, err := git.Open(ctx, in.Source)
	if err != nil {
		return out, fmt.Errorf("importing: %w", err)
	}
	defer source.Close()
	target := cmp.Or(in.Target, "main")
	branches, err := d.branchesOf(ctx, source, in, target)
	if err != nil {
		return out, err
	}
	plans, err := d.planImport(ctx, target, branches, in)
	if err != nil {
		return out, err
	}
	if in.Do {
		if err := d.fetchPlanned(ctx, source, plans); err != nil {
			return out, err
		}
	}
	for i, p := range plans {
		ahead := branches[slices.IndexFunc(branches, func(b change.Branch) bool { return b.Name == p.Branch })].Ahead
		if in.Do {
			if err := d.importOne(ctx, &plans[i]); err != nil {
				return out, fmt.Errorf("importing branch %s: %w", p.Branch, err)
			}
		}
		out.Branches = append(out.Branches, shownImport(plans[i], ahead))
	}
	out.Done = in.Do
	return out, nil
}

// branchesOf reads the branches that were asked for.
func (d *Daemon) branchesOf(ctx context.Context, source *git.Repo, in api.Import, target string) ([]change.Branch, error) {
	main, err := d.kernel.Ref(ctx, branchRef(target))
	if err != nil {
		return nil, err
	}
	infos, err := source.Info(ctx, []git.OID{main})
	if err != nil {
		return nil, err
	}
	if infos[0].Missing {
		return nil, fmt.Errorf("importing: %s has not got the kernel's %s (%s) yet: run adamant sync there", in.Source, target, main.Short())
	}
	prefix := cmp.Or(in.Prefix, "refs/heads/")
	refs, err := source.Refs(ctx, strings.TrimSuffix(prefix, "/"))
	if err != nil {
		return nil, err
	}
	var branches []change.Branch
	for _, ref := range refs {
		name := strings.TrimPrefix(ref.Name, prefix)
		if name == "HEAD" || len(in.Branches) > 0 && !slices.Contains(in.Branches, name) {
			continue
		}
		b, err := readBranch(ctx, source, name, ref.OID, main)
		if err != nil {
			return nil, fmt.Errorf("reading branch %s: %w", name, err)
		}
		branches = append(branches, b)
	}
	for _, name := range in.Branches {
		if !slices.ContainsFunc(branches, func(b change.Branch) bool { return b.Name == name }) {
			return nil, fmt.Errorf("importing: there is no branch %s%s in %s", prefix, name, in.Source)
		}
	}
	return branches, nil
}

func readBranch(ctx context.Context, repo *git.Repo, name string, head, main git.OID) (change.Branch, error) {
	c, err := repo.Commit(ctx, head)
	if err != nil {
		return change.Branch{}, err
	}
	bases, err := repo.MergeBases(ctx, main, head)
	if err != nil {
		return change.Branch{}, err
	}
	ahead, err := repo.Count(ctx, git.LogOptions{From: head, Not: []git.OID{main}})
	return change.Branch{Name: name, Head: head, Author: author(c), Message: c.Message, When: c.Committer.When, Ahead: ahead, Unrelated: len(bases) == 0}, err
}

func (d *Daemon) planImport(ctx context.Context, target string, branches []change.Branch, in api.Import) ([]change.Import, error) {
	known, err := d.states(ctx, index.Query{Target: target, Archived: true})
	if err != nil {
		return nil, err
	}
	states := make([]change.State, len(known))
	for i, c := range known {
		states[i] = c.State
	}
	return change.PlanImport(target, branches, states, d.now(), in.Since), nil
}

// fetchPlanned brings the commits of planned changes into the kernel.
func (d *Daemon) fetchPlanned(ctx context.Context, source *git.Repo, plans []change.Import) error {
	var heads []string
	for _, p := range plans {
		if p.Operation == nil {
			continue
		}
		switch body := p.Operation.Body.(type) {
		case change.Opening:
			heads = append(heads, string(body.Head))
		case change.NewPatchSet:
			heads = append(heads, string(body.Head))
		}
	}
	if len(heads) == 0 {
		return nil
	}
	return d.kernel.Repo().Fetch(ctx, source.CommonDir(), heads, git.FetchOptions{})
}

// importOne does what was planned for one branch. A change that moved on meanwhile refuses, and says so.
func (d *Daemon) importOne(ctx context.Context, p *change.Import) error {
	if p.Operation == nil {
		return nil
	}
	var c change.Change
	var err error
	if p.Change == "" {
		c, err = d.changes.Create(ctx, change.ImportActor, *p.Operation)
	} else {
		c, err = d.changes.Add(ctx, p.Change, []change.Operation{*p.Operation})
	}
	if refused := (*change.RefusedError)(nil); errors.As(err, &refused) {
		p.Skip, p.Operation = refused.Error(), nil
		return nil
	}
	if err != nil {
		return err
	}
	p.Change = c.ID
	if err := d.announce(ctx, c, *p.Operation, "imported: branch "+p.Branch); err != nil {
		return err
	}
	d.loop.wake(c.ID)
	return nil
}

func shownImport(p change.Import, ahead int) api.ImportedBranch {
	out := api.ImportedBranch{Branch: p.Branch, Does: "skip", Change: p.Change, Ahead: ahead, Why: p.Skip}
	if p.Operation != nil {
		switch body := p.Operation.Body.(type) {
		case change.Opening:
			out.Does, out.Title = "open", body.Title
		default:
			out.Does = "patch-set"
		}
	}
	return out
}
