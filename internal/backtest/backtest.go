// Package backtest judges the changes a repository has already landed by the governance it has now: which would have landed
// by themselves, which would have needed the operator, and why. It promises to assume nothing in silence: the repository's
// own checks are not run on old trees, their passing is assumed and said so. It never writes to the repository.
package backtest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/finding"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/manifest"
	"github.com/adamant-os/adamant/internal/risk"
	"github.com/adamant-os/adamant/internal/risk/history"
)

// Options say what to look back on.
type Options struct {
	Tip      git.OID // newest change
	Max      int     // changes, newest first
	Now      time.Time
	Jobs     int
	Places   judge.Places
	Version  string
	Fresh    bool                  // judge again what an earlier run has judged
	Progress func(done, total int) // called now and then
	Warn     func(error)           // called with what does not stop the run
}

// Row is what the gate would have done with one change. Times are UTC.
type Row struct {
	Commit   string       `json:"commit"`
	Time     time.Time    `json:"time"`
	Author   string       `json:"author"`
	Subject  string       `json:"subject"`
	Files    int          `json:"files"`
	Added    int          `json:"added"`
	Deleted  int          `json:"deleted"`
	Level    risk.Level   `json:"level"`
	Band     risk.Level   `json:"band"`
	Score    int          `json:"score"`
	Decision string       `json:"decision"` // landed, soaked, needed, refused
	Floor    []FloorRow   `json:"floor"`
	Gates    []GateRow    `json:"gates"`
	Refusals []RefusalRow `json:"refusals"`
	Holds    []RefusalRow `json:"holds"`
}

// FloorRow is one reason of the floor.
type FloorRow struct {
	Level   risk.Level `json:"level"`
	Rule    string     `json:"rule"`
	Path    string     `json:"path"`
	Message string     `json:"message"`
}

// GateRow is one gate's state.
type GateRow struct {
	Name  string `json:"name"`
	State string `json:"state"`
}

// RefusalRow is one finding that would have stood in the way.
type RefusalRow struct {
	Rule    string `json:"rule"`
	Path    string `json:"path"`
	Line    int    `json:"line"`
	Message string `json:"message"`
}

// The decisions of a row.
const (
	Landed  = "landed"  // by itself, at once
	Soaked  = "soaked"  // by itself, after its soak
	Needed  = "needed"  // the operator
	Refused = "refused" // sent back to its author
	Missing = "missing" // cannot be judged: the clone lacks objects
)

// Run judges the changes of a first-parent history and reports them newest first.
func Run(ctx context.Context, repo *git.Repo, opt Options) (*Report, error) {
	_, governance, err := judge.GovernanceAt(ctx, repo, opt.Tip)
	if err != nil {
		return nil, err
	}
	assessor, err := judge.Assessor(ctx, governance)
	if err != nil {
		return nil, err
	}
	plan, cut, err := changes(ctx, repo, opt)
	if err != nil {
		return nil, err
	}
	store := openStore(opt, repo, governance)
	r := &run{repo: repo, opt: opt, governance: governance, assessor: assessor, store: store, total: len(plan)}
	rows, err := r.all(ctx, plan)
	if ctx.Err() != nil && store.file != nil {
		opt.Warn(errors.New("what was judged is kept; the next run goes on there"))
	}
	if err = errors.Join(err, store.close()); err != nil {
		return nil, err
	}
	return report(rows, governance, cut), nil
}

// step is one change to judge: a commit and its first parent.
type step struct {
	at             int
	parent, commit git.OID
}

// changes lists the first-parent changes, oldest first. A commit without a parent is where history begins, or where a
// shallow clone was cut: it is no change.
func changes(ctx context.Context, repo *git.Repo, opt Options) (plan []step, cut bool, err error) {
	var entries []git.LogEntry
	for entry, err := range repo.Log(ctx, git.LogOptions{From: opt.Tip, FirstParent: true, Max: opt.Max}) {
		if err != nil {
			return nil, false, fmt.Errorf("walking history: %w", err)
		}
		cut = cut || entry.Cut
		if len(entry.Parents) > 0 && !entry.Cut {
			entries = append(entries, entry)
		}
	}
	for i := len(entries) - 1; i >= 0; i-- {
		plan = append(plan, step{at: len(plan), parent: entries[i].Parents[0], commit: entries[i].OID})
	}
	return plan, cut, nil
}

// run is one look back under way.
type run struct {
	repo       *git.Repo
	opt        Options
	governance *facts.Governance
	assessor   *gate.Assessor
	store      *store
	total      int

	mu   sync.Mutex
	done int
}

