package kernel

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/git"
	"github.com/adamant-os/adamant/internal/ledger"
)

// landingTimeout bounds what happens after an intent is in the ledger: the caller's context does not end it any more.
const landingTimeout = 5 * time.Minute

// Landing is what happens at once: main moves, and with it the references of the changes that land.
type Landing struct {
	Changes   []string        // ids
	Updates   []git.RefUpdate // references of changes, tasks and archives, never main
	Main      git.RefUpdate   // of RefMain, to a descendant
	Decisions []Decision      // one for each commit, in order; none for what nobody judged
}

// Decision binds a commit that lands to what allowed it. With the assessment, the approvals and these instants gate.Decide gives
// the verdict of that digest again.
type Decision struct {
	Change     string     `json:"change"` // id
	Commit     git.OID    `json:"commit"`
	Head       git.OID    `json:"head"`       // the patch set
	Assessment string     `json:"assessment"` // digest
	Level      string     `json:"level"`
	Mode       string     `json:"mode"`      // of merging
	Approvals  []Counted  `json:"approvals"` // those that were weighed, in the verdict's order
	SoakStart  *time.Time `json:"soakStart,omitempty"`
	At         time.Time  `json:"at"`
	Decision   string     `json:"decision"`
	Verdict    string     `json:"verdict"` // sha256 of the verdict in canonical JSON
}

// Counted is an approval that was weighed.
type Counted struct {
	Statement string `json:"statement"`      // sha256 of the text that was signed
	Void      string `json:"void,omitempty"` // why it did not count
}

// Move is a RefUpdate in the ledger.
type Move struct {
	Ref string  `json:"ref"`
	Old git.OID `json:"old"` // "" = there was none
	New git.OID `json:"new"` // "" = deleted
}

// Intent is the body of a landing.intent entry: everything that recovery needs to finish the landing.
type Intent struct {
	V         int        `json:"v"`
	ID        string     `json:"id"`
	Epoch     uint64     `json:"epoch"`
	Changes   []string   `json:"changes"`
	Updates   []Move     `json:"updates"`
	Main      Move       `json:"main"`
	Decisions []Decision `json:"decisions,omitempty"` // one for each commit; none of a landing that nobody judged
}

// Outcome is the body of a landing.done or landing.aborted entry.
type Outcome struct {
	V         int      `json:"v"`
	ID        string   `json:"id"` // the intent's
	Changes   []string `json:"changes"`
	Main      git.OID  `json:"main"`                // where the landing left main
	Reason    string   `json:"reason,omitempty"`    // why it was aborted
	Foreign   []string `json:"foreign,omitempty"`   // references that somebody else moved meanwhile; they were left alone
	Recovered bool     `json:"recovered,omitempty"` // by the process after the one that began
}

// Land makes a landing happen: the intent is in the ledger before anything moves, main moves last in the transaction,
// main.git follows, and the ledger ends with landing.done. When nothing moved, because a reference was not where the landing
// expected it (*git.RefMovedError) or another reason of UpdateRefs, the ledger says landing.aborted and the error is
// returned. After a crash in between, Acquire finishes it. Once the intent is written, ctx does not end it.
func (k *Kernel) Land(ctx context.Context, landing Landing) error {
	k.landings.Lock()
	defer k.landings.Unlock()
	if err := k.land(ctx, landing); err != nil {
		return fmt.Errorf("landing %s: %w", landing.describe(), err)
	}
	return nil
}

// Settled returns when no landing is under way: what the references say is then what main.git shows and the ledger tells.
func (k *Kernel) Settled() {
	k.landings.Lock()
	defer k.landings.Unlock()
}

func (l Landing) describe() string {
	short := make([]string, len(l.Changes))
	for i, id := range l.Changes {
		short[i] = id[:min(16, len(id))]
	}
	return strings.Join(short, ", ")
}

func (k *Kernel) land(ctx context.Context, landing Landing) error {
	if k.journal == nil {
		return ErrNotHeld
	}
	if k.unsettled { // an earlier landing could not be ended, for want of disk space perhaps
		if err := k.finishLanding(ctx, &Recovery{}); err != nil {
			return err
		}
	}
	if err := k.check(ctx, landing); err != nil {
		return err
	}
	intent, err := newIntent(landing, k.epoch)
	if err != nil {
		return err
	}
	k.unsettled = true
	err = k.journal.record(ctx, ledger.LandingIntent, intent.change(), intent)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), landingTimeout)
	defer cancel()
	if err != nil { // it may be in the ledger all the same
		return errors.Join(err, k.finishLanding(ctx, &Recovery{}))
	}
	if refused := k.transact(ctx, intent.moves()); refused != nil {
		return k.refused(ctx, intent, refused)
	}
	if err := k.bringMain(ctx, intent.Main.New); err != nil {
		return err
	}
	_, err = k.end(ctx, intent, settlement{landed: true}, "")
	return err
}

