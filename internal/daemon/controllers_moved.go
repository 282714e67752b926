package daemon

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/judge"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/operator/desk"
)

// move is main moved past the gate: by hand, or by the operator's order alone.
type move struct {
	ID       string
	From, To git.OID
	At       time.Time
	Order    *operator.Order // nil: nobody ordered it
	Judged   *judged
	Seen     bool
}

// judged is the body of main.judged: what the gate would have said about a move.
type judged struct {
	V          int      `json:"v"`
	Move       string   `json:"move"`
	From       git.OID  `json:"from"`
	To         git.OID  `json:"to"`
	By         string   `json:"by,omitempty"`         // operator whose order it was
	Nonce      string   `json:"nonce,omitempty"`      // of that order
	Decision   string   `json:"decision,omitempty"`   // empty: it cannot be judged, and Why says so
	Level      string   `json:"level,omitempty"`      //
	Assessment string   `json:"assessment,omitempty"` // its digest
	Why        []string `json:"why"`
}

// seen is the body of inbox.seen: the operator knows.
type seen struct {
	V      int    `json:"v"`
	Item   string `json:"item"`
	Reason string `json:"reason,omitempty"`
}

const whyLimit = 10 // reasons that a judgement lists

// lookAtMoves judges what came on main past the gate, and announces it.
func (d *Daemon) lookAtMoves(ctx context.Context) (time.Time, error) {
	moves, err := d.readMoves(ctx)
	if err != nil {
		return time.Time{}, err
	}
	d.setMoves(moves)
	for i := range moves {
		if moves[i].Judged != nil {
			continue
		}
		verdict, err := d.judgeMove(ctx, moves[i])
		if err != nil {
			return time.Time{}, err
		}
		if err := d.write(ctx, change.Actor, kindJudged, verdict); err != nil {
			return time.Time{}, err
		}
		moves[i].Judged = &verdict
		d.setMoves(moves)
	}
	for _, m := range moves {
		if item, ok := m.item(); ok {
			if err := d.tell(ctx, "main-moved/"+m.ID, item); err != nil {
				return time.Time{}, err
			}
		}
	}
	return d.now().Add(sweepEvery), nil // it is kicked when main moves
}

func (d *Daemon) setMoves(moves []move) {
	d.duties.mu.Lock()
	defer d.duties.mu.Unlock()
	for i := range moves { // what the operator has seen meanwhile
		moves[i].Seen = moves[i].Seen || slices.ContainsFunc(d.duties.moves, func(m move) bool { return m.ID == moves[i].ID && m.Seen })
	}
	d.duties.moves = slices.Clone(moves)
}

// readMoves reads the moves from the ledger, and the orders to move main that came to something.
func (d *Daemon) readMoves(ctx context.Context) ([]move, error) {
	var moves []move
	verdicts, known := map[string]*judged{}, map[string]bool{}
	for e, err := range ledger.Read(ctx, d.kernel.Repo(), ledger.Filter{Kinds: []string{ledger.MovedByHand, kindJudged, kindSeen}}) {
		if err != nil {
			return nil, err
		}
		if !strings.HasPrefix(e.Place.Ref, ledger.RefPrefix) {
			continue
		}
		switch e.Kind {
		case ledger.MovedByHand:
			m, err := body[kernel.MainMove](e)
			if err != nil {
				return nil, err
			}
			moves = append(moves, move{ID: shortDigest(fmt.Sprintf("%s %d", e.Writer, e.Seq)), From: m.From, To: m.To, At: e.Time})
		case kindJudged:
			j, err := body[judged](e)
			if err != nil {
				return nil, err
			}
			verdicts[j.Move] = &j
		case kindSeen:
			s, err := body[seen](e)
			if err != nil {
				return nil, err
			}
			known[s.Item] = true
		}
	}
	ordered, err := d.orderedMoves(ctx)
	moves = append(moves, ordered...)
	for i := range moves {
		moves[i].Judged, moves[i].Seen = verdicts[moves[i].ID], known[moves[i].ID]
	}
	slices.SortStableFunc(moves, func(a, b move) int { return a.At.Compare(b.At) })
	return moves, err
}

// orderedMoves are the orders to break the glass whose commit is on main. An order that came to nothing moved nothing.
func (d *Daemon) orderedMoves(ctx context.Context) ([]move, error) {
	main, err := d.kernel.Ref(ctx, kernel.RefMain)
	if err != nil || main == "" {
		return nil, err
	}
	var moves []move
	for _, o := range d.who.Broken() {
		on, err := d.kernel.Repo().IsAncestor(ctx, git.OID(o.Lands), main)
		if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if on {
			moves = append(moves, move{ID: shortDigest("order " + o.Nonce), From: git.OID(o.Onto), To: git.OID(o.Lands), At: o.At, Order: &o})
		}
	}
	return moves, nil
}

