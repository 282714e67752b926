package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/check"
	"github.com/adamant-os/adamant/internal/facts"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/landing"
	"github.com/adamant-os/adamant/internal/mergequeue"
	"github.com/adamant-os/adamant/internal/queue"
	"github.com/adamant-os/adamant/internal/risk"
)

// staged is a batch composed on main: it lands as it is or not at all.
type staged struct {
	main    git.OID
	members []member
}

// member is one change of a batch, judged on the commit before it.
type member struct {
	change     string
	head, base git.OID
	commit     git.OID
	assessment *gate.Assessment
}

func (s *staged) of(id string) *member {
	if s == nil {
		return nil
	}
	if i := slices.IndexFunc(s.members, func(m member) bool { return m.change == id }); i >= 0 {
		return &s.members[i]
	}
	return nil
}

func (s *staged) ids() []string {
	out := make([]string, len(s.members))
	for i, m := range s.members {
		out[i] = m.change
	}
	return out
}

// alone says that a change cannot share a run: a part of what has to be proven is about it and no other change.
func (d *Daemon) alone(ctx context.Context, a *gate.Assessment, paths []string) bool {
	if a.Level >= risk.High || governs(paths) {
		return true
	}
	_, g, err := judge.GovernanceAt(ctx, d.kernel.Repo(), git.OID(a.Base))
	if err != nil {
		return true // slower, never wrong
	}
	asked := checksOf(a, nil)
	for i := range g.Config.Spec.Checks {
		k := &g.Config.Spec.Checks[i]
		if slices.Contains(asked, k.Name) && check.PerChange(k, a.Level >= risk.Medium) {
			return true
		}
	}
	return false
}

// checksOf adds the checks that answer for an assessment's gates.
func checksOf(a *gate.Assessment, to []string) []string {
	for _, g := range a.Gates {
		to = append(to, g.Checks...)
	}
	return to
}

// composed is a batch behind its chain, at one point of being proven.
type composed struct {
	*landing.Composition
	assessments map[string]*gate.Assessment
}

// composeAll judges changes on top of each other, as asked, and makes their commits.
func (d *Daemon) composeAll(ctx context.Context, on git.OID, changes []change.Change, how asked) (*composed, error) {
	out := &composed{assessments: map[string]*gate.Assessment{}}
	repo, err := git.Open(ctx, d.kernel.Repo().GitDir()) // its merges go when it is closed
	if err != nil {
		return nil, err
	}
	defer repo.Close()
	byID := map[string]change.Change{}
	var items []landing.Item
	for _, c := range changes {
		item, err := d.itemOf(ctx, repo, c)
		if err != nil {
			return nil, err
		}
		byID[c.ID], items = c, append(items, item)
	}
	out.Composition, err = landing.Compose(ctx, repo, on, items, landing.Options{
		Judge: func(ctx context.Context, base git.OID, item landing.Item) (*gate.Assessment, error) {
			a := d.known(ctx, byID[item.Change], base) // the first of a batch may have one on main as it is
			if how.proof == nil || a == nil || !passed(a) {
				outcome, err := d.judged(ctx, byID[item.Change], base, how)
				if err != nil {
					return nil, err
				}
				a = outcome.Verdict.Assessment
			}
			out.assessments[item.Change] = a
			return a, nil
		},
		Committer: d.signature(),
		Sign:      d.signer,
	})
	return out, err
}

func passed(a *gate.Assessment) bool {
	outcome, _ := judgeOutcome(a)
	return outcome == mergequeue.Passed
}

// found is how a run of several changes ended.
type found struct {
	outcome mergequeue.Outcome
	note    string
	guilty  string       // a change that cannot land whatever else does
	proof   *judge.Proof // what the checks answered at the tip
	staged  *staged      // when it can land as it is
}

