package projection

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/tlog"
)

// The kinds of alarms.
const (
	Leads   = "leads"   // the log has a leaf that no ledger has
	Differs = "differs" // the log has another leaf than the ledger's next
	Rewound = "rewound" // a ledger does not have what the log has of it
)

// Alarm says where log and ledger disagree. It is an error.
type Alarm struct {
	Kind  string `json:"kind"`
	Index uint64 `json:"index"` // of the leaf
	What  string `json:"what"`
	Do    string `json:"do"`
}

func (a *Alarm) Error() string { return fmt.Sprintf("%s: %s; %s", a.Kind, a.What, a.Do) }

const compare = "trust neither: compare this clone's ledger and log with another clone's or the mirror's, and keep them as they are"

func rewound(source ledger.Source, at mark) *Alarm {
	return &Alarm{Kind: Rewound, What: fmt.Sprintf("%s has no entry %d with the hash %.12s any more, which is in the log", source.Ref, at.Seq, at.Hash), Do: compare}
}

// Report is what Check found.
type Report struct {
	Size   uint64            `json:"size"`             // leaves
	Lag    uint64            `json:"lag"`              // entries that belong in the log and are not in it yet
	Leaves map[string]uint64 `json:"leaves,omitempty"` // by writer
}

// Check holds a log to the ledgers that it is made of, one stream of entries for each writer, from their beginnings: each leaf must be
// the next entry of one of them that belongs in the log. A log that lags is in order; an *Alarm says at which leaf one leads or differs.
func Check(ctx context.Context, log *tlog.Reader, ledgers ...iter.Seq2[ledger.Entry, error]) (Report, error) {
	m := newMatcher(ledgers)
	defer m.stop()
	report := Report{Size: log.Checkpoint().Size, Leaves: map[string]uint64{}}
	err := m.run(ctx, log, 0)
	for _, s := range m.streams {
		if s.taken > 0 {
			report.Leaves[s.last.Writer] = s.taken
		}
	}
	if err == nil {
		report.Lag, err = m.rest()
	}
	if err != nil {
		err = fmt.Errorf("checking the log against the ledger: %w", err)
	}
	return report, err
}

// matcher takes leaves off the fronts of ledgers.
type matcher struct {
	streams []*stream
	last    *stream // whose entry was the last leaf: most often the next one's, too
}

// stream is the rest of one ledger: its next entry that belongs in the log.
type stream struct {
	pull  func() (ledger.Entry, error, bool)
	stop  func()
	next  ledger.Entry
	leaf  string
	more  bool
	last  ledger.Entry // that was taken
	taken uint64
}

func newMatcher(ledgers []iter.Seq2[ledger.Entry, error]) *matcher {
	m := &matcher{}
	for _, l := range ledgers {
		s := &stream{}
		s.pull, s.stop = iter.Pull2(l)
		m.streams = append(m.streams, s)
	}
	return m
}

func (m *matcher) stop() {
	for _, s := range m.streams {
		s.stop()
	}
}

// advance goes to the next entry that belongs in the log.
func (s *stream) advance() error {
	for {
		e, err, ok := s.pull()
		if err != nil {
			return err
		}
		if !ok {
			s.more = false
			return nil
		}
		if Belongs(e.Kind) {
			s.next, s.leaf, s.more = e, string(Leaf(e)), true
			return nil
		}
	}
}

// run matches every leaf from index first on.
func (m *matcher) run(ctx context.Context, log *tlog.Reader, first uint64) error {
	for _, s := range m.streams {
		if err := s.advance(); err != nil {
			return err
		}
	}
	return log.Leaves(ctx, first, func(index uint64, leaf []byte) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		s := m.find(string(leaf))
		if s == nil {
			return m.disagree(index, leaf)
		}
		m.last, s.last = s, s.next
		s.taken++
		return s.advance()
	})
}

func (m *matcher) find(leaf string) *stream {
	if m.last != nil && m.last.more && m.last.leaf == leaf {
		return m.last
	}
	for _, s := range m.streams {
		if s.more && s.leaf == leaf {
			return s
		}
	}
	return nil
}

// disagree is the alarm for a leaf that is nobody's next entry.
func (m *matcher) disagree(index uint64, leaf []byte) error {
	var next []string
	for _, s := range m.streams {
		if s.more {
			next = append(next, fmt.Sprintf("%s (%s)", s.next.Place, s.next.Kind))
		}
	}
	shown := strings.ToValidUTF8(string(leaf[:min(len(leaf), 60)]), "?")
	if len(next) == 0 {
		return &Alarm{Kind: Leads, Index: index, Do: compare, What: fmt.Sprintf("leaf %d of the log is in no ledger: %q...", index, shown)}
	}
	return &Alarm{Kind: Differs, Index: index, Do: compare,
		What: fmt.Sprintf("leaf %d of the log is %q..., and the ledger goes on with %s", index, shown, strings.Join(next, " or "))}
}

// rest counts what the log does not have yet.
func (m *matcher) rest() (uint64, error) {
	var lag uint64
	for _, s := range m.streams {
		for s.more {
			lag++
			if err := s.advance(); err != nil {
				return lag, err
			}
		}
	}
	return lag, nil
}

// IsAlarm returns the alarm in an error of Check or Open.
func IsAlarm(err error) (*Alarm, bool) {
	var alarm *Alarm
	ok := errors.As(err, &alarm)
	return alarm, ok
}