// judgeMove asks the gate what it would have said, by the rules of where main stood. What cannot be judged is said to be so.
func (d *Daemon) judgeMove(ctx context.Context, m move) (judged, error) {
	out := judged{V: 1, Move: m.ID, From: m.From, To: m.To, Why: []string{}}
	if m.Order != nil {
		out.By, out.Nonce = m.Order.Operator, m.Order.Nonce
	}
	if m.From == "" || m.To == "" {
		out.Why = append(out.Why, "main was made or deleted by hand: there is nothing to compare")
		return out, nil
	}
	repo, err := git.Open(ctx, d.kernel.Repo().GitDir())
	if err != nil {
		return out, err
	}
	defer repo.Close()
	if back, err := repo.IsAncestor(ctx, m.To, m.From); err == nil && back {
		out.Why = append(out.Why, "main was put back: what landed since "+m.To.Short()+" is gone from it")
		return out, nil
	}
	outcome, err := judge.Run(ctx, repo, judge.Request{Base: string(m.From), Target: "main", Head: string(m.To), Now: d.now(), Jobs: 1, Places: d.config.Places,
		Getenv: d.config.Getenv, Version: d.config.Version, Progress: func(line string) { d.log.Debug("main by hand", "progress", line) }, Render: d.config.Render})
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	if err != nil { // it stays as it is: nobody can mend what is on main already
		out.Why = append(out.Why, "the gate cannot judge it: "+err.Error())
		return out, nil
	}
	v := outcome.Verdict
	out.Decision, out.Level, out.Assessment = v.Decision, v.Assessment.Level.String(), v.Assessment.Digest
	for _, r := range v.Reasons[:min(len(v.Reasons), whyLimit)] {
		out.Why = append(out.Why, r.Subject+": "+r.Message)
	}
	return out, nil
}

// item is what the operator sees until they have said that they know.
func (m move) item() (desk.Item, bool) {
	if m.Seen {
		return desk.Item{}, false
	}
	if m.Judged == nil {
		return m.unjudged(), true
	}
	item := desk.Item{ID: m.ID, Title: "main was moved by hand", Level: cmp.Or(m.Judged.Level, "critical"), Status: "moved", Since: m.At,
		What: fmt.Sprintf("main went from %s to %s, judged by nobody", name(m.From), name(m.To)), Next: "adamant inbox --seen " + m.ID}
	if m.Order != nil {
		item.Title = "main was moved by order of " + m.Order.Operator
		item.What += fmt.Sprintf(": %q", m.Order.Reason)
	}
	why := strings.Join(m.Judged.Why, "; ")
	switch {
	case m.Judged.Decision == "":
		item.Why = why
	case why == "":
		item.Why = "the gate would have said " + m.Judged.Decision
	default:
		item.Why = "the gate would have said " + m.Judged.Decision + ": " + why
	}
	return item, true
}

func name(id git.OID) string {
	if id == "" {
		return "nothing"
	}
	return id.Short()
}

// acknowledge takes an item about main off the inbox, on record. What stands on main goes away by itself when it is mended.
func (d *Daemon) acknowledge(ctx context.Context, id, reason string) (desk.Answer, error) {
	d.duties.mu.Lock()
	at := slices.IndexFunc(d.duties.moves, func(m move) bool { return strings.HasPrefix(m.ID, id) && !m.Seen && m.Judged != nil })
	standing := slices.ContainsFunc(d.duties.swept.Overdue, func(o overdue) bool { return strings.HasPrefix(o.ID, id) })
	elsewhere := slices.ContainsFunc(d.duties.mirror.items(), func(i desk.Item) bool { return strings.HasPrefix(i.ID, id) })
	var m move
	if at >= 0 {
		m = d.duties.moves[at]
	}
	d.duties.mu.Unlock()
	switch {
	case standing:
		return desk.Answer{}, &desk.Error{Status: 409, Detail: id + " goes away when main is clean again: mend it, or renew the waiver"}
	case elsewhere:
		return desk.Answer{}, &desk.Error{Status: 409, Detail: id + " goes away when the mirror takes the kernel's references again: mend it there, then adamant mirror"}
	case at < 0:
		return desk.Answer{}, &change.NotFoundError{Name: id}
	}
	if err := d.write(ctx, local, kindSeen, seen{V: 1, Item: m.ID, Reason: reason}); err != nil {
		return desk.Answer{}, err
	}
	d.duties.mu.Lock()
	for i := range d.duties.moves {
		d.duties.moves[i].Seen = d.duties.moves[i].Seen || d.duties.moves[i].ID == m.ID
	}
	d.duties.mu.Unlock()
	return desk.Answer{Message: fmt.Sprintf("seen: main from %s to %s", name(m.From), name(m.To))}, nil
}

// shortDigest names something that has no name of its own.
func shortDigest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}