// proveBatch composes a batch on base, behind its chain, and proves it: every change is judged on the commit before it, and the declared
// checks are run once, at the tip, as if all were one change. proof answers for them when it is given.
//
// It composes twice: what is to be run is known only after everything is composed, and what was run is a part of each
// assessment, whose digest is a part of the commit. Both times the tree must be the same.
func (d *Daemon) proveBatch(ctx context.Context, s mergequeue.Start, proof *judge.Proof) (found, error) {
	changes, err := d.loadAll(ctx, slices.Concat(s.Chain, s.Batch))
	if err != nil {
		return found{}, err
	}
	batch := changes[len(s.Chain):]
	draft, err := d.composeAll(ctx, git.OID(s.Base), changes, asked{run: []string{}})
	if f, ok := refusedIn(err, s); ok {
		return f, nil
	}
	if err != nil {
		return found{}, err
	}
	if proof == nil {
		if proof, err = d.runAtTip(ctx, s, draft); err != nil {
			return found{}, err
		}
	}
	for _, p := range proof.Checks {
		switch e := p.Evidence; e.State {
		case facts.Failed:
			return found{outcome: mergequeue.Failed, note: e.Check + ": " + e.Reason}, nil
		case facts.Errored, facts.Pending:
			return found{outcome: mergequeue.Aborted, note: e.Check + ": " + e.Reason}, nil
		}
	}
	on := git.OID(s.Base)
	if n := len(s.Chain); n > 0 {
		on = draft.Commits[n-1].OID
	}
	final, err := d.composeAll(ctx, on, batch, asked{proof: proof})
	if f, ok := refusedIn(err, s); ok {
		return f, nil
	}
	if err != nil {
		return found{}, err
	}
	for _, c := range batch {
		if outcome, note := judgeOutcome(final.assessments[c.ID]); outcome != mergequeue.Passed {
			return found{outcome: outcome, note: note}, nil
		}
	}
	if got, want := last(final).Tree, last(draft).Tree; got != want {
		return found{outcome: mergequeue.Aborted, note: fmt.Sprintf("what its checks said makes the tree %s of %s", got.Short(), want.Short())}, nil
	}
	f := found{outcome: mergequeue.Passed, proof: proof}
	if len(s.Chain) == 0 {
		f.staged = stagedOf(git.OID(s.Base), batch, final)
	}
	return f, nil
}

func last(c *composed) landing.Commit { return c.Commits[len(c.Commits)-1] }

func stagedOf(main git.OID, batch []change.Change, c *composed) *staged {
	s := &staged{main: main}
	for i, commit := range c.Commits {
		s.members = append(s.members, member{change: commit.Change, head: batch[i].State.Head(), base: commit.Base, commit: commit.OID,
			assessment: c.assessments[commit.Change]})
	}
	return s
}

// refusedIn says what it means for a run that a change could not be composed.
func refusedIn(err error, s mergequeue.Start) (found, bool) {
	refusal := (*landing.Refusal)(nil)
	switch {
	case !errors.As(err, &refusal):
		return found{}, false
	case slices.Contains(s.Chain, refusal.Change):
		return found{outcome: mergequeue.Aborted, note: "what is before it does not go together: " + refusal.Error()}, true
	}
	return found{outcome: mergequeue.Failed, note: refusal.Error(), guilty: refusal.Change}, true
}

// runAtTip runs the checks that the gates of a batch still want, once, on all of it.
func (d *Daemon) runAtTip(ctx context.Context, s mergequeue.Start, draft *composed) (*judge.Proof, error) {
	_, g, err := judge.GovernanceAt(ctx, d.kernel.Repo(), git.OID(s.Base))
	if err != nil {
		return nil, err
	}
	var asks []string
	for _, id := range s.Batch {
		for _, open := range draft.assessments[id].Gates {
			if open.State == gate.Pending {
				asks = append(asks, open.Checks...)
			}
		}
	}
	var names []string
	for i := range g.Config.Spec.Checks {
		if k := &g.Config.Spec.Checks[i]; slices.Contains(asks, k.Name) && !check.PerChange(k, false) {
			names = append(names, k.Name)
		}
	}
	if len(names) == 0 {
		return &judge.Proof{Source: facts.SourceBatch, Tree: last(draft).Tree}, nil
	}
	outcome, err := d.judgedAs(ctx, judge.Request{Base: s.Base, Head: string(draft.Tip()), Run: names}, strings.Join(s.Batch, " "))
	if err != nil {
		return nil, err
	}
	if got := git.OID(outcome.Input.Change.MergedTree); got != last(draft).Tree {
		return nil, fmt.Errorf("the batch's checks ran on tree %s, not on %s", got.Short(), last(draft).Tree.Short())
	}
	return judge.ProofOf(facts.SourceBatch, outcome, g.Config.Spec.Checks), nil
}

