package report

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/operator"
	"github.com/adamant-os/adamant/internal/risk"
)

// How a change came on main past the gate.
const (
	ByOrder   = "break-glass" // an operator's signed order
	ByHand    = "by hand"     // somebody moved the branch
	ByUnknown = "not known"   // no order and no move on record put its commit there
)

// Past is how a change came on main without the gate letting it.
type Past struct {
	How    string    `json:"how"`
	At     time.Time `json:"at,omitzero"`
	By     string    `json:"by,omitempty"`
	Reason string    `json:"reason,omitempty"`
	Record string    `json:"record,omitempty"` // the ledger's line: writer:number
	Before string    `json:"before,omitempty"` // what the gate had said of the change until then; empty: nothing
	After  *Judged   `json:"after,omitempty"`  // what it said of the move afterwards; nil: nothing yet
}

// Judged is what the gate said of a move that had happened.
type Judged struct {
	At         time.Time `json:"at"`
	Decision   string    `json:"decision,omitempty"` // empty: it could not be judged, and Why says so
	Level      string    `json:"level,omitempty"`
	Assessment string    `json:"assessment,omitempty"`
	Why        []string  `json:"why"`
	Record     string    `json:"record"`
}

// passage is a move of main past the gate, as the ledger has it.
type passage struct {
	from, to git.OID
	nonce    string // of the order; empty: by hand
	past     Past
}

// remember keeps moves past the gate, and what was said of them: also those before the period, which changes of it may have come by.
func (c *collector) remember(e ledger.Entry) {
	s := read(e)
	p := Past{At: e.Time, By: e.Actor, Record: record(e)}
	switch e.Kind {
	case operator.KindBroken:
		if o, err := operator.ParseOrder(s.Order); err == nil && o.Action == operator.ActionLand {
			p.How, p.By, p.Reason = ByOrder, o.Operator, o.Reason
			c.passages = append(c.passages, passage{git.OID(o.Onto), git.OID(o.Lands), o.Nonce, p})
		}
	case ledger.MovedByHand:
		p.How, p.By = ByHand, "" // whoever noticed wrote the line
		c.passages = append(c.passages, passage{s.From, s.To, "", p})
	case kindJudged:
		j := &Judged{At: e.Time, Decision: s.Decision, Level: s.Level, Assessment: s.Assessment, Why: []string{}, Record: record(e)}
		_ = json.Unmarshal(s.Why, &j.Why) // in another form it says nothing here; the line is cited all the same
		for i := range c.passages {
			if m := &c.passages[i]; m.from == s.From && m.to == s.To && m.nonce == s.Nonce {
				m.past.After = j
			}
		}
	}
}

const kindJudged = "main.judged"

func record(e ledger.Entry) string { return fmt.Sprintf("%s:%d", e.Writer, e.Seq) }

// readPasts says of changes that the gate did not let land how they came on main.
func (c *collector) readPasts(ctx context.Context) error {
	for i := range c.Landed {
		row := &c.Landed[i]
		if row.Past == nil {
			continue
		}
		before := row.Past.Before
		found, err := c.passageOf(ctx, *row)
		if err != nil {
			return err
		}
		row.Past = &found
		row.Past.Before = before
		row.rate()
	}
	return nil
}

// passageOf is the last move until a change was found on main that brought its commit.
func (c *collector) passageOf(ctx context.Context, row Change) (Past, error) {
	best := Past{How: ByUnknown}
	for _, m := range c.passages {
		if best.How != ByUnknown && m.past.At.After(row.At) {
			break
		}
		in, err := c.holds(ctx, row.Commit, m.to)
		if err != nil {
			return best, err
		}
		had, err := c.holds(ctx, row.Commit, m.from)
		if err != nil {
			return best, err
		}
		if in && !had {
			best = m.past
		}
	}
	return best, nil
}

// holds says whether a commit is in the history of another one. What is not here holds nothing.
func (c *collector) holds(ctx context.Context, commit, tip git.OID) (bool, error) {
	if tip == "" {
		return false, nil
	}
	in, err := c.repo.IsAncestor(ctx, commit, tip)
	if missing := (*git.MissingError)(nil); errors.As(err, &missing) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for %s in %s: %w", commit.Short(), tip.Short(), err)
	}
	return in, nil
}

// passed notes that no assessment let a change land. What the gate had said of it until then is no word for the landing.
func (row *Change) passed(a *change.Assessment) {
	row.Past = &Past{How: ByUnknown}
	if a != nil {
		row.Past.Before = string(a.Decision) + ", " + a.Level.String()
	}
	row.Mode, row.NotJudged = "", a == nil
}

// rate takes the higher of what the gate said before and afterwards. What it never rated counts as critical.
func (row *Change) rate() {
	if after := row.Past.After; after != nil {
		if level, err := risk.ParseLevel(after.Level); err == nil {
			if row.NotJudged || level > row.Level {
				row.Level = level
			}
			row.NotJudged = false
		}
	}
	if row.NotJudged {
		row.Level = risk.Critical
	}
}

// who says who put it there, in place of an approval.
func (p Past) who() string {
	switch p.How {
	case ByOrder:
		return fmt.Sprintf("nobody: break-glass, landed past the gate by order of %s at %s (%s): %s", p.By, p.At.UTC().Format(timeForm), p.Record, p.Reason)
	case ByHand:
		return fmt.Sprintf("nobody: main was moved by hand, seen at %s (%s)", p.At.UTC().Format(timeForm), p.Record)
	}
	return "nobody: its commit was on main already, and no record says who put it there"
}

// judgements says what the gate knew of it, before and afterwards.
func (p Past) judgements() string {
	text := "none let it land; nobody judged it before"
	if p.Before != "" {
		text = "none let it land; the gate had said " + p.Before
	}
	if a := p.After; a != nil {
		return fmt.Sprintf("%s; judged afterwards: %s, %s (%s)", text, cmp.Or(a.Decision, "it cannot be judged"), cmp.Or(a.Level, "no level"), a.Record)
	}
	return text + "; not judged afterwards"
}
