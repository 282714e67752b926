package verify

import (
	"context"
	"errors"
	"fmt"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
)

const (
	doRestore = "keep this clone, compare it with another one or the mirror, and restore from the good one"
	doFrom    = "land a revert if it must not stay; adamant verify --from REV verifies what came after"
	doSync    = "run adamant sync and verify again; if it stays, " + doRestore
)

// cover finds the landing that put each commit on main: cover[i] is that of the line's commit i, nil where there is none. It
// reports what does not follow.
func (r *run) cover(ctx context.Context, rec *record, l *line) ([]*move, error) {
	covered := make([]*move, len(l.commits))
	moves := rec.since(l)
	known := l.base
	for i := range moves {
		m := &moves[i]
		first := i == 0 && l.at[m.from] == 0
		r.follows(m, known, first)
		r.holds(m, l, first)
		known = m.to
		r.mark(m, l, covered)
	}
	if m := rec.open; m != nil && m.from == known && l.tip() == m.to {
		r.warn(Problem{Code: LandingOpen, Commit: m.to, Place: m.entry.Place.String(), What: "the last landing has moved main and not ended",
			Do: "nothing, while a daemon runs; else start one: it ends the landing"})
		known = m.to
		r.mark(m, l, covered)
	}
	r.uncovered(rec, l, covered)
	return covered, r.checkTip(ctx, l, known)
}

// follows demands that a move begins where main was.
func (r *run) follows(m *move, known git.OID, first bool) {
	switch {
	case m.kind == ledger.MovedByHand:
		r.fail(Problem{Code: MainMovedByHand, Commit: m.to, Place: m.entry.Place.String(),
			What: fmt.Sprintf("main was moved from %s to %s past the gate, and the ledger says so", short(m.from), short(m.to)), Do: doFrom})
	case m.kind == ledger.LandingIntent && m.from != known && !first:
		r.fail(Problem{Code: LandingBroken, Commit: m.to, Place: m.entry.Place.String(),
			What: fmt.Sprintf("the landing of %s begins at %s, and main was at %s", short(m.to), short(m.from), short(known)), Do: doRestore})
	case m.kind == ledger.KernelRestored && m.to != known && !first:
		r.fail(Problem{Code: LandingBroken, Commit: m.to, Place: m.entry.Place.String(),
			What: fmt.Sprintf("the kernel was restored with main at %s, and main was at %s", short(m.to), short(known)), Do: doRestore})
	}
}

// holds demands that what a landing landed on is on main when what it landed is.
func (r *run) holds(m *move, l *line, first bool) {
	if _, on := l.at[m.from]; on || first || l.at[m.to] == 0 || m.kind != ledger.LandingIntent {
		return
	}
	r.fail(Problem{Code: MainForked, Commit: m.to, Place: m.entry.Place.String(), Do: doRestore,
		What: fmt.Sprintf("main holds %s and not %s, which it landed on", short(m.to), short(m.from))})
}

// mark gives the commits of a landing to it that no earlier one has.
func (r *run) mark(m *move, l *line, covered []*move) {
	to := l.at[m.to]
	if to == 0 || m.kind != ledger.LandingIntent {
		return
	}
	r.report.Landings++
	for i := l.at[m.from]; i < to; i++ {
		if covered[i] == nil {
			covered[i] = m
		}
	}
}

// uncovered reports commits that no landing put on main.
func (r *run) uncovered(rec *record, l *line, covered []*move) {
	for i, m := range covered {
		if m != nil {
			continue
		}
		c := l.commits[i]
		p := Problem{Code: MainUnrecorded, Commit: c.oid, Do: "somebody put it there past the gate: " + doRestore,
			What: fmt.Sprintf("no landing put commit %s by %s on main; it is %s", c.oid.Short(), c.by, c.signature())}
		if e, ok := rec.aborted[c.oid]; ok {
			p.Code, p.Place = LandingAborted, e.Place.String()
			p.What = fmt.Sprintf("the landing of %s was taken back, and it is on main", c.oid.Short())
		}
		r.fail(p)
	}
}

