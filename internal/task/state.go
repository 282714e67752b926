package task

import (
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/oplog"
)

// State is what a task's operations amount to. It holds no fact of its own.
type State struct {
	ID       string    `json:"id"`
	Status   Status    `json:"status"`
	By       string    `json:"by"` // actor that opened it
	OpenedAt time.Time `json:"openedAt"`
	Updated  time.Time `json:"updated"`
	Origin   Opening   `json:"origin"`
	Agent    string    `json:"agent"` // that works on it now

	Attempts []Record    `json:"attempts,omitempty"` // all of them, oldest first
	Change   string      `json:"change,omitempty"`   // that holds what was made
	Head     git.OID     `json:"head,omitempty"`     // what was proposed last
	Work     git.OID     `json:"work,omitempty"`     // what the newest coder left, proposed or not: where the next one begins
	Return   *Sent       `json:"return,omitempty"`   // why the newest result came back; nil once it was answered by another
	Notes    []string    `json:"notes,omitempty"`    // of the operator, since the last attempt
	For      change.Wait `json:"for,omitempty"`      // what its change waits for
	Why      string      `json:"why,omitempty"`
	Stop     *Ending     `json:"stop,omitempty"` // why it is suspended, failed or cancelled
	Landing  *Landed     `json:"landing,omitempty"`
	Left     []string    `json:"left,omitempty"` // changes that a retry left behind
	Spent    Spent       `json:"spent"`          // all attempts together

	// Since the operator opened, resumed or retried it:
	From     int  `json:"from"`     // attempts before that
	Returns  int  `json:"returns"`  // results that were sent back by gate, reviewer and nobody
	Failures int  `json:"failures"` // attempts in a row that failed
	Losses   int  `json:"losses"`   // attempts in a row that were lost
	Swapped  bool `json:"swapped"`  // the agent's other model was tried

	Lamport uint64    `json:"lamport"`
	Ignored []Ignored `json:"ignored,omitempty"`
}

// Record is an attempt and what came of it; Ended nil = it is open.
type Record struct {
	Started
	At    time.Time  `json:"at"`
	Notes []string   `json:"notes,omitempty"` // of the operator, that it was told
	Ended *Ended     `json:"ended,omitempty"`
	Until *time.Time `json:"until,omitempty"`
}

// Sent is a Returned and when.
type Sent struct {
	Returned
	At time.Time `json:"at"`
}

// Ending is why a task was suspended, failed or cancelled, by whom.
type Ending struct {
	Reason string    `json:"reason,omitempty"`
	Rule   string    `json:"rule,omitempty"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
	Told   bool      `json:"told,omitempty"`
}

// Ignored is an operation without effect.
type Ignored struct {
	Lamport uint64 `json:"lamport"`
	Kind    Kind   `json:"kind"`
	Actor   string `json:"actor"`
	Why     string `json:"why"`
}

// Short is the part of the id that people see.
func (s *State) Short() string { return Short(s.ID) }

// Open is the attempt under way, nil when there is none.
func (s *State) Open() *Record {
	if n := len(s.Attempts); n > 0 && s.Attempts[n-1].Ended == nil {
		return &s.Attempts[n-1]
	}
	return nil
}

// last is the newest ended attempt of a role since the operator spoke, nil when there is none.
func (s *State) last(role string) *Record {
	for i := len(s.Attempts) - 1; i >= s.From; i-- {
		if r := &s.Attempts[i]; r.Role == role && r.Ended != nil {
			return r
		}
	}
	return nil
}

// Fold replays packs in the one order that every reader agrees on: by Lamport clock, then by the pack's digest. The same pack
// twice counts once.
func Fold(packs []Pack) State {
	packs = slices.Clone(packs)
	slices.SortFunc(packs, oplog.Compare)
	packs = slices.CompactFunc(packs, func(a, b Pack) bool { return a.Digest == b.Digest })
	s := State{}
	for i, p := range packs {
		if i == 0 {
			s.ID = p.Digest
		}
		s.Lamport = max(s.Lamport, p.Lamport)
		for _, op := range p.Operations {
			s.apply(p.Lamport, op)
		}
	}
	return s
}

// apply takes one operation. What may not be, or does not fit, leaves the state as it was and is listed.
func (s *State) apply(lamport uint64, op Operation) {
	if why := s.refuses(op); why != "" {
		s.Ignored = append(s.Ignored, Ignored{Lamport: lamport, Kind: op.Body.Kind(), Actor: op.Actor, Why: why})
		return
	}
	s.transition(op)
	s.Updated = op.Time
}
