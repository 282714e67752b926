package verify

import (
	"context"
	"fmt"
	"time"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ratchet"
)

// landed is a commit, the landing that put it on main and what allowed it.
type landed struct {
	commit
	move     *move
	decision *kernel.Decision
}

// cases are the commits that the ledger has a decision for.
func cases(l *line, covered []*move) []landed {
	var out []landed
	for i, c := range l.commits {
		if m := covered[i]; m != nil {
			if d := decisionOf(m, c.oid); d != nil {
				out = append(out, landed{c, m, d})
			}
		}
	}
	return out
}

const verdictBatch = 64 // commits whose evidence is in memory at once, to a processor

// checkVerdicts decides about every commit again, by what the gate found then and what the operator had said by then.
func (r *run) checkVerdicts(ctx context.Context, rec *record, all []landed) error {
	shelf, err := r.openShelf(ctx, rec)
	if err != nil {
		return err
	}
	return r.each(ctx, "verdicts", len(all), verdictBatch, func(ctx context.Context, from, to int) error {
		some := all[from:to]
		want := make([]wanted, len(some))
		for i, c := range some {
			want[i] = wanted{c.decision.Change, c.decision.Assessment}
		}
		return shelf.assessments(ctx, want, func(i int, a *gate.Assessment, why error) error {
			return r.checkVerdict(ctx, some[i], a, why)
		})
	})
}

func (r *run) checkVerdict(ctx context.Context, c landed, a *gate.Assessment, why error) error {
	approvals, ok := r.consents(c)
	if !ok {
		return nil
	}
	switch {
	case why != nil:
		r.against(c, VerdictMismatch, "what the gate found about commit %s: %v", c.oid.Short(), why)
	case a == nil && r.attested[c.oid]:
		r.warn(Problem{Code: VerdictDetached, Commit: c.oid, Change: c.decision.Change, What: fmt.Sprintf("the assessment %.12s is not here, so the verdict on commit %s was not decided again; the gate attests it",
			c.decision.Assessment, c.oid.Short()), Do: "adamant sync brings the changes"})
	case a == nil:
		r.against(c, VerdictMissing, "the assessment %.12s, by which commit %s landed, is not here", c.decision.Assessment, c.oid.Short())
	case a.Base != string(c.parents[0]) || a.Head != string(c.decision.Head):
		r.against(c, VerdictMismatch, "commit %s landed by an assessment of %.12s on %.12s", c.oid.Short(), a.Head, a.Base)
	default:
		if err := r.checkTree(ctx, c, a); err != nil {
			return err
		}
		r.replay(c, a, approvals)
	}
	return nil
}

// against reports something about a commit's verdict.
func (r *run) against(c landed, code, format string, args ...any) {
	r.fail(Problem{Code: code, Commit: c.oid, Change: c.decision.Change, Place: c.move.entry.Place.String(), What: fmt.Sprintf(format, args...), Do: doSync})
}

// consents are the approvals that the landing was weighed with, of those that the ledger has from keys that had authority then.
func (r *run) consents(c landed) (approvals []gate.Approval, ok bool) {
	counted, strong := 0, 0
	for _, w := range c.decision.Approvals {
		found := false
		for _, have := range c.move.approvals[c.decision.Change] {
			if have.digest != w.Statement {
				continue
			}
			found = true
			approvals = append(approvals, have.Approval)
			if w.Void == "" {
				counted++
			}
			if w.Void == "" && have.MFA {
				strong++
			}
			break
		}
		if !found {
			r.against(c, ApprovalMissing, "commit %s counts an approval %.12s that no key with authority had given by then", c.oid.Short(), w.Statement)
			return nil, false
		}
	}
	switch {
	case c.decision.Mode == gate.ModeManual && counted == 0, c.decision.Mode == gate.ModeManualMFA && strong == 0:
		r.against(c, ApprovalMissing, "commit %s is a change of level %s and landed without the operator's approval", c.oid.Short(), c.decision.Level)
		return nil, false
	case c.decision.Decision != gate.Allow:
		r.against(c, VerdictRefuses, "commit %s landed by the verdict %q", c.oid.Short(), c.decision.Decision)
		return nil, false
	}
	return approvals, true
}

// replay decides again, and demands the very same verdict.
func (r *run) replay(c landed, a *gate.Assessment, approvals []gate.Approval) {
	d := c.decision
	r.checkGrounds(c, a)
	v := gate.Decide(a, gate.Standing{Change: d.Change, Approvals: approvals, SoakStart: d.SoakStart, Now: d.At})
	digest, err := gate.VerdictDigest(v)
	switch {
	case err != nil:
		r.against(c, VerdictMismatch, "commit %s: %v", c.oid.Short(), err)
	case v.Decision != gate.Allow:
		code := VerdictRefuses
		if v.Reasons[0].Code == "approval" {
			code = ApprovalMissing
		}
		r.against(c, code, "decided again, commit %s is to be held or refused: %s: %s", c.oid.Short(), v.Reasons[0].Subject, v.Reasons[0].Message)
	case digest != d.Verdict || a.Level.String() != d.Level || v.Merge.Mode != d.Mode:
		r.against(c, VerdictMismatch, "decided again, commit %s has the verdict %.12s; the ledger says %.12s", c.oid.Short(), digest, d.Verdict)
	case d.At.After(c.move.entry.Time.Add(skew)) || c.move.entry.Time.Sub(d.At) > staleness:
		r.against(c, VerdictMismatch, "commit %s landed at %s by a verdict of %s", c.oid.Short(), stamp(c.move.entry.Time), stamp(d.At))
	}
}

// checkGrounds demands that what is attested about a commit says of the assessment what is in it.
func (r *run) checkGrounds(c landed, a *gate.Assessment) {
	stated := r.grounds[c.oid]
	if stated == "" {
		return
	}
	if is, err := attest.Grounds(a); err != nil || is != stated {
		r.against(c, AttestationMismatch, "the statement about %s has another level, governance, gates, findings, waivers or marks than the assessment", c.oid.Short())
	}
}

const (
	skew      = 5 * time.Second  // verdicts have whole seconds
	staleness = 30 * time.Minute // between a verdict and its landing
)

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// checkTree demands that a commit holds what was judged, and the marks that the assessment lists.
func (r *run) checkTree(ctx context.Context, c landed, a *gate.Assessment) error {
	if string(c.tree) == a.MergedTree {
		return nil
	}
	places := make([]git.TreePath, len(a.Marks))
	for i, mark := range a.Marks {
		places[i] = git.TreePath{Treeish: c.tree, Path: ratchet.PathOf(mark.Rule)}
	}
	ids, err := r.repo.LookupAll(ctx, places)
	if err != nil {
		return err
	}
	same := len(a.Marks) > 0
	for i, mark := range a.Marks {
		if ids[i] == "" {
			same = false
			continue
		}
		data, err := r.repo.Blob(ctx, ids[i], 64<<20)
		if err != nil {
			return err
		}
		same = same && string(data) == string(mark.Encode())
	}
	if !same {
		r.against(c, VerdictMismatch, "commit %s holds the tree %s; what was judged is %.12s, with %d marks", c.oid.Short(), c.tree.Short(), a.MergedTree, len(a.Marks))
	}
	return nil
}
