package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/trust"
	bundles "github.com/adamant-os/adamant/internal/trust/verify"
)

const bundleBatch = 64 // bundles in memory at once, to a processor

// checkAttestations verifies every statement about a commit that landed and holds decisions to the ledger. It remembers which commits
// have a decision that holds.
func (r *run) checkAttestations(ctx context.Context, rec *record, all []landed) error {
	if r.chain == nil {
		return nil
	}
	verifier, err := bundles.New(r.chain.TrustedRoot, bundles.Options{})
	if refused := (*bundles.Refusal)(nil); errors.As(err, &refused) {
		r.fail(Problem{Code: string(refused.Code), Commit: r.report.Main, Place: trust.Dir + "/" + trust.FileTrustedRoot, What: refused.Message, Do: doRestore})
		return nil
	}
	if err != nil {
		return err
	}
	list, err := r.list(ctx)
	if err != nil {
		return err
	}
	nth := map[string]int{}
	for i, c := range all {
		nth[string(c.oid)] = i
	}
	entries, others := r.entries(list, nth), others(list, nth)
	found := make([]standing, len(all))
	err = r.each(ctx, "attestations", len(entries), bundleBatch, func(ctx context.Context, from, to int) error {
		return r.checkBundles(ctx, verifier, entries[from:to], all, found)
	})
	if err != nil {
		return err
	}
	r.report.Bundles = len(entries) + len(others)
	r.gaps(all, found)
	return r.checkArtifacts(ctx, verifier, others, nth, rec, all, len(list) > 0)
}

// standing is what is known about the decision of a commit.
type standing int

const (
	absent standing = iota
	refused
	holds
)

// gaps reports commits without a decision. Decisions are made in the order of main: behind the newest there may be none yet, before it
// one was taken away.
func (r *run) gaps(all []landed, found []standing) {
	newest := -1
	for i, c := range all {
		r.attested[c.oid] = found[i] == holds
		if found[i] == holds || c.oid == r.was().Attested {
			newest = i
		}
	}
	var late []git.OID
	for i, c := range all {
		if found[i] == absent && i <= newest {
			r.against(c, AttestationMissing, "commit %s has no attested decision, and commits behind it have", c.oid.Short())
		} else if found[i] == absent {
			late = append(late, c.oid)
		}
	}
	if newest >= 0 {
		r.sight().Attested = all[newest].oid
	}
	if len(late) > 0 {
		r.warn(Problem{Code: AttestationMissing, Commit: late[0], What: fmt.Sprintf("the newest %d commits have no attested decision yet, from %s on", len(late), late[0].Short()),
			Do: "nothing, while a daemon runs: it makes them after the landing; then adamant sync"})
	}
}

// entry is a bundle about the nth commit that landed.
type entry struct {
	attest.Entry
	nth int
}

// list is all that is attested.
func (r *run) list(ctx context.Context) ([]attest.Entry, error) {
	list, err := attest.List(ctx, r.repo, r.view.ref(attest.Ref))
	if malformed := (*attest.MalformedError)(nil); errors.As(err, &malformed) {
		r.fail(Problem{Code: AttestationMalformed, Place: r.view.ref(attest.Ref) + ":" + malformed.Path, What: malformed.Error(), Do: doRestore})
		return nil, nil
	}
	return list, err
}

// entries are the bundles of decisions, approvals and summaries about what landed.
func (r *run) entries(list []attest.Entry, nth map[string]int) []entry {
	var out []entry
	for _, e := range list {
		if i, ok := nth[e.Subject]; ok && (e.Kind == attest.KindDecision || e.Kind == attest.KindApproval || r.opt.All && e.Kind == attest.KindSource) {
			out = append(out, entry{e, i})
		}
	}
	return out
}

func (r *run) checkBundles(ctx context.Context, verifier *bundles.Verifier, some []entry, all []landed, found []standing) error {
	plain := make([]attest.Entry, len(some))
	for i, e := range some {
		plain[i] = e.Entry
	}
	i := 0
	for b, err := range attest.Load(ctx, r.repo, plain) {
		if err != nil {
			return err
		}
		e := some[i]
		i++
		good, err := r.checkBundle(ctx, verifier, b, all[e.nth])
		if err != nil {
			return err
		}
		if b.Kind == attest.KindDecision {
			r.mu.Lock() // a commit may have more than one
			if good && found[e.nth] != refused {
				found[e.nth] = holds
			} else {
				found[e.nth] = refused
			}
			r.mu.Unlock()
		}
	}
	return nil
}

