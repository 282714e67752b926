package kernel

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
)

// Recovery says what a recovery found and did. The zero value says that all was well.
type Recovery struct {
	Created bool     // this is the kernel's first process
	Locks   []string // lock files of dead gits that were removed
	Landing string   // id of the landing that was unfinished
	Changes []string // of that landing
	Landed  bool     // it was finished; false: it was taken back
	Foreign []string // references of it that somebody else had moved; they were left alone
	Moved   *MainMove
}

// MainMove is a main that was moved by hand since the last landing. It was not changed; it must be judged again.
type MainMove struct {
	V    int     `json:"v"`
	Ref  string  `json:"ref"`
	From git.OID `json:"from"`
	To   git.OID `json:"to"` // "" = deleted
}

// Repaired says whether anything had to be done.
func (r Recovery) Repaired() bool { return len(r.Locks) > 0 || r.Landing != "" || r.Moved != nil }

// created is the body of a kernel.created entry.
type created struct {
	V    int     `json:"v"`
	Main git.OID `json:"main"`
}

// recovered is the body of a kernel.recovered entry.
type recovered struct {
	V       int    `json:"v"`
	Epoch   uint64 `json:"epoch"`
	Locks   int    `json:"locks"`
	Landing string `json:"landing,omitempty"`
}

// Recover finishes a landing that was begun, or takes it back when somebody else moved its references meanwhile; it finds
// a main that was moved by hand, and brings main.git up. Acquire has done it already; calling it again is harmless, and the
// way to look after a landing that failed because main had moved.
func (k *Kernel) Recover(ctx context.Context) (Recovery, error) { return k.recover(ctx, nil) }

func (k *Kernel) recover(ctx context.Context, locks []string) (Recovery, error) {
	k.landings.Lock()
	defer k.landings.Unlock()
	if k.journal == nil {
		return Recovery{}, ErrNotHeld
	}
	found := Recovery{Locks: locks}
	for _, step := range []func(context.Context, *Recovery) error{k.finishLanding, k.checkMain, k.note} {
		if err := step(ctx, &found); err != nil {
			return found, fmt.Errorf("recovering: %w", err)
		}
	}
	return found, k.followMain(ctx)
}

// followMain brings main.git up after a recovery. A main that was deleted by hand is reported; main.git stays as it is.
func (k *Kernel) followMain(ctx context.Context) error {
	id, err := k.repo.Ref(ctx, RefMain)
	if err != nil || id == "" {
		return err
	}
	return k.bringMain(ctx, id)
}

// finishLanding settles the intent at the end of the ledger.
func (k *Kernel) finishLanding(ctx context.Context, found *Recovery) error {
	last, ok, err := k.journal.last(ctx, ledger.LandingIntent, ledger.LandingDone, ledger.LandingAborted)
	if err != nil || !ok || last.kind != ledger.LandingIntent {
		return err
	}
	intent, err := readIntent(last.body)
	if err != nil {
		return err
	}
	done, err := k.settle(ctx, intent, "it was unfinished, and its references had been moved by others")
	if err != nil {
		return err
	}
	found.Landing, found.Changes = intent.ID, intent.Changes
	found.Landed, found.Foreign = done.landed, done.foreign
	return nil
}

func readIntent(body json.RawMessage) (Intent, error) {
	var intent Intent
	if err := json.Unmarshal(body, &intent); err != nil {
		return Intent{}, fmt.Errorf("reading the unfinished landing: %w", err)
	}
	if intent.V != 1 {
		return Intent{}, fmt.Errorf("the unfinished landing has version %d; this adamant knows version 1: use a newer one", intent.V)
	}
	if intent.Main.Ref != RefMain {
		return Intent{}, fmt.Errorf("the unfinished landing moves %q, not %s", intent.Main.Ref, RefMain)
	}
	for _, m := range intent.Updates {
		if err := landable(m.Ref); err != nil {
			return Intent{}, fmt.Errorf("reading the unfinished landing: %w", err)
		}
	}
	return intent, nil
}

// settle brings a landing to its end, forward or back, and writes that to the ledger. Whatever it does can be repeated.
func (k *Kernel) settle(ctx context.Context, intent Intent, reason string) (settlement, error) {
	have, err := k.current(ctx, intent.moves())
	if err != nil {
		return settlement{}, err
	}
	contains, err := k.contains(ctx, have[RefMain], intent.Main.New)
	if err != nil {
		return settlement{}, err
	}
	p := plan(intent, have, contains, intent.Epoch == k.epoch)
	whole, err := k.whole(ctx, p.moves)
	if err != nil {
		return settlement{}, err
	}
	if !whole {
		p = back(intent, have)
	}
	if len(p.moves) > 0 {
		if err := k.transact(ctx, p.moves); err != nil {
			return settlement{}, err
		}
	}
	return k.end(ctx, intent, p, reason)
}

