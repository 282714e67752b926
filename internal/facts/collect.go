package facts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/document"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ratchet"
)

// Options say what to collect.
type Options struct {
	Source     string  // range, staged, worktree
	Target     string  // branch the change wants to land on
	Base, Head git.OID // commits
	Now        time.Time
	// Governance the change is judged by: ReadGovernance of base.
	Governance *Governance
	// BaseSide is base's listing, when the caller has it already.
	BaseSide *Side
	// Comparison is what Compare gave for Base and Head, when the caller has it already.
	Comparison *Comparison
	// History answers for the changed files at base; nil leaves history empty and incomplete.
	History func(paths []string, author string) History
	// Render gives the objects of kustomizations; nil leaves them out.
	Render Render
	// By is who made the change, as the door knows it; nil believes the trailers of its commits.
	By *Identity
}

// Identity is who made a change. Without an agent it was a person.
type Identity struct {
	Agent, Role, Model, Task, Feature string

	Grants    []string      // of the task
	Reasoning *Reasoning    // nil when the task is none of this kernel's
	Reviews   []AgentReview // by agents, of the patch set
}

// Collected is an input document without findings and evidence, and the sides it was taken from.
type Collected struct {
	Input        *Input
	Governance   *Governance
	Base, Merged *Side
	Changes      []git.FileChange // raw, with hunks
}

// Collect observes one change. A merge conflict is an observation, not an error: the document then has no merged tree and
// no files. A missing object is a *git.MissingError.
func Collect(ctx context.Context, repo *git.Repo, opt Options) (*Collected, error) {
	var err error
	compared := opt.Comparison
	if compared == nil {
		if compared, err = Compare(ctx, repo, opt); err != nil {
			return nil, err
		}
	}
	change := compared.change
	c := &Collected{Base: opt.BaseSide, Governance: opt.Governance, Changes: compared.changes}
	if c.Base == nil {
		if c.Base, err = NewSide(ctx, repo, git.OID(change.BaseTree), BlobLimit); err != nil {
			return nil, err
		}
	}
	c.Input = &Input{
		APIVersion: APIVersion, Now: opt.Now.UTC().Truncate(time.Second), Change: *change,
		Waivers: c.Governance.Waivers, Marks: []ratchet.Mark{}, Config: c.Governance.Raw, Policy: c.Governance.Policy,
	}
	if change.MergedTree == "" {
		c.Merged = c.Base
		return c, c.finish(ctx, opt)
	}
	if limit := c.Governance.Config.Spec.Limits.ChangedFiles; len(c.Changes) > limit {
		return nil, &SizeError{fmt.Sprintf("the change touches %d files, over limits.changedFiles = %d: split it", len(c.Changes), limit)}
	}
	c.Merged = c.Base.Apply(git.OID(change.MergedTree), c.Changes)
	if err := c.readFiles(ctx, repo); err != nil {
		return nil, err
	}
	if err := c.readAround(ctx, repo); err != nil {
		return nil, err
	}
	if err := c.renderKustomizations(ctx, opt.Render); err != nil {
		return nil, err
	}
	return c, c.finish(ctx, opt)
}

// Comparison is what a change is, whatever it is judged by: its commits, its merged tree and its difference from base.
type Comparison struct {
	change  *Change
	changes []git.FileChange
}

// Compare observes what needs no governance, so that it can go on while that is read. Of opt it looks at Source, Target, Base
// and Head.
func Compare(ctx context.Context, repo *git.Repo, opt Options) (*Comparison, error) {
	change, err := identify(ctx, repo, opt)
	if err != nil || change.MergedTree == "" {
		return &Comparison{change: change}, err
	}
	changes, err := repo.Diff(ctx, git.OID(change.BaseTree), git.OID(change.MergedTree), git.DiffOptions{Hunks: true})
	if err != nil {
		return nil, fmt.Errorf("comparing base with the merged tree: %w", err)
	}
	return &Comparison{change: change, changes: changes}, nil
}