// all judges every step. Each worker walks a stretch of history of its own, so that the listing of one change's tree can be
// carried on to the next.
func (r *run) all(ctx context.Context, plan []step) ([]Row, error) {
	rows := make([]Row, len(plan))
	past, err := history.Open(ctx, r.repo, r.opt.Tip, history.Options{CacheDir: r.opt.Places.Cache, Warn: r.opt.Warn})
	if err != nil {
		return nil, err
	}
	group, gctx := errgroup.WithContext(ctx)
	for stretch := range split(plan, max(1, r.opt.Jobs)) {
		group.Go(func() error { return r.walk(gctx, stretch, past, rows) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return rows, nil
}

// split cuts a plan into n stretches of equal length.
func split(plan []step, n int) iter.Seq[[]step] {
	return func(yield func([]step) bool) {
		size := (len(plan) + n - 1) / n
		for len(plan) > 0 {
			cut := min(size, len(plan))
			if !yield(plan[:cut]) {
				return
			}
			plan = plan[cut:]
		}
	}
}

func (r *run) walk(ctx context.Context, stretch []step, past history.View, rows []Row) error {
	var base *facts.Side
	for _, s := range stretch {
		if row, ok := r.store.get(string(s.commit)); ok {
			rows[s.at] = row
			base = nil
			r.tick()
			continue
		}
		row, merged, err := r.one(ctx, s, base, past)
		var missing *git.MissingError
		if errors.As(err, &missing) {
			rows[s.at], base = Row{Commit: string(s.commit), Decision: Missing}, nil
			r.tick()
			continue
		}
		var size *facts.SizeError
		if errors.As(err, &size) {
			if rows[s.at], err = r.tooLarge(ctx, s, size); err != nil {
				return err
			}
			base = nil
			r.tick()
			continue
		}
		if err != nil {
			return fmt.Errorf("judging %s: %w", s.commit.Short(), err)
		}
		rows[s.at], base = row, merged
		if err := r.store.put(row); err != nil {
			return err
		}
		r.tick()
	}
	return nil
}

// tooLarge is the row of a change that the gate sends back unread.
func (r *run) tooLarge(ctx context.Context, s step, why error) (Row, error) {
	c, err := r.repo.Commit(ctx, s.commit)
	return Row{Commit: string(s.commit), Time: c.Author.When.UTC(), Author: c.Author.Name + " <" + c.Author.Email + ">", Subject: c.Subject(),
		Level: risk.Critical, Decision: Refused, Floor: []FloorRow{}, Gates: []GateRow{}, Holds: []RefusalRow{},
		Refusals: []RefusalRow{{Rule: "change/too-large", Message: why.Error()}}}, err
}

func (r *run) tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	r.opt.Progress(r.done, r.total)
}

// one judges a change and returns the side that the next change starts from.
func (r *run) one(ctx context.Context, s step, base *facts.Side, past history.View) (Row, *facts.Side, error) {
	then, ok := past.At(s.parent)
	if !ok {
		return Row{}, nil, fmt.Errorf("its first parent %s is not in the history index", s.parent.Short())
	}
	c, err := facts.Collect(ctx, r.repo, facts.Options{
		Source: "range", Target: "main", Base: s.parent, Head: s.commit, Now: r.opt.Now, Governance: r.governance,
		BaseSide: base, History: then.History,
	})
	if err != nil {
		return Row{}, nil, err
	}
	if err := r.observe(ctx, c); err != nil {
		return Row{}, nil, err
	}
	if err := judge.RunBuiltin(ctx, c, r.opt.Places); err != nil {
		return Row{}, nil, err
	}
	c.Input.Evidence = append(c.Input.Evidence, assumed(r.governance.Config, r.opt.Now)...)
	a, err := r.assessor.Plan(ctx, c.Input) // nobody asks for its digest
	if err != nil {
		return Row{}, nil, err
	}
	return rowOf(c.Input, gate.Decide(a, gate.Standing{Now: r.opt.Now})), c.Merged.Forget(), nil
}

// observe adds what the gate learns from interfaces and the dependency graph.
func (r *run) observe(ctx context.Context, c *facts.Collected) error {
	warn := func(text string) { r.opt.Warn(errors.New(text)) }
	if err := judge.ObserveAPI(ctx, c); err != nil {
		return err
	}
	if r.governance.Catalog.Len() > 0 { // only components give reach a price
		if err := judge.ObserveReach(ctx, r.repo, c, r.opt.Places, warn); err != nil {
			return err
		}
	}
	return judge.InUse(ctx, r.repo, c, r.opt.Places, warn)
}

// SourceAssumed marks evidence that nobody has seen: the backtest's assumption that the repository's checks passed.
const SourceAssumed = "assumed"

func assumed(cfg manifest.Repository, now time.Time) []facts.Evidence {
	var out []facts.Evidence
	for _, check := range cfg.Spec.Checks {
		out = append(out, facts.Evidence{Check: check.Name, Kind: check.Kind, State: facts.Passed, Source: SourceAssumed, ObservedAt: now,
			BaseTests: &facts.Tests{}, Coverage: &facts.Coverage{Diff: 100_000, Languages: []string{"*"}}})
	}
	return out
}

func rowOf(in *facts.Input, v *gate.Verdict) Row {
	a := v.Assessment
	row := Row{Commit: a.Head, Files: a.Diffstat.Files, Added: a.Diffstat.Added, Deleted: a.Diffstat.Deleted,
		Level: a.Level, Band: a.Band, Score: a.Score, Decision: decision(v),
		Floor: []FloorRow{}, Gates: []GateRow{}, Refusals: []RefusalRow{}, Holds: []RefusalRow{}}
	if n := len(in.Change.Commits); n > 0 {
		last := in.Change.Commits[n-1]
		row.Time, row.Author, row.Subject = last.Time, last.Author, last.Subject
	}
	for _, f := range a.Floor {
		row.Floor = append(row.Floor, FloorRow{Level: f.Level, Rule: f.Rule, Path: f.Path, Message: f.Message})
	}
	for _, g := range a.Gates {
		row.Gates = append(row.Gates, GateRow{Name: g.Name, State: g.State})
	}
	for _, f := range a.Findings {
		if gate.Blocks(f) {
			row.Refusals = append(row.Refusals, refusal(f))
		}
	}
	for _, h := range a.Holds {
		row.Holds = append(row.Holds, RefusalRow{Rule: h.Subject, Path: h.Path, Line: h.Line, Message: h.Message})
	}
	return row
}

func refusal(f finding.Finding) RefusalRow {
	return RefusalRow{Rule: f.Rule, Path: f.Path, Line: f.Line, Message: f.Message}
}

func decision(v *gate.Verdict) string {
	switch {
	case v.Decision == gate.Deny:
		return Refused
	case v.Decision == gate.Allow:
		return Landed
	case v.NotBefore != nil:
		return Soaked
	}
	return Needed
}