// signature is what people are told about a commit's.
func (c commit) signature() string {
	switch {
	case !c.signed:
		return "not signed"
	case c.bad != nil:
		return "signed, and the signature does not verify"
	}
	return "signed by " + c.key
}

// checkTip compares main with where the ledger says it is. Commits in front of that are reported one by one already.
func (r *run) checkTip(ctx context.Context, l *line, known git.OID) error {
	if _, on := l.at[known]; on {
		return nil
	}
	p := Problem{Code: MainForked, Commit: l.tip(), Do: doSync,
		What: fmt.Sprintf("the ledger says that main is %s; it is %s, which does not hold that commit", short(known), l.tip().Short())}
	behind, err := r.repo.IsAncestor(ctx, l.tip(), known)
	if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
		p.What += ", and that commit is gone"
		err = nil
	}
	if behind {
		p.Code, p.What = MainRolledBack, fmt.Sprintf("the ledger says that main is %s; it is %s, from before that landed", short(known), l.tip().Short())
	}
	if err == nil {
		r.fail(p)
	}
	return err
}

func short(id git.OID) string {
	if id == "" {
		return "nothing"
	}
	return id.Short()
}

// checkCommits holds each commit to the landing that put it on main.
func (r *run) checkCommits(l *line, covered []*move) {
	for i, c := range l.commits {
		m := covered[i]
		switch {
		case m == nil: // reported already
		case m.order != nil:
			r.warn(Problem{Code: BreakGlass, Commit: c.oid, Place: m.entry.Place.String(),
				What: fmt.Sprintf("commit %s landed by order of %s, judged by nobody: %s", c.oid.Short(), m.order.Operator, m.order.Reason), Do: "read it"})
		default:
			r.checkSigner(c, m)
			r.checkDecision(c, m)
		}
	}
}

// checkSigner demands the gate's signature.
func (r *run) checkSigner(c commit, m *move) {
	p := Problem{Commit: c.oid, Change: c.change, Do: "trust it no more than its author: " + doRestore}
	switch {
	case !c.signed:
		p.Code, p.What = CommitUnsigned, fmt.Sprintf("commit %s is not signed by the gate", c.oid.Short())
	case c.bad != nil:
		p.Code, p.What = CommitSignature, fmt.Sprintf("commit %s: %v", c.oid.Short(), c.bad)
	default:
		why := r.signers(c.key, m.entry)
		if why == "" {
			return
		}
		p.Code, p.What = CommitSigner, fmt.Sprintf("commit %s is signed by %s, %s", c.oid.Short(), c.key, why)
	}
	r.fail(p)
}

// decisionOf is what the ledger says allowed a commit.
func decisionOf(m *move, id git.OID) *kernel.Decision {
	for i := range m.intent.Decisions {
		if m.intent.Decisions[i].Commit == id {
			return &m.intent.Decisions[i]
		}
	}
	return nil
}

// checkDecision demands that the commit says of itself what the ledger says of it.
func (r *run) checkDecision(c commit, m *move) {
	d := decisionOf(m, c.oid)
	p := Problem{Commit: c.oid, Change: c.change, Place: m.entry.Place.String(), Do: doRestore}
	switch {
	case d == nil:
		p.Code, p.What = VerdictMissing, fmt.Sprintf("the ledger does not say what allowed commit %s", c.oid.Short())
		p.Do = "landed by an older adamant? adamant verify --from REV verifies what came after; else " + doRestore
	case c.change != d.Change || c.judged != d.Assessment:
		p.Code, p.What = CommitRecord, fmt.Sprintf("commit %s says that it is change %.16s by assessment %.12s; the ledger says change %.16s by %.12s",
			c.oid.Short(), c.change, c.judged, d.Change, d.Assessment)
	default:
		return
	}
	r.fail(p)
}
