package daemon

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/adamant-os/adamant/internal/change"
	"github.com/adamant-os/adamant/internal/kernel"
	"github.com/adamant-os/adamant/internal/ledger"
)

const (
	watchEvery = time.Second      // how late a freeze window may end
	leaseEvery = 10 * time.Second // how long a daemon that lost its lease may go on reading
)

// watch looks after what no change asks for: time, main itself, and every change once in a while.
func (d *Daemon) watch(ctx context.Context) error {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	last, held := d.now(), d.now()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		d.merge.clock(ctx)
		now := d.now()
		if now.Sub(held) >= leaseEvery || now.Before(held) {
			if err := d.holds(ctx); err != nil {
				return err
			}
			held = now
		}
		if now.Sub(last) >= resync || now.Before(last) { // or a clock that was put back, too
			last = now
			d.movedByHand(ctx)
			d.wakeAll(ctx)
		}
	}
}

// holds says that this process still has the lease; otherwise the daemon ends.
func (d *Daemon) holds(ctx context.Context) error {
	err := d.kernel.UpdateRefs(ctx, nil)
	if fenced := (*kernel.FencedError)(nil); errors.As(err, &fenced) {
		return fenced
	}
	return nil
}

// notify tells the operator about a cause, once. That it was told is in the ledger before it is tried: a notification may be
// lost with the process, it is never repeated; the inbox shows the cause either way.
func (d *Daemon) notify(ctx context.Context, c change.Change, e change.Effect) (bool, error) {
	d.mu.Lock()
	told := d.told[e.Cause]
	d.mu.Unlock()
	if told {
		return false, nil
	}
	text := fmt.Sprintf("%s (%s): %s", c.State.Origin.Title, c.ID[:16], e.Why)
	_, err := d.kernel.Ledger().AppendSync(ctx, ledger.Record{Actor: change.Actor, Kind: kindNotified, Change: c.ID, Body: notified{Cause: e.Cause, Text: text}})
	if err != nil {
		return false, err
	}
	d.mu.Lock()
	d.told[e.Cause] = true
	d.mu.Unlock()
	d.hub.publish(Event{Kind: "notice", Change: c.ID, Message: text})
	return true, d.send(ctx, c, e.Cause, text)
}
