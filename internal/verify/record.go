package verify

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/notary"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/tlog/projection"
)

// move is main going from one commit to another, as the ledger has it.
type move struct {
	kind      string // of the entry that moved it: ledger.KernelCreated, LandingIntent, MovedByHand or KernelRestored
	from, to  git.OID
	entry     ledger.Entry // without its body
	line      string       // sha256 of the entry's line, of a landing
	intent    kernel.Intent
	approvals map[string][]consent // by change: those that had authority when the intent was written
	order     *operator.Order      // by which a landing that nobody judged was allowed
}

// consent is an approval and the sha256 of the text that was signed.
type consent struct {
	gate.Approval
	digest string
}

// record is what the ledger says about main.
type record struct {
	moves   []move
	open    *move // began and has not ended
	aborted map[git.OID]ledger.Entry
	who     operator.State
	trails  map[string]trail      // by change
	builds  map[string]buildEntry // by the sha256 of the provenance
}

// trail is what the ledger says of the operations of a change: the newest commit, and the one of the newest assessment.
type trail struct{ tip, assessed git.OID }

// changeKind is the family of entries that say so.
const changeKind = "change."

// operatorKinds are the entries that give authority or use it.
func operatorKind(kind string) bool {
	switch kind {
	case operator.KindEnrolled, operator.KindRevoked, operator.KindCodes, operator.KindBroken, operator.KindFailed, operator.KindApproved:
		return true
	}
	return false
}

// readRecord replays the ledger: where main went, and who had which authority at each landing. A single ledger is read once: the log
// is held to what goes by.
func (r *run) readRecord(ctx context.Context) (*record, error) {
	p := &replay{run: r, record: &record{aborted: map[git.OID]ledger.Entry{}, trails: map[string]trail{}, builds: map[string]buildEntry{}}}
	passing := func(yield func(ledger.Entry, error) bool) { p.read(ctx, yield) }
	ledgers := []iter.Seq2[ledger.Entry, error]{passing}
	if len(r.view.sources) > 1 {
		ledgers = nil
		for _, s := range r.view.sources {
			ledgers = append(ledgers, ledger.ReadFrom(ctx, r.repo, s))
		}
	}
	logged := r.checkLog(ctx, ledgers)
	if !p.began {
		p.read(ctx, func(ledger.Entry, error) bool { return false })
	}
	if p.err != nil {
		return nil, p.err
	}
	return p.record, logged
}

// replay makes a record of the entries that go by.
type replay struct {
	*run
	record *record
	began  bool
	err    error
}

// read goes to the end, however many of the entries are wanted.
func (p *replay) read(ctx context.Context, yield func(ledger.Entry, error) bool) {
	p.began = true
	wanted := true
	for e, err := range ledger.ReadAll(ctx, p.repo, p.view.sources) {
		if p.err = err; err == nil {
			p.take(e)
		}
		wanted = wanted && yield(e, err)
	}
}

func (p *replay) take(e ledger.Entry) {
	if e.Kind == projection.Kind {
		p.leaves[leafOf(projection.Leaf(e))] = true
	}
	if err := p.record.take(e); err != nil {
		p.fail(entryProblem(e, err))
	}
}

// entryProblem says what is wrong with an entry: a forged word of the operator, or a landing that cannot be.
func entryProblem(e ledger.Entry, err error) Problem {
	if operatorKind(e.Kind) {
		return Problem{Code: ApprovalForged, Change: e.Change, Place: e.Place.String(), What: fmt.Sprintf("the entry %s by %s does not hold: %v", e.Kind, e.Actor, err),
			Do: "it grants nothing; find out who wrote it: whoever did has the gate's key"}
	}
	return Problem{Code: LandingBroken, Change: e.Change, Place: e.Place.String(), What: err.Error(), Do: doRestore}
}

