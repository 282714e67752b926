package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/adamant-os/adamant/internal/attest"
	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/sshsig"
	"github.com/adamant-os/adamant/internal/tlog/projection"
	"github.com/adamant-os/adamant/internal/trust"
)

const (
	attestAtOnce = 25 // commits whose statements are put in one move of the reference
	rootLimit    = 1 << 20
)

// attested is how far the statements about landed commits have come. Its controller's alone.
type attested struct {
	main git.OID // up to here there is nothing left to state, by this
	root git.OID // trust folder on main
}

// attestDuty states what was decided about each commit that the gate landed since genesis, signs it and keeps it: the decision, the approvals it
// stands on and the source summary. What is stated already is not stated again, so a crash costs at most a repetition of what was not
// kept yet. Commits that did not come through the gate get no statement.
func (d *Daemon) attestDuty(ctx context.Context) (time.Time, error) {
	later := d.now().Add(resync)
	main, err := d.kernel.Ref(ctx, kernel.RefMain)
	if err != nil {
		return time.Time{}, err
	}
	root, err := d.mainBlob(ctx, trust.Dir)
	if err != nil || root == "" || d.attested == (attested{main, root}) {
		return later, err
	}
	chain, err := d.readRoot(ctx, root)
	if err != nil {
		return time.Time{}, err
	}
	err = d.signing(ctx, func(a *trust.Authority, log *projection.Projection) error {
		if have, want := a.Repository(), chain.Current().Repository; have != want {
			return fmt.Errorf("the signing keys are those of %q, main's root.json is that of %q", have, want)
		}
		return d.attestAll(ctx, main, chain, attester{a, log})
	})
	if err == nil {
		d.attested = attested{main, root}
	}
	return later, err
}

// readRoot reads the trust root from its folder on main.
func (d *Daemon) readRoot(ctx context.Context, folder git.OID) (*trust.Chain, error) {
	repo := d.kernel.Repo()
	return trust.ReadRoot(func(name string) ([]byte, error) {
		oid, err := repo.Lookup(ctx, folder, name)
		if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
			return nil, fs.ErrNotExist
		}
		if err != nil {
			return nil, err
		}
		return repo.Blob(ctx, oid, rootLimit)
	})
}

// attester signs as the gate.
type attester struct {
	authority *trust.Authority
	log       trust.Logger
}

func (a attester) sign(ctx context.Context, s attest.Statement, kind attest.Kind) (attest.Item, []byte, error) {
	text, err := s.Text()
	if err != nil {
		return attest.Item{}, nil, err
	}
	bundle, err := a.authority.Attest(ctx, a.log, trust.Gate(a.authority.Repository()), text)
	return attest.Item{Bundle: bundle, Subjects: s.Digests(), Kind: kind}, text, err
}

// attestAll goes through main from genesis on.
func (d *Daemon) attestAll(ctx context.Context, main git.OID, chain *trust.Chain, sign attester) error {
	missing, commits, err := d.unattested(ctx, main, git.OID(chain.Current().Genesis.Commit))
	if err != nil || len(missing) == 0 {
		return err
	}
	annals, err := d.readAnnals(ctx)
	if err != nil {
		return err
	}
	h := history{d: d, chain: chain, annals: annals, keys: d.publicKeys(ctx), on: map[git.OID]bool{}, unbroken: true}
	h.on[git.OID(chain.Current().Genesis.Commit)] = true
	var items []attest.Item
	for i, c := range commits {
		h.pass(c)
		if missing[c.OID] {
			made, err := h.attest(ctx, c, sign)
			if err != nil {
				return fmt.Errorf("attesting %s: %w", c.OID.Short(), err)
			}
			items = append(items, made...)
		}
		if len(items) >= attestAtOnce || i == len(commits)-1 {
			if err := d.statements.PutAll(ctx, items); err != nil {
				return err
			}
			items = nil
		}
	}
	return nil
}

// unattested lists main's commits since genesis, oldest first, and says which have no source summary: it is put last.
func (d *Daemon) unattested(ctx context.Context, main, genesis git.OID) (map[git.OID]bool, []git.Commit, error) {
	repo := d.kernel.Repo()
	entries, err := attest.List(ctx, repo, attest.Ref)
	if err != nil {
		return nil, nil, err
	}
	stated := map[string]bool{}
	for _, e := range entries {
		if e.Kind == attest.KindSource {
			stated[e.Subject] = true
		}
	}
	missing := map[git.OID]bool{}
	var commits []git.Commit
	for c, err := range repo.Log(ctx, git.LogOptions{From: main, Not: []git.OID{genesis}, FirstParent: true, OldestFirst: true}) {
		if err != nil {
			return nil, nil, fmt.Errorf("reading main since genesis: %w", err)
		}
		commits = append(commits, c.Commit)
		if !stated[string(c.OID)] {
			missing[c.OID] = true
		}
	}
	return missing, commits, nil
}

// publicKeys are the operator's keys that have a line in authorized_keys, by id.
func (d *Daemon) publicKeys(ctx context.Context) map[string]string {
	out := map[string]string{}
	known, err := d.who.Operators(ctx)
	if err != nil { // it reads memory only
		return out
	}
	for _, k := range known.Keys {
		out[k.ID] = k.Public
	}
	return out
}

// history is main since genesis as far as it was walked.
type history struct {
	d        *Daemon
	chain    *trust.Chain
	annals   *annals
	keys     map[string]string
	on       map[git.OID]bool // passed
	unbroken bool
}