// LikelyKinds guesses the kinds of the documents of both sides by the names of their files, sorted. It is never nil.
func (c *Comparison) LikelyKinds() []string {
	kinds := []string{}
	for i := range c.changes {
		for _, path := range []string{c.changes[i].Path, c.changes[i].OldPath} {
			if kind := document.LikelyKind(path); kind != "" {
				kinds = append(kinds, kind)
			}
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// SizeError says that a change is too large to be judged.
type SizeError struct{ reason string }

func (e *SizeError) Error() string { return e.reason }

// Contents are both sides for readers of files that do not govern: they read as much as limits.fileBytes at base allows.
func (c *Collected) Contents() (base, merged *Side) {
	limit := cmp.Or(c.Governance.Config.Spec.Limits.FileBytes, BlobLimit)
	return c.Base.Within(limit), c.Merged.Within(limit)
}

// BlobLimit is how much of a file that governs is read, in bytes, whatever the configuration says.
const BlobLimit = 5 << 20

// identify resolves trees, merge base and merged tree, and reads the change's commits.
func identify(ctx context.Context, repo *git.Repo, opt Options) (*Change, error) {
	base, err := repo.Commit(ctx, opt.Base)
	if err != nil {
		return nil, fmt.Errorf("reading base: %w", err)
	}
	head, err := repo.Commit(ctx, opt.Head)
	if err != nil {
		return nil, fmt.Errorf("reading head: %w", err)
	}
	change := &Change{
		Source: opt.Source, Target: opt.Target, Base: string(base.OID), Head: string(head.OID),
		BaseTree: string(base.Tree), HeadTree: string(head.Tree), MergeBase: []string{}, Shallow: repo.Shallow(),
	}
	merge, err := join(ctx, repo, opt.Base, head)
	if err != nil && !errors.Is(err, git.ErrConflict) {
		return nil, fmt.Errorf("merging head into base: %w", err)
	}
	for _, oid := range merge.Bases {
		change.MergeBase = append(change.MergeBase, string(oid))
	}
	for _, conflict := range merge.Conflicts {
		change.Conflicts = append(change.Conflicts, SpellPath(conflict.Path))
	}
	if err == nil {
		change.MergedTree = string(merge.Tree)
	}
	change.Commits, err = commits(ctx, repo, opt, head)
	if err != nil {
		return nil, fmt.Errorf("reading the change's commits: %w", err)
	}
	nameAgent(change)
	if by := opt.By; by != nil {
		change.Agent, change.Role, change.Model, change.Task, change.Feature = by.Agent, by.Role, by.Model, by.Task, by.Feature
		change.Grants, change.Reasoning, change.Reviews = by.Grants, by.Reasoning, by.Reviews
	}
	return change, nil
}

// join merges, but for a change that is one step ahead of base: its tree is the merged tree by definition.
func join(ctx context.Context, repo *git.Repo, base git.OID, head git.Commit) (git.MergeResult, error) {
	if len(head.Parents) > 0 && head.Parents[0] == base {
		return git.MergeResult{Tree: head.Tree, Bases: []git.OID{base}}, nil
	}
	return repo.Merge(ctx, base, head.OID)
}

const maxCommits = 1000

func commits(ctx context.Context, repo *git.Repo, opt Options, head git.Commit) ([]Commit, error) {
	if len(head.Parents) == 1 && head.Parents[0] == opt.Base {
		return []Commit{describe(head)}, nil
	}
	out := []Commit{}
	for entry, err := range repo.Log(ctx, git.LogOptions{From: opt.Head, Not: []git.OID{opt.Base}, Max: maxCommits}) {
		if err != nil {
			return nil, err
		}
		out = append(out, describe(entry.Commit))
	}
	slices.Reverse(out)
	return out, nil
}

func describe(c git.Commit) Commit {
	return Commit{
		OID: string(c.OID), Author: validText(c.Author.Name + " <" + c.Author.Email + ">"),
		Time: c.Author.When.UTC(), Subject: validText(c.Subject()), Trailer: trailers(c.Message),
	}
}

// nameAgent takes agent, role, model, task and feature from trailers, newest commit first. They are claims; believing them is
// safe because naming an agent only ever takes rights away.
func nameAgent(change *Change) {
	for _, field := range []struct {
		into *string
		key  string
	}{{&change.Agent, "Agent"}, {&change.Role, "Role"}, {&change.Model, "Model"}, {&change.Task, "Task"}, {&change.Feature, "Feature"}} {
		for _, c := range slices.Backward(change.Commits) {
			if v := c.trailer(field.key); v != "" {
				*field.into = v
				break
			}
		}
	}
}

// readFiles looks at both versions of every changed file.
func (c *Collected) readFiles(ctx context.Context, repo *git.Repo) error {
	if err := c.prefetch(ctx, repo); err != nil {
		return err
	}
	looks := make([]look, len(c.Changes))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, change := range c.Changes {
		group.Go(func() error {
			var err error
			looks[i], err = c.look(gctx, change)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, l := range looks {
		c.Input.Files = append(c.Input.Files, l.file)
		c.Input.Documents = append(c.Input.Documents, l.after...)
		c.Input.Before = append(c.Input.Before, l.before...)
	}
	slices.SortFunc(c.Input.Files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return nil
}

// prefetch reads every blob that will be looked at in one round.
func (c *Collected) prefetch(ctx context.Context, repo *git.Repo) error {
	var want []git.OID
	for _, change := range c.Changes {
		if change.Before != "" && readable(change.OldMode) {
			want = append(want, change.Before)
		}
		if change.After != "" && readable(change.NewMode) {
			want = append(want, change.After)
		}
	}
	slices.Sort(want)
	want = slices.Compact(want)
	room := budget(changeLimit)
	content, _ := c.Contents()
	return repo.Blobs(ctx, want, content.limit, func(i int, data []byte, err error) error {
		if tooLarge := (*git.TooLargeError)(nil); errors.As(err, &tooLarge) {
			return nil // look says so
		}
		if err != nil {
			return fmt.Errorf("reading blob %s: %w", want[i].Short(), err)
		}
		if err := room.spend(len(data)); err != nil {
			return err
		}
		content.blobs.put(want[i], data)
		return nil
	})
}

// changeLimit is how much content of changed files is kept in memory, both versions together, in bytes.
const changeLimit = 512 << 20

// budget is how many bytes may still be read.
type budget int64

func (b *budget) spend(n int) error {
	if *b -= budget(n); *b < 0 {
		return &SizeError{fmt.Sprintf("the changed files hold more than %d MiB: split the change", changeLimit>>20)}
	}
	return nil
}

func readable(mode git.Mode) bool { return mode != git.ModeGitlink && mode != git.ModeNone }

// finish adds what needs all files: inventory, catalog and history.
func (c *Collected) finish(ctx context.Context, opt Options) error {
	in := c.Input
	in.Files, in.Documents, in.Before = notNil(in.Files), notNil(in.Documents), notNil(in.Before)
	in.Findings, in.Evidence = notNil(in.Findings), notNil(in.Evidence)
	in.Tree = inventory(c.Merged, c.Governance)
	if err := c.readRatchet(ctx); err != nil {
		return err
	}
	merged, found := c.Governance.Catalog, c.Governance.Findings
	if c.touchesCatalog() {
		var err error
		if merged, found, err = readCatalog(ctx, c.Merged); err != nil {
			return err
		}
	}
	in.Catalog = c.catalogFacts(merged, found)
	if err := c.judgeWaivers(ctx); err != nil {
		return err
	}
	if err := c.agentFacts(ctx); err != nil {
		return err
	}
	if opt.History != nil {
		in.History = opt.History(oldPaths(c.Changes), author(in.Change))
	}
	return nil
}

// notNil makes an empty list of no list, as the document's schema wants it.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (c *Collected) touchesCatalog() bool {
	return slices.ContainsFunc(c.Changes, func(f git.FileChange) bool {
		return catalog.IsFile(f.Path) || catalog.IsFile(f.OldPath)
	})
}

// oldPaths names the changed files as base's history knows them.
func oldPaths(changes []git.FileChange) []string {
	out := make([]string, 0, len(changes))
	for _, c := range changes {
		if c.OldPath != "" {
			out = append(out, c.OldPath)
		} else {
			out = append(out, c.Path)
		}
	}
	return out
}

func author(change Change) string {
	if len(change.Commits) == 0 {
		return ""
	}
	return change.Commits[len(change.Commits)-1].Author
}
