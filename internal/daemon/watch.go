package daemon

import (
	"context"
	"errors"
	"time"

	"github.com/adamant-os/adamant/internal/kernel"
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
		if d.hints.moves.Swap(false) {
			d.wakeOutside(ctx)
		}
		now := d.now()
		if now.Sub(held) >= leaseEvery || now.Before(held) {
			if err := d.holds(ctx); err != nil {
				return err
			}
			d.mendJobs(ctx)
			held = now
		}
		if now.Sub(last) >= resync || now.Before(last) { // or a clock that was put back, too
			last = now
			d.movedByHand(ctx)
			d.wakeAll(ctx)
			d.crew.wakeAll(ctx)
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
