package daemon

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/adamant-os/adamant/internal/admit"
	"github.com/adamant-os/adamant/internal/door"
	"github.com/adamant-os/adamant/internal/ledger"
	"github.com/adamant-os/adamant/internal/mergequeue"
)

// The kinds of ledger entries that the daemon writes and reads again.
const (
	kindNotified = "notify.sent" // body: notified
	kindProblem  = "notify.trouble"
	kindSwept    = "waiver.swept" // body: swept
	kindJudged   = "main.judged"  // body: judged
	kindSeen     = "inbox.seen"   // body: seen
)

// notified is the body of notify.sent: the operator was told of a cause.
type notified struct {
	Cause string `json:"cause"`
	Text  string `json:"text"`
}

// pause says whether landing is held, by whom and why. It is a projection of the ledger.
type pause struct {
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`
}

func (p pause) on() bool { return !p.Since.IsZero() }

// reason is what a change waits for, in words; empty when nothing is paused.
func (p pause) reason() string {
	if !p.on() {
		return ""
	}
	return "paused by " + p.By + ": " + p.Reason
}

// readLedger projects what the kernel's own ledgers say about tokens, the pause, what the operator was told and what was admitted.
func (d *Daemon) readLedger(ctx context.Context) error {
	d.tokens = door.NewTokens(journal{d}, d.now, rand.Reader)
	kinds := []string{ledger.TokenNew, ledger.TokenRevoke, ledger.QueuePaused, ledger.QueueResumed, kindNotified, kindSwept, admit.KindDecided}
	for e, err := range ledger.Read(ctx, d.kernel.Repo(), ledger.Filter{Kinds: kinds}) {
		if err != nil {
			return fmt.Errorf("reading the ledger: %w", err)
		}
		if !strings.HasPrefix(e.Place.Ref, ledger.RefPrefix) {
			continue // what was fetched from elsewhere grants nothing here
		}
		if err := d.project(e); err != nil {
			return fmt.Errorf("reading the ledger: %s: %w", e.Place, err)
		}
	}
	return nil
}

func (d *Daemon) project(e ledger.Entry) error {
	switch e.Kind {
	case ledger.QueuePaused:
		p := pause{By: e.Actor, Since: e.Time}
		if err := json.Unmarshal(e.Body, &p); err != nil {
			return err
		}
		p.By, p.Since = e.Actor, e.Time
		d.paused = p
	case ledger.QueueResumed:
		d.paused = pause{}
	case kindNotified:
		var n notified
		if err := json.Unmarshal(e.Body, &n); err != nil {
			return err
		}
		d.remember(e.Change, n.Cause)
	case kindSwept:
		return d.takeSwept(e)
	case admit.KindDecided:
		return d.takeDecided(e)
	default:
		return d.tokens.Apply(e.Kind, e.Body)
	}
	return nil
}

// journal is the ledger as the door's tokens need it.
type journal struct{ d *Daemon }

func (j journal) Record(ctx context.Context, kind, actor string, body json.RawMessage) error {
	_, err := j.d.kernel.Ledger().AppendSync(ctx, ledger.Record{Actor: actor, Kind: kind, Body: body})
	return err
}

// setPause holds or frees landing, on record.
func (d *Daemon) setPause(ctx context.Context, by, reason string, on bool) error {
	kind, event := ledger.QueueResumed, mergequeue.Event(mergequeue.Resumed{})
	if on {
		kind, event = ledger.QueuePaused, mergequeue.Paused{}
	}
	entry, err := d.kernel.Ledger().AppendSync(ctx, ledger.Record{Actor: by, Kind: kind, Body: map[string]string{"reason": reason}})
	if err != nil {
		return err
	}
	d.mu.Lock()
	d.paused = pause{}
	if on {
		d.paused = pause{By: by, Reason: reason, Since: entry.Time}
	}
	d.mu.Unlock()
	d.merge.tell(ctx, event)
	d.wakeAll(ctx)
	d.crew.wakeAll(ctx)
	return nil
}