// refused ends a landing whose transaction failed: what the references say decides whether it happened.
func (k *Kernel) refused(ctx context.Context, intent Intent, refused error) error {
	if fenced := (*FencedError)(nil); errors.As(refused, &fenced) {
		return refused // the next process settles it
	}
	end, err := k.settle(ctx, intent, refused.Error())
	switch {
	case err != nil:
		return errors.Join(refused, err)
	case end.landed:
		return k.bringMain(ctx, intent.Main.New)
	}
	return refused
}

// check refuses a landing that could not be finished, before the ledger hears of it.
func (k *Kernel) check(ctx context.Context, landing Landing) error {
	if landing.Main.Name != RefMain || landing.Main.Old == "" || landing.Main.New == "" || landing.Main.Old == landing.Main.New {
		return fmt.Errorf("it does not move %s from one commit to another", RefMain)
	}
	seen := map[string]bool{RefMain: true}
	for _, u := range landing.Updates {
		if err := landable(u.Name); err != nil {
			return err
		}
		if seen[u.Name] {
			return fmt.Errorf("it moves %s twice", u.Name)
		}
		seen[u.Name] = true
	}
	ahead, err := k.repo.IsAncestor(ctx, landing.Main.Old, landing.Main.New)
	if err == nil && !ahead {
		err = fmt.Errorf("%s does not descend from %s", landing.Main.New.Short(), landing.Main.Old.Short())
	}
	if err != nil {
		return err
	}
	return k.expected(ctx, append(landing.Updates[:len(landing.Updates):len(landing.Updates)], landing.Main))
}

// expected spares the ledger an intent that is bound to fail.
func (k *Kernel) expected(ctx context.Context, updates []git.RefUpdate) error {
	have, err := k.current(ctx, updates)
	if err != nil {
		return err
	}
	for _, u := range updates {
		if have[u.Name] != u.Old {
			return &git.RefMovedError{Name: u.Name, Want: u.Old, Have: have[u.Name]}
		}
	}
	return nil
}

// landable refuses references that a landing must not move.
func landable(ref string) error {
	name, err := ParseRef(ref)
	if err != nil {
		return err
	}
	switch name.Kind {
	case KindMain, KindLease, KindLedger, KindLog:
		return fmt.Errorf("a landing does not move %s", ref)
	}
	return nil
}

func newIntent(l Landing, epoch uint64) (Intent, error) {
	intent := Intent{V: 1, Epoch: epoch, Changes: append([]string{}, l.Changes...), Updates: []Move{}, Main: Move{l.Main.Name, l.Main.Old, l.Main.New}, Decisions: l.Decisions}
	for _, u := range l.Updates {
		intent.Updates = append(intent.Updates, Move{u.Name, u.Old, u.New})
	}
	data, err := json.Marshal(intent)
	if err != nil {
		return Intent{}, err
	}
	sum := sha256.Sum256(data)
	intent.ID = hex.EncodeToString(sum[:16])
	return intent, nil
}

// change is the one change that lands, "" when there are several.
func (i Intent) change() string {
	if len(i.Changes) == 1 {
		return i.Changes[0]
	}
	return ""
}

// moves are the updates in the order of the transaction: main last.
func (i Intent) moves() []git.RefUpdate {
	var updates []git.RefUpdate
	for _, m := range append(i.Updates[:len(i.Updates):len(i.Updates)], i.Main) {
		updates = append(updates, git.RefUpdate{Name: m.Ref, Old: m.Old, New: m.New})
	}
	return updates
}

// bringMain makes main.git what main says. It repeats nothing that is done already.
func (k *Kernel) bringMain(ctx context.Context, id git.OID) error {
	old, err := k.main.Ref(ctx, RefMain)
	if err != nil || old == id {
		return err
	}
	if _, err := k.main.Copy(ctx, k.repo, id); err != nil {
		return fmt.Errorf("bringing main.git up: %w", err)
	}
	if err := k.moveMain(ctx, git.RefUpdate{Name: RefMain, Old: old, New: id}); err != nil {
		return fmt.Errorf("bringing main.git up: %w", err)
	}
	return nil
}

// moveMain moves main in main.git, again if the git that did it died.
func (k *Kernel) moveMain(ctx context.Context, u git.RefUpdate) error {
	err := k.main.UpdateRefs(ctx, []git.RefUpdate{u})
	if !errors.Is(err, git.ErrInterrupted) {
		return err
	}
	if err := k.main.Unlock(u.Name); err != nil {
		return err
	}
	have, err := k.main.Ref(ctx, u.Name)
	if err != nil || have == u.New {
		return err
	}
	return k.main.UpdateRefs(ctx, []git.RefUpdate{u})
}