func (d *Daemon) loadAll(ctx context.Context, ids []string) ([]change.Change, error) {
	out := make([]change.Change, len(ids))
	for i, id := range ids {
		var err error
		if out[i], err = d.changes.Load(ctx, id); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const stepLand = "land" // of a job of the queue: compose a proven batch where it lands

// stage has a batch composed on main as it is, when the run that proved it did not do that. It is called with the lock held.
func (m *merger) stage(ctx context.Context, l mergequeue.Land) error {
	m.staged = nil
	if len(l.Changes) < 2 {
		return nil
	}
	if s := m.proved[l.Run].staged; s != nil && s.main == git.OID(l.Main) {
		m.staged = s
		return nil
	}
	body, err := json.Marshal(mergequeue.Start{Run: l.Run, Base: l.Main, Batch: l.Changes})
	if err != nil {
		return err
	}
	_, err = m.d.jobs.Submit(ctx, queue.Job{Kind: jobProve, Key: string(l.Run), State: l.Main, Step: stepLand, Attempt: 1, Body: body})
	return err
}

// doStage is a worker's part of it. A batch that does not work here after all is nobody's fault yet: it is proven again.
func (d *Daemon) doStage(ctx context.Context, s mergequeue.Start) error {
	if !d.merge.lands(s.Run) {
		return nil
	}
	var f found
	err := d.watched(ctx, s.Batch, func() (err error) {
		f, err = d.proveBatch(ctx, s, nil)
		return err
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch {
	case err != nil:
		d.merge.refuse(ctx, s.Run, "", err.Error())
	case f.outcome != mergequeue.Passed:
		d.merge.refuse(ctx, s.Run, f.guilty, f.note)
	default:
		d.merge.stagedNow(s.Run, f.staged)
	}
	return nil
}

// lands says that a run is about to land.
func (m *merger) lands(run mergequeue.RunID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.landing != nil && m.landing.Run == run
}

func (m *merger) stagedNow(run mergequeue.RunID, s *staged) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.landing != nil && m.landing.Run == run {
		m.staged = s
		m.d.loop.wake(m.landing.Changes...)
	}
}

// keep remembers what a run found, and forgets runs whose changes have left. It is called with the lock held.
func (m *merger) keep(run mergequeue.RunID, s mergequeue.Start, f found) {
	for id, old := range m.proved {
		if !slices.ContainsFunc(old.start.Batch, func(id string) bool { return m.in[id] }) {
			delete(m.proved, id)
		}
	}
	if f.outcome == mergequeue.Passed {
		m.proved[run] = provedRun{start: s, proof: f.proof, staged: f.staged}
	}
}

// provedRun is what a run that passed leaves for its landing.
type provedRun struct {
	start  mergequeue.Start
	proof  *judge.Proof
	staged *staged
}

// stagedAssessment is the one that a batch's member was composed with, nil when there is none of that head on that base.
func (m *merger) stagedAssessment(id string, head, base git.OID) *gate.Assessment {
	m.mu.Lock()
	defer m.mu.Unlock()
	if one := m.staged.of(id); one != nil && one.head == head && one.base == base {
		return one.assessment
	}
	return nil
}

// batch is the batch that lands now, nil when there is none or it has one change.
func (m *merger) batch(run mergequeue.RunID) *staged {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.landing == nil || m.landing.Run != run {
		return nil
	}
	return m.staged
}

// landBatch puts a batch on main in one landing of the kernel, when each of its changes may land: the step of the last one that
// may, does it.
func (d *Daemon) landBatch(ctx context.Context, run mergequeue.RunID, s *staged) (bool, error) {
	var updates []git.RefUpdate
	var landings []arrival
	var decisions []kernel.Decision
	for i, m := range s.members {
		c, err := d.changes.Load(ctx, m.change)
		if err != nil {
			return false, err
		}
		w, err := d.world(ctx, c)
		if err != nil {
			return false, err
		}
		if !allows(change.Step(d.counted(c.State), w), m) {
			return false, nil // its own step comes here again
		}
		decision, allowed, err := d.decided(c, m.assessment, m.commit)
		if err != nil || !allowed {
			d.loop.wake(m.change)
			return false, err
		}
		decisions = append(decisions, decision)
		op := change.Operation{Time: d.now().UTC(), Actor: change.Actor,
			Body: change.Landed{Head: m.head, Commit: m.commit, Base: m.base, Assessment: m.assessment.Digest}}
		after, moves, err := d.changes.Prepare(ctx, c, []change.Operation{op}, nil)
		if err != nil {
			return false, err
		}
		why := fmt.Sprintf("landed as %s, %d of %d in one move", m.commit.Short(), i+1, len(s.members))
		updates, landings = append(updates, moves...), append(landings, arrival{after, op, m.commit, why})
	}
	tip := s.members[len(s.members)-1].commit
	main := git.RefUpdate{Name: kernel.RefMain, Old: s.main, New: tip}
	if moved, err := d.moveMain(ctx, run, kernel.Landing{Changes: s.ids(), Updates: updates, Main: main, Decisions: decisions}); err != nil || !moved {
		return err == nil, err
	}
	d.hub.publish(Event{Kind: "main", Message: fmt.Sprintf("main is %s: %d changes", tip.Short(), len(s.members))})
	return true, d.landed(ctx, run, tip, landings...)
}

// allows says that the next step of a batch's member is to land as it was composed.
func allows(next change.Next, m member) bool {
	return next.Operation == nil && slices.ContainsFunc(next.Do, func(e change.Effect) bool {
		return e.Kind == change.DoLand && e.Job.Head == m.head && e.Job.Base == m.base && e.Assessment == m.assessment.Digest
	})
}