// pass takes the next commit of main.
func (h *history) pass(c git.Commit) {
	h.on[c.OID] = true
	_, byGate := h.annals.landings[c.OID]
	h.unbroken = h.unbroken && byGate
}

// attest makes the bundles of a commit; none where the gate did not land it.
func (h *history) attest(ctx context.Context, c git.Commit, sign attester) ([]attest.Item, error) {
	by, ok := h.annals.landings[c.OID]
	if !ok {
		return nil, nil
	}
	l, err := h.landed(ctx, c, by)
	if err != nil {
		return nil, err
	}
	l.Repository, l.Gate = sign.authority.Repository(), trust.Gate(sign.authority.Repository()).String()
	decision, err := l.Decision()
	if err != nil {
		return nil, err
	}
	first, text, err := sign.sign(ctx, decision, attest.KindDecision)
	if err != nil {
		return nil, err
	}
	items := []attest.Item{first}
	approvals, err := l.Approvals()
	if err != nil {
		return nil, err
	}
	for _, a := range approvals {
		item, _, err := sign.sign(ctx, a, attest.KindApproval)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	summary, err := l.Summary(text)
	if err != nil {
		return nil, err
	}
	last, _, err := sign.sign(ctx, summary, attest.KindSource)
	return append(items, last), err
}

// landed gathers what is known about a commit. Its verdict is made again from what git holds, and must be the one of the ledger.
func (h *history) landed(ctx context.Context, c git.Commit, by landed) (attest.Landed, error) {
	l := attest.Landed{Version: h.d.config.Version, Target: kernel.RefMain, Commit: string(c.OID), Tree: string(c.Tree), Record: by.record, Unbroken: h.unbroken}
	if len(c.Parents) != 1 {
		return l, fmt.Errorf("it has %d parents", len(c.Parents))
	}
	l.Base = string(c.Parents[0])
	landing, err := h.d.changes.Load(ctx, by.decision.Change)
	if err != nil {
		return l, err
	}
	l.Change = describeChange(landing.State, by.decision.Head)
	if l.Verdict, err = h.verdict(ctx, landing, by.decision); err != nil {
		return l, err
	}
	for _, a := range l.Verdict.Approvals {
		consent, err := attest.Consented(a)
		if err != nil {
			return l, err
		}
		consent.Proof, consent.PublicKey = h.annals.proofs[consent.Digest], h.keys[consent.Key]
		l.Consents = append(l.Consents, consent)
	}
	if l.Signed, err = h.signedByGate(ctx, c); err != nil {
		return l, err
	}
	l.Linear, err = h.annals.unforced(ctx, h.d.kernel.Repo(), h.on)
	return l, err
}

func describeChange(s change.State, head git.OID) attest.Change {
	o := s.Origin
	c := attest.Change{ID: s.ID, Head: string(head), Title: o.Title, By: s.By, Agent: o.Agent, Model: o.Model, Role: o.Role, Task: o.Task,
		Feature: o.Feature, Reverts: o.Reverts}
	for _, ps := range s.PatchSets {
		if ps.Head == head {
			c.PatchSet = ps.N
		}
	}
	return c
}

// verdict decides again as of the landing.
func (h *history) verdict(ctx context.Context, c change.Change, by kernel.Decision) (*gate.Verdict, error) {
	a, err := h.assessment(ctx, c, by.Assessment)
	if err != nil {
		return nil, err
	}
	given := map[string]gate.Approval{}
	for _, approval := range c.State.Approvals {
		text, err := approval.Statement.Text()
		if err != nil {
			return nil, err
		}
		given[digestOf(text)] = approval
	}
	standing := gate.Standing{Change: c.ID, SoakStart: by.SoakStart, Now: by.At}
	for _, weighed := range by.Approvals {
		approval, ok := given[weighed.Statement]
		if !ok {
			return nil, fmt.Errorf("the approval %.12s of the ledger is not among the change's", weighed.Statement)
		}
		standing.Approvals = append(standing.Approvals, approval)
	}
	v := gate.Decide(a, standing)
	digest, err := gate.VerdictDigest(v)
	if err == nil && digest != by.Verdict {
		err = fmt.Errorf("its verdict comes out as %.12s, the ledger says %.12s", digest, by.Verdict)
	}
	return v, err
}

// assessment is the one of a digest, among all that were ever made of the change.
func (h *history) assessment(ctx context.Context, c change.Change, digest string) (*gate.Assessment, error) {
	doc, ok := c.AssessmentDocument(digest)
	if !ok {
		return nil, fmt.Errorf("change %.16s has no assessment %.12s", c.ID, digest)
	}
	var a gate.Assessment
	err := change.ReadDocuments(ctx, h.d.kernel.Repo(), []change.Document{doc}, func(_ int, data []byte, err error) error {
		if err != nil {
			return err
		}
		return json.Unmarshal(data, &a)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the assessment %.12s of change %.16s: %w", digest, c.ID, err)
	}
	return &a, nil
}

// signedByGate says that a commit carries the signature of a key that was the gate's when it was made.
func (h *history) signedByGate(ctx context.Context, c git.Commit) (bool, error) {
	signed, err := h.d.kernel.Repo().SignedCommits(ctx, []git.OID{c.OID})
	if err != nil || len(signed[0].Signature) == 0 {
		return false, err
	}
	signature, err := sshsig.Verify(signed[0].Signature, sshsig.NamespaceGit, signed[0].Payload)
	if err != nil {
		return false, nil // unsigned is what it is called
	}
	key, ok := h.chain.GateKey(sshsig.Fingerprint(signature.Key))
	return ok && key.ValidAt(c.Committer.When), nil
}
