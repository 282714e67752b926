// Package landing makes the commits that land on main. Each change becomes one commit with one parent, whatever its branch
// looks like: the merged tree, and the ratchet marks that its assessment lists, and nothing else. A batch is a row of
// such commits, each assessed against the one before.
//
// It promises that a commit holds what was assessed: an assessment of another base, head or merged tree is refused, and so
// is any difference but the marks. Titles and descriptions are text from an untrusted writer: no line of theirs
// reads as a trailer. It never moves a reference, runs a check or decides anything: whether a change may land has been
// decided by who calls.
package landing

import (
	"context"
	"errors"
	"fmt"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
)

// Item is a change to land.
type Item struct {
	Change string // id, for the Change-Id trailer
	Head   git.OID
	Title  string
	Body   string
	Author git.Signature
	Trailers
}

// Trailers are what a landing commit says about where a change came from. Empty ones are left out.
type Trailers struct {
	Task, Agent, Model, Feature string
}

// Judge assesses a change against the commit that it lands on. An error that is no *Refusal ends the composition.
type Judge func(ctx context.Context, base git.OID, item Item) (*gate.Assessment, error)

// Options say who lands, and how changes are assessed.
type Options struct {
	Judge     Judge
	Committer git.Signature // with the time of the landing
	Sign      git.Signer    // nil = unsigned
}

// Commit is one change as it lands.
type Commit struct {
	Change     string
	OID        git.OID
	Tree       git.OID
	Base       git.OID // its parent
	Assessment string  // digest
	Effect     string  // digest of the effective diff: what it changes, whatever else has landed
}

// Composition is a batch ready to land.
type Composition struct {
	Base    git.OID
	Commits []Commit // in order, not empty
}

// Tip is where main goes.
func (c *Composition) Tip() git.OID { return c.Commits[len(c.Commits)-1].OID }

// Landing is what the kernel is asked for. updates are references of the changes: their operations, their archive.
func (c *Composition) Landing(updates []git.RefUpdate) kernel.Landing {
	landing := kernel.Landing{Updates: updates, Main: git.RefUpdate{Name: kernel.RefMain, Old: c.Base, New: c.Tip()}}
	for _, commit := range c.Commits {
		landing.Changes = append(landing.Changes, commit.Change)
	}
	return landing
}

// Changed is the first change whose effect is another one than in the composition that was proven, "" when there is none.
// Between two bases that differ in other lanes only, effects are the same; where they are not, the proof is of something
// else.
func (c *Composition) Changed(proven *Composition) string {
	effects := map[string]string{}
	for _, commit := range proven.Commits {
		effects[commit.Change] = commit.Effect
	}
	for _, commit := range c.Commits {
		if effect, ok := effects[commit.Change]; !ok || effect != commit.Effect {
			return commit.Change
		}
	}
	return ""
}

// Code says why a change cannot land as it is.
type Code string

// The codes.
const (
	CodeConflict   Code = "conflict"   // with what is on main or in front of it in the batch
	CodeEmpty      Code = "empty"      // everything it does is there already
	CodeDenied     Code = "denied"     // the gate refuses it on this base
	CodeAssessment Code = "assessment" // the assessment is not about this base, head and merged tree
	CodeMarks      Code = "marks"      // the marks cannot be written
)

// Refusal says that one change cannot land: eject it, and compose the others without it.
type Refusal struct {
	Change    string
	Code      Code
	Conflicts []git.Conflict
	Err       error
}

func (e *Refusal) Error() string {
	return fmt.Sprintf("change %.16s cannot land: %s", e.Change, e.Err)
}

func (e *Refusal) Unwrap() error { return e.Err }

func refuse(item Item, code Code, format string, args ...any) error {
	return &Refusal{Change: item.Change, Code: code, Err: fmt.Errorf(format, args...)}
}

// Compose makes the landing commits of a batch on top of tip, in order. The commits are in the repository when it
// returns, and no reference names them. The error of a change that cannot land is a *Refusal.
func Compose(ctx context.Context, repo *git.Repo, tip git.OID, items []Item, opt Options) (*Composition, error) {
	if len(items) == 0 || opt.Judge == nil {
		return nil, errors.New("composing a landing: it needs changes and a judge")
	}
	c := &Composition{Base: tip}
	for _, item := range items {
		commit, err := compose(ctx, repo, tip, item, opt)
		if err != nil {
			return nil, fmt.Errorf("composing the landing of %.16s on %s: %w", item.Change, tip.Short(), err)
		}
		c.Commits = append(c.Commits, commit)
		tip = commit.OID
	}
	return c, nil
}

func compose(ctx context.Context, repo *git.Repo, base git.OID, item Item, opt Options) (Commit, error) {
	merged, err := merge(ctx, repo, base, item)
	if err != nil {
		return Commit{}, err
	}
	a, err := opt.Judge(ctx, base, item)
	if err != nil {
		return Commit{}, err
	}
	if err := fits(a, base, item, merged); err != nil {
		return Commit{}, err
	}
	tree, err := withMarks(ctx, repo, merged, item, a.Marks)
	if err != nil {
		return Commit{}, err
	}
	oid, err := repo.WriteCommit(ctx, git.NewCommit{
		Tree: tree, Parents: []git.OID{base}, Author: author(item.Author, opt.Committer), Committer: opt.Committer,
		Message: message(item, a.Digest), Sign: opt.Sign,
	})
	return Commit{Change: item.Change, OID: oid, Tree: tree, Base: base, Assessment: a.Digest, Effect: a.EffectiveDiff}, err
}

// merge is the tree of a change on its base, kept in the repository.
func merge(ctx context.Context, repo *git.Repo, base git.OID, item Item) (git.OID, error) {
	result, err := repo.Merge(ctx, base, item.Head)
	if errors.Is(err, git.ErrConflict) || errors.Is(err, git.ErrUnrelated) {
		return "", &Refusal{Change: item.Change, Code: CodeConflict, Conflicts: result.Conflicts, Err: err}
	}
	if err != nil {
		return "", err
	}
	before, err := repo.Commit(ctx, base)
	if err != nil {
		return "", err
	}
	if result.Tree == before.Tree {
		return "", refuse(item, CodeEmpty, "everything it does is on %s already", base.Short())
	}
	_, err = repo.Keep(ctx, result.Tree)
	return result.Tree, err
}

// fits demands that an assessment is about what is composed here, and no denial.
func fits(a *gate.Assessment, base git.OID, item Item, merged git.OID) error {
	switch {
	case a == nil || a.Digest == "":
		return refuse(item, CodeAssessment, "there is no assessment")
	case a.Base != string(base) || a.Head != string(item.Head) || a.MergedTree != string(merged):
		return refuse(item, CodeAssessment, "the assessment is about %.12s on %.12s with the tree %.12s, not about %s on %s with %s",
			a.Head, a.Base, a.MergedTree, item.Head.Short(), base.Short(), merged.Short())
	case a.Merge.Mode == gate.ModeNone || a.Merge.Mode == "":
		return refuse(item, CodeDenied, "the gate refuses it on %s", base.Short())
	}
	return nil
}
