package change

import (
	"slices"
	"time"

	"github.com/adamant-os/adamant/internal/gate"
	"github.com/adamant-os/adamant/internal/git"
)

// State is what a change's operations amount to. It holds no fact of its own.
type State struct {
	ID       string    `json:"id"`
	Status   Status    `json:"status"`
	By       string    `json:"by"` // actor that opened it
	OpenedAt time.Time `json:"openedAt"`
	Updated  time.Time `json:"updated"` // time of the last operation that had an effect
	Origin   Opening   `json:"origin"`  // what it was opened with

	PatchSets   []PatchSet      `json:"patchSets"`
	Run         *Run            `json:"run,omitempty"`        // the gate's newest run for the current patch set
	Assessment  *Assessment     `json:"assessment,omitempty"` // of the current patch set
	Approvals   []gate.Approval `json:"approvals,omitempty"`
	Refusal     *Refusal        `json:"refusal,omitempty"`
	ReviewAsked *time.Time      `json:"reviewAsked,omitempty"`
	Reviews     []Review        `json:"reviews,omitempty"`
	Comments    []Remark        `json:"comments,omitempty"`
	Asks        []Ask           `json:"asks,omitempty"`
	Soak        *Soak           `json:"soak,omitempty"`
	Queue       *QueueEntry     `json:"queue,omitempty"`
	Failures    []Failure       `json:"failures,omitempty"` // failed gate runs since the last resume
	Landing     *Landing        `json:"landing,omitempty"`
	Releases    []Release       `json:"releases,omitempty"`
	RevertedBy  []string        `json:"revertedBy,omitempty"` // changes that would take it back, or did
	Stop        *Ending         `json:"stop,omitempty"`       // why it is suspended or abandoned

	Lamport uint64    `json:"lamport"` // clock of the newest pack
	Ignored []Ignored `json:"ignored,omitempty"`
}

// PatchSet is one version of what the change proposes. N counts from 1.
type PatchSet struct {
	N    int       `json:"n"`
	Head git.OID   `json:"head"`
	By   string    `json:"by"`
	At   time.Time `json:"at"`
	Note string    `json:"note,omitempty"`
}

// Run is one run of the gate. Done says that it was answered, well or not.
type Run struct {
	Head    git.OID   `json:"head"`
	Base    git.OID   `json:"base"`
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at"`
	Ahead   bool      `json:"ahead,omitempty"` // Base was not the tip when the run started
	Done    bool      `json:"done"`
	Error   string    `json:"error,omitempty"`
}

// Assessment is what the gate said about the current patch set.
type Assessment struct {
	Assessed
	At   time.Time `json:"at"`
	Void string    `json:"void,omitempty"` // why it must be made again, such as a failure in the queue
}

// Refusal is the operator's no and who said it.
type Refusal struct {
	Refused
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// Review is a Reviewed and who said it.
type Review struct {
	Reviewed
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// Remark is a Comment and who made it.
type Remark struct {
	Comment
	By string    `json:"by"`
	At time.Time `json:"at"`
}

// Ask is an Asked and when.
type Ask struct {
	Asked
	At time.Time `json:"at"`
}

// Soak is the newest SoakStarted.
type Soak struct{ SoakStarted }

// QueueEntry says since when the queue holds the change.
type QueueEntry struct {
	Enqueued
	At time.Time `json:"at"`
}

// Failure is one failed gate run that counts towards suspension.
type Failure struct {
	Head git.OID   `json:"head"`
	At   time.Time `json:"at"`
	Why  string    `json:"why"`
}

// Landing is a Landed and when.
type Landing struct {
	Landed
	At time.Time `json:"at"`
}

// Release is an InEnvironment and when.
type Release struct {
	InEnvironment
	At time.Time `json:"at"`
}

// Ending is why a change was suspended or abandoned, by whom.
type Ending struct {
	Reason string    `json:"reason,omitempty"`
	By     string    `json:"by"`
	At     time.Time `json:"at"`
}

// Ignored is an operation without effect.
type Ignored struct {
	Lamport uint64 `json:"lamport"`
	Kind    Kind   `json:"kind"`
	Actor   string `json:"actor"`
	Why     string `json:"why"`
}

// Head is the commit of the current patch set, "" before there is one.
func (s *State) Head() git.OID {
	if len(s.PatchSets) == 0 {
		return ""
	}
	return s.PatchSets[len(s.PatchSets)-1].Head
}

// Short is the part of the id that people see.
func (s *State) Short() string { return short(s.ID) }

// Attempts counts the failed gate runs since the change was opened or resumed.
func (s *State) Attempts() int { return len(s.Failures) }

// Asking is the cause that the operator was asked about last, "" when there is none.
func (s *State) Asking() string {
	if len(s.Asks) == 0 {
		return ""
	}
	return s.Asks[len(s.Asks)-1].Cause
}

const shownDigits = 16

func short(id string) string { return id[:min(len(id), shownDigits)] }

// Fold replays packs in the one order that every reader agrees on: by Lamport clock, then by the pack's digest. The same pack
// twice counts once.
func Fold(packs []Pack) State {
	packs = slices.Clone(packs)
	slices.SortFunc(packs, comparePacks)
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