func (rec *record) take(e ledger.Entry) error {
	body := e.Body
	e.Body = nil
	switch {
	case operatorKind(e.Kind):
		return rec.who.Apply(operator.Entry{Kind: e.Kind, Actor: e.Actor, Change: e.Change, Body: body})
	case strings.HasPrefix(e.Kind, changeKind):
		rec.follow(e, body)
	case e.Kind == notary.KindBuilt:
		b := buildEntry{entry: e}
		if err := json.Unmarshal(body, &b.Built); err != nil {
			return fmt.Errorf("reading a build: %w", err)
		}
		rec.builds[b.Statement] = b
	case e.Kind == ledger.LandingIntent:
		return rec.begin(e, body)
	case e.Kind == ledger.LandingDone || e.Kind == ledger.LandingAborted:
		return rec.end(e, body)
	case e.Kind == ledger.KernelCreated || e.Kind == ledger.KernelRestored || e.Kind == ledger.MovedByHand:
		var at struct {
			Ref            string
			From, To, Main git.OID
		}
		if err := json.Unmarshal(body, &at); err != nil {
			return fmt.Errorf("reading %s: %w", e.Kind, err)
		}
		if e.Kind != ledger.MovedByHand {
			at.To = at.Main
		} else if at.Ref != kernel.RefMain {
			return nil
		}
		rec.moves = append(rec.moves, move{kind: e.Kind, from: at.From, to: at.To, entry: e})
	}
	return nil
}

// follow keeps up with a change. Who does not say where it is now is searched for longer.
func (rec *record) follow(e ledger.Entry, body json.RawMessage) {
	var at struct{ Tip git.OID }
	if json.Unmarshal(body, &at) != nil || at.Tip == "" {
		return
	}
	t := rec.trails[e.Change]
	if t.tip = at.Tip; e.Kind == changeKind+string(change.KindAssess) {
		t.assessed = at.Tip
	}
	rec.trails[e.Change] = t
}

// begin remembers a landing, with the approvals that its changes had at that moment.
func (rec *record) begin(e ledger.Entry, body json.RawMessage) error {
	m := move{kind: e.Kind, entry: e, line: lineDigest(e, body), approvals: map[string][]consent{}}
	if err := json.Unmarshal(body, &m.intent); err != nil {
		return fmt.Errorf("reading a landing: %w", err)
	}
	if m.from, m.to = m.intent.Main.Old, m.intent.Main.New; m.intent.Main.Ref != kernel.RefMain || m.from == "" || m.to == "" {
		return fmt.Errorf("the landing does not move %s", kernel.RefMain)
	}
	for _, d := range m.intent.Decisions {
		for _, a := range rec.who.Approvals(d.Change) {
			text, err := a.Statement.Text()
			if err != nil {
				return err
			}
			m.approvals[d.Change] = append(m.approvals[d.Change], consent{a, digestOf(text)})
		}
	}
	if len(m.intent.Changes) == 0 {
		for _, o := range rec.who.Broken() {
			if git.OID(o.Onto) == m.from && git.OID(o.Lands) == m.to {
				m.order = &o
			}
		}
	}
	rec.open = &m
	return nil
}

// lineDigest is the sha256 of an entry's line.
func lineDigest(e ledger.Entry, body json.RawMessage) string {
	e.Body = body
	sum := sha256.Sum256(e.Line())
	return hex.EncodeToString(sum[:])
}

func (rec *record) end(e ledger.Entry, body json.RawMessage) error {
	var out kernel.Outcome
	if err := json.Unmarshal(body, &out); err != nil {
		return fmt.Errorf("reading the end of a landing: %w", err)
	}
	m := rec.open
	if m == nil || m.intent.ID != out.ID {
		return errors.New("a landing ends that had not begun")
	}
	rec.open = nil
	if e.Kind == ledger.LandingAborted {
		rec.aborted[m.to] = e
		return nil
	}
	if out.Main != m.to {
		return fmt.Errorf("the landing of %s ended with main at %s", m.to.Short(), out.Main.Short())
	}
	rec.moves = append(rec.moves, *m)
	return nil
}

// created is where main stood when the ledger began.
func (rec *record) created() git.OID {
	if len(rec.moves) == 0 {
		return ""
	}
	return rec.moves[0].to
}

// since are the moves behind the last time that main was at base; those that led to somewhere on the line, when it never was.
func (rec *record) since(l *line) []move {
	for i := len(rec.moves) - 1; i >= 0; i-- {
		if rec.moves[i].to == l.base {
			return rec.moves[i+1:]
		}
	}
	for i, m := range rec.moves {
		if l.at[m.to] > 0 {
			return rec.moves[i:]
		}
	}
	return nil
}
