package history

import (
	"context"
	"fmt"
	"iter"

	"github.com/adamant-os/adamant/internal/catalog"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/source"
)

// Row is what risk says about one past change, by the files it touched. Floors that need a catalog, a constitution or a
// configuration are not in it.
type Row struct {
	Commit   git.OID
	Rating   risk.Rating
	Features risk.Features
	Missing  int // files that could not be looked at because their objects are not in this clone
}

// UnreadMissing says that a file's object is not in this clone.
const UnreadMissing = "missing"

// Walk rates the newest so many changes (0 = all) of the first-parent history of tip, oldest first, each as if it were proposed
// on top of the one before it: nothing that came later is used. An error is the last thing yielded.
func Walk(ctx context.Context, repo *git.Repo, tip git.OID, newest int, opt Options) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		w := walk{ctx: ctx, repo: repo, governance: bare()}
		if err := w.start(tip, opt); err != nil {
			yield(Row{}, err)
			return
		}
		log := git.LogOptions{From: tip, FirstParent: true, OldestFirst: true, Changes: git.ChangesRaw, Max: newest}
		for entry, err := range repo.Log(ctx, log) {
			if err != nil {
				yield(Row{}, fmt.Errorf("rating history: %w", err))
				return
			}
			row, err := w.rate(entry)
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// bare is governance without any file of the repository: the built-in defaults.
func bare() *facts.Governance {
	none, _ := catalog.Load(nil)
	return &facts.Governance{Config: manifest.Defaults(), Catalog: none}
}

type walk struct {
	ctx        context.Context
	repo       *git.Repo
	governance *facts.Governance
	index      *Index
	before     int // changes before the next one
}

func (w *walk) start(tip git.OID, opt Options) error {
	view, err := Open(w.ctx, w.repo, tip, opt)
	w.index, w.before = view.index, -1
	return err
}

func (w *walk) rate(entry git.LogEntry) (Row, error) {
	if w.before < 0 {
		view, ok := w.index.At(entry.OID)
		if !ok {
			return Row{}, fmt.Errorf("the history index does not hold %s", entry.OID.Short())
		}
		w.before = view.changes - 1
	}
	view := View{index: w.index, changes: w.before}
	w.before++
	changes, missing, err := w.present(pair(entry.Changes))
	if err != nil {
		return Row{}, err
	}
	in, err := facts.Files(w.ctx, w.repo, w.governance, changes)
	if err != nil {
		return Row{}, fmt.Errorf("looking at %s: %w", entry.OID.Short(), err)
	}
	in.Files = append(in.Files, missing...)
	if view.changes > 0 {
		in.History = view.History(oldPaths(changes), entry.Author.Name+" <"+entry.Author.Email+">")
	}
	return Row{Commit: entry.OID, Rating: risk.Rate(in, w.governance.Config), Features: risk.Measure(in), Missing: len(missing)}, nil
}

// present splits off the files whose objects are not here.
func (w *walk) present(changes []git.FileChange) (here []git.FileChange, missing []facts.File, err error) {
	var ids []git.OID
	for _, c := range changes {
		for _, id := range []git.OID{c.Before, c.After} {
			if id != "" && c.NewMode != git.ModeGitlink && c.OldMode != git.ModeGitlink {
				ids = append(ids, id)
			}
		}
	}
	infos, err := w.repo.Info(w.ctx, ids)
	if err != nil {
		return nil, nil, fmt.Errorf("looking for objects: %w", err)
	}
	gone := map[git.OID]bool{}
	for _, info := range infos {
		gone[info.OID] = info.Missing
	}
	for _, c := range changes {
		if gone[c.Before] || gone[c.After] {
			language, class := source.Classify(c.Path, nil, nil)
			missing = append(missing, facts.File{Path: facts.SpellPath(c.Path), Language: language, Class: class, Status: "modified", Effect: source.EffectCode, Unread: UnreadMissing})
			continue
		}
		here = append(here, c)
	}
	return here, missing, nil
}

// pair turns a deletion and an addition of the same content into one rename.
func pair(changes []git.FileChange) []git.FileChange {
	gone := map[git.OID]int{}
	for i, c := range changes {
		if c.Status == git.Deleted {
			gone[c.Before] = i
		}
	}
	out, paired := make([]git.FileChange, 0, len(changes)), map[int]bool{}
	for _, c := range changes {
		old, ok := gone[c.After]
		if c.Status == git.Added && ok && !paired[old] {
			paired[old] = true
			c.Status, c.OldPath, c.OldMode, c.Before, c.Similarity = git.Renamed, changes[old].Path, changes[old].OldMode, changes[old].Before, 100
		}
		out = append(out, c)
	}
	rest := out[:0]
	for i, c := range out {
		if !paired[i] {
			rest = append(rest, c)
		}
	}
	return rest
}

func oldPaths(changes []git.FileChange) []string {
	var out []string
	for _, c := range changes {
		if c.OldPath != "" {
			out = append(out, c.OldPath)
		} else {
			out = append(out, c.Path)
		}
	}
	return out
}