// checkBundle verifies one bundle about a commit: who signed it, when, that it is in the log, and for a decision that it says what the
// ledger says.
func (r *run) checkBundle(ctx context.Context, verifier *bundles.Verifier, b attest.Bundle, c landed) (bool, error) {
	p := Problem{Commit: c.oid, Change: c.decision.Change, Place: fmt.Sprintf("%s of %s, number %d", b.Kind, c.oid.Short(), b.Seq), Do: doRestore}
	want := bundles.Expect{Identity: trust.Gate(r.chain.Current().Repository).String(), Issuer: trust.Issuer(r.chain.Current().Repository), Type: attest.DecisionType}
	switch b.Kind {
	case attest.KindSource:
		want.Type = attest.SummaryType
	case attest.KindApproval:
		want.Type = attest.ApprovalType
	}
	result, err := verifier.Bundle(ctx, b.Data, bundles.Artifact{Digest: bundles.Digest{Algorithm: attest.GitCommit, Value: string(c.oid)}}, want)
	if refused := (*bundles.Refusal)(nil); errors.As(err, &refused) {
		p.Code, p.What = string(refused.Code), refused.Error()
		r.fail(p)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !r.leaves[result.Leaf] {
		p.Code, p.What = AttestationUnrecorded, "it was signed as the gate, and the ledger does not have the signature"
		p.Do = "somebody else signs with the gate's keys: adamant trust rotate, and " + doRestore
		r.fail(p)
		return false, nil
	}
	why := ""
	switch b.Kind {
	case attest.KindDecision:
		why = r.disagrees(result.Statement, c)
	case attest.KindApproval:
		why = c.unapproved(result.Statement)
	}
	if why != "" {
		p.Code, p.What = AttestationMismatch, why
		r.fail(p)
		return false, nil
	}
	return true, nil
}

// disagrees says in what a decision's statement is not what the ledger says; empty when it is.
func (r *run) disagrees(statement []byte, c landed) string {
	s, err := attest.ParseStatement(statement)
	if err != nil {
		return err.Error()
	}
	d, err := attest.ParseDecision(s)
	if err != nil {
		return err.Error()
	}
	for _, same := range []struct{ name, said, is string }{
		{"repository", d.Repository, r.chain.Current().Repository},
		{"commit", d.Commit, string(c.oid)},
		{"base", d.Base, string(c.parents[0])},
		{"tree", d.Tree, string(c.tree)},
		{"change", d.Change.ID, c.decision.Change},
		{"head", d.Change.Head, string(c.decision.Head)},
		{"level", d.Risk.Level.String(), c.decision.Level},
		{"assessment", d.Assessment.Digest, c.decision.Assessment},
		{"verdict", d.Verdict.Digest, c.decision.Verdict},
		{"decision", d.Verdict.Decision, c.decision.Decision},
		{"entry of the ledger", fmt.Sprint(d.Record.Writer, " ", d.Record.Seq, " ", d.Record.Line), fmt.Sprint(c.move.entry.Writer, " ", c.move.entry.Seq, " ", c.move.line)},
		{"number of approvals", fmt.Sprint(len(d.Approvals)), fmt.Sprint(len(c.decision.Approvals))},
	} {
		if same.said != same.is {
			return fmt.Sprintf("the statement about %s says that its %s is %q; it is %q", c.oid.Short(), same.name, same.said, same.is)
		}
	}
	if why := r.ground(c, d); why != "" {
		return why
	}
	for i, a := range d.Approvals {
		if want := c.decision.Approvals[i]; a.Digest != want.Statement || digestOf(a.Statement) != a.Digest || a.Void != want.Void {
			return fmt.Sprintf("the statement about %s has another approval %d than the ledger", c.oid.Short(), i+1)
		}
	}
	return ""
}

// ground remembers what a decision stands on, until the assessment is at hand.
func (r *run) ground(c landed, d attest.Decision) string {
	digest, err := d.Grounds()
	if err != nil {
		return err.Error()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if other, found := r.grounds[c.oid]; found && other != digest {
		return fmt.Sprintf("the statements about %s contradict each other", c.oid.Short())
	}
	r.grounds[c.oid] = digest
	return ""
}

// unapproved says why a statement is about no approval that the commit landed with; empty when it is.
func (c landed) unapproved(statement []byte) string {
	s, err := attest.ParseStatement(statement)
	if err != nil {
		return err.Error()
	}
	a, err := attest.ParseApproval(s)
	if err != nil {
		return err.Error()
	}
	counts := func(w kernel.Counted) bool { return w.Void == "" && w.Statement == a.Consent.Digest }
	if a.Change != c.decision.Change || digestOf(a.Consent.Statement) != a.Consent.Digest || !slices.ContainsFunc(c.decision.Approvals, counts) {
		return fmt.Sprintf("it states the approval %.12s of change %.12s, which the ledger does not have for commit %s", a.Consent.Digest, a.Change, c.oid.Short())
	}
	return ""
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// leafOf is the RFC 6962 hash of a leaf.
func leafOf(data []byte) [sha256.Size]byte {
	return sha256.Sum256(append([]byte{0}, data...))
}