// end writes down how a landing ended.
func (k *Kernel) end(ctx context.Context, intent Intent, s settlement, reason string) (settlement, error) {
	kind := ledger.LandingDone
	body := Outcome{V: 1, ID: intent.ID, Changes: intent.Changes, Main: intent.Main.New, Foreign: s.foreign, Recovered: intent.Epoch != k.epoch}
	if !s.landed {
		kind, body.Main, body.Reason = ledger.LandingAborted, intent.Main.Old, reason
	}
	err := k.journal.record(ctx, kind, intent.change(), body)
	k.unsettled = err != nil
	return s, err
}

// contains says whether main, moved on by somebody, has the landing in it.
func (k *Kernel) contains(ctx context.Context, main, landed git.OID) (bool, error) {
	if main == "" || main == landed {
		return main != "", nil
	}
	if here, err := k.whole(ctx, []git.RefUpdate{{New: landed}}); err != nil || !here {
		return false, err
	}
	return k.repo.IsAncestor(ctx, landed, main)
}

// settlement is what has to move for a landing to be whole or gone.
type settlement struct {
	landed  bool
	moves   []git.RefUpdate // in the order of the transaction
	foreign []string        // references that are neither where the landing found them nor where it puts them
}

// plan decides. A main that has the landing in it decides for it; so does a landing that nobody disturbed, unless it is one
// of this very process (ours) that moved nothing: its caller was told that it failed. Otherwise what had moved goes back.
// References that somebody else moved are left where they are, main above all.
func plan(intent Intent, have map[string]git.OID, contains, ours bool) settlement {
	var s settlement
	var before, after []git.RefUpdate
	begun := false
	for _, u := range intent.moves() {
		switch have[u.Name] {
		case u.New: // first, for what the landing only verifies
			after = append(after, u)
			begun = begun || u.Old != u.New
		case u.Old:
			before = append(before, u)
		default:
			s.foreign = append(s.foreign, u.Name)
		}
	}
	if s.landed = contains || len(s.foreign) == 0 && (begun || !ours); s.landed {
		s.moves = before
		return s
	}
	for _, u := range after {
		if u.Old != u.New {
			s.moves = append(s.moves, git.RefUpdate{Name: u.Name, Old: u.New, New: u.Old})
		}
	}
	return s
}

// whole says that everything that moves name is there. A kernel that was restored from a mirror which was made in the middle
// of a landing may lack what that landing brings.
func (k *Kernel) whole(ctx context.Context, moves []git.RefUpdate) (bool, error) {
	var ids []git.OID
	for _, u := range moves {
		if u.New != "" {
			ids = append(ids, u.New)
		}
	}
	infos, err := k.repo.Info(ctx, ids)
	for _, info := range infos {
		if info.Missing {
			return false, err
		}
	}
	return true, err
}

// back takes a landing back.
func back(intent Intent, have map[string]git.OID) settlement {
	var s settlement
	for _, u := range intent.moves() {
		switch {
		case u.Old == u.New || have[u.Name] == u.Old:
		case have[u.Name] == u.New:
			s.moves = append(s.moves, git.RefUpdate{Name: u.Name, Old: u.New, New: u.Old})
		default:
			s.foreign = append(s.foreign, u.Name)
		}
	}
	return s
}

// checkMain compares main with what the ledger knows of it. A move by hand is written down once and never undone.
func (k *Kernel) checkMain(ctx context.Context, found *Recovery) error {
	have, err := k.repo.Ref(ctx, RefMain)
	if err != nil {
		return err
	}
	last, ok, err := k.journal.last(ctx, ledger.KernelCreated, ledger.KernelRestored, ledger.LandingDone, ledger.MovedByHand)
	if err != nil {
		return err
	}
	if !ok {
		found.Created = true
		return k.journal.record(ctx, ledger.KernelCreated, "", created{V: 1, Main: have})
	}
	var known struct{ Main, To git.OID }
	if err := json.Unmarshal(last.body, &known); err != nil {
		return fmt.Errorf("reading where main stood: %w", err)
	}
	if last.kind == ledger.MovedByHand {
		known.Main = known.To
	}
	if known.Main == have {
		return nil
	}
	found.Moved = &MainMove{V: 1, Ref: RefMain, From: known.Main, To: have}
	return k.journal.record(ctx, ledger.MovedByHand, "", found.Moved)
}

// note writes down that a recovery had something to repair.
func (k *Kernel) note(ctx context.Context, found *Recovery) error {
	if len(found.Locks) == 0 && found.Landing == "" {
		return nil
	}
	return k.journal.record(ctx, ledger.KernelRecover, "", recovered{V: 1, Epoch: k.epoch, Locks: len(found.Locks), Landing: found.Landing})
}
